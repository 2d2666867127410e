//! `POST /internal/v1/sessions/refresh`: a filter renews a session while its request waits.

use super::audit::Audit;
use super::json::StrictJson;
use super::layers::Client;
use super::openapi::{ANY_CALLER, tag};
use super::renewal::{Presented, RenewalError, renew};
use super::signed_in::{Renewed, SignedIn};
use crate::app::App;
use crate::issuer::RefreshSecret;
use crate::problem::{Problem, ProblemKind};
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The value of the client's refresh cookie.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RefreshSecret)]
pub(super) struct Refresh {
    #[schema(value_type = String)]
    refresh: Zeroizing<String>,
}

/// Renews a session while the request of a filter waits.
#[utoipa::path(
    post,
    path = "/internal/v1/sessions/refresh",
    tag = tag::INTERNAL,
    request_body = Refresh,
    security(()),
    responses((status = 200, body = Renewed)),
    extensions(("x-refuses" = json!([
        ANY_CALLER,
        ProblemKind::BadRequest,
        ProblemKind::TokenTooLarge,
    ]))),
)]
pub(super) async fn handle(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    StrictJson(body): StrictJson<Refresh>,
) -> Result<Response, Problem> {
    let client = Client::behind_filter(&app, &headers);
    let mut audit = Audit::new("session_refresh", &client);
    match refresh(&app, &body, &mut audit).await {
        Ok(signed_in) => {
            app.metrics.session("renewed");
            app.metrics.renewal("filter", "ok");
            audit.accepted();
            let mut response = signed_in.for_filter();
            let no_store = HeaderValue::from_static("no-store");
            response.headers_mut().insert(CACHE_CONTROL, no_store);
            Ok(response)
        }
        Err(error) => {
            app.metrics.renewal("filter", error.reason());
            audit.refused(error.reason());
            Err(error.into())
        }
    }
}

async fn refresh(
    app: &App,
    body: &Refresh,
    audit: &mut Audit<'_>,
) -> Result<SignedIn, RenewalError> {
    let secret = RefreshSecret::parse(body.refresh.as_bytes());
    let secret = secret.ok_or(RenewalError::NoSecret)?;
    renew(app, &secret, Presented::ByFilter, audit).await
}
