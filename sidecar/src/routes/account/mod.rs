//! What people do with their own account, `/v1/self/...`, and who they are.

mod logout;
mod passkey_label;
mod passkey_remove;
mod passkeys_list;
mod recovery_codes;
mod refresh;
mod sessions;
mod userinfo;

use crate::app::App;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(passkeys_list::handle))
        .routes(routes!(passkey_label::handle, passkey_remove::handle))
        .routes(routes!(refresh::handle))
        .routes(routes!(logout::handle))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::end))
        .routes(routes!(recovery_codes::show, recovery_codes::make))
        .routes(routes!(userinfo::handle))
}
