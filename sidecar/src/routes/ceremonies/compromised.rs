//! A passkey of a model that was reported as compromised after it was registered. What its signature
//! proves is in doubt then, so by policy it signs in no more. Nothing is stored on the passkey: it is
//! the metadata in use that decide, each time.

use crate::app::App;
use crate::ceremony::{CeremonyError, Policy};
use crate::model::{AuditRecord, Credential, User};
use crate::routes::audit::own_record;
use crate::routes::layers::Client;
use crate::storage::StorageError;

/// What the metadata report about the model, where the policy refuses it for that; then it is in the
/// audit log, by name: the proof was right, so it is one of the people here who is locked out.
///
/// A model is known by its AAGUID alone here: the chain of a U2F statement is not kept.
pub(super) async fn compromised(
    app: &App,
    client: &Client,
    policy: Option<&Policy>,
    (credential, user): (&Credential, &User),
) -> Result<Option<CeremonyError>, StorageError> {
    if !policy.is_some_and(|policy| policy.refuse_compromised) {
        return Ok(None);
    }
    let trust = app.trust.current();
    let Some(status) = trust.compromised(credential.aaguid, &[], app.now()) else {
        return Ok(None);
    };
    let error = CeremonyError::AuthenticatorCompromised {
        aaguid: credential.aaguid,
        status,
    };
    let record = AuditRecord {
        credential: Some(credential.id.clone()),
        refused: Some(error.reason().to_owned()),
        detail: Some(format!("metadata: {}", status.as_str())),
        ..own_record(app, client, (user.id, &user.name), "login")
    };
    app.store.append_audit(&record).await?;
    Ok(Some(error))
}
