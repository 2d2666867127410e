//! Certificates that speak in one format of statements and in no other.
//!
//! An app on a phone has the phone's maker certify any key that it likes, and signs with it what it
//! likes; so does, within limits, the attestation key of a TPM. Each of these keys says something about
//! itself, in its own format. As the signer of a `fido-u2f` or `packed` statement it would vouch for a
//! key in a file, to whoever trusts those makers.

use crypto_glue::traits::DecodeDer as _;
use crypto_glue::x509::{Certificate, ExtendedKeyUsage, ObjectIdentifier};

/// Android's key description (WebAuthn Level 3, section 8.4.1), and Apple's nonce (section 8.8).
const DESCRIBES_ITS_KEY: [ObjectIdentifier; 2] = [
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.1.17"),
    ObjectIdentifier::new_unwrap("1.2.840.113635.100.8.2"),
];
/// tcg-kp-AIKCertificate.
const ATTESTATION_KEY_OF_A_TPM: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.8.3");

/// Whether the certificate is one for `android-key`, `apple` or `tpm` statements; or none at all.
pub(crate) fn has_a_format_of_its_own(certificate: &[u8]) -> bool {
    let Ok(certificate) = Certificate::from_der(certificate) else {
        return true;
    };
    let tbs = certificate.tbs_certificate();
    let mut extensions = tbs.extensions().into_iter().flatten();
    let usages = tbs.get_extension::<ExtendedKeyUsage>();
    extensions.any(|extension| DESCRIBES_ITS_KEY.contains(&extension.extn_id))
        || match usages {
            Ok(usages) => {
                usages.is_some_and(|(_, usages)| usages.0.contains(&ATTESTATION_KEY_OF_A_TPM))
            }
            Err(_) => true,
        }
}
