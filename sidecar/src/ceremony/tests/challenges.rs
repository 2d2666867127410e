//! Login challenges.

use super::super::{ChallengeError, Policy};
use super::*;
use crate::model::ChallengeId;

fn issue(user: Option<&UserName>) -> Vec<u8> {
    let policy = Policy::default();
    challenge::issue(
        &challenge_key(),
        [3; 16],
        MOUNT,
        user,
        &policy,
        UnixTime(NOW.0 + 300),
    )
}

#[test]
fn what_goes_in_comes_out() {
    let bytes = issue(Some(&name("Alice")));
    assert_eq!(bytes.len(), challenge::CHALLENGE_BYTES);
    let opened = challenge::open(&challenge_key(), &bytes, MOUNT, NOW).expect("ours");
    assert_eq!(opened.id(), ChallengeId([3; 16]));
    assert_eq!(opened.expires_at(), UnixTime(NOW.0 + 300));
    assert_eq!(
        (opened.as_bytes(), opened.mount()),
        (bytes.as_slice(), MOUNT)
    );
    assert!(opened.names_a_user());
    assert!(opened.is_for(&name("alice")) && !opened.is_for(&name("bob")));
    assert!(opened.is_under(&Policy::default()));

    let opened = challenge::open(&challenge_key(), &issue(None), MOUNT, NOW).expect("ours");
    assert!(!opened.names_a_user());
    assert!(opened.is_for(&name("alice")) && opened.is_for(&name("bob")));
}

#[test]
fn one_flipped_bit_is_a_forgery() {
    let good = issue(None);
    for at in 0..good.len() * 8 {
        let mut bytes = good.clone();
        bytes[at / 8] ^= 1 << (at % 8);
        let refused = challenge::open(&challenge_key(), &bytes, MOUNT, NOW);
        assert_eq!(refused, Err(ChallengeError::Forged), "bit {at}");
    }
}

#[test]
fn another_length_or_key_is_refused() {
    let good = issue(None);
    for bytes in [&[][..], &good[1..], &[good.as_slice(), &[0]].concat()] {
        let refused = challenge::open(&challenge_key(), bytes, MOUNT, NOW);
        assert_eq!(refused, Err(ChallengeError::Form));
    }
    let refused = challenge::open(&ChallengeKey::new([8; 32]), &good, MOUNT, NOW);
    assert_eq!(refused, Err(ChallengeError::Forged));
}

#[test]
fn it_ends_on_the_second_and_stays_at_its_mount() {
    let bytes = issue(None);
    challenge::open(&challenge_key(), &bytes, MOUNT, UnixTime(NOW.0 + 299)).expect("in time");
    let now = UnixTime(NOW.0 + 300);
    let refused = challenge::open(&challenge_key(), &bytes, MOUNT, now);
    assert_eq!(
        refused,
        Err(ChallengeError::Expired {
            expired_at: now,
            now
        })
    );
    let refused = challenge::open(&challenge_key(), &bytes, "webauthn2", NOW);
    assert_eq!(refused, Err(ChallengeError::OtherMount));
}

#[test]
fn the_key_is_not_shown() {
    assert_eq!(
        format!("{:?}", ChallengeKey::new([65; 32])),
        "ChallengeKey(..)"
    );
}
