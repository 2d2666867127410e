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

fn successor(ring: &KeyRing, now: u64) -> String {
    let next: Vec<_> = ring
        .states(UnixTime(now))
        .into_iter()
        .filter(|key| key.role == KeyRole::Next)
        .collect();
    assert_eq!(next.len(), 1, "one waits: {next:?}");
    next[0].kid.clone()
}

#[test]
fn an_empty_ring_gets_a_key_that_signs_at_once_and_one_that_waits() {
    let ring = keys().first(50);
    let waits = successor(&ring, 50);
    assert_eq!(published(&ring), [signer(&ring, 50), waits]);
    assert!(keys().due(&ring, 50).is_none(), "and nothing more is due");
}

#[test]
fn the_next_key_signs_on_schedule_and_the_old_one_stays_for_the_overlap() {
    let keys = keys();
    let old = keys.first(0);
    let (first, second) = (signer(&old, 0), successor(&old, 0));
    assert!(keys.due(&old, 999).is_none());
    assert_eq!(signer(&old, 999), first);

    let both = keys.due(&old, 1_000).unwrap();
    assert_eq!(signer(&both, 1_000), second);
    assert!(published(&both).contains(&first));
    let third = successor(&both, 1_000);
    assert!(published(&both).contains(&third));

    assert!(
        keys.due(&both, 1_499).is_none(),
        "sessions of the old key can still be renewed"
    );
    let new = keys.due(&both, 1_500).unwrap();
    assert_eq!(published(&new), [second, third]);
}

#[test]
fn no_key_signs_on_schedule_before_verifiers_know_it() {
    let keys = keys();
    let ring = keys.first(0);
    let next = successor(&ring, 0);
    // A successor that was made late, as after a revocation.
    let ring = ring
        .without(&next, &SUCCESSION, &sealing(), &keys.0, UnixTime(990))
        .unwrap();
    assert!(keys.due(&ring, 1_089).is_none());
    let next = successor(&ring, 1_089);
    assert_eq!(signer(&keys.due(&ring, 1_090).unwrap(), 1_090), next);
}

#[test]
fn a_ring_without_a_successor_gets_one_and_goes_on() {
    // As a version before this one stored it: one key, and perhaps one with a date.
    let keys = keys();
    let mut ring = keys.first(0);
    let first = signer(&ring, 0);
    ring.keys.truncate(1);
    let both = keys.due(&ring, 10).unwrap();
    assert_eq!(signer(&both, 10), first);
    assert_eq!(published(&both), [first.clone(), successor(&both, 10)]);

    let mut dated = both;
    dated.keys[1].record.signs_from = Some(UnixTime(60));
    let second = dated.keys[1].record.kid.clone();
    assert!(keys.due(&dated, 59).is_none());
    assert_eq!(signer(&dated, 60), second);
    let third = keys.due(&dated, 60).unwrap();
    assert_eq!(signer(&third, 60), second);
    assert_eq!(published(&third).len(), 3);
}

#[test]
fn a_restart_finds_the_order_in_which_keys_changed_in_one_second() {
    let keys = keys();
    let mut ring = keys.first(0);
    for _ in 0..6 {
        ring = ring
            .rotated(&SUCCESSION, &sealing(), &keys.0, UnixTime(9), true)
            .unwrap();
        let opened = KeyRing::open(ring.records(), &sealing()).unwrap();
        assert_eq!(opened.states(UnixTime(9)), ring.states(UnixTime(9)));
    }
}

#[test]
fn a_rotation_waits_until_verifiers_know_the_next_key_unless_told_otherwise() {
    let keys = keys();
    let ring = keys.first(0);
    let (first, next) = (signer(&ring, 0), successor(&ring, 0));
    let rotate =
        |now, at_once| ring.rotated(&SUCCESSION, &sealing(), &keys.0, UnixTime(now), at_once);
    let ready_at = UnixTime(100);
    assert_eq!(
        rotate(99, false).err(),
        Some(RotateError::TooSoon { ready_at })
    );
    for (now, at_once) in [(100, false), (99, true)] {
        let rotated = rotate(now, at_once).unwrap();
        assert_eq!(signer(&rotated, now), next);
        assert_eq!(published(&rotated)[0], first);
        assert_ne!(successor(&rotated, now), next);
    }
}

#[test]
fn rotations_within_one_second_keep_their_order_after_a_restart() {
    let keys = keys();
    let mut ring = keys.first(0);
    for _ in 0..8 {
        let next = successor(&ring, 0);
        ring = ring
            .rotated(&SUCCESSION, &sealing(), &keys.0, UnixTime(0), true)
            .unwrap();
        ring = KeyRing::open(ring.records(), &sealing()).unwrap();
        assert_eq!(signer(&ring, 0), next);
    }
}

#[test]
fn a_revoked_key_is_gone_at_once_and_another_one_waits() {
    let keys = keys();
    let ring = keys.due(&keys.first(0), 1_000).unwrap();
    let [retiring, signs, next] = published(&ring).try_into().unwrap();
    let without = |kid: &str| ring.without(kid, &SUCCESSION, &sealing(), &keys.0, UnixTime(1_010));
    for (kid, signer_after) in [(&retiring, &signs), (&signs, &next), (&next, &signs)] {
        let left = without(kid).unwrap();
        assert!(!published(&left).contains(kid));
        assert_eq!(&signer(&left, 1_010), signer_after);
        successor(&left, 1_010);
        let opened = KeyRing::open(left.records(), &sealing()).unwrap();
        assert_eq!(
            &signer(&opened, 1_010),
            signer_after,
            "after a restart, too"
        );
    }
    assert_eq!(without("unknown").err(), Some(RevokeError::Unknown));
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
    assert_eq!(published(&ring), [signer(&ring, 5), successor(&ring, 5)]);
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
    let ring = keys.first(0);
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
