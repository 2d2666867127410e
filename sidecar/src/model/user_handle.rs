//! User handles: by what an authenticator knows an account (WebAuthn Level 3, section 5.4.3).

use super::{User, UserId};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

/// A user handle that is not made from our own id: the account came from elsewhere, where its
/// passkeys were registered under it. 1 to 64 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserHandle(Vec<u8>);

impl UserHandle {
    /// The longest that an authenticator keeps.
    pub const MAX_BYTES: usize = 64;

    /// Takes the bytes; `None` when there are none, or too many.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        (1..=Self::MAX_BYTES)
            .contains(&bytes.len())
            .then(|| Self(bytes.to_vec()))
    }

    /// Reads unpadded base64url.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_bytes(&URL_SAFE_NO_PAD.decode(text).ok()?)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// What authenticators return for this account: its own handle, or the id's 16 bytes.
    #[must_use]
    pub fn bytes_of(id: &UserId, own: Option<&Self>) -> Vec<u8> {
        own.map_or_else(|| id.0.as_bytes().to_vec(), |own| own.0.clone())
    }
}

impl User {
    /// The user handle that the account's passkeys have.
    #[must_use]
    pub fn handle_bytes(&self) -> Vec<u8> {
        UserHandle::bytes_of(&self.id, self.handle.as_ref())
    }
}

impl std::fmt::Display for UserHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl Serialize for UserHandle {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UserHandle {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom("a user handle has 1 to 64 bytes, in unpadded base64url")
        })
    }
}
