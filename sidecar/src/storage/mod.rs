//! What the relying party keeps, as contracts. Backends: `memory` (tests), `embedded` (sled).
//!
//! Each method is a whole step: it either happens completely and durably before it returns `Ok`,
//! or not at all. No caller composes a step out of several calls. One suite, `conformance`, runs
//! against every backend.

pub mod bounded;
pub mod embedded;
pub mod memory;
mod metadata;
mod mounts;
mod people;

#[cfg(test)]
mod conformance;

pub use metadata::MetadataNumbers;
pub use mounts::Mounts;
pub use people::*;

use crate::model::{
    Actor, AuditRecord, ChallengeId, Credential, CredentialId, Floors, Minted, PolicyName,
    Revocation, Revoked, Session, SessionId, SigningKeyRecord, UnixTime, User, UserId, UserName,
};
use async_trait::async_trait;
use std::net::IpAddr;

/// The longest record, as JSON: embedded engines keep larger ones in ways of their own.
pub const MOST_RECORD_BYTES: usize = 4_096;

/// The sessions that a user has at most: far more than anyone's browsers, and few enough to be ended
/// in one step with a passkey or the user.
pub const MOST_SESSIONS: usize = 100;

/// Why a step did not happen. `routes` answer 503 for each of them; the text is for the log.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The store cannot be written (disk full, I/O error): nothing was changed, reads go on.
    #[error("the store refused a write: {0}")]
    Write(#[source] std::io::Error),
    /// The store cannot be read.
    #[error("the store could not be read: {0}")]
    Read(#[source] std::io::Error),
    /// A record does not have the form that this version writes.
    #[error("the record {key} in {tree} is damaged")]
    Damaged {
        /// Which collection.
        tree: &'static str,
        /// Which record, printable.
        key: String,
    },
}

/// What became of a new account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserCreated {
    /// User and first credential are stored.
    Created,
    /// The name belongs, or belonged, to someone.
    NameTaken,
    /// The credential id is known already.
    CredentialTaken,
}

/// What became of a new credential of an existing user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialInserted {
    /// It is stored.
    Inserted,
    /// The credential id is known already, to this or another user.
    Taken,
    /// The user is gone.
    NoUser,
    /// The session has ended, or its user is disabled.
    NoSession,
    /// The user has as many as allowed.
    TooMany,
}

/// What became of a removal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialRemoved {
    /// It is gone, and so are these sessions, which are revoked.
    Removed(Vec<SessionId>),
    /// Without it the user could not sign in, and the caller asked to keep the last.
    Last,
    /// The user has no such credential.
    NotFound,
}

/// What an assertion changes on its credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assertion {
    /// The signature counter that the authenticator sent.
    pub sign_count: u32,
    /// The BE flag that it sent: kept where it was not known yet.
    pub backup_eligible: bool,
    /// The BS flag that it sent.
    pub backup_state: bool,
    /// When.
    pub at: UnixTime,
}

impl Assertion {
    /// Brings the credential up to date; or leaves it alone and says why (WebAuthn Level 3,
    /// section 7.2).
    ///
    /// # Errors
    /// [`AssertionRecorded::SignCountRegressed`] when the counter did not grow;
    /// [`AssertionRecorded::Gone`] when it was disabled.
    pub fn apply_to(self, credential: &mut Credential) -> Result<(), AssertionRecorded> {
        if credential.disabled_at.is_some() {
            return Err(AssertionRecorded::Gone);
        }
        let stored = credential.sign_count;
        if (self.sign_count != 0 || stored != 0) && self.sign_count <= stored {
            return Err(AssertionRecorded::SignCountRegressed { stored });
        }
        credential.sign_count = self.sign_count;
        credential
            .backup_eligible
            .get_or_insert(self.backup_eligible);
        credential.backup_state = self.backup_state;
        credential.last_used_at = Some(self.at);
        Ok(())
    }

    /// The record of the login in the audit log.
    fn audit(self, name: &UserName, credential: &CredentialId, session: &Session) -> AuditRecord {
        let (id, name) = (session.user, name.clone());
        AuditRecord {
            credential: Some(credential.clone()),
            session: Some(session.id),
            address: Some(session.address.clone()),
            ..AuditRecord::new(self.at, Actor::User { id, name }, "login")
        }
    }
}

/// What became of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssertionRecorded {
    /// Credential updated and session stored, in one step.
    Recorded {
        /// The session that had to make room: it is gone, and revoked.
        crowded_out: Option<SessionId>,
    },
    /// The counter did not grow (WebAuthn Level 3, section 7.2): nothing was stored. A
    /// counter of 0 on both sides is no counter and passes.
    SignCountRegressed {
        /// What the store had.
        stored: u32,
    },
    /// User or credential was removed, or the user disabled, since the ceremony began.
    Gone,
}

/// Whether the user of these credentials could not do without this one.
fn is_last(removed: &Credential, held: &[Credential]) -> bool {
    let mut others = held.iter().filter(|it| it.id != removed.id);
    if removed.is_way_in() {
        !others.any(Credential::is_way_in)
    } else {
        others.next().is_none()
    }
}

