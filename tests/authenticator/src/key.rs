//! ES256 keys.

use crate::{Cbor, cbor};
use p256::ecdsa::{DerSignature, SigningKey, signature::Signer};

/// A P-256 key pair.
#[derive(Debug, Clone)]
pub struct Key(SigningKey);

impl Key {
    /// The key with these private bytes.
    ///
    /// # Panics
    /// When they are no private key (zero, or beyond the group order: 1 in 2^32).
    #[must_use]
    pub fn from_seed(bytes: [u8; 32]) -> Self {
        Self(SigningKey::from_slice(&bytes).expect("a private key"))
    }

    /// The two coordinates of the public key.
    #[must_use]
    pub fn coordinates(&self) -> (Vec<u8>, Vec<u8>) {
        let point = self.0.verifying_key().to_sec1_point(false);
        let bytes = point.as_bytes();
        (bytes[1..33].to_vec(), bytes[33..].to_vec())
    }

    /// The parameters of the COSE key, in canonical order.
    #[must_use]
    pub fn cose(&self) -> Vec<(Cbor, Cbor)> {
        let (x, y) = self.coordinates();
        vec![
            (Cbor::from(1), Cbor::from(2)),
            (Cbor::from(3), Cbor::from(-7)),
            (Cbor::from(-1), Cbor::from(1)),
            (Cbor::from(-2), Cbor::from(x)),
            (Cbor::from(-3), Cbor::from(y)),
        ]
    }

    /// The COSE key, encoded.
    #[must_use]
    pub fn cose_bytes(&self) -> Vec<u8> {
        cbor(&Cbor::Map(self.cose()))
    }

    /// An ECDSA signature in DER.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: DerSignature = self.0.sign(message);
        signature.as_bytes().to_vec()
    }
}
