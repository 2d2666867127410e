//! What administrators do with users, and how people come (back) in: whole steps, each with its
//! record in the audit log, so that nothing is done that the log does not tell.

use super::{MOST_RECORD_BYTES, StorageError};
use crate::model::{
    AuditFilter, AuditRecord, Credential, CredentialId, Enrolment, EnrolmentPurpose, Minted,
    RecoveryCodes, SecretHash, Session, SessionId, UnixTime, User, UserChange, UserId, UserName,
};
use async_trait::async_trait;

/// Records that one page of a search looks at before it gives back what it has: the cost of a
/// request, however large the store is.
pub const LOOKED_AT: usize = 2_000;

/// Groups of one user at most, and as many policies: a cookie ends before that, unless
/// `token.groups` limits what goes into tokens.
pub const MOST_NAMES: usize = 200;
/// The record of a user at most, as administrators write it: what the program notes in it later, such
/// as a warning about a passkey, fits in any case.
pub const MOST_USER_BYTES: usize = MOST_RECORD_BYTES - 256;

/// Whether the record of the user is within both bounds. It can be beyond them where an older version
/// wrote it.
#[must_use]
pub fn is_bounded(user: &User) -> bool {
    let fits = serde_json::to_vec(user).is_ok_and(|record| record.len() <= MOST_USER_BYTES);
    fits && user.groups.len() <= MOST_NAMES && user.policies.len() <= MOST_NAMES
}

/// What became of a change to a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserChanged {
    /// The user as it is now.
    Changed(Box<User>),
    /// There is no such user.
    Gone,
    /// With it the user would have more than fits ([`is_bounded`]): nothing was changed.
    TooLarge,
}

/// What became of a user that an administrator makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserAdded {
    /// It is there, without a passkey.
    Added,
    /// The name belongs, or belonged, to someone.
    NameTaken,
}

/// What became of a passkey that was registered with an enrolment code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redeemed {
    /// Code spent, passkey and session stored.
    Redeemed {
        /// The session that had to make room: it is gone, and revoked.
        crowded_out: Option<SessionId>,
    },
    /// The code is used, replaced, revoked or too old; or the user is gone or disabled.
    Spent,
    /// The credential id is known already.
    CredentialTaken,
    /// The user has as many passkeys as allowed.
    TooMany,
    /// The name belongs, or belonged, to someone.
    NameTaken,
}

/// The enrolment code that a ceremony redeems.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Enrolling {
    /// Whose code: [`Enrolment::user`].
    pub code_of: UserId,
    /// Hash of its secret.
    pub secret: SecretHash,
    /// What it is for.
    pub purpose: EnrolmentPurpose,
}

/// A passkey that is registered with an enrolment code.
#[derive(Debug, Clone, PartialEq)]
pub struct Redemption {
    /// Whose code: [`Enrolment::user`].
    pub code_of: UserId,
    /// Hash of the code's secret.
    pub secret: SecretHash,
    /// The account that is made with it, where it does not exist yet.
    pub new_user: Option<User>,
    /// The passkey.
    pub credential: Credential,
    /// The session that begins.
    pub session: Session,
    /// Passkeys that the user may have.
    pub most: usize,
    /// What can have been minted for the user so far.
    pub minted: Minted,
    /// When.
    pub at: UnixTime,
}

/// Part of a list, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, C> {
    /// What was found.
    pub items: Vec<T>,
    /// Where the next page begins; absent at the end. There may be one although few items, or
    /// none, were found: the search stops after [`LOOKED_AT`] records.
    pub next: Option<C>,
}

/// Which users a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// In name, display name or email; in lower case.
    pub text: Option<String>,
    /// The beginning of the name; in lower case. Others are not even looked at.
    pub prefix: Option<String>,
    /// A group.
    pub group: Option<String>,
    /// Disabled or not.
    pub disabled: Option<bool>,
}

