//! What the browser is asked.

use super::super::{DiscoverableCredential, Policy, RelyingParty, strict::encoding};
use crate::model::{Credential, UserName};
use serde_json::{Value, json};

/// The value of `publicKey` in `PublicKeyCredentialCreationOptionsJSON`
/// ([section 5.4](https://www.w3.org/TR/webauthn-3/#dictionary-makecredentialoptions)), for
/// `PublicKeyCredential.parseCreationOptionsFromJSON()`. `exclude` are the credentials that the
/// account has already, `handle` is its user handle; they are named where the policy avoids the same authenticator.
#[must_use]
pub fn creation_options(
    relying_party: &RelyingParty,
    policy: &Policy,
    (handle, name, display_name): (&[u8], &UserName, &str),
    exclude: &[&Credential],
    challenge: &[u8],
) -> Value {
    let mut selection = json!({
        "residentKey": policy.discoverable_credential.as_str(),
        "requireResidentKey":
            policy.discoverable_credential == DiscoverableCredential::Required,
        "userVerification": policy.at_registration().as_str(),
    });
    if let (Some(attachment), Some(selection)) = (policy.attachment, selection.as_object_mut()) {
        selection.insert(
            "authenticatorAttachment".to_owned(),
            attachment.as_str().into(),
        );
    }
    let algorithms: Vec<Value> = policy
        .algorithms
        .iter()
        .map(|algorithm| json!({"type": "public-key", "alg": algorithm.cose()}))
        .collect();
    let exclude: Vec<Value> = exclude
        .iter()
        .filter(|_| policy.avoid_same_authenticator)
        .map(|credential| {
            json!({
                "type": "public-key",
                "id": credential.id,
                "transports": credential.transports,
            })
        })
        .collect();
    let mut options = json!({
        "rp": {"id": relying_party.id(), "name": relying_party.display_name()},
        "user": {
            "id": encoding::encode(handle),
            "name": name,
            "displayName": display_name,
        },
        "challenge": encoding::encode(challenge),
        "pubKeyCredParams": algorithms,
        "excludeCredentials": exclude,
        "authenticatorSelection": selection,
        "attestation": policy.attestation.as_str(),
        "extensions": {"credProps": true},
    });
    policy.write_common(&mut options);
    options
}
