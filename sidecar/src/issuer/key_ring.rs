//! The signing keys: which one signs, which ones are published, and how one follows another.
//!
//! A ring is a value: each step makes a new one, which is stored first and used afterwards.

mod error;
mod state;

pub use error::{KeyRingError, RevokeError, RotateError};
pub use state::{KeyRole, KeyState};

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
        let keys = records
            .into_iter()
            .map(|record| open_key(record, sealing))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self::of(keys))
    }

    /// In the one order, so that a ring is the same before and after a restart.
    fn of(mut keys: Vec<RingKey>) -> Self {
        keys.sort_by(|a, b| order(&a.record).cmp(&order(&b.record)));
        Self { keys }
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
        self.active(now).map(|key| &*key.signing)
    }

    fn active(&self, now: UnixTime) -> Option<&RingKey> {
        let began = |key: &&RingKey| key.record.signs_from.is_some_and(|from| from <= now);
        self.keys.iter().rev().find(began).or(self.keys.first())
    }

    /// The key that waits to follow: published, and not signing yet.
    fn successor(&self, now: UnixTime) -> Option<&RingKey> {
        let active = self.active(now)?;
        let waits = |key: &&RingKey| key.record.signs_from.is_none_or(|from| from > now);
        let waiting = self.keys.iter().rev().find(waits);
        waiting.filter(|it| it.record.kid != active.record.kid)
    }

    /// The JWK Set that verifiers fetch: every key from the moment it is published until it
    /// retires.
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        json!({ "keys": self.keys.iter().map(|key| &key.record.public_jwk).collect::<Vec<_>>() })
    }

    /// What each key is for at `now`, the newest last.
    #[must_use]
    pub fn states(&self, now: UnixTime) -> Vec<KeyState> {
        let active = self.active(now).map(|key| key.record.kid.as_str());
        let role = |record: &SigningKeyRecord| {
            if Some(record.kid.as_str()) == active {
                KeyRole::Signs
            } else if record.signs_from.is_none_or(|from| from > now) {
                KeyRole::Next
            } else {
                KeyRole::Retiring
            }
        };
        let state = |key: &RingKey| KeyState {
            kid: key.record.kid.clone(),
            algorithm: key.record.algorithm.clone(),
            role: role(&key.record),
            published_at: key.record.published_at,
            signs_from: key.record.signs_from,
            retires_at: key.record.retires_at,
        };
        self.keys.iter().map(state).collect()
    }

    /// What is due at `now`: the first key, a successor where none waits, its turn when the key
    /// that signs is too old, the end of those that have retired. `None` when nothing is.
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
        let making = Making {
            succession,
            sealing,
            entropy,
            now,
        };
        let configured = self
            .keys
            .last()
            .is_some_and(|newest| newest.signing.algorithm() == succession.algorithm);
        let Some(active) = self.active(now).filter(|_| configured) else {
            let first = making.key(Some(now))?;
            let keys = vec![first, making.key(None)?];
            return Ok(Some(Self::of(keys)));
        };
        let old = active
            .record
            .signs_from
            .is_some_and(|from| now.since(from) >= succession.rotate_every);
        let ready = self
            .successor(now)
            .filter(|next| next.record.signs_from.is_none())
            .is_some_and(|next| making.is_ready(&next.record));
        if old && ready {
            return Ok(Some(self.promoted(&making)?));
        }
        let retired = |key: &RingKey| key.record.retires_at.is_some_and(|at| at <= now);
        let mut keys: Vec<_> = self
            .keys
            .iter()
            .filter(|key| !retired(key))
            .cloned()
            .collect();
        let lonely = self.successor(now).is_none();
        if lonely {
            keys.push(making.key(None)?);
        }
        Ok((lonely || keys.len() < self.keys.len()).then(|| Self::of(keys)))
    }

    /// Lets the successor sign from now on, and publishes the next one. The others stay published
    /// for the overlap.
    ///
    /// # Errors
    /// When the successor has not been published for long enough, unless `at_once`; when a new key
    /// cannot be sealed.
    pub fn rotated(
        &self,
        succession: &Succession,
        sealing: &KeyEncryptionKey,
        entropy: &(impl Entropy + ?Sized),
        now: UnixTime,
        at_once: bool,
    ) -> Result<Self, RotateError> {
        let making = Making {
            succession,
            sealing,
            entropy,
            now,
        };
        if let Some(next) = self.successor(now)
            && !at_once
            && !making.is_ready(&next.record)
        {
            return Err(RotateError::TooSoon {
                ready_at: next.record.published_at.plus(succession.publish_before),
            });
        }
        Ok(self.promoted(&making)?)
    }

    /// The ring without a key that nobody shall trust any more. Where it was the one that signs,
    /// its successor does from now on; there is a successor afterwards, too.
    ///
    /// # Errors
    /// When there is no such key; when a new one cannot be sealed.
    pub fn without(
        &self,
        kid: &str,
        succession: &Succession,
        sealing: &KeyEncryptionKey,
        entropy: &(impl Entropy + ?Sized),
        now: UnixTime,
    ) -> Result<Self, RevokeError> {
        let making = Making {
            succession,
            sealing,
            entropy,
            now,
        };
        let signs = self.active(now).is_some_and(|key| key.record.kid == kid);
        let next = self.successor(now).map(|key| key.record.kid.clone());
        let mut keys = self.keys.clone();
        keys.retain(|key| key.record.kid != kid);
        if keys.len() == self.keys.len() {
            return Err(RevokeError::Unknown);
        }
        if signs {
            let waiting = keys
                .iter_mut()
                .find(|key| Some(&key.record.kid) == next.as_ref());
            match waiting {
                Some(key) => key.record.signs_from = Some(now),
                None => keys.push(making.key(Some(now))?),
            }
        }
        let ring = Self::of(keys);
        Ok(if ring.successor(now).is_none() {
            let next = making.key(None)?;
            Self::of(ring.keys.into_iter().chain([next]).collect())
        } else {
            ring
        })
    }

    fn promoted(&self, making: &Making<'_, impl Entropy + ?Sized>) -> Result<Self, KeyRingError> {
        let now = making.now;
        let next = self.successor(now).map(|key| key.record.kid.clone());
        let retires_at = now.plus(making.succession.overlap);
        let mut keys = self.keys.clone();
        for key in &mut keys {
            if Some(&key.record.kid) == next.as_ref() {
                key.record.signs_from = Some(now);
            } else {
                key.record.retires_at.get_or_insert(retires_at);
            }
        }
        if next.is_none() {
            keys.push(making.key(Some(now))?);
        }
        keys.push(making.key(None)?);
        Ok(Self::of(keys))
    }
}