impl UserFilter {
    /// Whether the user is one of those.
    #[must_use]
    pub fn takes(&self, user: &User) -> bool {
        let shows = |text: &str| {
            let holds = |found: &str| found.to_lowercase().contains(text);
            user.name.as_str().contains(text)
                || holds(&user.display_name)
                || user.email.as_deref().is_some_and(holds)
        };
        self.text.as_deref().is_none_or(shows)
            && self
                .prefix
                .as_deref()
                .is_none_or(|it| user.name.as_str().starts_with(it))
            && self
                .group
                .as_ref()
                .is_none_or(|group| user.groups.contains(group))
            && self.disabled.is_none_or(|it| user.disabled == it)
    }
}

/// A user with passkeys, as an import brings it.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedUser {
    /// The user.
    pub user: User,
    /// Its passkeys.
    pub credentials: Vec<Credential>,
}

/// What an import brings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Imported {
    /// Users who are not here.
    pub users: Vec<ImportedUser>,
    /// Names that belonged to users who are gone. Those that somebody has, or had, stay as they are.
    pub reserved: Vec<UserName>,
}

/// Why a user cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportConflict {
    /// The name belongs, or belonged, to someone, here or earlier in the import.
    NameTaken(UserName),
    /// The user id is someone's already, here or earlier in the import.
    IdTaken(UserName),
    /// A credential id is known already, here or earlier in the import.
    CredentialTaken(UserName, CredentialId),
}

/// Where a page of the audit log goes on: the number of the last record seen in each book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditCursor {
    /// In [`crate::model::AuditBook::Administration`].
    pub administration: u64,
    /// In [`crate::model::AuditBook::People`].
    pub people: u64,
}

impl AuditCursor {
    /// Before anything was seen.
    pub const START: Self = Self {
        administration: u64::MAX,
        people: u64::MAX,
    };
}

/// Users as administrators see them, and the ways in for people without a passkey.
#[async_trait]
pub trait People: Send + Sync {
    /// Stores a user without a passkey, and with `enrolment` the code to claim it.
    async fn add_user(
        &self,
        user: &User,
        enrolment: Option<&Enrolment>,
        audit: &AuditRecord,
    ) -> Result<UserAdded, StorageError>;
    /// Changes a user, unless it would have more than fits then: what counts is what is there, so
    /// that two changes at once do not add up to too much.
    async fn change_user(
        &self,
        id: UserId,
        change: &UserChange,
        audit: &AuditRecord,
    ) -> Result<UserChanged, StorageError>;
    /// Removes a user with passkeys, sessions and codes. The name stays taken. `false` when there
    /// is none.
    async fn delete_user(&self, id: UserId, audit: &AuditRecord) -> Result<bool, StorageError>;
    /// Users by name, after this one.
    async fn user_page(
        &self,
        after: Option<&UserName>,
        filter: &UserFilter,
        most: usize,
    ) -> Result<Page<User, UserName>, StorageError>;
    /// Names that are taken although their users are gone, after this one.
    async fn reserved_names(
        &self,
        after: Option<&UserName>,
        most: usize,
    ) -> Result<Page<UserName, UserName>, StorageError>;
    /// Whether the name belongs, or belonged, to someone.
    async fn is_name_taken(&self, name: &UserName) -> Result<bool, StorageError>;
    /// Whether someone who can sign in is in one of these groups.
    async fn has_administrator(&self, groups: &[String]) -> Result<bool, StorageError>;

