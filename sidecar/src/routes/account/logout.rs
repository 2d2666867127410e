//! `POST /v1/self/logout`: ends the session of this browser, wholly: the record too, so that
//! neither the token nor the refresh secret works here afterwards.

use crate::app::App;
use crate::model::{AuditRecord, Session};
use crate::problem::Problem;
use crate::routes::audit::{own_record, told};
use crate::routes::caller::{any_caller, cookies, storage_problem};
use crate::routes::json::{Nothing, StrictJson};
use crate::routes::layers::Client;
use crate::routes::openapi::{STORE, tag};
use crate::routes::signed_in::append_cookie;
use crate::storage::StorageError;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use std::sync::Arc;

/// Ends the session of this browser. Whoever has none is logged out as well.
#[utoipa::path(
    post,
    path = "/v1/self/logout",
    tag = tag::OWN_ACCOUNT,
    request_body = Nothing,
    security((), ("cookie" = []), ("bearer" = []), ("refresh" = [])),
    responses((status = 204)),
    extensions(("x-refuses" = json!([STORE]))),
)]
pub(super) async fn handle(
    State(app): State<Arc<App>>,
    client: Client,
    headers: HeaderMap,
    StrictJson(Nothing {}): StrictJson<Nothing>,
) -> Result<Response, Problem> {
    let held = sessions(&app, &headers).await;
    for session in held.map_err(|error| storage_problem(&error))? {
        let left = leave(&app, &client, &session).await;
        left.map_err(|error| storage_problem(&error))?;
    }
    // Whoever had no session any more is logged out as well.
    let mut response = StatusCode::NO_CONTENT.into_response();
    for line in app.cookies.cleared() {
        append_cookie(&mut response, &line);
    }
    // What the application has shown is not left in the browser's cache for the next person.
    response
        .headers_mut()
        .insert("clear-site-data", HeaderValue::from_static("\"cache\""));
    Ok(response)
}

/// Ends a session. With the answer, every gateway has been told.
async fn leave(app: &App, client: &Client, session: &Session) -> Result<(), StorageError> {
    let user = app.store.user(session.user).await?;
    let record = user.map(|user| AuditRecord {
        session: Some(session.id),
        ..own_record(app, client, (user.id, &user.name), "logout")
    });
    if app.end_session(session.id, record.clone()).await? {
        app.metrics.session("ended");
        if let Some(record) = record {
            told(&record);
        }
    }
    Ok(())
}

/// Every session that this browser proves to hold: by token (which may run out at any moment) and
/// by refresh secret (which a planted cookie may have replaced).
async fn sessions(app: &Arc<App>, headers: &HeaderMap) -> Result<Vec<Session>, StorageError> {
    let mut found = Vec::new();
    if let Ok(caller) = any_caller(app, headers).await {
        found.push(caller.session);
    }
    if let Some(secret) = app.cookies.find_secret(cookies(headers)) {
        let session = app.store.session(secret.session()).await?;
        found.extend(session.filter(|session| secret.opens(session)));
    }
    found.dedup_by_key(|session| session.id);
    Ok(found)
}
