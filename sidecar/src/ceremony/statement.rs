//! What webauthn-rs-core leaves to be verified of an attestation statement. It verifies signatures
//! with whatever algorithm the certificate's key suggests, and looks at `alg` only where there is no
//! certificate; and it knows no TPM.

use super::{
    CeremonyError,
    strict::{
        attestation_object::{AttestationObject, Format, without_statement},
        authenticator_data::AttestedCredentialData,
        cose::PublicKey,
    },
};
use crate::attestation;
use sha2::{Digest as _, Sha256};

/// ECDSA with SHA-256.
const ES256: i64 = -7;

/// A statement that was verified as far as it can be here.
pub(super) struct Verified {
    /// For webauthn-rs-core: as it came, or without the statement where that is verified already.
    pub(super) attestation_object: Vec<u8>,
    /// Why the statement counts as none, where it does.
    pub(super) weak: Option<CeremonyError>,
}

/// Verifies the statement in `object`, which came as `bytes`.
pub(super) fn verify(
    object: &AttestationObject,
    bytes: Vec<u8>,
    attested: &AttestedCredentialData,
    client_data_json: &[u8],
) -> Result<Verified, CeremonyError> {
    if let Some(statement) = &object.tpm {
        let verified = statement.verify(
            object.chain.first(),
            attested.aaguid,
            &attested.public_key,
            &object.raw_authenticator_data,
            client_data_json,
        );
        return Ok(Verified {
            attestation_object: without_statement(&object.raw_authenticator_data),
            weak: weak(verified)?,
        });
    }
    if let Some(certificate) = object.chain.first() {
        check_algorithm(object, certificate, attested, client_data_json)?;
    }
    Ok(Verified {
        attestation_object: bytes,
        weak: None,
    })
}

/// A statement whose algorithm proves nothing, or whose key is not the authenticator's alone, is as
/// good as none: where attestation is not insisted on, the person goes on without.
fn weak(verified: Result<(), CeremonyError>) -> Result<Option<CeremonyError>, CeremonyError> {
    match verified {
        Ok(()) => Ok(None),
        Err(
            weak @ (CeremonyError::AttestationAlgorithm { .. } | CeremonyError::AttestationKey(_)),
        ) => Ok(Some(weak)),
        Err(refusal) => Err(refusal),
    }
}

/// That the certificate's key has signed with the algorithm that the statement names; for U2F with
/// the only one that there is.
fn check_algorithm(
    object: &AttestationObject,
    certificate: &[u8],
    attested: &AttestedCredentialData,
    client_data_json: &[u8],
) -> Result<(), CeremonyError> {
    let client_data_hash = Sha256::digest(client_data_json);
    let (algorithm, message) = match object.format {
        Format::Packed | Format::AndroidKey => (
            object.algorithm,
            [&object.raw_authenticator_data, &client_data_hash[..]].concat(),
        ),
        Format::FidoU2f => {
            let PublicKey::P256 { x, y } = &attested.public_key else {
                return Err(CeremonyError::AttestationStatement);
            };
            let id = attested.credential_id.as_bytes();
            let relying_party = object.authenticator_data.rp_id_hash();
            let message = [&[0], relying_party, &client_data_hash[..], id, &[4], x, y].concat();
            (Some(ES256), message)
        }
        // Apple's is no signature but a nonce in the certificate.
        Format::None | Format::Apple | Format::Tpm => return Ok(()),
    };
    if object.format != Format::AndroidKey && attestation::has_a_format_of_its_own(certificate) {
        return Err(CeremonyError::AttestationStatement);
    }
    let (Some(algorithm), Some(signature)) = (algorithm, &object.signature) else {
        return Err(CeremonyError::AttestationStatement);
    };
    attestation::signed_by(certificate, algorithm, &message, signature)
        .then_some(())
        .ok_or(CeremonyError::AttestationStatement)
}
