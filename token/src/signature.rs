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

/// The DER form of an ES256 signature ([RFC 3279 2.2.3](https://www.rfc-editor.org/rfc/rfc3279#section-2.2.3):
/// a SEQUENCE of the two INTEGERs), for verifiers that do not take the r||s of JWS.
///
/// # Errors
/// When r or s is zero or not below the order of the curve.
pub fn ecdsa_der(signature: &[u8; SIGNATURE_BYTES]) -> Result<Vec<u8>, SignatureOutOfRange> {
    ecdsa(signature)?;
    Ok(ecdsa_der_in_range(signature))
}

/// The same for a signature whose r and s are known to be in range, as those are that a
/// [`SignatureVerifier`] is given.
#[must_use]
pub fn ecdsa_der_in_range(signature: &[u8; SIGNATURE_BYTES]) -> Vec<u8> {
    let (r, s) = signature.split_at(SIGNATURE_BYTES / 2);
    let mut der = Vec::with_capacity(72);
    der.extend_from_slice(&[0x30, 0]);
    for half in [r, s] {
        // An INTEGER has no zero in front, but for the one that keeps it from being negative.
        let zeros = half.iter().take_while(|byte| **byte == 0).count();
        let digits = half.get(zeros..).unwrap_or_default();
        let sign: &[u8] = match digits.first() {
            Some(0x80..) => &[0],
            _ => &[],
        };
        der.push(0x02);
        push_length(&mut der, sign.len().saturating_add(digits.len()));
        der.extend_from_slice(sign);
        der.extend_from_slice(digits);
    }
    let length = der.len().saturating_sub(2);
    if let Some(byte) = der.get_mut(1) {
        *byte = u8::try_from(length).unwrap_or_default();
    }
    der
}

/// One byte is enough for everything in such a signature: 72 bytes at most.
fn push_length(der: &mut Vec<u8>, length: usize) {
    der.push(u8::try_from(length).unwrap_or_default());
}

pub(crate) fn ecdsa(signature: &[u8]) -> Result<p256::ecdsa::Signature, SignatureOutOfRange> {
    p256::ecdsa::Signature::from_slice(signature).map_err(|_| SignatureOutOfRange)
}
