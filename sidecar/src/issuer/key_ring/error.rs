//! Why a ring cannot be opened, or stays as it is.

use crate::model::UnixTime;

/// Why the stored keys are of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// The key-encryption key is not the one that sealed it, or the record was changed.
    #[error(
        "the signing key {kid} cannot be opened: the key-encryption key \
         (keys.encryption_key_file, or LATCHKEY_KEY_ENCRYPTION_KEY) is not the one that sealed it, \
         or the store is damaged"
    )]
    Sealed {
        /// Which key.
        kid: String,
    },
    /// The record names an algorithm that this version does not know.
    #[error("the signing key {kid} is for the unknown algorithm {algorithm:?}")]
    Algorithm {
        /// Which key.
        kid: String,
        /// What the record says.
        algorithm: String,
    },
    /// The private key does not belong to the public one that was published.
    #[error("the signing key {kid} does not match its public half")]
    Mismatch {
        /// Which key.
        kid: String,
    },
    /// Sealing failed.
    #[error("a new signing key cannot be sealed")]
    Sealing,
}

/// Why the next key does not sign yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RotateError {
    /// Verifiers may not have fetched the successor yet.
    #[error("the next key has not been published for long enough")]
    TooSoon {
        /// It will have been by then.
        ready_at: UnixTime,
    },
    /// No new key can be made.
    #[error(transparent)]
    KeyRing(#[from] KeyRingError),
}

/// Why a key cannot be revoked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RevokeError {
    /// The ring does not hold it.
    #[error("there is no such key")]
    Unknown,
    /// No new key can be made.
    #[error(transparent)]
    KeyRing(#[from] KeyRingError),
}
