use super::*;
use crate::entropy::SequenceEntropy;
use latchkey_token::JwkSet;

const SUCCESSION: Succession = Succession {
    algorithm: Algorithm::Es256,
    publish_before: Seconds(100),
    rotate_every: Seconds(1_000),
    overlap: Seconds(500),
};

fn sealing() -> KeyEncryptionKey {
    KeyEncryptionKey::new([1; 32])
}

/// Keys of one test: entropy goes on from ring to ring.
struct Keys(SequenceEntropy);

impl Keys {
    fn first(&self, now: u64) -> KeyRing {
        self.due(&KeyRing { keys: Vec::new() }, now).unwrap()
    }

    fn due(&self, ring: &KeyRing, now: u64) -> Option<KeyRing> {
        ring.maintained(&SUCCESSION, &sealing(), &self.0, UnixTime(now))
            .unwrap()
    }
}

fn keys() -> Keys {
    Keys(SequenceEntropy::default())
}

fn signer(ring: &KeyRing, now: u64) -> String {
    ring.signing_key(UnixTime(now)).unwrap().kid().to_owned()
}

fn published(ring: &KeyRing) -> Vec<String> {
    let set = JwkSet::parse(ring.jwks().to_string().as_bytes()).unwrap();
    set.iter().map(|key| key.kid().to_owned()).collect()
}

#[test]
fn an_empty_ring_gets_a_key_that_signs_at_once() {
    let ring = keys().first(50);
    assert_eq!(published(&ring), [signer(&ring, 50)]);
    assert!(keys().due(&ring, 50).is_none(), "and nothing more is due");
}

#[test]
fn the_next_key_is_published_well_before_it_signs_and_the_old_one_well_after() {
    let keys = keys();
    let old = keys.first(0);
    let first = signer(&old, 0);
    assert!(keys.due(&old, 999).is_none());

    let both = keys.due(&old, 1_000).unwrap();
    assert_eq!(published(&both).len(), 2);
    assert_eq!(signer(&both, 1_000), first);
    assert_eq!(signer(&both, 1_099), first);
    let second = signer(&both, 1_100);
    assert_ne!(second, first);
    assert!(published(&both).contains(&second));

    assert!(keys.due(&both, 1_100).is_none());
    assert!(
        keys.due(&both, 1_599).is_none(),
        "sessions of the old key can still be renewed"
    );
    let new = keys.due(&both, 1_600).unwrap();
    assert_eq!(published(&new), [second]);
}

#[test]
fn a_rotation_that_is_asked_for_again_keeps_every_key_that_was_announced() {
    let keys = keys();
    let ring = keys.first(0);
    let rotate = |ring: &KeyRing, now| {
        ring.rotated(&SUCCESSION, &sealing(), &keys.0, UnixTime(now))
            .unwrap()
    };
    let ring = rotate(&rotate(&ring, 10), 20);
    assert_eq!(published(&ring).len(), 3);
    let signers: Vec<String> = [50, 115, 125].map(|now| signer(&ring, now)).to_vec();
    assert_eq!(signers, published(&ring), "each signs in its turn");
}

#[test]
fn a_clock_that_steps_back_finds_a_key_all_the_same() {
    let keys = keys();
    let ring = keys.first(1_000);
    assert_eq!(signer(&ring, 1), published(&ring)[0]);
    assert!(keys.due(&ring, 1).is_none());
}

#[test]
fn another_algorithm_begins_a_new_ring_since_no_key_set_has_two() {
    let keys = keys();
    let ring = keys.first(0);
    let other = Succession {
        algorithm: Algorithm::EdDsa,
        ..SUCCESSION
    };
    let ring = ring
        .maintained(&other, &sealing(), &keys.0, UnixTime(5))
        .unwrap()
        .unwrap();
    assert_eq!(
        ring.signing_key(UnixTime(5)).unwrap().algorithm(),
        Algorithm::EdDsa
    );
    assert_eq!(published(&ring).len(), 1);
}

#[test]
fn stored_keys_open_under_the_same_key_only() {
    let keys = keys();
    let ring = keys.due(&keys.first(0), 1_000).unwrap();
    let records = ring.records();
    let opened = KeyRing::open(records.iter().rev().cloned().collect(), &sealing()).unwrap();
    assert_eq!(
        published(&opened),
        published(&ring),
        "order does not matter"
    );
    assert_eq!(signer(&opened, 1_100), signer(&ring, 1_100));

    let kid = published(&ring)[0].clone();
    let other = KeyEncryptionKey::new([2; 32]);
    let refused = KeyRing::open(records, &other).err().unwrap();
    assert_eq!(refused, KeyRingError::Sealed { kid });
}

#[test]
fn a_record_that_was_tampered_with_is_refused() {
    let keys = keys();
    let ring = keys.due(&keys.first(0), 1_000).unwrap();
    let [one, two] = ring.records().try_into().unwrap();
    let refused = |record: SigningKeyRecord| KeyRing::open(vec![record], &sealing()).err().unwrap();

    let swapped = SigningKeyRecord {
        sealed: two.sealed.clone(),
        ..one.clone()
    };
    assert_eq!(
        refused(swapped),
        KeyRingError::Sealed {
            kid: one.kid.clone()
        }
    );
    let renamed = SigningKeyRecord {
        kid: two.kid.clone(),
        ..one.clone()
    };
    assert_eq!(
        refused(renamed),
        KeyRingError::Sealed {
            kid: two.kid.clone()
        }
    );
    let published = SigningKeyRecord {
        public_jwk: two.public_jwk.clone(),
        ..one.clone()
    };
    assert_eq!(
        refused(published),
        KeyRingError::Mismatch {
            kid: one.kid.clone()
        }
    );
    let other = SigningKeyRecord {
        algorithm: "HS256".to_owned(),
        ..one.clone()
    };
    let reason = KeyRingError::Algorithm {
        kid: one.kid.clone(),
        algorithm: "HS256".to_owned(),
    };
    assert_eq!(refused(other), reason);
}

#[test]
fn no_private_half_is_published_stored_in_the_clear_or_shown() {
    let ring = keys().first(0);
    let secret = ring.keys[0].signing.secret_bytes();
    let record = &ring.records()[0];
    assert!(
        !record
            .sealed
            .windows(8)
            .any(|window| window == &secret[..8])
    );
    assert!(ring.jwks()["keys"][0].get("d").is_none());
    assert!(!format!("{record:?}").contains("sealed"));
}
