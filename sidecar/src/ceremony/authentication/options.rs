//! What the browser is asked.

use super::super::{Policy, RelyingParty, strict::encoding};
use crate::model::{Credential, CredentialId};
use serde_json::{Value, json};

/// A credential that a login can be made with, as the options name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedCredential {
    /// Its id.
    pub id: CredentialId,
    /// How the browser may reach its authenticator.
    pub transports: Vec<String>,
}

impl From<&Credential> for AllowedCredential {
    fn from(credential: &Credential) -> Self {
        Self {
            id: credential.id.clone(),
            transports: credential.transports.clone(),
        }
    }
}

/// The value of `publicKey` in `PublicKeyCredentialRequestOptionsJSON`
/// ([section 5.5](https://www.w3.org/TR/webauthn-3/#dictionary-assertion-options)), for
/// `PublicKeyCredential.parseRequestOptionsFromJSON()`. An empty `allow` asks for any discoverable
/// credential.
#[must_use]
pub fn request_options(
    relying_party: &RelyingParty,
    policy: &Policy,
    allow: &[AllowedCredential],
    challenge: &[u8],
) -> Value {
    let allow: Vec<Value> = allow
        .iter()
        .map(|allowed| {
            json!({"type": "public-key", "id": allowed.id, "transports": allowed.transports})
        })
        .collect();
    let mut options = json!({
        "rpId": relying_party.id(),
        "challenge": encoding::encode(challenge),
        "allowCredentials": allow,
        "userVerification": policy.user_verification.as_str(),
    });
    policy.write_common(&mut options);
    options
}