    /// The code with which this user can register a passkey, where there is one.
    async fn enrolment(&self, user: UserId) -> Result<Option<Enrolment>, StorageError>;
    /// Keeps a code, in place of the one before; `false` when the user is gone.
    async fn put_enrolment(
        &self,
        enrolment: &Enrolment,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError>;
    /// Makes the user's code worthless; `false` when there is none.
    async fn revoke_enrolment(
        &self,
        user: UserId,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError>;
    /// Spends a code for a passkey and a session, and for the user where it does not exist yet. Of
    /// parallel calls exactly one gets [`Redeemed::Redeemed`]. As with a login, the session that was
    /// not used for the longest ends and is revoked where there would be too many.
    async fn redeem(
        &self,
        redemption: &Redemption,
        audit: &AuditRecord,
    ) -> Result<Redeemed, StorageError>;

    /// A user's recovery codes.
    async fn recovery_codes(&self, user: UserId) -> Result<Option<RecoveryCodes>, StorageError>;
    /// Keeps recovery codes, in place of those before; `false` when the user is gone or disabled, or
    /// the session has ended in which they were made.
    async fn put_recovery_codes(
        &self,
        user: UserId,
        by: SessionId,
        codes: &RecoveryCodes,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError>;
    /// Removes recovery codes; `false` when there are none.
    async fn revoke_recovery_codes(
        &self,
        user: UserId,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError>;
    /// Spends a recovery code for an enrolment code of the same user; `false` when it is none of
    /// the unused ones, or the user is gone or disabled.
    async fn spend_recovery_code(
        &self,
        code: SecretHash,
        enrolment: &Enrolment,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError>;

    /// Living sessions of everyone, by id, after this one.
    async fn session_page(
        &self,
        after: Option<SessionId>,
        now: UnixTime,
        most: usize,
    ) -> Result<Page<Session, SessionId>, StorageError>;
    /// Lets a credential sign in no more, marks its user, and ends and revokes the sessions that it
    /// began, in one step: which ones; `None` when it is gone, or disabled already.
    async fn disable_credential(
        &self,
        id: &CredentialId,
        minted: Minted,
        audit: &AuditRecord,
    ) -> Result<Option<Vec<SessionId>>, StorageError>;

    /// Notes that a credential was refused because there may be a copy of it, and marks its user; `false`
    /// when it is gone.
    async fn suspect_credential(
        &self,
        id: &CredentialId,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError>;

    /// Stores all of these users, passkeys and names, or none: then the conflicts say why. With `dry`
    /// it stores none in any case.
    async fn import(
        &self,
        imported: &Imported,
        dry: bool,
        audit: &AuditRecord,
    ) -> Result<Vec<ImportConflict>, StorageError>;
}

/// The audit log.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Appends a record.
    async fn append_audit(&self, record: &AuditRecord) -> Result<(), StorageError>;
    /// Records, newest first.
    async fn audit_page(
        &self,
        from: AuditCursor,
        filter: &AuditFilter,
        most: usize,
    ) -> Result<Page<AuditRecord, AuditCursor>, StorageError>;
    /// Forgets records from before `before`, and the oldest ones beyond `most` in each book; how
    /// many.
    async fn prune_audit(&self, before: UnixTime, most: u64) -> Result<u64, StorageError>;
}

/// How many records of each book a search looks at.
pub(super) fn looked_at(filter: &AuditFilter, most: usize) -> usize {
    if *filter == AuditFilter::default() {
        most.saturating_add(1)
    } else {
        LOOKED_AT
    }
}

/// Both books as one page, newest first. Each comes newest first, and goes on when it has as many
/// records as [`looked_at`] says.
pub(super) fn merged(
    from: AuditCursor,
    administration: Vec<(u64, AuditRecord)>,
    people: Vec<(u64, AuditRecord)>,
    filter: &AuditFilter,
    most: usize,
) -> Page<AuditRecord, AuditCursor> {
    let full = looked_at(filter, most);
    let goes_on = administration.len() >= full || people.len() >= full;
    let mut administration = administration.into_iter().peekable();
    let mut people = people.into_iter().peekable();
    let (mut items, mut at, mut seen) = (Vec::new(), from, 0);
    while items.len() < most && seen < full {
        let people_next = match (administration.peek(), people.peek()) {
            (None, None) => break,
            (Some(_), None) => false,
            (None, Some(_)) => true,
            (Some((_, ours)), Some((_, theirs))) => theirs.at > ours.at,
        };
        let (book, cursor) = if people_next {
            (&mut people, &mut at.people)
        } else {
            (&mut administration, &mut at.administration)
        };
        if let Some((number, record)) = book.next() {
            *cursor = number;
            seen += 1;
            items.extend(Some(record).filter(|record| filter.takes(record)));
        }
    }
    let left = administration.peek().is_some() || people.peek().is_some();
    Page {
        items,
        next: (left || goes_on).then_some(at),
    }
}
