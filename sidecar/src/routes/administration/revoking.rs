//! `/v1/admin/sessions` and `/v1/admin/users/<user>/sessions`.

use super::{Acting, audit, named, session_id};
use crate::app::App;
use crate::problem::{Problem, ProblemKind};
use crate::routes::caller::storage_problem;
use crate::routes::json::{StrictJson, malformed};
use crate::routes::layers::Client;
use crate::routes::openapi::{STORE, tag};
use axum::extract::State;
use axum::http::StatusCode;
use std::sync::Arc;

/// Which sessions: exactly one of these.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionsToEnd {
    session: Option<String>,
    user: Option<String>,
    #[serde(default)]
    everyone: bool,
}

/// Ends one session, all of a user, or everyone's.
#[utoipa::path(
    post,
    path = "/v1/admin/sessions/revoke",
    tag = tag::SESSIONS,
    request_body = SessionsToEnd,
    responses((status = 204)),
    extensions(("x-refuses" = json!([ProblemKind::NotFound, STORE]))),
)]
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    actor: Acting,
    client: Client,
    StrictJson(which): StrictJson<SessionsToEnd>,
) -> Result<StatusCode, Problem> {
    let mut audit = audit("sessions_revoke", &client, &actor);
    let done = match which {
        SessionsToEnd {
            session: Some(session),
            user: None,
            everyone: false,
        } => {
            let id = session_id(&session)?;
            audit.session(id);
            app.end_session(id).await
        }
        SessionsToEnd {
            session: None,
            user: Some(user),
            everyone: false,
        } => {
            let user = named(&app, &user).await?;
            audit.user(&user.name, user.id);
            app.end_sessions(Some(user.id)).await.map(|()| true)
        }
        SessionsToEnd {
            session: None,
            user: None,
            everyone: true,
        } => app.end_sessions(None).await.map(|()| true),
        _ => return Err(malformed()),
    };
    match done {
        Ok(true) => {
            audit.accepted();
            Ok(StatusCode::NO_CONTENT)
        }
        Ok(false) => {
            audit.refused("unknown_session");
            Err(Problem::new(
                ProblemKind::NotFound,
                "There is no such session, or it has ended.",
            ))
        }
        Err(error) => {
            audit.refused("store_unavailable");
            Err(storage_problem(&error))
        }
    }
}
