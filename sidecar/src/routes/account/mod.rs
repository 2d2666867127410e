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
use axum::Router;
use axum::routing::{delete, get, patch, post};
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/self/passkeys", get(passkeys_list::handle))
        .route(
            "/v1/self/passkeys/{id}",
            patch(passkey_label::handle).delete(passkey_remove::handle),
        )
        .route("/v1/self/refresh", post(refresh::handle))
        .route("/v1/self/logout", post(logout::handle))
        .route("/v1/self/sessions", get(sessions::list))
        .route("/v1/self/sessions/{id}", delete(sessions::end))
        .route(
            "/v1/self/recovery-codes",
            get(recovery_codes::show).post(recovery_codes::make),
        )
        .route("/userinfo", get(userinfo::handle))
}
