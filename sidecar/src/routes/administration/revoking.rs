//! `/v1/admin/sessions` and `/v1/admin/users/<user>/sessions`.

use super::body::StrictBody;
use super::ending::{Ending, end, no_such_session};
use super::{Acting, named};
use crate::app::App;
use crate::model::{AuditRecord, SessionId};
use crate::problem::{Problem, ProblemKind};
use crate::routes::json::malformed;
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
    StrictBody(which): StrictBody<SessionsToEnd>,
) -> Result<StatusCode, Problem> {
    let record = actor.record(&app, &client, "sessions_revoke");
    let which = match which {
        SessionsToEnd {
            session: Some(session),
            user: None,
            everyone: false,
        } => {
            let id = uuid::Uuid::try_parse(&session).map_err(|_| no_such_session())?;
            Ending::One(SessionId(id))
        }
        SessionsToEnd {
            session: None,
            user: Some(user),
            everyone: false,
        } => Ending::OfUser(Box::new(named(&app, &user).await?)),
        SessionsToEnd {
            session: None,
            user: None,
            everyone: true,
        } => Ending::Everyones,
        _ => return Err(malformed()),
    };
    let record = match which {
        Ending::Everyones => AuditRecord {
            detail: Some("everyone".to_owned()),
            ..record
        },
        _ => record,
    };
    end(&app, record, which).await
}
