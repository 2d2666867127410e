//! A user's passkeys, for administrators.

use super::body::StrictBody;
use super::{Acting, named, refusal};
use crate::app::App;
use crate::model::{AuditRecord, Credential, CredentialId, User};
use crate::problem::{Problem, ProblemKind};
use crate::routes::audit::told;
use crate::routes::caller::storage_problem;
use crate::routes::in_path::InPath;
use crate::routes::json::Nothing;
use crate::routes::layers::Client;
use crate::routes::openapi::{STORE, tag};
use crate::routes::passkey::{Passkey, label as read_label};
use crate::storage::CredentialRemoved;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What the owner sees, and what concerns administrators alone.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PasskeyView {
    #[serde(flatten)]
    passkey: Passkey,
    mount: String,
    algorithm: i64,
    sign_count: u32,
}

/// A user's passkeys.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Passkeys {
    passkeys: Vec<PasskeyView>,
}

/// A user's passkeys, oldest first.
#[utoipa::path(
    get,
    path = "/v1/admin/users/{user}/passkeys",
    tag = tag::USERS,
    responses((status = 200, body = Passkeys)),
    extensions(("x-refuses" = json!([ProblemKind::NotFound, STORE]))),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    _: Acting,
    InPath(user): InPath<String>,
) -> Result<Json<Passkeys>, Problem> {
    let user = named(&app, &user).await?;
    let credentials = app.store.credentials_of(user.id).await;
    let credentials = credentials.map_err(|error| storage_problem(&error))?;
    let passkeys = credentials.iter().map(|it| shown(&app, it)).collect();
    Ok(Json(Passkeys { passkeys }))
}

fn shown(app: &App, credential: &Credential) -> PasskeyView {
    PasskeyView {
        passkey: Passkey::of(app, credential),
        mount: credential.mount.clone(),
        algorithm: credential.algorithm,
        sign_count: credential.sign_count,
    }
}

#[derive(Debug, serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasskeyLabel {
    /// 1 to 64 visible characters.
    label: String,
}

/// Gives a passkey another label.
#[utoipa::path(
    patch,
    path = "/v1/admin/users/{user}/passkeys/{id}",
    tag = tag::USERS,
    request_body = PasskeyLabel,
    responses((status = 200, body = PasskeyView)),
    extensions(("x-refuses" = json!([ProblemKind::NotFound, STORE]))),
)]
pub(super) async fn label(
    State(app): State<Arc<App>>,
    acting: Acting,
    client: Client,
    InPath((user, id)): InPath<(String, String)>,
    StrictBody(change): StrictBody<PasskeyLabel>,
) -> Result<Json<PasskeyView>, Problem> {
    let user = named(&app, &user).await?;
    let id = passkey_of(&app, &user, &id).await?.id;
    let label = read_label(&change.label)
        .ok_or_else(|| refusal::field("label", "1 to 64 characters, none of them invisible"))?;
    let mut record = about(acting.record(&app, &client, "passkey_label"), &user, &id);
    record.detail = Some(label.clone());
    let labelled = app.store.label_credential(user.id, &id, &label, &record);
    if !labelled.await.map_err(|error| storage_problem(&error))? {
        return Err(no_such_passkey());
    }
    told(&record);
    let credential = app.store.credential(&id).await;
    let credential = credential.map_err(|error| storage_problem(&error))?;
    let credential = credential.ok_or_else(no_such_passkey)?;
    Ok(Json(shown(&app, &credential)))
}

/// Removes a passkey, the last one too, and ends the sessions that it began.
#[utoipa::path(
    delete,
    path = "/v1/admin/users/{user}/passkeys/{id}",
    tag = tag::USERS,
    request_body = Nothing,
    responses((status = 204)),
    extensions(("x-refuses" = json!([ProblemKind::NotFound, STORE]))),
)]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    acting: Acting,
    client: Client,
    InPath((user, id)): InPath<(String, String)>,
    StrictBody(Nothing {}): StrictBody<Nothing>,
) -> Result<StatusCode, Problem> {
    let user = named(&app, &user).await?;
    let id = passkey_of(&app, &user, &id).await?.id;
    // The last one too: a lost key must not sign in, and an administrator's link leads back.
    let record = about(acting.record(&app, &client, "passkey_remove"), &user, &id);
    let removed = app.remove_credential(user.id, id, false, record.clone());
    let removed = removed.await.map_err(|error| storage_problem(&error))?;
    if !matches!(removed, CredentialRemoved::Removed(_)) {
        return Err(no_such_passkey());
    }
    told(&record);
    Ok(StatusCode::NO_CONTENT)
}

async fn passkey_of(app: &App, user: &User, id: &str) -> Result<Credential, Problem> {
    let id = CredentialId::parse(id).map_err(|_| no_such_passkey())?;
    let credential = app.store.credential(&id).await;
    credential
        .map_err(|error| storage_problem(&error))?
        .filter(|it| it.user == user.id)
        .ok_or_else(no_such_passkey)
}

fn about(record: AuditRecord, user: &User, id: &CredentialId) -> AuditRecord {
    AuditRecord {
        credential: Some(id.clone()),
        ..record.to(user.id, &user.name)
    }
}

fn no_such_passkey() -> Problem {
    Problem::new(ProblemKind::NotFound, "There is no such passkey.")
}
