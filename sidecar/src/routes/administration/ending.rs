//! What ends sessions by order, with its record in the same step.

use super::Acting;
use crate::app::App;
use crate::model::{AuditRecord, SessionId, User};
use crate::problem::{Problem, ProblemKind};
use crate::routes::audit::told;
use crate::routes::caller::storage_problem;
use axum::http::StatusCode;

/// Which sessions.
pub(super) enum Ending {
    /// This one.
    One(SessionId),
    /// All of a user.
    OfUser(Box<User>),
    /// All there are.
    Everyones,
}

/// Ends them. When this returns, every gateway that listens has been told.
pub(super) async fn end(
    app: &App,
    mut record: AuditRecord,
    which: Ending,
) -> Result<StatusCode, Problem> {
    let ended = match which {
        Ending::One(id) => {
            record.session = Some(id);
            let owner = owner(app, id).await?;
            if let Some(user) = owner {
                record = record.to(user.id, &user.name);
            }
            app.end_session(id, Some(record.clone())).await
        }
        Ending::OfUser(user) => {
            record = record.to(user.id, &user.name);
            let ended = app.end_sessions(Some(user.id), Some(record.clone()));
            ended.await.map(|()| true)
        }
        Ending::Everyones => {
            let ended = app.end_sessions(None, Some(record.clone()));
            ended.await.map(|()| true)
        }
    };
    if ended.map_err(|error| storage_problem(&error))? {
        told(&record);
        return Ok(StatusCode::NO_CONTENT);
    }
    Acting::refused(app, record, "unknown_session").await;
    Err(no_such_session())
}

async fn owner(app: &App, id: SessionId) -> Result<Option<User>, Problem> {
    let session = app.store.session(id).await;
    let Some(session) = session.map_err(|error| storage_problem(&error))? else {
        return Ok(None);
    };
    let user = app.store.user(session.user).await;
    user.map_err(|error| storage_problem(&error))
}

pub(super) fn no_such_session() -> Problem {
    Problem::new(
        ProblemKind::NotFound,
        "There is no such session, or it has ended.",
    )
}