/// What new keys are made with.
struct Making<'a, E: ?Sized> {
    succession: &'a Succession,
    sealing: &'a KeyEncryptionKey,
    entropy: &'a E,
    now: UnixTime,
}

impl<E: Entropy + ?Sized> Making<'_, E> {
    fn key(&self, signs_from: Option<UnixTime>) -> Result<RingKey, KeyRingError> {
        new_key(
            self.succession.algorithm,
            self.sealing,
            self.entropy,
            self.now,
            signs_from,
        )
    }

    /// Whether every verifier has had the time to fetch it.
    fn is_ready(&self, record: &SigningKeyRecord) -> bool {
        self.now.since(record.published_at) >= self.succession.publish_before
    }
}

/// The order in which keys take their turn; the id only makes it total. One that retires had its
/// turn before, even in the same second.
fn order(record: &SigningKeyRecord) -> (bool, UnixTime, UnixTime, &str) {
    let turn = record.signs_from.unwrap_or(UnixTime(u64::MAX));
    (
        record.retires_at.is_none(),
        turn,
        record.published_at,
        &record.kid,
    )
}

fn new_key(
    algorithm: Algorithm,
    sealing: &KeyEncryptionKey,
    entropy: &(impl Entropy + ?Sized),
    published_at: UnixTime,
    signs_from: Option<UnixTime>,
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
