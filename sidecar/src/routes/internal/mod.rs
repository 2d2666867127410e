//! What filters, probes and metrics ask; never routed to users.

mod metrics;
mod probes;
mod revocations;
mod sessions_refresh;

pub use metrics::Metrics;

use super::well_known;
use crate::app::App;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use std::sync::Arc;

/// A refresh secret with its JSON around it has about a hundred.
const REFRESH_BODY_BYTES: usize = 1_024;

pub(super) fn router() -> Router<Arc<App>> {
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
}
