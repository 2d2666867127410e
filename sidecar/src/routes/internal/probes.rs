//! What the platform asks on the internal listener.

use crate::app::App;
use crate::problem::Problem;
use crate::routes::caller::storage_problem;
use crate::routes::openapi::{STORE, tag};
use crate::storage::{StorageError, Writes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// The process answers.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = tag::INTERNAL,
    responses((status = 200, body = String, content_type = "text/plain")),
)]
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// The store can be read.
///
/// One whose disk is full still serves pages, keys and those who
/// are signed in; taking it out of service would make that worse, so it is told in words, in the
/// log and in a metric instead.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = tag::INTERNAL,
    responses((status = 200, body = String, content_type = "text/plain")),
    extensions(("x-refuses" = json!([STORE]))),
)]
pub(super) async fn readyz(State(app): State<Arc<App>>) -> Result<&'static str, Problem> {
    let writes = look(&app).await.map_err(|error| storage_problem(&error))?;
    Ok(match writes {
        Writes::Accepted => "ready\n",
        Writes::Refused => "ready, but the store takes no writes\n",
    })
}

async fn look(app: &App) -> Result<Writes, StorageError> {
    let writes = app.store.probe().await?;
    if app.metrics.store_looked_at(writes) {
        match writes {
            Writes::Refused => {
                tracing::error!("the store takes no writes: its disk is full or failing");
            }
            Writes::Accepted => tracing::info!("the store takes writes again"),
        }
    }
    Ok(writes)
}

/// Metrics (Prometheus text format 0.0.4).
#[utoipa::path(
    get,
    path = "/metrics",
    tag = tag::INTERNAL,
    responses((status = 200, body = String, content_type = "text/plain")),
)]
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
    // What cannot be read is for `/readyz` to tell.
    let _ = look(&app).await;
    let headers = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    let mut text = app.metrics.render();
    text.push_str(&super::metrics::gauges(&app));
    text.push_str(&app.trust.metrics(app.now()));
    (StatusCode::OK, headers, text).into_response()
}
