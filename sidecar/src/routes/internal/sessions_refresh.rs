//! `POST /internal/v1/sessions/refresh`: a filter renews a session while its request waits.

use crate::app::App;
use crate::issuer::RefreshSecret;
use crate::problem::{Problem, ProblemKind};
use crate::routes::audit::Audit;
use crate::routes::json::StrictJson;
use crate::routes::layers::Client;
use crate::routes::openapi::{ANY_CALLER, tag};
use crate::routes::renewal::{Presented, RenewalError, renew};
use crate::routes::signed_in::{Renewed, SignedIn};
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
        ProblemKind::Timeout,
        ProblemKind::TooLarge,
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
            Err(told(error))
        }
    }
}

/// A filter takes everything but 401 as a sign that this program is not well, and asks for nobody
/// for a moment. One account that has too many groups must not bring that about: its session can
/// have no token, so it is over, and the login says why.
fn told(error: RenewalError) -> Problem {
    let is_about_account = error.is_about_account();
    let problem = error.into();
    if is_about_account {
        Problem::unauthorized()
    } else {
        problem
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
