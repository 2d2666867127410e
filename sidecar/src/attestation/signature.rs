//! Signatures that a certificate's key makes under a statement.

use super::algorithms::{P256_SHA256, P384_SHA384, RSA_SHA256, RSA_SHA384, RSA_SHA512};
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use webpki::EndEntityCert;

/// By their COSE numbers. SHA-1 (-65535) is not among them.
fn algorithm(cose: i64) -> Option<&'static dyn SignatureVerificationAlgorithm> {
    match cose {
        -7 => Some(&P256_SHA256),
        -35 => Some(&P384_SHA384),
        -257 => Some(&RSA_SHA256),
        -258 => Some(&RSA_SHA384),
        -259 => Some(&RSA_SHA512),
        _ => None,
    }
}

/// Whether the key of `certificate` has signed `message` with this algorithm and no other. That the
/// certificate leads to a trust anchor is [`super::Trust`]'s to say.
pub(crate) fn signed_by(
    certificate: &[u8],
    cose_algorithm: i64,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let verified = || {
        let der = CertificateDer::from(certificate);
        let key = EndEntityCert::try_from(&der).ok()?;
        key.verify_signature(algorithm(cose_algorithm)?, message, signature)
            .ok()
    };
    verified().is_some()
}
