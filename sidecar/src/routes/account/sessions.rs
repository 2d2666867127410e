//! `/v1/self/sessions`: the caller's own sessions, seen and ended.

use crate::app::App;
use crate::model::SessionId;
use crate::problem::{Problem, ProblemKind};
use crate::routes::audit::own_record;
use crate::routes::audit::told;
use crate::routes::caller::{caller, storage_problem};
use crate::routes::in_path::InPath;
use crate::routes::json::{Nothing, StrictJson};
use crate::routes::layers::Client;
use crate::routes::openapi::{CALLER, tag};
use crate::routes::session_view::{SessionView, shown};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use std::sync::Arc;

/// Sessions.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct OwnSessions {
    sessions: Vec<SessionView>,
}

/// The caller's own sessions, newest first.
#[utoipa::path(
    get,
    path = "/v1/self/sessions",
    tag = tag::OWN_ACCOUNT,
    responses((status = 200, body = OwnSessions)),
    extensions(("x-refuses" = json!([CALLER]))),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Json<OwnSessions>, Problem> {
    let caller = caller(&app, &headers).await?;
    let sessions = app.living_sessions_of(caller.user.id).await;
    let mut sessions = sessions.map_err(|error| storage_problem(&error))?;
    sessions.sort_by_key(|session| std::cmp::Reverse(session.auth_time));
    let own = Some(caller.session.id);
    let sessions = sessions.iter().map(|it| shown(it, own)).collect();
    Ok(Json(OwnSessions { sessions }))
}

/// Ends one of the caller's own sessions.
#[utoipa::path(
    delete,
    path = "/v1/self/sessions/{id}",
    tag = tag::OWN_ACCOUNT,
    request_body = Nothing,
    responses((status = 204)),
    extensions(("x-refuses" = json!([CALLER, ProblemKind::NotFound]))),
)]
pub(super) async fn end(
    State(app): State<Arc<App>>,
    client: Client,
    InPath(id): InPath<String>,
    headers: HeaderMap,
    StrictJson(Nothing {}): StrictJson<Nothing>,
) -> Result<StatusCode, Problem> {
    let caller = caller(&app, &headers).await?;
    let none = || Problem::new(ProblemKind::NotFound, "There is no such session.");
    let id = SessionId(uuid::Uuid::try_parse(&id).map_err(|_| none())?);
    let session = app.store.session(id).await;
    let session = session.map_err(|error| storage_problem(&error))?;
    if session.is_none_or(|session| session.user != caller.user.id) {
        return Err(none());
    }
    let user = (caller.user.id, &caller.user.name);
    let mut record = own_record(&app, &client, user, "session_end");
    record.session = Some(id);
    let ended = app.end_session(id, Some(record.clone())).await;
    if !ended.map_err(|error| storage_problem(&error))? {
        return Err(none());
    }
    told(&record);
    Ok(StatusCode::NO_CONTENT)
}
