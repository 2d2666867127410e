//! Users and their names.

use super::{UnixTime, UserId};
use serde::{Deserialize, Serialize};

/// A user name in its folded form: the form that is stored, compared and shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct UserName(String);

/// Why a text is no user name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UserNameError {
    /// Nothing but white space.
    #[error("a user name is needed")]
    Empty,
    /// More than [`UserName::MAX_CHARS`] characters.
    #[error("a user name has at most 64 characters")]
    TooLong,
    /// A character that names cannot hold (control, white space, bidi, confusable).
    #[error("a user name cannot hold the character U+{0:04X}")]
    Character(u32),
    /// Letters of several scripts, which could imitate another name.
    #[error("a user name is written in one script")]
    MixedScripts,
}

impl UserName {
    /// The longest name.
    pub const MAX_CHARS: usize = 64;

    /// The folded name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for UserName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// A person who can sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Never changes, never reused.
    pub id: UserId,
    /// Unique among all users, deleted ones included.
    pub name: UserName,
    /// What the pages and `name` show.
    pub display_name: String,
    /// Only set by an administrator, or verified.
    pub email: Option<String>,
    /// `groups` in tokens.
    pub groups: Vec<String>,
    /// `policies` in tokens.
    pub policies: Vec<String>,
    /// A disabled user cannot sign in.
    pub disabled: bool,
    /// When the account was made.
    pub created_at: UnixTime,
}
