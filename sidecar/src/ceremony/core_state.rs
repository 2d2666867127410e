//! The bridge to webauthn-rs-core.
//!
//! The library makes its challenges with its own generator, and keeps them in states whose fields
//! are private. To use our challenges, the states are built by deserialising them. It ignores names
//! that it does not know, so a test below pins the ones used here.

use super::{CeremonyError, Policy, strict::cose::PublicKey, strict::encoding};
use crate::model::CredentialId;
use serde_json::json;
use std::time::Duration;
use url::Url;
use webauthn_rs_core::{
    WebauthnCore,
    error::WebauthnError,
    proto::{
        AttestationFormat, AuthenticationState, AuthenticatorAssertionResponseRaw,
        AuthenticatorAttestationResponseRaw, COSEAlgorithm, COSEEC2Key, COSEKey, COSEKeyType,
        COSERSAKey, Credential, ECDSACurve, ExtnState, ParsedAttestation, PublicKeyCredential,
        RegisterPublicKeyCredential, RegisteredExtensions, RegistrationState,
        UserVerificationPolicy,
    },
};

/// The library's verifier. Its timeout only ends up in options, which we write ourselves.
pub(super) fn verifier(id: &str, display_name: &str, origins: Vec<Url>) -> WebauthnCore {
    let (subdomains, any_port) = (Some(false), Some(false));
    WebauthnCore::new_unsafe_experts_only(
        display_name,
        id,
        origins,
        Duration::from_mins(5),
        subdomains,
        any_port,
    )
}

/// A registration response, decoded.
pub(super) struct RegistrationParts {
    pub(super) id: CredentialId,
    pub(super) client_data_json: Vec<u8>,
    pub(super) attestation_object: Vec<u8>,
}

/// An assertion and the credential that it must be made with.
pub(super) struct AssertionParts<'a> {
    pub(super) id: &'a CredentialId,
    pub(super) public_key: &'a PublicKey,
    pub(super) backup_eligible: bool,
    pub(super) backup_state: bool,
    pub(super) client_data_json: Vec<u8>,
    pub(super) authenticator_data: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

/// Verifies a registration, its attestation statement included.
pub(super) fn register(
    verifier: &WebauthnCore,
    policy: &Policy,
    challenge: &[u8],
    parts: RegistrationParts,
) -> Result<(), CeremonyError> {
    let response = RegisterPublicKeyCredential {
        id: parts.id.to_string(),
        raw_id: parts.id.as_bytes().to_vec(),
        response: AuthenticatorAttestationResponseRaw {
            attestation_object: parts.attestation_object,
            client_data_json: parts.client_data_json,
            transports: None,
        },
        type_: "public-key".to_owned(),
        extensions: webauthn_rs_core::proto::RegistrationExtensionsClientOutputs::default(),
    };
    let state = registration_state(policy, challenge).map_err(|_| CeremonyError::Verifier)?;
    // No trust anchors: here the statement must be correct. Whether its chain is believed is judged
    // by `attestation`, at the time that we are given and with every limit of a path.
    verifier
        .register_credential(&response, &state, None)
        .map(|_| ())
        .map_err(|error| refusal(&error))
}

/// Verifies an assertion. The signature counter is not judged here.
pub(super) fn authenticate(
    verifier: &WebauthnCore,
    policy: &Policy,
    challenge: &[u8],
    parts: AssertionParts<'_>,
) -> Result<(), CeremonyError> {
    let credential = credential(&parts);
    let response = PublicKeyCredential {
        id: parts.id.to_string(),
        raw_id: parts.id.as_bytes().to_vec(),
        response: AuthenticatorAssertionResponseRaw {
            authenticator_data: parts.authenticator_data,
            client_data_json: parts.client_data_json,
            signature: parts.signature,
            user_handle: None,
        },
        extensions: webauthn_rs_core::proto::AuthenticationExtensionsClientOutputs::default(),
        type_: "public-key".to_owned(),
    };
    let state = authentication_state(policy, challenge).map_err(|_| CeremonyError::Verifier)?;
    verifier
        .authenticate_single_credential(&response, &state, &credential)
        .map(|_| ())
        .map_err(|error| refusal(&error))
}

/// Whether the key is one that a signature could ever be verified with: a point of its curve, or a
/// sound modulus.
pub(super) fn check_key(key: &PublicKey) -> Result<(), CeremonyError> {
    // The library looks at the key first; that nothing is no signature does not matter.
    match cose_key(key)
        .verify_signature(&[], &[])
        .map_err(|e| refusal(&e))
    {
        Err(CeremonyError::PublicKey) => Err(CeremonyError::PublicKey),
        _ => Ok(()),
    }
}

fn registration_state(
    policy: &Policy,
    challenge: &[u8],
) -> Result<RegistrationState, serde_json::Error> {
    let algorithms: Vec<&str> = policy.algorithms.iter().map(|a| a.as_str()).collect();
    serde_json::from_value(json!({
        "policy": policy.at_registration().as_str(),
        // The store decides whether an id is new, in the step that inserts it.
        "exclude_credentials": [],
        "challenge": encoding::encode(challenge),
        "credential_algorithms": algorithms,
        "require_resident_key": false,
        "authenticator_attachment": null,
        "extensions": {},
        "allow_synchronised_authenticators": true,
    }))
}

