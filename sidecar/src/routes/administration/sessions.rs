//! Sessions, for administrators: seen, and ended.

use super::ending::{self, Ending, no_such_session};
use super::paging::{StrictQuery, size};
use super::{Acting, named, refusal};
use crate::app::App;
use crate::model::SessionId;
use crate::problem::Problem;
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
    let id = uuid::Uuid::try_parse(&id).map_err(|_| no_such_session())?;
    let record = acting.record(&app, &client, "session_end");
    ending::end(&app, record, Ending::One(SessionId(id))).await
}

pub(super) async fn end_all_of_user(
    State(app): State<Arc<App>>,
    acting: Acting,
    client: Client,
    Path(user): Path<String>,
    StrictJson(Nothing {}): StrictJson<Nothing>,
) -> Result<StatusCode, Problem> {
    let user = named(&app, &user).await?;
    let record = acting.record(&app, &client, "sessions_end_user");
    ending::end(&app, record, Ending::OfUser(Box::new(user))).await
}

pub(super) async fn end_everyones(
    State(app): State<Arc<App>>,
    acting: Acting,
    client: Client,
    StrictJson(Nothing {}): StrictJson<Nothing>,
) -> Result<StatusCode, Problem> {
    let record = acting.record(&app, &client, "sessions_end_everyone");
    ending::end(&app, record, Ending::Everyones).await
}
