//! Credentials of users that do not exist.
//!
//! A login that is begun with a name gets the ids of the user's credentials. An unknown name gets
//! these instead: always the same ones, in the numbers, lengths and transports that real ones have
//! ([username enumeration](https://www.w3.org/TR/webauthn-3/#sctn-username-enumeration)).
//!
//! The second half of a decoy's id is a MAC of its first half. To others the whole is random; we
//! know each decoy again without its name, and can treat its id as one that is taken. Otherwise
//! whoever tried to register ids would learn which of them are real.

use super::AllowedCredential;
use crate::{
    ceremony::strict,
    model::{CredentialId, UserName},
};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The key behind the decoys. It must outlive restarts, because the credentials of real users do.
#[derive(Clone)]
pub struct DecoyKey([u8; 32]);

impl DecoyKey {
    /// Takes 32 secret bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Debug for DecoyKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DecoyKey(..)")
    }
}

/// What authenticators in use look like: how many of 256, bytes of an id, transports.
const KINDS: [(u8, usize, &[&str]); 5] = [
    (96, 20, &["hybrid", "internal"]),
    (64, 16, &["hybrid", "internal"]),
    (48, 32, &["internal"]),
    (24, 48, &["nfc", "usb"]),
    (24, 64, &["usb"]),
];

/// The decoys of an unknown name: one mostly, sometimes two or three.
#[must_use]
pub fn decoys(key: &DecoyKey, name: &UserName) -> Vec<AllowedCredential> {
    let [draw, ..] = block(key, name, 0, 0);
    let count = match draw {
        0..=179 => 1,
        180..=235 => 2,
        _ => 3,
    };
    (1..=count)
        .filter_map(|number| decoy(key, name, number))
        .collect()
}

fn decoy(key: &DecoyKey, name: &UserName, number: u8) -> Option<AllowedCredential> {
    let [draw, ..] = block(key, name, number, 0);
    let mut left = draw;
    let (_, length, transports) = KINDS.into_iter().find(|(share, ..)| {
        let here = left < *share;
        left = left.saturating_sub(*share);
        here
    })?;
    let half = length / 2;
    let head = block(key, name, number, 1).into_iter().take(half);
    let mut bytes: Vec<u8> = head.collect();
    let seal: [u8; 32] = seal(key, &bytes).finalize().into_bytes().into();
    bytes.extend(seal.into_iter().take(length - half));
    let transports = transports
        .iter()
        .map(|&transport| transport.to_owned())
        .collect();
    Some(AllowedCredential {
        id: CredentialId::from_bytes(&bytes).ok()?,
        transports,
    })
}

/// Whether this is the id of a decoy, whatever its name was. A real id of the same length is taken
/// for one by chance once in 2^64 at most.
#[must_use]
pub fn is_decoy(key: &DecoyKey, id: &CredentialId) -> bool {
    let bytes = id.as_bytes();
    let (head, tail) = bytes.split_at(bytes.len() / 2);
    KINDS.iter().any(|(_, length, _)| *length == bytes.len())
        && seal(key, head).verify_truncated_left(tail).is_ok()
}

fn seal(key: &DecoyKey, head: &[u8]) -> Hmac<Sha256> {
    let mut mac = strict::hmac(&key.0);
    mac.update(b"latchkey decoy seal\0");
    mac.update(head);
    mac
}

fn block(key: &DecoyKey, name: &UserName, number: u8, part: u8) -> [u8; 32] {
    let mut mac = strict::hmac(&key.0);
    mac.update(b"latchkey decoy credential\0");
    mac.update(&[number, part]);
    mac.update(name.as_str().as_bytes());
    mac.finalize().into_bytes().into()
}