fn authentication_state(
    policy: &Policy,
    challenge: &[u8],
) -> Result<AuthenticationState, serde_json::Error> {
    serde_json::from_value(json!({
        "credentials": [],
        "policy": policy.user_verification.as_str(),
        "challenge": encoding::encode(challenge),
        "appid": null,
        "allow_backup_eligible_upgrade": false,
    }))
}

/// The library's record of a credential, made anew for each assertion from what we keep.
fn credential(parts: &AssertionParts<'_>) -> Credential {
    Credential {
        cred_id: parts.id.as_bytes().to_vec(),
        cred: cose_key(parts.public_key),
        // The library refuses every counter that does not grow. With 0 it lets each pass, and we
        // compare ourselves, after the signature.
        counter: 0,
        transports: None,
        user_verified: false,
        backup_eligible: parts.backup_eligible,
        backup_state: parts.backup_state,
        // Otherwise it overrides the policy of this ceremony.
        registration_policy: UserVerificationPolicy::Discouraged_DO_NOT_USE,
        extensions: RegisteredExtensions {
            cred_protect: ExtnState::NotRequested,
            hmac_create_secret: ExtnState::NotRequested,
            appid: ExtnState::NotRequested,
            cred_props: ExtnState::NotRequested,
        },
        attestation: ParsedAttestation::default(),
        attestation_format: AttestationFormat::None,
    }
}

fn cose_key(key: &PublicKey) -> COSEKey {
    let ec2 = |curve, x: &Vec<u8>, y: &Vec<u8>| {
        COSEKeyType::EC_EC2(COSEEC2Key {
            curve,
            x: x.clone(),
            y: y.clone(),
        })
    };
    match key {
        PublicKey::P256 { x, y } => COSEKey {
            type_: COSEAlgorithm::ES256,
            key: ec2(ECDSACurve::SECP256R1, x, y),
        },
        PublicKey::P384 { x, y } => COSEKey {
            type_: COSEAlgorithm::ES384,
            key: ec2(ECDSACurve::SECP384R1, x, y),
        },
        PublicKey::Rsa { n, e } => COSEKey {
            type_: COSEAlgorithm::RS256,
            key: COSEKeyType::RSA(COSERSAKey {
                n: n.clone(),
                e: *e,
            }),
        },
    }
}

/// What the library found that the strict check could not.
fn refusal(error: &WebauthnError) -> CeremonyError {
    use WebauthnError as W;
    match error {
        W::AuthenticationFailure | W::SignatureInvalid => CeremonyError::Signature,
        W::COSEKeyECDSAXYInvalid
        | W::COSEKeyRSANEInvalid
        | W::EcdsaPointInvalid
        | W::RsaParametersInvalid => CeremonyError::PublicKey,
        W::AttestationNotSupported => CeremonyError::AttestationFormat,
        W::CredentialBackupEligibilityInconsistent => CeremonyError::BackupEligibilityChanged,
        W::InvalidClientDataType
        | W::MismatchedChallenge
        | W::InvalidRPOrigin
        | W::InvalidRPIDHash
        | W::UserNotPresent
        | W::UserNotVerified
        | W::CredentialNotFound
        | W::CredentialCrossOrigin
        | W::CredentialAlteredAlgFromRequest
        | W::CredentialMayNotBeHardwareBound
        | W::ParseNOMFailure
        | W::ParseJSONFailure(_)
        | W::MissingAttestationCredentialData => CeremonyError::Verifier,
        // What is left can only come from a statement: the strict check has read the rest.
        _ => CeremonyError::AttestationStatement,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ceremony::{Algorithm, UserVerification};
    use serde::Serialize;
    use serde_json::Value;

    fn policy() -> Policy {
        Policy {
            user_verification: UserVerification::Preferred,
            algorithms: vec![Algorithm::Rs256, Algorithm::Es256],
            ..Policy::default()
        }
    }

    /// The library drops names that it does not know: what comes back is what it has understood.
    fn understood(state: &impl Serialize) -> Value {
        serde_json::to_value(state).expect("a state")
    }

    #[test]
    fn the_registration_state_is_understood() {
        let state = registration_state(&policy(), &[1, 2, 3]).expect("a state");
        assert_eq!(
            understood(&state),
            json!({
                "policy": "preferred",
                "exclude_credentials": [],
                "challenge": "AQID",
                "credential_algorithms": ["RS256", "ES256"],
                "require_resident_key": false,
                "authenticator_attachment": null,
                "extensions": {},
                "allow_synchronised_authenticators": true,
            })
        );
    }

    #[test]
    fn the_authentication_state_is_understood() {
        let state = authentication_state(&policy(), &[1, 2, 3]).expect("a state");
        assert_eq!(
            understood(&state),
            json!({
                "credentials": [],
                "policy": "preferred",
                "challenge": "AQID",
                "appid": null,
                "allow_backup_eligible_upgrade": false,
            })
        );
    }
}
