//! `/v1/admin/users`.

use super::users::own_account;
use super::{Acting, named, no_such_user};
use crate::app::App;
use crate::model::AuditRecord;
use crate::problem::Problem;
use crate::routes::audit::told;
use crate::routes::caller::storage_problem;
use crate::routes::json::{Nothing, StrictJson};
use crate::routes::layers::Client;
use crate::storage::StorageError;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use std::sync::Arc;

/// Lets a user in no more, and ends every session of theirs.
pub(super) async fn disable(
    State(app): State<Arc<App>>,
    Path(user): Path<String>,
    actor: Acting,
    client: Client,
    StrictJson(Nothing {}): StrictJson<Nothing>,
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
pub(super) async fn enable(
    State(app): State<Arc<App>>,
    Path(user): Path<String>,
    actor: Acting,
    client: Client,
    StrictJson(Nothing {}): StrictJson<Nothing>,
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
