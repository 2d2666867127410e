//! The two policies that a mount can have.

use serde::{Deserialize, Serialize};

/// Which of a mount's policies a ceremony is under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyName {
    /// The passkey is all that a person needs: the strict one.
    #[default]
    Passwordless,
    /// The passkey comes second, after something else: the looser one.
    TwoFactor,
}

impl PolicyName {
    /// As requests and configuration write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passwordless => "passwordless",
            Self::TwoFactor => "two_factor",
        }
    }
}
