//! The HTTP surface: one endpoint per file. Each parses, decides, persists and responds; none does
//! cryptography, reads a clock or names a store's backend.

mod admin;
mod arrival;
mod audit;
mod binding;
mod caller;
mod enrolling;
mod freshness;
mod json;
mod layers;
mod limits;
mod login_begin;
mod login_finish;
mod metrics;
mod mount;
mod page_errors;
mod passkey;
mod passkey_label;
mod passkey_remove;
mod passkeys_list;
mod people;
mod probes;
mod recover;
mod register_begin;
mod register_finish;
mod renewal;
mod revocations;
mod self_logout;
mod self_recovery;
mod self_refresh;
mod self_sessions;
mod session_view;
mod sessions_refresh;
mod sign_count;
mod signed_in;
mod slow_lane;
mod userinfo;
mod visitors;
mod well_known;

#[cfg(test)]
mod tests;

pub use layers::Client;
pub use limits::AddressLimiter;
pub use metrics::Metrics;
pub use renewal::Renewals;
pub use slow_lane::SlowLane;

use crate::app::App;
use crate::model::{Actor, Seconds};
use crate::problem::{Problem, ProblemKind};
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, patch, post};
use axum::{Extension, Router};
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;

/// A refresh secret with its JSON around it has about a hundred.
const REFRESH_BODY_BYTES: usize = 1_024;

/// What the gateway routes to: ceremonies, own account, documents and pages.
pub fn public(app: &Arc<App>) -> Router {
    let pages = visitors::pages(app);
    let administration = admin::router()
        .merge(people::router())
        .route_layer(from_fn_with_state(app.clone(), people::gate));
    let below = Router::new()
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
        .route("/v1/self/passkeys", get(passkeys_list::handle))
        .route(
            "/v1/self/passkeys/{id}",
            patch(passkey_label::handle).delete(passkey_remove::handle),
        )
        .route("/v1/self/refresh", post(self_refresh::handle))
        .route("/v1/self/logout", post(self_logout::handle))
        .route("/v1/self/sessions", get(self_sessions::list))
        .route("/v1/self/sessions/{id}", delete(self_sessions::end))
        .route(
            "/v1/self/recovery-codes",
            get(self_recovery::show).post(self_recovery::make),
        )
        .route("/userinfo", get(userinfo::handle))
        .route("/.well-known/jwks.json", get(well_known::jwks))
        .route(
            "/.well-known/openid-configuration",
            get(well_known::openid_configuration),
        )
        .merge(administration)
        .merge(pages.router());
    // A relying party's own host has these two at its root, because browsers look nowhere else.
    let root = Router::new()
        .route("/.well-known/webauthn", get(well_known::related_origins))
        .route(
            "/.well-known/passkey-endpoints",
            get(well_known::passkey_endpoints),
        );
    let all = match app.settings.public_path.as_str() {
        "" | "/" => root.merge(below),
        path => root.nest(path, below),
    };
    all.fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(pages, page_errors::show))
        .layer(from_fn_with_state(app.clone(), layers::refuse_unsafe))
        .layer(CatchPanicLayer::custom(layers::panicked))
        .layer(from_fn_with_state(
            app.clone(),
            layers::add_security_headers,
        ))
        .layer(from_fn_with_state(app.clone(), layers::identify))
        .with_state(app.clone())
}

/// What filters, probes and metrics ask; never routed to users.
pub fn internal(app: &Arc<App>) -> Router {
    Router::new()
        .route("/.well-known/jwks.json", get(well_known::jwks))
        .route("/internal/v1/revocations", get(revocations::handle))
        .route(
            "/internal/v1/sessions/refresh",
            post(sessions_refresh::handle).layer(DefaultBodyLimit::max(REFRESH_BODY_BYTES)),
        )
        .route("/healthz", get(probes::healthz))
        .route("/readyz", get(probes::readyz))
        .route("/metrics", get(probes::metrics))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(CatchPanicLayer::custom(layers::panicked))
        .with_state(app.clone())
}

/// What the operator's commands on this machine ask. Whoever can use the socket can read the store,
/// so no token is asked for.
pub fn control(app: &Arc<App>) -> Router {
    admin::router()
        .merge(people::router())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(Extension(people::Acting(Actor::Operator)))
        .layer(from_fn_with_state(app.clone(), layers::refuse_unsafe))
        .layer(CatchPanicLayer::custom(layers::panicked))
        .layer(from_fn_with_state(app.clone(), layers::identify))
        .with_state(app.clone())
}

async fn not_found() -> Problem {
    Problem::new(ProblemKind::NotFound, "Nothing is here.")
}

async fn method_not_allowed() -> Problem {
    Problem::new(
        ProblemKind::MethodNotAllowed,
        "This address takes other methods.",
    )
}

/// For too many of anything.
fn too_many(wait: Seconds) -> Problem {
    Problem::new(ProblemKind::TooMany, "Wait a little, then try again.").retry_after(wait)
}
