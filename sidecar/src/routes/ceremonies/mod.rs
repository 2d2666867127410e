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

use crate::app::App;
use axum::Router;
use axum::routing::post;
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route(
            "/v1/auth/{mount}/register/begin",
            post(register_begin::handle),
        )
        .route(
            "/v1/auth/{mount}/register/finish",
            post(register_finish::handle),
        )
        .route("/v1/auth/{mount}/login/begin", post(login_begin::handle))
        .route("/v1/auth/{mount}/login/finish", post(login_finish::handle))
        .route("/v1/auth/{mount}/recover", post(recover::handle))
}
