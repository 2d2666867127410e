//! `POST /v1/self/refresh`: a new session token for the holder of the refresh secret.

use crate::app::App;
use crate::problem::{Problem, ProblemKind};
use crate::routes::audit::Audit;
use crate::routes::caller::cookies;
use crate::routes::json::{Nothing, StrictJson};
use crate::routes::layers::Client;
use crate::routes::openapi::{ANY_CALLER, tag};
use crate::routes::renewal::{Presented, RenewalError, renew};
use crate::routes::signed_in::{SignedIn, SignedInAnswer};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use std::sync::Arc;

/// A new session token for the holder of the refresh secret.
#[utoipa::path(
    post,
    path = "/v1/self/refresh",
    tag = tag::OWN_ACCOUNT,
    request_body = Nothing,
    security(("refresh" = [])),
    responses((status = 200, body = SignedInAnswer)),
    extensions(("x-refuses" = json!([ANY_CALLER, ProblemKind::TokenTooLarge]))),
)]
pub(super) async fn handle(
    State(app): State<Arc<App>>,
    client: Client,
    headers: HeaderMap,
    StrictJson(Nothing {}): StrictJson<Nothing>,
) -> Result<Response, Problem> {
    let mut audit = Audit::new("session_refresh", &client);
    match refresh(&app, &client, &headers, &mut audit).await {
        Ok(signed_in) => {
            app.metrics.session("renewed");
            app.metrics.renewal("page", "ok");
            audit.accepted();
            Ok(signed_in.answer(&client, None))
        }
        Err(error) => {
            app.metrics.renewal("page", error.reason());
            audit.refused(error.reason());
            Err(error.into())
        }
    }
}

async fn refresh(
    app: &App,
    client: &Client,
    headers: &HeaderMap,
    audit: &mut Audit<'_>,
) -> Result<SignedIn, RenewalError> {
    let secret = app.cookies.find_secret(cookies(headers));
    let secret = secret.ok_or(RenewalError::NoSecret)?;
    let certificate = Presented::ByClient(client.certificate.as_deref());
    renew(app, &secret, certificate, audit).await
}
