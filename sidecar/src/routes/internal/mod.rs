//! What filters, probes and metrics ask; never routed to users.

mod metrics;
mod probes;
mod revocations;
mod sessions_refresh;

pub use metrics::Metrics;

use super::well_known;
use crate::app::App;
use axum::extract::DefaultBodyLimit;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// A refresh secret with its JSON around it has about a hundred.
const REFRESH_BODY_BYTES: usize = 1_024;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    let refresh = OpenApiRouter::new()
        .routes(routes!(sessions_refresh::handle))
        .layer(DefaultBodyLimit::max(REFRESH_BODY_BYTES));
    OpenApiRouter::new()
        .routes(routes!(well_known::jwks))
        .routes(routes!(revocations::handle))
        .routes(routes!(probes::healthz))
        .routes(routes!(probes::readyz))
        .routes(routes!(probes::metrics))
        .merge(refresh)
}
