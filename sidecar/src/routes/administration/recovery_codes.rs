//! A user's recovery codes, for administrators: whoever had an account in hands may have made some.

use super::body::StrictBody;
use super::{Acting, named};
use crate::app::App;
use crate::problem::{Problem, ProblemKind};
use crate::routes::audit::told;
use crate::routes::caller::storage_problem;
use crate::routes::in_path::InPath;
use crate::routes::json::Nothing;
use crate::routes::layers::Client;
use crate::routes::openapi::{STORE, tag};
use axum::extract::State;
use axum::http::StatusCode;
use std::sync::Arc;

/// Withdraws a user's recovery codes. The user can make new ones.
#[utoipa::path(
    delete,
    path = "/v1/admin/users/{user}/recovery-codes",
    tag = tag::USERS,
    request_body = Nothing,
    responses((status = 204)),
    extensions(("x-refuses" = json!([ProblemKind::NotFound, STORE]))),
)]
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    acting: Acting,
    client: Client,
    InPath(user): InPath<String>,
    StrictBody(Nothing {}): StrictBody<Nothing>,
) -> Result<StatusCode, Problem> {
    let user = named(&app, &user).await?;
    let record = acting.record(&app, &client, "recovery_codes_revoke");
    let record = record.to(user.id, &user.name);
    let revoked = app.store.revoke_recovery_codes(user.id, &record).await;
    if !revoked.map_err(|error| storage_problem(&error))? {
        let text = "The user has no recovery codes.";
        return Err(Problem::new(ProblemKind::NotFound, text));
    }
    told(&record);
    Ok(StatusCode::NO_CONTENT)
}
