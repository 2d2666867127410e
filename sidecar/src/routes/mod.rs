//! The HTTP surface: one endpoint per file, in a folder for whoever asks: strangers (`ceremonies`), people
//! about their own `account`, `administration`, and gateways (`internal`). Each parses, decides, persists
//! and responds; none does cryptography, reads a clock or names a store's backend.

mod account;
mod administration;
mod audit;
mod caller;
mod ceremonies;
mod freshness;
mod in_path;
mod internal;
mod json;
mod layers;
mod limits;
mod mount;
mod openapi;
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
pub use limits::{AccountLimit, AddressLimiter, Named, ProofLimits};
pub use renewal::Renewals;

use crate::app::App;
use crate::model::{Actor, Seconds};
use crate::problem::{Problem, ProblemKind};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::{Extension, Router};
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the gateway routes to: ceremonies, own account, documents and pages.
pub fn public(app: &Arc<App>) -> Router {
    let pages = visitors::pages(app);
    let (administration, administering) = administration::router()
        .route_layer(from_fn(layers::to_the_end))
        .route_layer(from_fn_with_state(app.clone(), administration::gate))
        .split_for_parts();
    let (below, open) = OpenApiRouter::new()
        .routes(routes!(well_known::jwks))
        .routes(routes!(well_known::openid_configuration))
        .routes(routes!(openapi::show))
        .merge(ceremonies::router())
        .merge(account::router())
        .split_for_parts();
    // A relying party's own host has these two at its root, because browsers look nowhere else.
    let (root, at_root) = OpenApiRouter::new()
        .routes(routes!(well_known::related_origins))
        .routes(routes!(well_known::passkey_endpoints))
        .split_for_parts();
    let documents = openapi::public(app, open, at_root, administering);
    let below = below
        .merge(administration)
        .merge(pages.router())
        .layer(Extension(documents));
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
        .layer(from_fn_with_state(
            (app.clone(), "public"),
            layers::identify,
        ))
        .with_state(app.clone())
}

/// What filters, probes and metrics ask; never routed to users.
pub fn internal(app: &Arc<App>) -> Router {
    let (router, api) = internal::router()
        .routes(routes!(openapi::show_whole))
        .split_for_parts();
    router
        .layer(Extension(openapi::internal(api)))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn(layers::in_time))
        .layer(CatchPanicLayer::custom(layers::panicked))
        .with_state(app.clone())
}

/// What the operator's commands on this machine ask. Whoever can use the socket can read the store,
/// so no token is asked for.
pub fn control(app: &Arc<App>) -> Router {
    let (router, api) = administration::router()
        .route_layer(from_fn(layers::to_the_end))
        .routes(routes!(openapi::show_whole))
        .split_for_parts();
    router
        .layer(Extension(openapi::control(api)))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(Extension(administration::Acting(Actor::Operator)))
        .layer(from_fn_with_state(app.clone(), layers::refuse_unsafe))
        .layer(CatchPanicLayer::custom(layers::panicked))
        .layer(from_fn_with_state(
            (app.clone(), "control"),
            layers::identify,
        ))
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
