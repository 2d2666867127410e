//! Enrolment codes and recovery codes, as the store keeps them: hashes only.

use super::{SecretHash, UnixTime, UserId};
use serde::{Deserialize, Serialize};

/// What an enrolment code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnrolmentPurpose {
    /// A new user claims the account that an administrator made.
    Enrol,
    /// A user who has lost every passkey comes back.
    Recover,
    /// The first administrator makes an account of their own.
    Bootstrap,
}

impl EnrolmentPurpose {
    /// As the API writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enrol => "enrol",
            Self::Recover => "recover",
            Self::Bootstrap => "bootstrap",
        }
    }
}

/// A one-time code with which a passkey can be registered. There is one per user at most: a new
/// one takes the place of the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// Whose passkey it lets be registered; [`Enrolment::NOBODY`] for an account that is made
    /// with it.
    pub user: UserId,
    /// The mount that the passkey is for: at no other one the code is worth anything.
    #[serde(default)]
    pub mount: String,
    /// Hash of the code's secret.
    pub secret: SecretHash,
    /// What it is for.
    pub purpose: EnrolmentPurpose,
    /// When it was made.
    pub created_at: UnixTime,
    /// Who made it, for people to read.
    pub created_by: String,
    /// It is worth nothing from here on.
    pub expires_at: UnixTime,
}

impl Enrolment {
    /// Stands for the user who does not exist yet.
    pub const NOBODY: UserId = UserId(uuid::Uuid::nil());

    /// Whether it can be redeemed at `now`.
    #[must_use]
    pub fn is_open(&self, now: UnixTime) -> bool {
        now < self.expires_at
    }
}

/// A user's recovery codes: those that are left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryCodes {
    /// When they were made.
    pub created_at: UnixTime,
    /// Hashes of the unused ones.
    pub left: Vec<SecretHash>,
}

impl RecoveryCodes {
    /// Takes a code out; `false` when it is none of them.
    pub fn spend(&mut self, code: SecretHash) -> bool {
        let before = self.left.len();
        // Hashes of 100 random bits: how long a comparison takes tells nothing that helps.
        self.left.retain(|it| *it != code);
        self.left.len() < before
    }
}
