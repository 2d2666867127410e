//! The administration API, `/v1/admin/...`. Who may use it is decided in front: whoever mounts this
//! router says who acts, with an [`Acting`] in the request's extensions.

mod keys;
mod listing;
mod sessions;
mod users;

use super::audit::Audit;
use super::caller::storage_problem;
use super::json::malformed;
use super::layers::Client;
use super::people::Acting;
use crate::app::App;
use crate::model::{SessionId, User, UserId, UserName};
use crate::problem::{Problem, ProblemKind};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Everything below `/v1/admin`.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(keys::list))
        .routes(routes!(keys::rotate))
        .routes(routes!(keys::revoke))
        .routes(routes!(sessions::revoke))
        .routes(routes!(users::disable))
        .routes(routes!(users::enable))
}

/// The beginning of an audit line.
fn audit<'a>(event: &'static str, client: &'a Client, actor: &Acting) -> Audit<'a> {
    let mut audit = Audit::new(event, client);
    audit.actor(actor.0.shown());
    audit
}

/// The user whom a path or a body names, by id or by name.
async fn named_user(app: &App, text: &str) -> Result<User, Problem> {
    let found = match uuid::Uuid::try_parse(text) {
        Ok(id) => app.store.user(UserId(id)).await,
        Err(_) => match UserName::parse(text) {
            Ok(name) => app.store.user_by_name(&name).await,
            Err(_) => Ok(None),
        },
    };
    found
        .map_err(|error| storage_problem(&error))?
        .ok_or_else(|| Problem::new(ProblemKind::NotFound, "There is no such user."))
}

fn session_id(text: &str) -> Result<SessionId, Problem> {
    uuid::Uuid::try_parse(text)
        .map(SessionId)
        .map_err(|_| malformed())
}
