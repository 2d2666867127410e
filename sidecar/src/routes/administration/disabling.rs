//! `/v1/admin/users`.

use super::body::StrictBody;
use super::users::own_account;
use super::{Acting, named, no_such_user};
use crate::app::App;
use crate::model::AuditRecord;
use crate::problem::{Problem, ProblemKind};
use crate::routes::audit::told;
use crate::routes::caller::storage_problem;
use crate::routes::in_path::InPath;
use crate::routes::json::Nothing;
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
    StrictBody(Nothing {}): StrictBody<Nothing>,
) -> Result<StatusCode, Problem> {
    let user = named(&app, &user).await?;
    if actor.is(user.id) {
        return Err(own_account());
    }
    let record = actor.record(&app, &client, "user_disable");
    let record = record.to(user.id, &user.name);
    let done = app.disable(user.id, record.clone()).await;
    answer(&record, done)
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
    StrictBody(Nothing {}): StrictBody<Nothing>,
) -> Result<StatusCode, Problem> {
    let user = named(&app, &user).await?;
    let record = actor.record(&app, &client, "user_enable");
    let record = record.to(user.id, &user.name);
    let done = app.store.set_disabled(user.id, false, None, &record).await;
    answer(&record, done)
}

fn answer(record: &AuditRecord, done: Result<bool, StorageError>) -> Result<StatusCode, Problem> {
    if !done.map_err(|error| storage_problem(&error))? {
        return Err(no_such_user());
    }
    told(record);
    Ok(StatusCode::NO_CONTENT)
}
