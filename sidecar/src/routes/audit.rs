//! The audit trail: one line per ceremony and per change to an account, with the precise reason
//! that the client is not told. Never a secret: no challenge, no token, no key.

use super::layers::Client;
use crate::app::App;
use crate::model::{ACTIONS, Actor, AuditRecord, CredentialId, SessionId, UserId, UserName};

/// One line in the making.
#[derive(Debug)]
pub(super) struct Audit<'a> {
    event: &'static str,
    client: &'a Client,
    user: Option<String>,
    credential: Option<String>,
    session: Option<String>,
}

impl<'a> Audit<'a> {
    /// About `event`, done by `client`.
    pub(super) fn new(event: &'static str, client: &'a Client) -> Self {
        Self {
            event,
            client,
            user: None,
            credential: None,
            session: None,
        }
    }

    /// A user by the name that was given; whether there is one is not said.
    pub(super) fn name(&mut self, name: &UserName) {
        self.user = Some(name.as_str().to_owned());
    }

    /// A user who exists.
    pub(super) fn user(&mut self, name: &UserName, id: UserId) {
        self.user = Some(format!("{} ({})", name.as_str(), id.0));
    }

    /// The credential that was used, made or removed.
    pub(super) fn credential(&mut self, id: &CredentialId) {
        self.credential = Some(id.to_string());
    }

    /// The session that was begun, renewed or ended.
    pub(super) fn session(&mut self, id: SessionId) {
        self.session = Some(id.0.to_string());
    }

    /// It was done.
    pub(super) fn accepted(&self) {
        tracing::info!(
            target: "audit",
            event = self.event,
            user = self.user.as_deref(),
            credential = self.credential.as_deref(),
            session = self.session.as_deref(),
            address = %self.client.address,
            request_id = %self.client.request_id,
            result = "accepted",
        );
    }

    /// It was refused.
    pub(super) fn refused(&self, reason: &'static str) {
        tracing::warn!(
            target: "audit",
            event = self.event,
            user = self.user.as_deref(),
            credential = self.credential.as_deref(),
            session = self.session.as_deref(),
            address = %self.client.address,
            request_id = %self.client.request_id,
            result = "refused",
            reason,
        );
    }
}

/// Writes the line of a record to the log, once it is in the store.
pub(super) fn told(record: &AuditRecord) {
    debug_assert!(
        ACTIONS.contains(&record.action.as_str()),
        "{record:?}: nobody could search for it"
    );
    let result = match record.refused {
        Some(_) => "refused",
        None => "accepted",
    };
    tracing::info!(
        target: "audit",
        event = record.action.as_str(),
        actor = record.actor.shown(),
        user = record.user.as_ref().map(|it| format!("{} ({})", it.name, it.id.0)),
        credential = record.credential.as_ref().map(ToString::to_string),
        session = record.session.map(|it| it.0.to_string()),
        address = record.address.as_deref(),
        request_id = record.request_id.as_deref(),
        detail = record.detail.as_deref(),
        result,
        reason = record.refused.as_deref(),
    );
}

/// The record of what a user did with the own account.
pub(super) fn own_record(
    app: &App,
    client: &Client,
    user: (UserId, &UserName),
    action: &'static str,
) -> AuditRecord {
    let (id, name) = user;
    let actor = Actor::User {
        id,
        name: name.clone(),
    };
    AuditRecord {
        address: Some(client.address.to_string()),
        request_id: Some(client.request_id.clone()),
        ..AuditRecord::new(app.now(), actor, action)
    }
    .to(id, name)
}
