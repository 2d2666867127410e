//! The certificate of a TPM's attestation key ([WebAuthn Level 3, section 8.3.1]).
//!
//! [WebAuthn Level 3, section 8.3.1]: https://www.w3.org/TR/webauthn-3/#sctn-tpm-cert-requirements

use crypto_glue::traits::DecodeDer as _;
use crypto_glue::x509::{
    BasicConstraints, Certificate, ExtendedKeyUsage, GeneralName, Name, ObjectIdentifier,
    SubjectAltName, Version,
};
use uuid::Uuid;

/// tcg-kp-AIKCertificate.
const ATTESTATION_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.8.3");
/// tcg-at-tpmManufacturer, tcg-at-tpmModel, tcg-at-tpmVersion (TPMv2-EK-Profile, section 3.2.9).
const MANUFACTURER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.2.1");
const MODEL: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.2.2");
const VERSION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.2.3");
/// id-fido-gen-ce-aaguid.
const AAGUID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.45724.1.1.4");

/// Whether `certificate` may speak for a TPM about authenticators of the model `aaguid`. That it leads
/// to a trust anchor is [`super::Trust`]'s to say.
pub(crate) fn is_of_a_tpm(certificate: &[u8], aaguid: Uuid) -> bool {
    Certificate::from_der(certificate).is_ok_and(|certificate| meets(&certificate, aaguid))
}

fn meets(certificate: &Certificate, aaguid: Uuid) -> bool {
    let tbs = certificate.tbs_certificate();
    let names = tbs.get_extension::<SubjectAltName>();
    let usages = tbs.get_extension::<ExtendedKeyUsage>();
    let constraints = tbs.get_extension::<BasicConstraints>();
    tbs.version() == Version::V3
        && tbs.subject().is_empty()
        // Critical, because the subject is empty (RFC 5280, section 4.2.1.6).
        && matches!(names, Ok(Some((true, names))) if describes_a_tpm(&names))
        && matches!(usages, Ok(Some((_, usages))) if usages.0.contains(&ATTESTATION_KEY))
        && matches!(constraints, Ok(Some((_, constraints))) if !constraints.ca)
        && names_no_other_model(certificate, aaguid)
}

/// Manufacturer (`id:` and eight hexadecimal digits), model and version, as text.
fn describes_a_tpm(names: &SubjectAltName) -> bool {
    let directory = names.0.iter().find_map(|name| match name {
        GeneralName::DirectoryName(name) => Some(name),
        _ => None,
    });
    directory.is_some_and(|name| {
        let manufacturer = attribute(name, MANUFACTURER)
            .and_then(|value| value.strip_prefix(b"id:"))
            .is_some_and(|id| id.len() == 8 && id.iter().all(u8::is_ascii_hexdigit));
        let told = |oid| attribute(name, oid).is_some_and(|value| !value.is_empty());
        manufacturer && told(MODEL) && told(VERSION)
    })
}

fn attribute(name: &Name, oid: ObjectIdentifier) -> Option<&[u8]> {
    name.iter()
        .find(|attribute| attribute.oid == oid)
        .map(|attribute| attribute.value.value())
}

/// The extension is a DER octet string of 16 bytes, where it is there; and it is not critical.
fn names_no_other_model(certificate: &Certificate, aaguid: Uuid) -> bool {
    let expected = [&[0x04, 0x10][..], aaguid.as_bytes()].concat();
    let extensions = certificate.tbs_certificate().extensions();
    extensions
        .into_iter()
        .flatten()
        .filter(|extension| extension.extn_id == AAGUID)
        .all(|extension| !extension.critical && extension.extn_value.as_bytes() == expected)
}