/// The session that a login ends, and its revocation. A session that the login itself goes on with
/// is not ended: its tokens are still good.
fn replaced<'a>(
    replaces: Option<&'a Revocation>,
    session: &Session,
) -> Option<(SessionId, &'a Revocation)> {
    let ended = replaces.and_then(Revocation::of_session);
    ended.filter(|(id, _)| *id != session.id)
}

/// Of a user's sessions, the one that makes room for `session`, where that is needed.
fn crowded_out(held: impl Iterator<Item = Session>, session: &Session) -> Option<SessionId> {
    let mut others: Vec<_> = held.filter(|it| it.id != session.id).collect();
    if others.len() < MOST_SESSIONS {
        return None;
    }
    others.sort_unstable_by_key(|it| (it.idle_until, it.auth_time));
    others.first().map(|it| it.id)
}

/// What became of spending a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChallengeSpent {
    /// This call spent it; no other call ever will.
    Spent,
    /// It was spent before.
    AlreadySpent,
    /// Too many unexpired ones are being remembered for this account, or in all.
    Full,
}

/// The server's side of a registration ceremony between begin and finish.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct RegistrationCeremony {
    /// The challenge, raw bytes. Its SHA-256 is the key.
    pub challenge: Vec<u8>,
    /// Which mount began it.
    pub mount: String,
    /// Under which of the mount's policies.
    #[serde(default)]
    pub policy: PolicyName,
    /// The account it is for: to be made (`existing == false`), or there already.
    pub user: UserId,
    /// Name of the account.
    pub user_name: UserName,
    /// Display name for a new account.
    pub display_name: String,
    /// Whether the account exists already: then the finish needs a session of it.
    pub existing: bool,
    /// The session that began it, where one did: only that one can finish it.
    pub session: Option<SessionId>,
    /// The code that it redeems, where it was begun with one.
    pub enrolling: Option<Enrolling>,
    /// The client's address, for the cap per address.
    pub address: IpAddr,
    /// It cannot be finished from here on.
    pub expires_at: UnixTime,
}

/// What became of keeping a registration ceremony.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CeremonyKept {
    /// It can be finished.
    Kept,
    /// This address, this account, or everyone together has too many under way.
    TooMany,
}

/// Whether a store that can be read takes writes at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// As far as can be told without writing.
    Accepted,
    /// The disk is nearly full, or the last write failed.
    Refused,
}

