//! Credential keys: ES256, and RS256 as Windows Hello makes them.

use crate::{Cbor, cbor};
use p256::ecdsa::{DerSignature, SigningKey, signature::Signer};
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::signature::SignatureEncoding as _;
use rsa::traits::PublicKeyParts as _;
use rsa::{RsaPrivateKey, pkcs1v15};
use sha2::Sha256;

/// An RSA key of 2,048 bits, made once for tests: making one takes too long for each.
const RSA_2048: &[u8] = include_bytes!("rsa-2048.pkcs8");

/// A key pair.
#[derive(Debug, Clone)]
pub struct Key(Pair);

#[derive(Debug, Clone)]
enum Pair {
    P256(SigningKey),
    Rsa(Box<RsaPrivateKey>),
}

impl Key {
    /// The P-256 key with these private bytes.
    ///
    /// # Panics
    /// When they are no private key (zero, or beyond the group order: 1 in 2^32).
    #[must_use]
    pub fn from_seed(bytes: [u8; 32]) -> Self {
        Self(Pair::P256(
            SigningKey::from_slice(&bytes).expect("a private key"),
        ))
    }

    /// The one RSA key.
    ///
    /// # Panics
    /// Never: it is fixed.
    #[must_use]
    pub fn rsa() -> Self {
        let key = RsaPrivateKey::from_pkcs8_der(RSA_2048).expect("a private key");
        Self(Pair::Rsa(Box::new(key)))
    }

    /// The two coordinates of the public key.
    ///
    /// # Panics
    /// For the RSA key, which has none.
    #[must_use]
    pub fn coordinates(&self) -> (Vec<u8>, Vec<u8>) {
        let Pair::P256(key) = &self.0 else {
            panic!("a key on P-256")
        };
        let point = key.verifying_key().to_sec1_point(false);
        let bytes = point.as_bytes();
        (bytes[1..33].to_vec(), bytes[33..].to_vec())
    }

    /// The parameters of the COSE key, in canonical order.
    #[must_use]
    pub fn cose(&self) -> Vec<(Cbor, Cbor)> {
        match &self.0 {
            Pair::P256(_) => {
                let (x, y) = self.coordinates();
                vec![
                    (Cbor::from(1), Cbor::from(2)),
                    (Cbor::from(3), Cbor::from(-7)),
                    (Cbor::from(-1), Cbor::from(1)),
                    (Cbor::from(-2), Cbor::from(x)),
                    (Cbor::from(-3), Cbor::from(y)),
                ]
            }
            Pair::Rsa(key) => vec![
                (Cbor::from(1), Cbor::from(3)),
                (Cbor::from(3), Cbor::from(-257)),
                (Cbor::from(-1), Cbor::from(&*key.n_bytes())),
                (Cbor::from(-2), Cbor::from(&*key.e_bytes())),
            ],
        }
    }

    /// The COSE key, encoded.
    #[must_use]
    pub fn cose_bytes(&self) -> Vec<u8> {
        cbor(&Cbor::Map(self.cose()))
    }

    /// A signature over the SHA-256 of a message: ECDSA in DER, or PKCS #1 v1.5.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.0 {
            Pair::P256(key) => {
                let signature: DerSignature = key.sign(message);
                signature.as_bytes().to_vec()
            }
            Pair::Rsa(key) => pkcs1v15::SigningKey::<Sha256>::new((**key).clone())
                .sign(message)
                .to_vec(),
        }
    }
}
