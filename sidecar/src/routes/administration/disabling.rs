//! `/v1/admin/users`.

use super::users::own_account;
use super::{Acting, audit, named};
use crate::app::App;
use crate::problem::{Problem, ProblemKind};
use crate::routes::caller::storage_problem;
use crate::routes::in_path::InPath;
use crate::routes::json::{Nothing, StrictJson};
use crate::routes::layers::Client;
use crate::routes::openapi::{STORE, tag};
use crate::storage::StorageError;
use axum::extract::State;
use axum::http::StatusCode;
use std::sync::Arc;

/// Lets a user in no more, and ends every session of theirs.
#[utoipa::path(
    post,
    path = "/v1/admin/users/{user}/disable",
    tag = tag::USERS,
    request_body = Nothing,
    responses((status = 204)),
    extensions(("x-refuses" = json!([ProblemKind::NotFound, ProblemKind::Conflict, STORE]))),
)]
pub(super) async fn disable(
    State(app): State<Arc<App>>,
    InPath(user): InPath<String>,
    actor: Acting,
    client: Client,
    StrictJson(Nothing {}): StrictJson<Nothing>,
) -> Result<StatusCode, Problem> {
    let user = named(&app, &user).await?;
    if actor.is(user.id) {
        return Err(own_account());
    }
    let mut audit = audit("user_disable", &client, &actor);
    audit.user(&user.name, user.id);
    answer(&audit, app.disable(user.id).await)
}

/// Lets a user in again. Sessions that were ended stay so.
#[utoipa::path(
    post,
    path = "/v1/admin/users/{user}/enable",
    tag = tag::USERS,
    request_body = Nothing,
    responses((status = 204)),
    extensions(("x-refuses" = json!([ProblemKind::NotFound, STORE]))),
)]
pub(super) async fn enable(
    State(app): State<Arc<App>>,
    InPath(user): InPath<String>,
    actor: Acting,
    client: Client,
    StrictJson(Nothing {}): StrictJson<Nothing>,
) -> Result<StatusCode, Problem> {
    let user = named(&app, &user).await?;
    let mut audit = audit("user_enable", &client, &actor);
    audit.user(&user.name, user.id);
    answer(&audit, app.store.set_disabled(user.id, false, None).await)
}

fn answer(
    audit: &crate::routes::audit::Audit<'_>,
    done: Result<bool, StorageError>,
) -> Result<StatusCode, Problem> {
    match done {
        Ok(true) => {
            audit.accepted();
            Ok(StatusCode::NO_CONTENT)
        }
        Ok(false) => {
            audit.refused("no_user");
            Err(Problem::new(
                ProblemKind::NotFound,
                "There is no such user.",
            ))
        }
        Err(error) => {
            audit.refused("store_unavailable");
            Err(storage_problem(&error))
        }
    }
}
