//! The HTTP surface: one endpoint per file, in a folder for whoever asks: strangers (`ceremonies`), people
//! about their own `account`, `administration`, and gateways (`internal`). Each parses, decides, persists
//! and responds; none does cryptography, reads a clock or names a store's backend.

mod account;
mod administration;
mod audit;
mod caller;
mod ceremonies;
mod freshness;
mod internal;
mod json;
mod layers;
mod limits;
mod mount;
mod page_errors;
mod passkey;
mod renewal;
mod session_view;
mod signed_in;
mod visitors;
mod well_known;

#[cfg(test)]
mod tests;

pub use internal::Metrics;
pub use layers::{Bodies, Client};
pub use limits::{AddressLimiter, Named, ProofLimits};
pub use renewal::Renewals;

use crate::app::App;
use crate::model::{Actor, Seconds};
use crate::problem::{Problem, ProblemKind};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use axum::{Extension, Router};
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;

/// What the gateway routes to: ceremonies, own account, documents and pages.
pub fn public(app: &Arc<App>) -> Router {
    let pages = visitors::pages(app);
    let administration = administration::router()
        .route_layer(from_fn(layers::to_the_end))
        .route_layer(from_fn_with_state(app.clone(), administration::gate));
    let below = Router::new()
        .route("/.well-known/jwks.json", get(well_known::jwks))
        .route(
            "/.well-known/openid-configuration",
            get(well_known::openid_configuration),
        )
        .merge(ceremonies::router())
        .merge(account::router())
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
    internal::router()
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn(layers::in_time))
        .layer(CatchPanicLayer::custom(layers::panicked))
        .with_state(app.clone())
}

/// What the operator's commands on this machine ask. Whoever can use the socket can read the store,
/// so no token is asked for.
pub fn control(app: &Arc<App>) -> Router {
    administration::router()
        .route_layer(from_fn(layers::to_the_end))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(Extension(administration::Acting(Actor::Operator)))
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
