//! `PATCH /v1/self/passkeys/<id>`: another label for one of the caller's passkeys.

use crate::app::App;
use crate::model::{AuditRecord, Credential, CredentialId, Seconds};
use crate::problem::{Problem, ProblemKind};
use crate::routes::audit::{Audit, own_record, told};
use crate::routes::caller::{CallerError, caller, storage_problem};
use crate::routes::in_path::InPath;
use crate::routes::json::StrictJson;
use crate::routes::layers::Client;
use crate::routes::openapi::{CALLER, tag};
use crate::routes::passkey::{Passkey, label};
use crate::routes::too_many;
use crate::storage::StorageError;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use std::sync::Arc;

#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OwnLabel)]
pub(super) struct Change {
    /// 1 to 64 visible characters.
    label: String,
}

#[derive(Debug, thiserror::Error)]
enum LabelError {
    #[error(transparent)]
    Caller(#[from] CallerError),
    #[error("the label is empty, too long or unreadable")]
    Label,
    #[error("the account is changed too often")]
    TooOften(Seconds),
    #[error("the caller has no such passkey")]
    NotFound,
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl LabelError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Caller(error) => error.reason(),
            Self::Label => "label",
            Self::TooOften(_) => "too_often",
            Self::NotFound => "no_such_passkey",
            Self::Storage(_) => "store_unavailable",
        }
    }
}

impl From<LabelError> for Problem {
    fn from(error: LabelError) -> Self {
        match error {
            LabelError::Caller(error) => error.into(),
            LabelError::Label => Self::new(
                ProblemKind::BadRequest,
                "A label has 1 to 64 characters, none of them invisible.",
            ),
            LabelError::TooOften(wait) => too_many(wait),
            LabelError::NotFound => Self::new(ProblemKind::NotFound, "There is no such passkey."),
            LabelError::Storage(error) => storage_problem(&error),
        }
    }
}

/// Gives one of the caller's passkeys another label.
#[utoipa::path(
    patch,
    path = "/v1/self/passkeys/{id}",
    tag = tag::OWN_ACCOUNT,
    request_body = Change,
    responses((status = 200, body = Passkey)),
    extensions(("x-refuses" = json!([CALLER, ProblemKind::NotFound, ProblemKind::TooMany]))),
)]
pub(super) async fn handle(
    State(app): State<Arc<App>>,
    client: Client,
    InPath(id): InPath<String>,
    headers: HeaderMap,
    StrictJson(change): StrictJson<Change>,
) -> Result<Json<Passkey>, Problem> {
    let mut audit = Audit::new("passkey_label", &client);
    match relabel(&app, &client, &headers, (&id, &change.label), &mut audit).await {
        Ok(credential) => Ok(Json(Passkey::of(&app, &credential))),
        Err(error) => {
            audit.refused(error.reason());
            app.metrics.ceremony("passkey_label", error.reason());
            Err(error.into())
        }
    }
}

async fn relabel(
    app: &Arc<App>,
    client: &Client,
    headers: &HeaderMap,
    (id, text): (&str, &str),
    audit: &mut Audit<'_>,
) -> Result<Credential, LabelError> {
    let caller = caller(app, headers).await?;
    audit.user(&caller.user.name, caller.user.id);
    let id = CredentialId::parse(id).map_err(|_| LabelError::NotFound)?;
    audit.credential(&id);
    let label = label(text).ok_or(LabelError::Label)?;
    app.take_change(caller.user.id)
        .map_err(LabelError::TooOften)?;
    let user = (caller.user.id, &caller.user.name);
    let record = AuditRecord {
        credential: Some(id.clone()),
        detail: Some(label.clone()),
        ..own_record(app, client, user, "passkey_label")
    };
    let labelled = app
        .store
        .label_credential(caller.user.id, &id, &label, &record);
    if !labelled.await? {
        return Err(LabelError::NotFound);
    }
    told(&record);
    app.store.credential(&id).await?.ok_or(LabelError::NotFound)
}
