//! What the platform asks on the internal listener.

use super::caller::storage_problem;
use crate::app::App;
use crate::problem::Problem;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// `/healthz`: the process answers.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// `/readyz`: the store can be read and written.
pub(super) async fn readyz(State(app): State<Arc<App>>) -> Result<&'static str, Problem> {
    app.store
        .probe()
        .await
        .map_err(|error| storage_problem(&error))?;
    Ok("ready\n")
}

/// `/metrics` (Prometheus text format 0.0.4).
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let headers = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    let mut text = app.metrics.render();
    text.push_str(&app.trust.metrics(app.now()));
    (StatusCode::OK, headers, text).into_response()
}
