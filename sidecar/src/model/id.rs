//! Identifiers. Each is its own type, so that one cannot be handed in where another is meant.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The stable identity of a user: `sub` in tokens, and (its 16 bytes) the WebAuthn user handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(pub Uuid);

/// The identity of a session: `sid` in tokens, and what logout names. Not a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub Uuid);

/// The nonce inside a challenge: what is spent when the ceremony is finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChallengeId(pub [u8; 16]);

/// SHA-256 of a session's refresh secret. The secret itself is never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretHash(pub [u8; 32]);
