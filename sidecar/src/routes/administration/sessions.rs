//! Sessions, for administrators: seen, and ended.

use super::body::StrictBody;
use super::ending::{self, Ending, no_such_session};
use super::paging::{StrictQuery, size};
use super::{Acting, ActingSession, named, refusal};
use crate::app::App;
use crate::model::{Session, SessionId};
use crate::problem::{Problem, ProblemKind};
use crate::routes::caller::storage_problem;
use crate::routes::in_path::InPath;
use crate::routes::json::Nothing;
use crate::routes::layers::Client;
use crate::routes::openapi::{STORE, tag};
use crate::routes::session_view::{SessionView, shown};
use crate::storage::StorageError;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Serialize;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// What a list can be asked.
#[derive(Debug, Default, serde::Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// 1 to 1000; 100 where nothing is asked for.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
    /// `next` of the page before.
    #[param(pattern = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
    after: Option<String>,
}

/// A session, and who holds it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HeldSession {
    #[serde(flatten)]
    session: SessionView,
    /// Nothing where the user is gone.
    user_name: Option<String>,
}

/// Sessions in a page.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionPage {
    sessions: Vec<HeldSession>,
    /// `after` for the next page; nothing where this is the last.
    next: Option<String>,
}

/// A user's sessions.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserSessions {
    sessions: Vec<HeldSession>,
}

/// Everyone's sessions.
#[utoipa::path(
    get,
    path = "/v1/admin/sessions",
    tag = tag::SESSIONS,
    params(ListQuery),
    responses((status = 200, body = SessionPage)),
    extensions(("x-refuses" = json!([ProblemKind::BadRequest, STORE]))),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    _: Acting,
    own: Option<Extension<ActingSession>>,
    StrictQuery(query): StrictQuery<ListQuery>,
) -> Result<Json<SessionPage>, Problem> {
    let after = query.after.as_deref().map(uuid::Uuid::try_parse);
    let after = after.transpose().map(|it| it.map(SessionId));
    let after = after.map_err(|_| refusal::no_such_page())?;
    let page = app
        .store
        .session_page(after, app.now(), size(query.limit)?)
        .await;
    let page = page.map_err(|error| storage_problem(&error))?;
    let alive = page.items.iter().filter(|it| app.is_alive(it));
    let sessions = held(&app, alive, own).await;
    let sessions = sessions.map_err(|error| storage_problem(&error))?;
    let next = page.next.map(|id| id.0.to_string());
    Ok(Json(SessionPage { sessions, next }))
}

/// A user's sessions.
#[utoipa::path(
    get,
    path = "/v1/admin/users/{user}/sessions",
    tag = tag::SESSIONS,
    responses((status = 200, body = UserSessions)),
    extensions(("x-refuses" = json!([ProblemKind::NotFound, STORE]))),
)]
pub(super) async fn list_of_user(
    State(app): State<Arc<App>>,
    _: Acting,
    own: Option<Extension<ActingSession>>,
    InPath(user): InPath<String>,
) -> Result<Json<UserSessions>, Problem> {
    let user = named(&app, &user).await?;
    let sessions = app.living_sessions_of(user.id).await;
    let sessions = sessions.map_err(|error| storage_problem(&error))?;
    let sessions = held(&app, sessions.iter(), own).await;
    let sessions = sessions.map_err(|error| storage_problem(&error))?;
    Ok(Json(UserSessions { sessions }))
}

/// The sessions with the names of who holds them, each looked up once.
async fn held(
    app: &App,
    sessions: impl Iterator<Item = &Session>,
    own: Option<Extension<ActingSession>>,
) -> Result<Vec<HeldSession>, StorageError> {
    let own = own.map(|Extension(ActingSession(id))| id);
    let mut names = HashMap::new();
    let mut all = Vec::new();
    for session in sessions {
        let user_name = match names.entry(session.user) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let user = app.store.user(session.user).await?;
                place.insert(user.map(|user| user.name.to_string()))
            }
        };
        all.push(HeldSession {
            session: shown(session, own),
            user_name: user_name.clone(),
        });
    }
    Ok(all)
}

/// Ends a session.
#[utoipa::path(
    delete,
    path = "/v1/admin/sessions/{id}",
    tag = tag::SESSIONS,
    request_body = Nothing,
    responses((status = 204)),
    extensions(("x-refuses" = json!([ProblemKind::NotFound, STORE]))),
)]
pub(super) async fn end(
    State(app): State<Arc<App>>,
    acting: Acting,
    client: Client,
    InPath(id): InPath<String>,
    StrictBody(Nothing {}): StrictBody<Nothing>,
) -> Result<StatusCode, Problem> {
    let id = uuid::Uuid::try_parse(&id).map_err(|_| no_such_session())?;
    let record = acting.record(&app, &client, "session_end");
    ending::end(&app, record, Ending::One(SessionId(id))).await
}

/// Ends every session of a user.
#[utoipa::path(
    delete,
    path = "/v1/admin/users/{user}/sessions",
    tag = tag::SESSIONS,
    request_body = Nothing,
    responses((status = 204)),
    extensions(("x-refuses" = json!([ProblemKind::NotFound, STORE]))),
)]
pub(super) async fn end_all_of_user(
    State(app): State<Arc<App>>,
    acting: Acting,
    client: Client,
    InPath(user): InPath<String>,
    StrictBody(Nothing {}): StrictBody<Nothing>,
) -> Result<StatusCode, Problem> {
    let user = named(&app, &user).await?;
    let record = acting.record(&app, &client, "sessions_end_user");
    ending::end(&app, record, Ending::OfUser(Box::new(user))).await
}

/// Ends every session of everyone, the caller's own included.
#[utoipa::path(
    delete,
    path = "/v1/admin/sessions",
    tag = tag::SESSIONS,
    request_body = Nothing,
    responses((status = 204)),
    extensions(("x-refuses" = json!([STORE]))),
)]
pub(super) async fn end_everyones(
    State(app): State<Arc<App>>,
    acting: Acting,
    client: Client,
    StrictBody(Nothing {}): StrictBody<Nothing>,
) -> Result<StatusCode, Problem> {
    let record = acting.record(&app, &client, "sessions_end_everyone");
    ending::end(&app, record, Ending::Everyones).await
}
