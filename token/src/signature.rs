//! Who checks a signature, and what is checked before anyone is asked.

use crate::{Algorithm, VerifyingKey, verifying_key::Material};
use p256::ecdsa::signature::Verifier as _;
use std::{borrow::Cow, convert::Infallible, num::NonZeroUsize};

/// Both algorithms have signatures of this many bytes (ES256: r and s, 32 each).
pub(crate) const SIGNATURE_BYTES: usize = 64;

/// Checks signatures: in this program, or by asking a host that does it faster.
pub trait SignatureVerifier {
    /// Whether `signature` (64 bytes, the form that JWS uses) is that of `key` over `message`.
    ///
    /// For ES256, r and s are known to be in range when this is called.
    fn verify(&self, key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool;
}

/// Checks signatures here.
#[derive(Debug, Clone, Copy, Default)]
pub struct InProcess;

impl SignatureVerifier for InProcess {
    fn verify(&self, key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
        match &key.material {
            Material::Es256(key) => {
                ecdsa(signature).is_ok_and(|signature| key.verify(message, &signature).is_ok())
            }
            // Strict: no small-order point anywhere, and S below the order of the group.
            #[cfg(feature = "eddsa")]
            Material::EdDsa(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
        }
    }
}

/// r or s is zero, or not below the order of the curve, or there are not 64 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the ECDSA signature is out of range")]
pub struct SignatureOutOfRange;

/// The DER form of an ES256 signature, for verifiers that do not take the r||s of JWS.
///
/// # Errors
/// When r or s is zero or not below the order of the curve.
pub fn ecdsa_der(signature: &[u8; SIGNATURE_BYTES]) -> Result<Vec<u8>, SignatureOutOfRange> {
    ecdsa(signature).map(|signature| signature.to_der().as_bytes().to_vec())
}

pub(crate) fn ecdsa(signature: &[u8]) -> Result<p256::ecdsa::Signature, SignatureOutOfRange> {
    p256::ecdsa::Signature::from_slice(signature).map_err(|_| SignatureOutOfRange)
}

/// jwt-compact's view of a [`SignatureVerifier`]. It cannot sign: there is no such key.
pub(crate) struct Jws<'v, V: ?Sized> {
    pub(crate) algorithm: Algorithm,
    pub(crate) verifier: &'v V,
}

impl<V: SignatureVerifier + ?Sized> jwt_compact::Algorithm for Jws<'_, V> {
    type SigningKey = Infallible;
    type VerifyingKey = VerifyingKey;
    type Signature = SignatureBytes;

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(self.algorithm.name())
    }

    fn sign(&self, no_key: &Infallible, _: &[u8]) -> SignatureBytes {
        match *no_key {}
    }

    fn verify_signature(
        &self,
        signature: &SignatureBytes,
        key: &VerifyingKey,
        message: &[u8],
    ) -> bool {
        self.verifier.verify(key, message, &signature.0)
    }
}

pub(crate) struct SignatureBytes(pub(crate) [u8; SIGNATURE_BYTES]);

impl jwt_compact::AlgorithmSignature for SignatureBytes {
    const LENGTH: Option<NonZeroUsize> = NonZeroUsize::new(SIGNATURE_BYTES);

    fn try_from_slice(slice: &[u8]) -> anyhow::Result<Self> {
        slice
            .try_into()
            .map(Self)
            .map_err(|_| anyhow::Error::msg("not 64 bytes"))
    }

    fn as_bytes(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.0)
    }
}
