//! The keys of a ring as operators see them.

use crate::model::UnixTime;

/// What a key of the ring is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyRole {
    /// It signs every new token.
    Signs,
    /// It is published, and signs when its turn comes.
    Next,
    /// It signs no more; what it signed is still good.
    Retiring,
}

impl KeyRole {
    /// For tables and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Signs => "signs",
            Self::Next => "next",
            Self::Retiring => "retiring",
        }
    }
}

/// A key of the ring as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyState {
    /// Its id.
    pub kid: String,
    /// JWS algorithm.
    pub algorithm: String,
    /// What it is for.
    pub role: KeyRole,
    /// In the JWK Set since.
    pub published_at: UnixTime,
    /// Signs, or signed, from here on.
    pub signs_from: Option<UnixTime>,
    /// Leaves the JWK Set here.
    pub retires_at: Option<UnixTime>,
}
