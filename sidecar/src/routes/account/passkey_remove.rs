//! `DELETE /v1/self/passkeys/<id>`: removes one of the caller's passkeys, never the last one, and
//! ends the sessions that it began: this one too, when it is one of them.

use crate::app::{App, Served};
use crate::ceremony::{Policy, registered_under};
use crate::model::{Credential, CredentialId};
use crate::problem::{Problem, ProblemKind};
use crate::routes::audit::{Audit, own_record, told};
use crate::routes::caller::{CallerError, caller, storage_problem};
use crate::routes::freshness::{NotFresh, NotVerified, require_fresh, require_verified};
use crate::routes::in_path::InPath;
use crate::routes::json::{Nothing, StrictJson};
use crate::routes::layers::Client;
use crate::routes::openapi::{CALLER, tag};
use crate::routes::signed_in::append_cookie;
use crate::storage::{CredentialRemoved, StorageError};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use std::sync::Arc;

#[derive(Debug, thiserror::Error)]
enum RemoveError {
    #[error(transparent)]
    Caller(#[from] CallerError),
    #[error(transparent)]
    NotFresh(#[from] NotFresh),
    #[error(transparent)]
    NotVerified(#[from] NotVerified),
    #[error("the caller has no such passkey")]
    NotFound,
    #[error("it is the last passkey of the account")]
    Last,
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl RemoveError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Caller(error) => error.reason(),
            Self::NotFresh(_) => "not_fresh",
            Self::NotVerified(_) => "not_verified",
            Self::NotFound => "no_such_passkey",
            Self::Last => "last_passkey",
            Self::Storage(_) => "store_unavailable",
        }
    }
}

impl From<RemoveError> for Problem {
    fn from(error: RemoveError) -> Self {
        match error {
            RemoveError::Caller(error) => error.into(),
            RemoveError::NotFresh(error) => error.into(),
            RemoveError::NotVerified(error) => error.into(),
            RemoveError::NotFound => Self::new(ProblemKind::NotFound, "There is no such passkey."),
            RemoveError::Last => Self::new(
                ProblemKind::LastPasskey,
                "Without it nobody could sign in to this account. Add another one first.",
            ),
            RemoveError::Storage(error) => storage_problem(&error),
        }
    }
}

/// Removes one of the caller's passkeys, never the last one, and ends the sessions that it began.
#[utoipa::path(
    delete,
    path = "/v1/self/passkeys/{id}",
    tag = tag::OWN_ACCOUNT,
    request_body = Nothing,
    responses((status = 204)),
    extensions(("x-refuses" = json!([
        CALLER,
        ProblemKind::NotFound,
        ProblemKind::FreshLoginRequired,
        ProblemKind::LastPasskey,
    ]))),
)]
pub(super) async fn handle(
    State(app): State<Arc<App>>,
    client: Client,
    InPath(id): InPath<String>,
    headers: HeaderMap,
    StrictJson(Nothing {}): StrictJson<Nothing>,
) -> Result<Response, Problem> {
    let mut audit = Audit::new("passkey_remove", &client);
    match remove(&app, &client, &headers, &id, &mut audit).await {
        Ok(signed_out) => {
            let mut response = StatusCode::NO_CONTENT.into_response();
            if signed_out {
                for line in app.cookies.cleared() {
                    append_cookie(&mut response, &line);
                }
            }
            Ok(response)
        }
        Err(error) => {
            audit.refused(error.reason());
            app.metrics.ceremony("passkey_remove", error.reason());
            Err(error.into())
        }
    }
}

/// Whether the caller's own session has ended with it.
async fn remove(
    app: &Arc<App>,
    client: &Client,
    headers: &HeaderMap,
    id: &str,
    audit: &mut Audit<'_>,
) -> Result<bool, RemoveError> {
    let caller = caller(app, headers).await?;
    audit.user(&caller.user.name, caller.user.id);
    let id = CredentialId::parse(id).map_err(|_| RemoveError::NotFound)?;
    audit.credential(&id);
    require_fresh(&caller, app.settings.fresh_for, app.now())?;
    // Or whoever found a key without a PIN could leave its owner with nothing else.
    let credential = app.store.credential(&id).await?;
    let own = credential.filter(|it| it.user == caller.user.id);
    let served = app.mount_points.served();
    let policy = own.as_ref().and_then(|it| policy_of(&served, it));
    require_verified(&caller, policy)?;
    let user = (caller.user.id, &caller.user.name);
    let mut record = own_record(app, client, user, "passkey_remove");
    record.credential = Some(id.clone());
    let removed = app.remove_credential(caller.user.id, id.clone(), true, record.clone());
    match removed.await? {
        CredentialRemoved::Removed(_) => {
            told(&record);
            Ok(caller.session.ends_with(&id))
        }
        CredentialRemoved::Last => Err(RemoveError::Last),
        CredentialRemoved::NotFound => Err(RemoveError::NotFound),
    }
}

/// The policy that the passkey was registered under, as its mount has it now.
fn policy_of<'a>(served: &'a Served, credential: &Credential) -> Option<&'a Policy> {
    let mount = served.named(&credential.mount)?;
    mount.ceremonies.policy(registered_under(credential))
}
