//! A store that lives as long as its process: for tests, and for trying the program out.

mod metadata;
mod mounts;
mod people;

use super::bounded::CeremoniesUnderWay;
use super::replaced;
use super::{
    Assertion, AssertionRecorded, Ceremonies, CeremonyKept, ChallengeSpent, CredentialInserted,
    CredentialRemoved, RegistrationCeremony, Revocations, Sessions, SigningKeys, StorageError,
    Store, UserCreated, Users, Writes,
};
use crate::model::{
    AuditBook, AuditRecord, ChallengeId, Credential, CredentialId, Enrolment, Floors, MountRecord,
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

    fn credential_of(&mut self, user: UserId, id: &CredentialId) -> Option<&mut Credential> {
        self.credentials.get_mut(id).filter(|it| it.user == user)
    }
}

#[async_trait]
impl Users for MemoryStore {
    async fn user(&self, id: UserId) -> Result<Option<User>, StorageError> {
        Ok(self.tables().users.get(&id).cloned())
    }

    async fn user_by_name(&self, name: &UserName) -> Result<Option<User>, StorageError> {
        let tables = self.tables();
        Ok(tables
            .names
            .get(name)
            .and_then(|id| tables.users.get(id))
            .cloned())
    }

    async fn create_user(
        &self,
        user: &User,
        credential: &Credential,
        audit: &AuditRecord,
    ) -> Result<UserCreated, StorageError> {
        let mut tables = self.tables();
        if tables.names.contains_key(&user.name) {
            return Ok(UserCreated::NameTaken);
        }
        if tables.credentials.contains_key(&credential.id) {
            return Ok(UserCreated::CredentialTaken);
        }
        tables.names.insert(user.name.clone(), user.id);
        tables.users.insert(user.id, user.clone());
        tables
            .credentials
            .insert(credential.id.clone(), credential.clone());
        tables.append_audit(audit);
        Ok(UserCreated::Created)
    }

    async fn update_user(&self, user: &User) -> Result<bool, StorageError> {
        let mut tables = self.tables();
        let Some(stored) = tables.users.get_mut(&user.id) else {
            return Ok(false);
        };
        stored.apply_changes(user);
        Ok(true)
    }

    async fn set_disabled(
        &self,
        user: UserId,
        disabled: bool,
        revocation: Option<&Revocation>,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let mut tables = self.tables();
        let Some(stored) = tables.users.get_mut(&user) else {
            return Ok(false);
        };
        stored.disabled = disabled;
        if let Some(revocation) = revocation {
            tables.revoke(revocation);
        }
        tables.append_audit(audit);
        Ok(true)
    }

    async fn users(
        &self,
        after: Option<&UserName>,
        part: &str,
        most: usize,
    ) -> Result<Vec<User>, StorageError> {
        let tables = self.tables();
        let users = tables.names.values().filter_map(|id| tables.users.get(id));
        Ok(users
            .filter(|user| after.is_none_or(|after| user.name > *after) && user.shows(part))
            .take(most)
            .cloned()
            .collect())
    }

    async fn count_users(&self) -> Result<u64, StorageError> {
        Ok(u64::try_from(self.tables().users.len()).unwrap_or(u64::MAX))
    }

    async fn credential(&self, id: &CredentialId) -> Result<Option<Credential>, StorageError> {
        Ok(self.tables().credentials.get(id).cloned())
    }

    async fn credentials_of(&self, user: UserId) -> Result<Vec<Credential>, StorageError> {
        Ok(self.tables().credentials_of(user))
    }

    async fn insert_credential_if_absent(
        &self,
        credential: &Credential,
        most: usize,
        audit: &AuditRecord,
    ) -> Result<CredentialInserted, StorageError> {
        let mut tables = self.tables();
        if !tables.users.contains_key(&credential.user) {
            return Ok(CredentialInserted::NoUser);
        }
        if tables.credentials.contains_key(&credential.id) {
            return Ok(CredentialInserted::Taken);
        }
        if tables.credentials_of(credential.user).len() >= most {
            return Ok(CredentialInserted::TooMany);
        }
        if let Some(user) = tables.users.get_mut(&credential.user) {
            user.must_register = false;
        }
        tables
            .credentials
            .insert(credential.id.clone(), credential.clone());
        tables.append_audit(audit);
        Ok(CredentialInserted::Inserted)
    }

