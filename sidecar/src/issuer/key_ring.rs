//! The signing keys: which one signs, which ones are published, and how one follows another.
//!
//! A ring is a value: each step makes a new one, which is stored first and used afterwards.

use super::seal::KeyEncryptionKey;
use crate::entropy::{Entropy, random};
use crate::model::{Seconds, SigningKeyRecord, UnixTime};
use latchkey_token::{Algorithm, SigningKey};
use serde_json::json;
use std::sync::Arc;

/// How keys follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Succession {
    /// What new keys are for.
    pub algorithm: Algorithm,
    /// How long a key is published before it signs, so that every verifier has fetched it.
    pub publish_before: Seconds,
    /// A key that has signed for this long gets a successor.
    pub rotate_every: Seconds,
    /// How long a key stays published after its successor signs: as long as a session whose token
    /// it signed can be renewed.
    pub overlap: Seconds,
}

/// Why the stored keys are of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// The key-encryption key is not the one that sealed it, or the record was changed.
    #[error(
        "the signing key {kid} cannot be opened: keys.encryption_key_file is not the key that \
         sealed it, or the store is damaged"
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

/// Cheap to clone: rings are values, keys are not copied.
#[derive(Clone)]
struct RingKey {
    record: SigningKeyRecord,
    signing: Arc<SigningKey>,
}

/// The keys of this issuer, oldest first.
pub struct KeyRing {
    keys: Vec<RingKey>,
}

impl KeyRing {
    /// Opens the stored keys.
    ///
    /// # Errors
    /// When one of them cannot be opened or is not what it says: the store is then not touched.
    pub fn open(
        records: Vec<SigningKeyRecord>,
        sealing: &KeyEncryptionKey,
    ) -> Result<Self, KeyRingError> {
        let mut keys = records
            .into_iter()
            .map(|record| open_key(record, sealing))
            .collect::<Result<Vec<_>, _>>()?;
        keys.sort_by(|a, b| order(&a.record).cmp(&order(&b.record)));
        Ok(Self { keys })
    }

    /// How many keys it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether it has none: before the first start.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// What the store keeps.
    #[must_use]
    pub fn records(&self) -> Vec<SigningKeyRecord> {
        self.keys.iter().map(|key| key.record.clone()).collect()
    }

    /// The key that signs at `now`: the newest whose turn has come. When the clock has stepped
    /// back before all of them, the oldest.
    #[must_use]
    pub fn signing_key(&self, now: UnixTime) -> Option<&SigningKey> {
        let current = self
            .keys
            .iter()
            .rev()
            .find(|key| key.record.signs_from <= now);
        current.or(self.keys.first()).map(|key| &*key.signing)
    }

    /// The JWK Set that verifiers fetch: every key from the moment it is published until it
    /// retires.
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        json!({ "keys": self.keys.iter().map(|key| &key.record.public_jwk).collect::<Vec<_>>() })
    }

    /// What is due at `now`: the first key, a successor for one that is too old, the end of those
    /// that have retired. `None` when nothing is.
    ///
    /// A key set is for one algorithm, so that no verifier ever chooses. When another one is
    /// configured, a new ring begins: tokens of the old one are renewed, not verified.
    ///
    /// # Errors
    /// When a new key cannot be sealed.
    pub fn maintained(
        &self,
        succession: &Succession,
        sealing: &KeyEncryptionKey,
        entropy: &(impl Entropy + ?Sized),
        now: UnixTime,
    ) -> Result<Option<Self>, KeyRingError> {
        let of_configured_algorithm =
            |newest: &&RingKey| newest.signing.algorithm() == succession.algorithm;
        let Some(newest) = self.keys.last().filter(of_configured_algorithm) else {
            let first = new_key(succession.algorithm, sealing, entropy, now, now)?;
            return Ok(Some(Self { keys: vec![first] }));
        };
        if now.since(newest.record.signs_from) >= succession.rotate_every {
            return self.rotated(succession, sealing, entropy, now).map(Some);
        }
        let retired = |key: &RingKey| key.record.retires_at.is_some_and(|at| at <= now);
        if self.keys.iter().any(retired) {
            let keys = self
                .keys
                .iter()
                .filter(|key| !retired(key))
                .cloned()
                .collect();
            return Ok(Some(Self { keys }));
        }
        Ok(None)
    }

    /// Publishes the next key now; it signs `publish_before` later, and the others stay published
    /// for the overlap after that.
    ///
    /// # Errors
    /// When the new key cannot be sealed.
    pub fn rotated(
        &self,
        succession: &Succession,
        sealing: &KeyEncryptionKey,
        entropy: &(impl Entropy + ?Sized),
        now: UnixTime,
    ) -> Result<Self, KeyRingError> {
        let signs_from = now.plus(succession.publish_before);
        let next = new_key(succession.algorithm, sealing, entropy, now, signs_from)?;
        let retires_at = signs_from.plus(succession.overlap);
        let retiring = self.keys.iter().map(|key| {
            let mut key = key.clone();
            key.record.retires_at.get_or_insert(retires_at);
            key
        });
        let keys = retiring.chain([next]).collect();
        Ok(Self { keys })
    }
}

/// The order in which keys take their turn; the id only makes it total.
fn order(record: &SigningKeyRecord) -> (UnixTime, UnixTime, &str) {
    (record.signs_from, record.published_at, &record.kid)
}

fn new_key(
    algorithm: Algorithm,
    sealing: &KeyEncryptionKey,
    entropy: &(impl Entropy + ?Sized),
    published_at: UnixTime,
    signs_from: UnixTime,
) -> Result<RingKey, KeyRingError> {
    // One draw in 2^32 is no P-256 scalar; the next one will be.
    let signing = loop {
        let seed = zeroize::Zeroizing::new(random::<32>(entropy));
        if let Ok(key) = SigningKey::from_seed(algorithm, &seed) {
            break key;
        }
    };
    let secret = signing.secret_bytes();
    let sealed = sealing
        .seal(secret.as_slice(), signing.kid().as_bytes(), entropy)
        .map_err(|_| KeyRingError::Sealing)?;
    let record = SigningKeyRecord {
        kid: signing.kid().to_owned(),
        algorithm: algorithm.to_string(),
        public_jwk: signing.public_jwk(),
        sealed,
        published_at,
        signs_from,
        retires_at: None,
    };
    Ok(RingKey {
        record,
        signing: Arc::new(signing),
    })
}

fn open_key(record: SigningKeyRecord, sealing: &KeyEncryptionKey) -> Result<RingKey, KeyRingError> {
    let kid = || record.kid.clone();
    let algorithm = record
        .algorithm
        .parse()
        .map_err(|_| KeyRingError::Algorithm {
            kid: kid(),
            algorithm: record.algorithm.clone(),
        })?;
    let secret = sealing
        .open(&record.sealed, record.kid.as_bytes())
        .map_err(|_| KeyRingError::Sealed { kid: kid() })?;
    let seed = secret
        .as_slice()
        .try_into()
        .map_err(|_| KeyRingError::Sealed { kid: kid() })?;
    let signing = SigningKey::from_seed(algorithm, seed)
        .map_err(|_| KeyRingError::Mismatch { kid: kid() })?;
    if signing.public_jwk() != record.public_jwk {
        return Err(KeyRingError::Mismatch { kid: kid() });
    }
    Ok(RingKey {
        record,
        signing: Arc::new(signing),
    })
}

#[cfg(test)]
mod tests;
