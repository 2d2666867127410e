//! The audit log's records: who did what to whom, when, from where, with which result.

use super::{CredentialId, SessionId, UnixTime, UserId, UserName};
use serde::{Deserialize, Serialize};

/// Everything that a record can be about: what can be searched for.
pub const ACTIONS: [&str; 38] = [
    "account_create",
    "administration",
    "bootstrap_code",
    "bootstrapped",
    "enrolled",
    "enrolment_create",
    "enrolment_revoke",
    "export",
    "import",
    "key_revoke",
    "keys_maintain",
    "keys_rotate",
    "login",
    "login_finish",
    "logout",
    "mount_delete",
    "mount_write",
    "passkey_add",
    "passkey_disable",
    "passkey_label",
    "passkey_remove",
    "recover",
    "recovered",
    "recovery_code_used",
    "recovery_codes_made",
    "recovery_codes_revoke",
    "register_begin",
    "register_finish",
    "session_end",
    "sessions_end_everyone",
    "sessions_end_user",
    "sessions_revoke",
    "sign_count",
    "user_create",
    "user_delete",
    "user_disable",
    "user_enable",
    "user_update",
];

/// Which of the two parts of the log a record is in. They are bounded apart, so that nothing that
/// people do with their own accounts can push out what administrators did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuditBook {
    /// What administrators, operators and the program itself did.
    Administration,
    /// What people did with their own accounts, and what strangers tried.
    People,
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Actor {
    /// A signed-in administrator.
    Administrator {
        /// Whose account.
        id: UserId,
        /// Its name.
        name: UserName,
    },
    /// Whoever may use the control socket.
    Operator,
    /// The program itself.
    Program,
    /// A user, about the own account.
    User {
        /// Whose account.
        id: UserId,
        /// Its name.
        name: UserName,
    },
    /// Someone who proved nothing.
    Stranger,
}

/// What the log says for those who are no users.
const OPERATOR: &str = "operator";
const PROGRAM: &str = "latchkey";
const STRANGER: &str = "stranger";

/// Names in the log of those who are no users: a user of such a name would be taken for one.
pub(super) const NAMES_OF_NO_USERS: [&str; 3] = [OPERATOR, PROGRAM, STRANGER];

impl Actor {
    /// For people: what `created_by` and tables show.
    #[must_use]
    pub fn shown(&self) -> &str {
        match self {
            Self::Administrator { name, .. } | Self::User { name, .. } => name.as_str(),
            Self::Operator => OPERATOR,
            Self::Program => PROGRAM,
            Self::Stranger => STRANGER,
        }
    }

    /// Which part of the log their doings are in.
    #[must_use]
    pub fn book(&self) -> AuditBook {
        match self {
            Self::Administrator { .. } | Self::Operator | Self::Program => {
                AuditBook::Administration
            }
            Self::User { .. } | Self::Stranger => AuditBook::People,
        }
    }
}

/// The user whom something was done to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditSubject {
    /// Their id.
    pub id: UserId,
    /// Their name at the time.
    pub name: UserName,
}

/// One record. Never a secret: no challenge, no token, no code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// When.
    pub at: UnixTime,
    /// Who.
    pub actor: Actor,
    /// What: one of [`ACTIONS`], such as `user_create`.
    pub action: String,
    /// To whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<AuditSubject>,
    /// With or to which credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<CredentialId>,
    /// In or to which session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// From which address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The request, as the log lines name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Why it was refused; absent when it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// What else helps a reader, such as `display_name; groups: +eng`: fixed words, each with what belongs
    /// to it, or what people have called something. Sentences belong to the pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// How many alike this record stands for, where it is not one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

impl AuditRecord {
    /// `actor` did `action` at `at`.
    #[must_use]
    pub fn new(at: UnixTime, actor: Actor, action: &str) -> Self {
        Self {
            at,
            actor,
            action: action.to_owned(),
            user: None,
            credential: None,
            session: None,
            address: None,
            request_id: None,
            refused: None,
            detail: None,
            count: None,
        }
    }

    /// The same, done to this user.
    #[must_use]
    pub fn to(self, id: UserId, name: &UserName) -> Self {
        let name = name.clone();
        Self {
            user: Some(AuditSubject { id, name }),
            ..self
        }
    }
}

/// What a search in the log asks for; nothing set: everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// The actor's name, or `operator`, `latchkey`, `stranger`.
    pub actor: Option<String>,
    /// The name of the user whom it was done to, by others or (a sign-in, for one) by themselves.
    pub user: Option<String>,
    /// The action.
    pub action: Option<String>,
    /// Where it came from.
    pub address: Option<String>,
    /// Not before.
    pub since: Option<UnixTime>,
    /// Not after.
    pub until: Option<UnixTime>,
}

impl AuditFilter {
    /// Whether the record is one of those.
    #[must_use]
    pub fn takes(&self, record: &AuditRecord) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.is_none() || wanted.as_deref() == found
        };
        let user = match (&record.user, &record.actor) {
            (Some(user), _) => Some(&user.name),
            (None, Actor::User { name, .. }) => Some(name),
            (None, _) => None,
        };
        is(&self.actor, Some(record.actor.shown()))
            && is(&self.user, user.map(UserName::as_str))
            && is(&self.action, Some(&record.action))
            && is(&self.address, record.address.as_deref())
            && self.since.is_none_or(|since| record.at >= since)
            && self.until.is_none_or(|until| record.at <= until)
    }
}