/// Users and their credentials. What changes them is in the audit log in the same step.
#[async_trait]
pub trait Users: Send + Sync {
    /// The user with this id.
    async fn user(&self, id: UserId) -> Result<Option<User>, StorageError>;
    /// The user with this name.
    async fn user_by_name(&self, name: &UserName) -> Result<Option<User>, StorageError>;
    /// Stores an account together with its first credential.
    async fn create_user(
        &self,
        user: &User,
        credential: &Credential,
        audit: &AuditRecord,
    ) -> Result<UserCreated, StorageError>;
    /// Updates an existing user's display name, email, groups, policies and disabled flag (`name`,
    /// `id` and `created_at` never change); `false` when the user is gone.
    async fn update_user(&self, user: &User) -> Result<bool, StorageError>;
    /// Disables a user, or lets one in again, together with the revocation that belongs to it;
    /// `false` when the user is gone: then nothing is revoked.
    async fn set_disabled(
        &self,
        user: UserId,
        disabled: bool,
        revocation: Option<&Revocation>,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError>;
    /// How many users there are.
    async fn count_users(&self) -> Result<u64, StorageError>;

    /// The credential with this id.
    async fn credential(&self, id: &CredentialId) -> Result<Option<Credential>, StorageError>;
    /// A user's credentials, oldest first.
    async fn credentials_of(&self, user: UserId) -> Result<Vec<Credential>, StorageError>;
    /// Adds a credential to an existing user who has fewer than `most`, in a session of theirs: one
    /// that has ended meanwhile, or whose user was disabled, leaves no way in behind.
    async fn insert_credential_if_absent(
        &self,
        credential: &Credential,
        by: SessionId,
        most: usize,
        audit: &AuditRecord,
    ) -> Result<CredentialInserted, StorageError>;
    /// Gives a credential of this user another label; `false` when there is none.
    async fn label_credential(
        &self,
        user: UserId,
        id: &CredentialId,
        label: &str,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError>;
    /// Removes a credential of this user, and ends and revokes the sessions that it began, whose
    /// tokens were minted up to `now` and live for `tokens_live_for` at most; with `keep_last`, never the
    /// only one, nor the only one that still signs in alone.
    async fn remove_credential(
        &self,
        user: UserId,
        id: &CredentialId,
        keep_last: bool,
        minted: Minted,
        audit: &AuditRecord,
    ) -> Result<CredentialRemoved, StorageError>;
}

/// Ceremonies under way.
#[async_trait]
pub trait Ceremonies: Send + Sync {
    /// Marks a login challenge as used until `expires_at`, by a proof for this account. Of parallel
    /// calls exactly one gets [`ChallengeSpent::Spent`].
    async fn spend_challenge(
        &self,
        id: ChallengeId,
        expires_at: UnixTime,
        account: UserId,
        now: UnixTime,
    ) -> Result<ChallengeSpent, StorageError>;
    /// Takes a spending back: its proof was wrong. Whoever got [`ChallengeSpent::Spent`], and
    /// nobody else, may call this, so that what is remembered are good proofs.
    async fn release_challenge(&self, id: ChallengeId) -> Result<(), StorageError>;
    /// Keeps a registration ceremony; expired ones make room.
    async fn keep_registration(
        &self,
        ceremony: &RegistrationCeremony,
        now: UnixTime,
    ) -> Result<CeremonyKept, StorageError>;
    /// Takes the ceremony of this challenge out, atomically: the second caller gets `None`, and so
    /// does one who comes after `expires_at`.
    async fn take_registration(
        &self,
        challenge: &[u8],
        now: UnixTime,
    ) -> Result<Option<RegistrationCeremony>, StorageError>;
}

/// Sessions.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// The session with this id, alive or not.
    async fn session(&self, id: SessionId) -> Result<Option<Session>, StorageError>;
    /// A user's sessions.
    async fn sessions_of(&self, user: UserId) -> Result<Vec<Session>, StorageError>;
    /// Stores a session made without an assertion (right after registration).
    async fn insert_session(&self, session: &Session) -> Result<(), StorageError>;
    /// The end of a login: compares and updates the credential, stores `session` (replacing the
    /// one of the same id), and ends the session that `replaces` revokes, in one step. When the user
    /// then had more than [`MOST_SESSIONS`], the one that was not used for the longest ends and is
    /// revoked, too.
    async fn record_assertion(
        &self,
        credential: &CredentialId,
        assertion: Assertion,
        session: &Session,
        replaces: Option<&Revocation>,
        minted: Minted,
    ) -> Result<AssertionRecorded, StorageError>;
    /// Moves the idle limit of a session, never back and never past its absolute limit; `false` when
    /// it is gone.
    async fn extend_session(
        &self,
        id: SessionId,
        idle_until: UnixTime,
    ) -> Result<bool, StorageError>;
    /// Ends a session and keeps its revocation; `false` when there was none: then nothing is
    /// revoked. Without a record where it ends because of something that has one.
    async fn end_session(
        &self,
        id: SessionId,
        revocation: &Revocation,
        audit: Option<&AuditRecord>,
    ) -> Result<bool, StorageError>;
    /// Drops the sessions that ended before `now`, and those that the floors end; how many.
    async fn sweep_sessions(&self, now: UnixTime, floors: &Floors) -> Result<u64, StorageError>;
}

/// The key ring.
#[async_trait]
pub trait SigningKeys: Send + Sync {
    /// Every key that is stored.
    async fn signing_keys(&self) -> Result<Vec<SigningKeyRecord>, StorageError>;
    /// Replaces the whole ring, all or nothing, together with the revocation of a key that it does
    /// not hold any more.
    async fn replace_signing_keys(
        &self,
        keys: &[SigningKeyRecord],
        revocation: Option<&Revocation>,
        audit: &AuditRecord,
    ) -> Result<(), StorageError>;
}

/// Revocations, for as long as a token that they hit could live.
#[async_trait]
pub trait Revocations: Send + Sync {
    /// Every revocation that is stored.
    async fn revocations(&self) -> Result<Vec<Revocation>, StorageError>;
    /// Keeps a revocation; with one of the same that is there, what goes further of each counts.
    /// Without a record where it is because of something that has one.
    async fn revoke(
        &self,
        revocation: &Revocation,
        audit: Option<&AuditRecord>,
    ) -> Result<(), StorageError>;
    /// Forgets those of these that still ended before `now`; how many.
    async fn forget_revocations(
        &self,
        ended: &[Revoked],
        now: UnixTime,
    ) -> Result<u64, StorageError>;
    /// Up to when tokens may have been minted; `None` before the first one.
    async fn minted_until(&self) -> Result<Option<UnixTime>, StorageError>;
    /// Notes that tokens may be minted up to `until`; never goes back.
    async fn raise_minted_until(&self, until: UnixTime) -> Result<(), StorageError>;
}

/// A whole store: what `state` hands to the routes.
#[async_trait]
pub trait Store:
    Users
    + Ceremonies
    + Sessions
    + SigningKeys
    + Revocations
    + People
    + Mounts
    + MetadataNumbers
    + AuditLog
{
    /// `Ok` when reads work, and whether writes would: what `/readyz` asks. Writes nothing.
    async fn probe(&self) -> Result<Writes, StorageError>;
    /// Makes everything durable and lets go of the files.
    async fn close(&self) -> Result<(), StorageError>;
}
