//! Who checks a signature, and what is checked before anyone is asked.

use crate::{VerifyingKey, verifying_key::Material};
use p256::ecdsa::signature::Verifier as _;

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
