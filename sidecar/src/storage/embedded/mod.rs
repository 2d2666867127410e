//! The embedded store: sled underneath, one writer in front.
//!
//! - Every change is a step that runs on one writer thread, so steps never race. The steps that
//!   wait at the same time share one flush and one fsync, and each is answered after it.
//! - A step is one sled batch: after a crash all of it is there or nothing.
//! - Reads go to sled directly, on the caller's thread.
//! - sled alone would open a damaged file with whatever it can still read. So every record has a
//!   checksum, an inventory counts and sums all records, a watermark outside of sled remembers how
//!   far the store has come, and opening checks all of it: a store opens whole or not at all.

mod engine;
mod files;
mod layout;
mod ledger;
mod open_error;
mod people;
mod people_steps;
mod seal;
mod steps;
mod writer;

#[cfg(test)]
mod tests;

pub use open_error::OpenError;

use super::bounded::CeremoniesUnderWay;
use super::{
    Assertion, AssertionRecorded, Ceremonies, CeremonyKept, ChallengeSpent, CredentialInserted,
    CredentialRemoved, RegistrationCeremony, Revocations, Sessions, SigningKeys, StorageError,
    Store, UserCreated, Users, Writes,
};
use crate::model::{
    ChallengeId, Credential, CredentialId, Floors, Revocation, Revoked, Session, SessionId,
    SigningKeyRecord, UnixTime, User, UserId, UserName,
};
use async_trait::async_trait;
use engine::View;
use layout::{Key, Table};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use writer::Writer;

/// What one step of a sweep removes at most, so that logins do not wait behind a long one.
const PORTION: usize = 128;

/// A durable store in one directory, for one process.
pub struct EmbeddedStore {
    view: Arc<View>,
    writer: Writer,
    directory: PathBuf,
    /// In memory on purpose: the key that vouches for challenges is new at each start, so what is
    /// spent need not outlive the process, and strangers cannot make the store grow.
    ceremonies: Mutex<CeremoniesUnderWay>,
}

impl EmbeddedStore {
    /// Opens the store in `directory`, and makes one where there is nothing yet.
    ///
    /// # Errors
    /// When it is locked, missing or damaged. Nothing is repaired or replaced by itself.
    pub fn open(directory: &Path) -> Result<Self, OpenError> {
        let (view, writer) = writer::open(directory)?;
        Ok(Self {
            view,
            writer,
            directory: directory.to_owned(),
            ceremonies: Mutex::default(),
        })
    }

    /// Runs what reads a whole table, away from the threads that answer requests.
    async fn scan<T: Send + 'static>(
        &self,
        work: impl FnOnce(&View) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let view = Arc::clone(&self.view);
        tokio::task::spawn_blocking(move || view.noted(work(&view)))
            .await
            .map_err(|_| StorageError::Read(std::io::ErrorKind::Other.into()))?
    }

    fn ceremonies(&self) -> MutexGuard<'_, CeremoniesUnderWay> {
        self.ceremonies
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Users for EmbeddedStore {
    async fn user(&self, id: UserId) -> Result<Option<User>, StorageError> {
        self.view.record(&Key::user(id))
    }

    async fn user_by_name(&self, name: &UserName) -> Result<Option<User>, StorageError> {
        let id: Option<UserId> = self.view.record(&Key::name(name))?;
        id.map_or(Ok(None), |id| self.view.record(&Key::user(id)))
    }

    async fn create_user(
        &self,
        user: &User,
        credential: &Credential,
    ) -> Result<UserCreated, StorageError> {
        let (user, credential) = (user.clone(), credential.clone());
        self.writer
            .run(move |ledger| steps::create_user(ledger, &user, &credential))
            .await
    }

    async fn update_user(&self, user: &User) -> Result<bool, StorageError> {
        let user = user.clone();
        self.writer
            .run(move |ledger| steps::update_user(ledger, &user))
            .await
    }

    async fn set_disabled(
        &self,
        user: UserId,
        disabled: bool,
        revocation: Option<&Revocation>,
    ) -> Result<bool, StorageError> {
        let revocation = revocation.cloned();
        self.writer
            .run(move |ledger| steps::set_disabled(ledger, user, disabled, revocation.as_ref()))
            .await
    }

    async fn users(
        &self,
        after: Option<&UserName>,
        part: &str,
        most: usize,
    ) -> Result<Vec<User>, StorageError> {
        let (after, part) = (after.cloned(), part.to_owned());
        self.scan(move |view| view.users(after.as_ref(), &part, most))
            .await
    }

    async fn count_users(&self) -> Result<u64, StorageError> {
        self.view.count(Table::Users)
    }

    async fn credential(&self, id: &CredentialId) -> Result<Option<Credential>, StorageError> {
        self.view.record(&Key::credential(id))
    }

    async fn credentials_of(&self, user: UserId) -> Result<Vec<Credential>, StorageError> {
        let mut credentials: Vec<Credential> = Vec::new();
        for key in self.view.keys(&Key::credentials_of(user))? {
            // Removed since the keys were read: then it is not one of the user's any more.
            if let Some(credential) = self.view.record(&Key::credential_from(&key))? {
                credentials.push(credential);
            }
        }
        credentials.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(credentials)
    }

    async fn insert_credential_if_absent(
        &self,
        credential: &Credential,
        most: usize,
    ) -> Result<CredentialInserted, StorageError> {
        let credential = credential.clone();
        self.writer
            .run(move |ledger| steps::insert_credential(ledger, &credential, most))
            .await
    }

    async fn label_credential(
        &self,
        user: UserId,
        id: &CredentialId,
        label: &str,
    ) -> Result<bool, StorageError> {
        let (id, label) = (id.clone(), label.to_owned());
        self.writer
            .run(move |ledger| steps::label_credential(ledger, user, &id, label))
            .await
    }

    async fn remove_credential(
        &self,
        user: UserId,
        id: &CredentialId,
        keep_last: bool,
        now: UnixTime,
    ) -> Result<CredentialRemoved, StorageError> {
        let id = id.clone();
        self.writer
            .run(move |ledger| steps::remove_credential(ledger, user, &id, keep_last, now))
            .await
    }
}

