//! Credentials of users that do not exist.
//!
//! A login that is begun with a name gets the ids of the user's credentials. An unknown name gets
//! these instead: always the same ones, in the numbers, lengths and transports that real ones have
//! ([username enumeration](https://www.w3.org/TR/webauthn-3/#sctn-username-enumeration)).

use super::AllowedCredential;
use crate::{
    ceremony::strict,
    model::{CredentialId, UserName},
};
use hmac::Mac;

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
    let bytes: Vec<u8> = (1..=2)
        .flat_map(|part| block(key, name, number, part))
        .take(length)
        .collect();
    let transports = transports
        .iter()
        .map(|&transport| transport.to_owned())
        .collect();
    Some(AllowedCredential {
        id: CredentialId::from_bytes(&bytes).ok()?,
        transports,
    })
}

fn block(key: &DecoyKey, name: &UserName, number: u8, part: u8) -> [u8; 32] {
    let mut mac = strict::hmac(&key.0);
    mac.update(b"latchkey decoy credential\0");
    mac.update(&[number, part]);
    mac.update(name.as_str().as_bytes());
    mac.finalize().into_bytes().into()
}
