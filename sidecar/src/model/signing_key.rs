//! Signing keys as the store keeps them.

use super::UnixTime;
use serde::{Deserialize, Serialize};

/// One key of the ring. Its private half is sealed before it comes here.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct SigningKeyRecord {
    /// `kid` in token headers and in the JWK Set.
    pub kid: String,
    /// JWS algorithm: `ES256` or `EdDSA`.
    pub algorithm: String,
    /// The public half as a JWK (RFC 7517).
    pub public_jwk: serde_json::Value,
    /// The private half under the key-encryption key: nonce and ciphertext.
    pub sealed: Vec<u8>,
    /// Published in the JWK Set from here on.
    pub published_at: UnixTime,
    /// Signs from here on (well after `published_at`, so that verifiers know it first); a successor
    /// waits without a date.
    #[serde(default)]
    pub signs_from: Option<UnixTime>,
    /// Leaves the JWK Set here; set when a successor takes over.
    pub retires_at: Option<UnixTime>,
}

impl std::fmt::Debug for SigningKeyRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKeyRecord")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .field("published_at", &self.published_at)
            .field("signs_from", &self.signs_from)
            .field("retires_at", &self.retires_at)
            .finish_non_exhaustive()
    }
}
