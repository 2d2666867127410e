//! `storage::Sessions` behind the one lock.

use super::MemoryStore;
use crate::model::{
    AuditRecord, CredentialId, Floors, Minted, Revocation, Session, SessionId, UnixTime, UserId,
};
use crate::storage::{Assertion, AssertionRecorded, Sessions, StorageError, replaced};
use async_trait::async_trait;

#[async_trait]
impl Sessions for MemoryStore {
    async fn session(&self, id: SessionId) -> Result<Option<Session>, StorageError> {
        Ok(self.tables().sessions.get(&id).cloned())
    }

    async fn sessions_of(&self, user: UserId) -> Result<Vec<Session>, StorageError> {
        Ok(self
            .tables()
            .sessions
            .values()
            .filter(|it| it.user == user)
            .cloned()
            .collect())
    }

    async fn insert_session(&self, session: &Session) -> Result<(), StorageError> {
        self.tables_to_write()?
            .sessions
            .insert(session.id, session.clone());
        Ok(())
    }

    async fn record_assertion(
        &self,
        credential: &CredentialId,
        assertion: Assertion,
        session: &Session,
        replaces: Option<&Revocation>,
        minted: Minted,
    ) -> Result<AssertionRecorded, StorageError> {
        let mut tables = self.tables_to_write()?;
        let user = tables.users.get(&session.user);
        let Some(user) = user.filter(|user| !user.disabled).cloned() else {
            return Ok(AssertionRecorded::Gone);
        };
        let Some(stored) = tables.credential_of(session.user, credential) else {
            return Ok(AssertionRecorded::Gone);
        };
        if let Err(regressed) = assertion.apply_to(stored) {
            return Ok(regressed);
        }
        if let Some((id, revocation)) = replaced(replaces, session) {
            tables.end_session(id, revocation);
        }
        let crowded_out = tables.make_room(session, minted);
        tables.sessions.insert(session.id, session.clone());
        tables.append_audit(&assertion.audit(&user.name, credential, session));
        Ok(AssertionRecorded::Recorded { crowded_out })
    }

    async fn extend_session(
        &self,
        id: SessionId,
        idle_until: UnixTime,
    ) -> Result<bool, StorageError> {
        let mut tables = self.tables_to_write()?;
        let Some(session) = tables.sessions.get_mut(&id) else {
            return Ok(false);
        };
        session.extend_to(idle_until);
        Ok(true)
    }

    async fn end_session(
        &self,
        id: SessionId,
        revocation: &Revocation,
        audit: Option<&AuditRecord>,
    ) -> Result<bool, StorageError> {
        let mut tables = self.tables_to_write()?;
        let ended = tables.end_session(id, revocation);
        tables.append_if_any(audit.filter(|_| ended));
        Ok(ended)
    }

    async fn sweep_sessions(&self, now: UnixTime, floors: &Floors) -> Result<u64, StorageError> {
        let mut tables = self.tables();
        let before = tables.sessions.len();
        tables
            .sessions
            .retain(|_, session| session.is_alive(now) && !floors.end(session));
        Ok(u64::try_from(before - tables.sessions.len()).unwrap_or(u64::MAX))
    }
}