    async fn label_credential(
        &self,
        user: UserId,
        id: &CredentialId,
        label: &str,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let mut tables = self.tables();
        let Some(credential) = tables.credential_of(user, id) else {
            return Ok(false);
        };
        label.clone_into(&mut credential.label);
        tables.append_audit(audit);
        Ok(true)
    }

    async fn remove_credential(
        &self,
        user: UserId,
        id: &CredentialId,
        keep_last: bool,
        now: UnixTime,
        audit: &AuditRecord,
    ) -> Result<CredentialRemoved, StorageError> {
        let mut tables = self.tables();
        if tables.credential_of(user, id).is_none() {
            return Ok(CredentialRemoved::NotFound);
        }
        if keep_last && tables.credentials_of(user).len() < 2 {
            return Ok(CredentialRemoved::Last);
        }
        tables.credentials.remove(id);
        let begun = tables.sessions.values();
        let begun = begun.filter(|session| session.user == user && session.ends_with(id));
        let ended: Vec<_> = begun.map(|session| session.id).collect();
        for id in &ended {
            tables.end_session(*id, &Revocation::new(Revoked::Session(*id), now));
        }
        tables.append_audit(audit);
        Ok(CredentialRemoved::Removed(ended))
    }
}

#[async_trait]
impl Ceremonies for MemoryStore {
    async fn spend_challenge(
        &self,
        id: ChallengeId,
        expires_at: UnixTime,
        account: UserId,
        now: UnixTime,
    ) -> Result<ChallengeSpent, StorageError> {
        Ok(self.tables().ceremonies.spend(id, expires_at, account, now))
    }

    async fn release_challenge(&self, id: ChallengeId) -> Result<(), StorageError> {
        self.tables().ceremonies.unspend(id);
        Ok(())
    }

    async fn keep_registration(
        &self,
        ceremony: &RegistrationCeremony,
        now: UnixTime,
    ) -> Result<CeremonyKept, StorageError> {
        Ok(self.tables().ceremonies.keep(ceremony, now))
    }

    async fn take_registration(
        &self,
        challenge: &[u8],
        now: UnixTime,
    ) -> Result<Option<RegistrationCeremony>, StorageError> {
        Ok(self.tables().ceremonies.take(challenge, now))
    }
}

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
        tables.sessions.insert(session.id, session.clone());
        tables.append_audit(&assertion.audit(&user.name, credential, session));
        Ok(AssertionRecorded::Recorded)
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

#[async_trait]
impl SigningKeys for MemoryStore {
    async fn signing_keys(&self) -> Result<Vec<SigningKeyRecord>, StorageError> {
        Ok(self.tables().signing_keys.clone())
    }

    async fn replace_signing_keys(
        &self,
        keys: &[SigningKeyRecord],
        revocation: Option<&Revocation>,
        audit: &AuditRecord,
    ) -> Result<(), StorageError> {
        let mut tables = self.tables();
        keys.clone_into(&mut tables.signing_keys);
        if let Some(revocation) = revocation {
            tables.revoke(revocation);
        }
        tables.append_audit(audit);
        Ok(())
    }
}

#[async_trait]
impl Revocations for MemoryStore {
    async fn revocations(&self) -> Result<Vec<Revocation>, StorageError> {
        Ok(self.tables().revocations.values().cloned().collect())
    }

    async fn revoke(
        &self,
        revocation: &Revocation,
        audit: Option<&AuditRecord>,
    ) -> Result<(), StorageError> {
        let mut tables = self.tables();
        tables.revoke(revocation);
        tables.append_if_any(audit);
        Ok(())
    }

    async fn forget_revocations(
        &self,
        ended: &[Revoked],
        now: UnixTime,
    ) -> Result<u64, StorageError> {
        let mut tables = self.tables();
        let before = tables.revocations.len();
        tables
            .revocations
            .retain(|what, stored| stored.until > now || !ended.contains(what));
        Ok(u64::try_from(before - tables.revocations.len()).unwrap_or(u64::MAX))
    }

    async fn minted_until(&self) -> Result<Option<UnixTime>, StorageError> {
        Ok(self.tables().minted_until)
    }

    async fn raise_minted_until(&self, until: UnixTime) -> Result<(), StorageError> {
        let mut tables = self.tables();
        tables.minted_until = tables.minted_until.max(Some(until));
        Ok(())
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
