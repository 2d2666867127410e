//! Sessions, for administrators: seen, and ended.

use super::paging::{StrictQuery, size};
use super::{Acting, named, refusal};
use crate::app::App;
use crate::model::{AuditRecord, SessionId};
use crate::problem::{Problem, ProblemKind};
use crate::routes::audit::told;
use crate::routes::caller::storage_problem;
use crate::routes::json::{Nothing, StrictJson};
use crate::routes::layers::Client;
use crate::routes::session_view::shown;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    limit: Option<usize>,
    after: Option<String>,
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    _: Acting,
    StrictQuery(query): StrictQuery<ListQuery>,
) -> Result<Json<Value>, Problem> {
    let after = query.after.as_deref().map(uuid::Uuid::try_parse);
    let after = after.transpose().map(|it| it.map(SessionId));
    let after = after.map_err(|_| refusal::field("after", "the `next` of a page"))?;
    let page = app
        .store
        .session_page(after, app.now(), size(query.limit)?)
        .await;
    let page = page.map_err(|error| storage_problem(&error))?;
    let sessions: Vec<Value> = page
        .items
        .iter()
        .filter(|session| app.is_alive(session))
        .map(|session| shown(session, None))
        .collect();
    let next = page.next.map(|id| id.0.to_string());
    Ok(Json(json!({ "sessions": sessions, "next": next })))
}

pub(super) async fn list_of_user(
    State(app): State<Arc<App>>,
    _: Acting,
    Path(user): Path<String>,
) -> Result<Json<Value>, Problem> {
    let user = named(&app, &user).await?;
    let sessions = app.living_sessions_of(user.id).await;
    let sessions = sessions.map_err(|error| storage_problem(&error))?;
    let sessions: Vec<Value> = sessions.iter().map(|it| shown(it, None)).collect();
    Ok(Json(json!({ "sessions": sessions })))
}

pub(super) async fn end(
    State(app): State<Arc<App>>,
    acting: Acting,
    client: Client,
    Path(id): Path<String>,
    StrictJson(Nothing {}): StrictJson<Nothing>,
) -> Result<StatusCode, Problem> {
    let none = || Problem::new(ProblemKind::NotFound, "There is no such session.");
    let id = uuid::Uuid::try_parse(&id).map_err(|_| none())?;
    let id = SessionId(id);
    let session = app.store.session(id).await;
    let session = session.map_err(|error| storage_problem(&error))?;
    let session = session.ok_or_else(none)?;
    let user = app.store.user(session.user).await;
    let user = user.map_err(|error| storage_problem(&error))?;
    let ended = app.end_session(id).await;
    if !ended.map_err(|error| storage_problem(&error))? {
        return Err(none());
    }
    let mut record = acting.record(&app, &client, "session_end");
    record.session = Some(id);
    let record = match user {
        Some(user) => record.to(user.id, &user.name),
        None => record,
    };
    keep(&app, &record).await
}

pub(super) async fn end_all_of_user(
    State(app): State<Arc<App>>,
    acting: Acting,
    client: Client,
    Path(user): Path<String>,
    StrictJson(Nothing {}): StrictJson<Nothing>,
) -> Result<StatusCode, Problem> {
    let user = named(&app, &user).await?;
    let ended = app.end_sessions(Some(user.id)).await;
    ended.map_err(|error| storage_problem(&error))?;
    let record = acting.record(&app, &client, "sessions_end_user");
    keep(&app, &record.to(user.id, &user.name)).await
}

pub(super) async fn end_everyones(
    State(app): State<Arc<App>>,
    acting: Acting,
    client: Client,
    StrictJson(Nothing {}): StrictJson<Nothing>,
) -> Result<StatusCode, Problem> {
    // The record first: it tells who cut everyone off, whatever happens next.
    let record = acting.record(&app, &client, "sessions_end_everyone");
    let kept = keep(&app, &record).await?;
    let ended = app.end_sessions(None).await;
    ended.map_err(|error| storage_problem(&error))?;
    Ok(kept)
}

async fn keep(app: &App, record: &AuditRecord) -> Result<StatusCode, Problem> {
    let kept = app.store.append_audit(record).await;
    kept.map_err(|error| storage_problem(&error))?;
    told(record);
    Ok(StatusCode::NO_CONTENT)
}
