//! `storage::Sessions` over sled.

use super::layout::Key;
use super::{EmbeddedStore, PORTION, steps};
use crate::model::{
    AuditRecord, CredentialId, Floors, Minted, Revocation, Session, SessionId, UnixTime, UserId,
};
use crate::storage::{Assertion, AssertionRecorded, Sessions, StorageError};
use async_trait::async_trait;
use std::sync::Arc;

#[async_trait]
impl Sessions for EmbeddedStore {
    async fn session(&self, id: SessionId) -> Result<Option<Session>, StorageError> {
        self.view.record(&Key::session(id))
    }

    async fn sessions_of(&self, user: UserId) -> Result<Vec<Session>, StorageError> {
        let mut sessions = Vec::new();
        for key in self.view.keys(&Key::sessions_of(user))? {
            sessions.extend(self.view.record(&Key::session_from(&key))?);
        }
        Ok(sessions)
    }

    async fn insert_session(&self, session: &Session) -> Result<(), StorageError> {
        let session = session.clone();
        self.writer
            .run(move |ledger| steps::store_session(ledger, &session))
            .await
    }

    async fn record_assertion(
        &self,
        credential: &CredentialId,
        assertion: Assertion,
        session: &Session,
        replaces: Option<&Revocation>,
        minted: Minted,
    ) -> Result<AssertionRecorded, StorageError> {
        let (credential, session) = (credential.clone(), session.clone());
        let replaces = replaces.cloned();
        self.writer
            .run(move |ledger| {
                let replaces = replaces.as_ref();
                steps::record_assertion(
                    ledger,
                    &credential,
                    assertion,
                    &session,
                    (replaces, minted),
                )
            })
            .await
    }

    async fn extend_session(
        &self,
        id: SessionId,
        idle_until: UnixTime,
    ) -> Result<bool, StorageError> {
        self.writer
            .run(move |ledger| steps::extend_session(ledger, id, idle_until))
            .await
    }

    async fn end_session(
        &self,
        id: SessionId,
        revocation: &Revocation,
        audit: Option<&AuditRecord>,
    ) -> Result<bool, StorageError> {
        let (revocation, audit) = (revocation.clone(), audit.cloned());
        self.writer
            .run(move |ledger| steps::end_session_noted(ledger, id, &revocation, audit.as_ref()))
            .await
    }

    async fn sweep_sessions(&self, now: UnixTime, floors: &Floors) -> Result<u64, StorageError> {
        let floors = Arc::new(floors.clone());
        let seen = Arc::clone(&floors);
        let ended = self
            .scan(move |view| view.ended_sessions(now, &seen))
            .await?;
        let mut removed = 0;
        for portion in ended.chunks(PORTION) {
            let (portion, floors) = (portion.to_vec(), Arc::clone(&floors));
            removed += self
                .writer
                .run(move |ledger| steps::sweep_sessions(ledger, &portion, now, &floors))
                .await?;
        }
        Ok(removed)
    }
}
