//! The check in front of webauthn-rs-core.
//!
//! It reads everything that arrives exactly once and exactly one way, and refuses what two parsers
//! could read differently. What a response may hold beside the members that count is left alone:
//! browsers send more than the server needs (`clientExtensionResults`, `publicKey`, ...).

pub(super) mod attestation_object;
pub(super) mod authenticator_data;
pub(super) mod cbor;
pub(super) mod client_data;
pub(super) mod cose;
pub(super) mod encoding;
pub(super) mod envelope;
pub(super) mod json;

use hmac::{Hmac, KeyInit};
use sha2::{Sha256, digest::Key};

/// HMAC-SHA-256 under a key of 32 bytes, which is a length that cannot fail.
pub(super) fn hmac(key: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = Key::<Hmac<Sha256>>::default();
    // A shorter key is padded with zeros to the block (RFC 2104), so this is the same MAC.
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    <Hmac<Sha256> as KeyInit>::new(&block)
}
