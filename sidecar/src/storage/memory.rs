//! A store that lives as long as its process: for tests, and for trying the program out.

mod ceremonies;
mod metadata;
mod mounts;
mod people;
mod revocations;
mod sessions;
mod signing_keys;
mod users;

use super::bounded::CeremoniesUnderWay;
use super::{StorageError, Store, Writes, crowded_out};
use crate::model::{
    AuditBook, AuditRecord, Credential, CredentialId, Enrolment, Floors, Minted, MountRecord,
    RecoveryCodes, Revocation, Revoked, Session, SessionId, SigningKeyRecord, UnixTime, User,
    UserId, UserName,
};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Everything behind one lock: each step is one critical section.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tables: Mutex<Tables>,
    /// As a full disk would; tests switch it on.
    refuses_writes: AtomicBool,
}

#[derive(Debug, Default)]
struct Tables {
    users: BTreeMap<UserId, User>,
    names: BTreeMap<UserName, UserId>,
    credentials: BTreeMap<CredentialId, Credential>,
    sessions: BTreeMap<SessionId, Session>,
    signing_keys: Vec<SigningKeyRecord>,
    revocations: BTreeMap<Revoked, Revocation>,
    minted_until: Option<UnixTime>,
    ceremonies: CeremoniesUnderWay,
    enrolments: BTreeMap<UserId, Enrolment>,
    recovery_codes: BTreeMap<UserId, RecoveryCodes>,
    audit: BTreeMap<AuditBook, BTreeMap<u64, AuditRecord>>,
    mounts: BTreeMap<String, MountRecord>,
    mounts_revision: u64,
    metadata_numbers: BTreeMap<String, u64>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        // No step can panic half-way, so what a poisoned lock guards is whole.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryStore {
    /// Refuses what a login and a renewal write, as an embedded store does whose disk is full.
    #[cfg(test)]
    pub fn refuse_writes(&self, refuses: bool) {
        self.refuses_writes.store(refuses, Ordering::SeqCst);
    }

    fn tables_to_write(&self) -> Result<MutexGuard<'_, Tables>, StorageError> {
        if self.refuses_writes.load(Ordering::SeqCst) {
            return Err(StorageError::Write(io::ErrorKind::StorageFull.into()));
        }
        Ok(self.tables())
    }
}

impl Tables {
    fn credentials_of(&self, user: UserId) -> Vec<Credential> {
        let mut found: Vec<_> = self
            .credentials
            .values()
            .filter(|it| it.user == user)
            .cloned()
            .collect();
        found.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        found
    }

    fn is_signed_in(&self, user: UserId, by: SessionId) -> bool {
        let of_both = [Revoked::User(user), Revoked::Everyone];
        let revocations = of_both.iter().filter_map(|it| self.revocations.get(it));
        let floors: Floors = revocations.cloned().collect();
        let session = self.sessions.get(&by);
        let session = session.filter(|it| it.user == user && !floors.end(it));
        let user = self.users.get(&user);
        session.is_some() && user.is_some_and(|user| !user.disabled)
    }

    fn revoke(&mut self, revocation: &Revocation) {
        self.revocations
            .entry(revocation.what.clone())
            .and_modify(|stored| stored.grow(revocation))
            .or_insert_with(|| revocation.clone());
    }

    fn end_session(&mut self, id: SessionId, revocation: &Revocation) -> bool {
        let ended = self.sessions.remove(&id).is_some();
        if ended {
            self.revoke(revocation);
        }
        ended
    }

    fn end_sessions_begun_with(
        &mut self,
        user: UserId,
        id: &CredentialId,
        minted: Minted,
    ) -> Vec<SessionId> {
        let begun = self.sessions.values();
        let begun = begun.filter(|session| session.user == user && session.ends_with(id));
        let ended: Vec<_> = begun.map(|session| session.id).collect();
        for id in &ended {
            self.end_session(*id, &minted.revoke(*id));
        }
        ended
    }

    /// Ends the session that has to make room for this one, where that is needed.
    fn make_room(&mut self, session: &Session, minted: Minted) -> Option<SessionId> {
        let held = self.sessions.values();
        let held = held.filter(|it| it.user == session.user).cloned();
        let crowded_out = crowded_out(held, session);
        if let Some(id) = crowded_out {
            self.end_session(id, &minted.revoke(id));
        }
        crowded_out
    }

    fn credential_of(&mut self, user: UserId, id: &CredentialId) -> Option<&mut Credential> {
        self.credentials.get_mut(id).filter(|it| it.user == user)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn probe(&self) -> Result<Writes, StorageError> {
        Ok(if self.refuses_writes.load(Ordering::SeqCst) {
            Writes::Refused
        } else {
            Writes::Accepted
        })
    }

    async fn close(&self) -> Result<(), StorageError> {
        Ok(())
    }
}