#[async_trait]
impl Ceremonies for EmbeddedStore {
    async fn spend_challenge(
        &self,
        id: ChallengeId,
        expires_at: UnixTime,
        account: UserId,
        now: UnixTime,
    ) -> Result<ChallengeSpent, StorageError> {
        Ok(self.ceremonies().spend(id, expires_at, account, now))
    }

    async fn release_challenge(&self, id: ChallengeId) -> Result<(), StorageError> {
        self.ceremonies().unspend(id);
        Ok(())
    }

    async fn keep_registration(
        &self,
        ceremony: &RegistrationCeremony,
        now: UnixTime,
    ) -> Result<CeremonyKept, StorageError> {
        Ok(self.ceremonies().keep(ceremony, now))
    }

    async fn take_registration(
        &self,
        challenge: &[u8],
        now: UnixTime,
    ) -> Result<Option<RegistrationCeremony>, StorageError> {
        Ok(self.ceremonies().take(challenge, now))
    }
}

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
    ) -> Result<AssertionRecorded, StorageError> {
        let (credential, session) = (credential.clone(), session.clone());
        let replaces = replaces.cloned();
        self.writer
            .run(move |ledger| {
                let replaces = replaces.as_ref();
                steps::record_assertion(ledger, &credential, assertion, &session, replaces)
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
    ) -> Result<bool, StorageError> {
        let revocation = revocation.clone();
        self.writer
            .run(move |ledger| steps::end_session(ledger, id, &revocation))
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

#[async_trait]
impl SigningKeys for EmbeddedStore {
    async fn signing_keys(&self) -> Result<Vec<SigningKeyRecord>, StorageError> {
        self.view.records(Table::SigningKeys)
    }

    async fn replace_signing_keys(
        &self,
        keys: &[SigningKeyRecord],
        revocation: Option<&Revocation>,
    ) -> Result<(), StorageError> {
        let (keys, revocation) = (keys.to_vec(), revocation.cloned());
        self.writer
            .run(move |ledger| steps::replace_signing_keys(ledger, &keys, revocation.as_ref()))
            .await
    }
}

#[async_trait]
impl Revocations for EmbeddedStore {
    async fn revocations(&self) -> Result<Vec<Revocation>, StorageError> {
        self.scan(|view| view.records(Table::Revocations)).await
    }

    async fn revoke(&self, revocation: &Revocation) -> Result<(), StorageError> {
        let revocation = revocation.clone();
        self.writer
            .run(move |ledger| steps::revoke(ledger, &revocation))
            .await
    }

    async fn forget_revocations(
        &self,
        ended: &[Revoked],
        now: UnixTime,
    ) -> Result<u64, StorageError> {
        let mut forgotten = 0;
        // In portions, as sessions are.
        for portion in ended.chunks(PORTION) {
            let portion = portion.to_vec();
            forgotten += self
                .writer
                .run(move |ledger| steps::forget_revocations(ledger, &portion, now))
                .await?;
        }
        Ok(forgotten)
    }

    async fn minted_until(&self) -> Result<Option<UnixTime>, StorageError> {
        self.view.record(&Key::minted_until())
    }

    async fn raise_minted_until(&self, until: UnixTime) -> Result<(), StorageError> {
        self.writer
            .run(move |ledger| steps::raise_minted_until(ledger, until))
            .await
    }
}

#[async_trait]
impl Store for EmbeddedStore {
    async fn probe(&self) -> Result<Writes, StorageError> {
        self.view.prove_readable()?;
        if !self.writer.is_alive() {
            return Err(writer::closed());
        }
        let room = files::has_room(&self.directory).unwrap_or(false);
        Ok(if room && !self.view.is_undone() {
            Writes::Accepted
        } else {
            Writes::Refused
        })
    }

    async fn close(&self) -> Result<(), StorageError> {
        self.writer.close().await
    }
}
