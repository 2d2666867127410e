//! The issuer's public keys, as fetched from whoever answered.

use crate::{
    Algorithm, JwkError, VerifyingKey,
    json::{JsonError, parse_object},
};
use serde_json::Value;

/// The largest key set that is read. Ours have about 200 bytes per key.
pub const MAX_JWK_SET_BYTES: usize = 64 * 1024;

/// The most keys in a set. A key ring has two or three.
pub const MAX_JWK_SET_KEYS: usize = 32;

/// The issuer's public keys ([RFC 7517 5](https://www.rfc-editor.org/rfc/rfc7517#section-5)).
///
/// Either every key in it is good or there is no set: a set with one bad key is not what our
/// issuer publishes, so nothing else in it deserves belief either. All keys are for the same
/// algorithm; an issuer that changes its algorithm publishes only keys of the new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwkSet {
    keys: Vec<VerifyingKey>,
}

/// Why a key set was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum JwkSetError {
    /// More bytes than [`MAX_JWK_SET_BYTES`].
    #[error("{bytes} bytes, more than are allowed")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Not JSON.
    #[error("not JSON")]
    NotJson,
    /// The same name twice in one object.
    #[error("an object has the same name twice")]
    DuplicateName,
    /// Nested deeper than any key set.
    #[error("nested too deep")]
    TooDeep,
    /// No object with an array `keys`.
    #[error("expected an object with an array `keys`")]
    NoKeysArray,
    /// No key in it.
    #[error("`keys` is empty")]
    Empty,
    /// More keys than [`MAX_JWK_SET_KEYS`].
    #[error("{keys} keys, more than are allowed")]
    TooManyKeys {
        /// How many.
        keys: usize,
    },
    /// One of the keys is not usable.
    #[error("keys[{index}]: {error}")]
    Key {
        /// Its place in the array, from 0.
        index: usize,
        /// What is wrong with it.
        error: JwkError,
    },
    /// Two keys of the same id.
    #[error("keys[{index}]: another key has the same `kid`")]
    DuplicateKeyId {
        /// The place of the second one.
        index: usize,
    },
    /// Keys for different algorithms.
    #[error("keys[{index}]: for another algorithm than the first key")]
    MixedAlgorithms {
        /// The place of the first one that differs.
        index: usize,
    },
}

impl JwkSetError {
    /// A short stable name for a metric label or a log field.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "too_long",
            Self::NotJson => "not_json",
            Self::DuplicateName => "duplicate_name",
            Self::TooDeep => "too_deep",
            Self::NoKeysArray => "no_keys_array",
            Self::Empty => "empty",
            Self::TooManyKeys { .. } => "too_many_keys",
            Self::Key { error, .. } => match error {
                JwkError::NotAnObject => "key_not_an_object",
                JwkError::PrivateMember => "key_private_member",
                JwkError::KeyId => "key_id",
                JwkError::KeyType => "key_type",
                JwkError::Algorithm => "key_algorithm",
                JwkError::Use => "key_use",
                JwkError::KeyOps => "key_ops",
                JwkError::Coordinate => "key_coordinate",
                JwkError::NotOnCurve => "key_not_on_curve",
                JwkError::WeakPoint => "key_weak_point",
            },
            Self::DuplicateKeyId { .. } => "duplicate_key_id",
            Self::MixedAlgorithms { .. } => "mixed_algorithms",
        }
    }
}

impl JwkSet {
    /// Takes out the key of this id, if it is there.
    pub fn remove(&mut self, kid: &str) -> bool {
        let before = self.keys.len();
        self.keys.retain(|key| key.kid() != kid);
        self.keys.len() < before
    }

    /// Reads a JWK Set in JSON.
    ///
    /// # Errors
    /// The first thing that is wrong; then no key of it counts.
    pub fn parse(bytes: &[u8]) -> Result<Self, JwkSetError> {
        if bytes.len() > MAX_JWK_SET_BYTES {
            return Err(JwkSetError::TooLong { bytes: bytes.len() });
        }
        let set = parse_object(bytes).map_err(|error| match error {
            JsonError::Syntax => JwkSetError::NotJson,
            JsonError::NotAnObject => JwkSetError::NoKeysArray,
            JsonError::DuplicateName => JwkSetError::DuplicateName,
            JsonError::TooDeep => JwkSetError::TooDeep,
        })?;
        let jwks = set
            .get("keys")
            .and_then(Value::as_array)
            .ok_or(JwkSetError::NoKeysArray)?;
        if jwks.len() > MAX_JWK_SET_KEYS {
            return Err(JwkSetError::TooManyKeys { keys: jwks.len() });
        }
        let mut keys: Vec<VerifyingKey> = Vec::with_capacity(jwks.len());
        for (index, jwk) in jwks.iter().enumerate() {
            let key =
                VerifyingKey::from_jwk(jwk).map_err(|error| JwkSetError::Key { index, error })?;
            if keys.iter().any(|other| other.kid() == key.kid()) {
                return Err(JwkSetError::DuplicateKeyId { index });
            }
            if keys
                .first()
                .is_some_and(|first| first.algorithm() != key.algorithm())
            {
                return Err(JwkSetError::MixedAlgorithms { index });
            }
            keys.push(key);
        }
        if keys.is_empty() {
            return Err(JwkSetError::Empty);
        }
        Ok(Self { keys })
    }

    /// The key of this id.
    #[must_use]
    pub fn key(&self, kid: &str) -> Option<&VerifyingKey> {
        self.keys.iter().find(|key| key.kid() == kid)
    }

    /// The algorithm that all keys are for. There is always at least one key.
    #[must_use]
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.keys.first().map(VerifyingKey::algorithm)
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Never: a set without keys is refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The keys in the order of the document.
    pub fn iter(&self) -> std::slice::Iter<'_, VerifyingKey> {
        self.keys.iter()
    }
}

impl<'a> IntoIterator for &'a JwkSet {
    type Item = &'a VerifyingKey;
    type IntoIter = std::slice::Iter<'a, VerifyingKey>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
