//! A counter that did not grow: there may be a copy of the passkey (WebAuthn Level 3, section
//! 6.1.1). The login is refused in any case; by policy the passkey is disabled as well.

use crate::app::{App, SignCountPolicy};
use crate::model::{Actor, AuditRecord, CredentialId, Seconds, User};
use crate::routes::audit::told;
use crate::routes::layers::Client;
use crate::storage::StorageError;
use serde::Serialize;
use utoipa::ToSchema;

/// Writes it to the audit log, and does what the policy says.
pub(super) async fn regressed(
    app: &App,
    client: &Client,
    id: &CredentialId,
) -> Result<(), StorageError> {
    let Some(credential) = app.store.credential(id).await? else {
        return Ok(());
    };
    let Some(user) = app.store.user(credential.user).await? else {
        return Ok(());
    };
    let disables = app.settings.people.sign_count == SignCountPolicy::Disable;
    // Whoever has the key can do it over and over: it need not be written down each time.
    if !disables && app.suspicions.take(user.id, app.now()).is_err() {
        return Ok(());
    }
    // What the program does of itself is kept apart from what people can do any number of times.
    let (actor, action) = if disables {
        (Actor::Program, "passkey_disable")
    } else {
        (Actor::Stranger, "sign_count")
    };
    let record = AuditRecord {
        credential: Some(id.clone()),
        address: Some(client.address.to_string()),
        request_id: Some(client.request_id.clone()),
        refused: (!disables).then(|| "sign_count".to_owned()),
        detail: Some("counter_did_not_grow".to_owned()),
        ..AuditRecord::new(app.now(), actor, action)
    };
    let record = record.to(user.id, &user.name);
    if !disables {
        app.store.suspect_credential(id, &record).await?;
        return Ok(());
    }
    if app
        .disable_passkey(user.id, id.clone(), record.clone())
        .await?
    {
        told(&record);
    }
    Ok(())
}

/// What the owner of an account should know.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(in crate::routes) enum Warning {
    /// A passkey signs in no more: there may be a copy of it.
    PasskeyDisabled {
        /// Its id.
        passkey: String,
        /// What its owner calls it.
        label: String,
    },
    /// A passkey was refused once: there may be a copy of it.
    PasskeySuspected {
        /// Its id.
        passkey: String,
        /// What its owner calls it.
        label: String,
    },
}

/// For how long each login tells of a passkey that was refused once: whoever has the copy may be the
/// first to see it.
const SUSPECTED_FOR: Seconds = Seconds(7 * 86_400);

/// What the owner is told at a login: of a disabled passkey for as long as they keep it, of one that was
/// refused for a while.
pub(super) async fn warnings(app: &App, user: &User) -> Result<Vec<Warning>, StorageError> {
    if !user.passkey_alert {
        return Ok(Vec::new());
    }
    let credentials = app.store.credentials_of(user.id).await?;
    let now = app.now();
    let warnings = credentials.iter().filter_map(|it| {
        let (passkey, label) = (it.id.to_string(), it.label.clone());
        if it.disabled_at.is_some() {
            return Some(Warning::PasskeyDisabled { passkey, label });
        }
        let since = it.suspected_at?;
        (now < since.plus(SUSPECTED_FOR)).then_some(Warning::PasskeySuspected { passkey, label })
    });
    Ok(warnings.collect())
}
