//! Registration and login, on the wire of the Vault-style WebAuthn auth method, and the ways back in.

mod arrival;
mod binding;
mod compromised;
mod enrolling;
mod login_begin;
mod login_finish;
mod recover;
mod register_begin;
mod register_finish;
mod sign_count;

pub(super) use sign_count::Warning;

use crate::app::App;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(register_begin::handle))
        .routes(routes!(register_finish::handle))
        .routes(routes!(login_begin::handle))
        .routes(routes!(login_finish::handle))
        .routes(routes!(recover::handle))
}
