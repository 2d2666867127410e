//! Authentication responses.

use crate::{Authenticator, AuthenticatorData, ClientData, Key, StoredCredential, encode, sha256};
use serde_json::{Value, json};

/// An authentication response before it is signed and sealed.
#[derive(Debug, Clone)]
pub struct AssertionDraft {
    /// Of `webauthn.get`.
    pub client_data: ClientData,
    /// Without a credential.
    pub authenticator_data: AuthenticatorData,
    /// Sent instead of a good signature.
    pub signature: Option<Vec<u8>>,
    /// `None` where the authenticator does not tell it.
    pub user_handle: Option<Vec<u8>>,
    /// `id` of the response.
    pub id: String,
    /// `rawId` of the response.
    pub raw_id: String,
    /// `type` of the response.
    pub type_: String,
    /// As the browser tells it.
    pub attachment: Option<String>,
    /// What signs.
    pub key: Key,
}

impl AssertionDraft {
    pub(crate) fn new(
        authenticator: &Authenticator,
        credential: &StoredCredential,
        challenge: &str,
    ) -> Self {
        let id = encode(&credential.id);
        Self {
            client_data: ClientData::new("webauthn.get", challenge, &authenticator.origin),
            authenticator_data: AuthenticatorData {
                rp_id_hash: sha256(credential.rp_id.as_bytes()),
                flags: authenticator.flags,
                sign_count: credential.sign_count,
                attested: None,
                extensions: None,
                trailing: Vec::new(),
            },
            signature: None,
            user_handle: Some(credential.user_handle.clone()),
            raw_id: id.clone(),
            id,
            type_: "public-key".to_owned(),
            attachment: Some("platform".to_owned()),
            key: credential.key.clone(),
        }
    }

    /// `AuthenticationResponseJSON`, signed over what the draft holds now.
    #[must_use]
    pub fn seal(&self) -> Value {
        let client_data = self.client_data.bytes();
        let authenticator_data = self.authenticator_data.bytes();
        let signature = self.signature.clone().unwrap_or_else(|| {
            self.key
                .sign(&[authenticator_data.as_slice(), &sha256(&client_data)].concat())
        });
        let mut response = json!({
            "id": self.id,
            "rawId": self.raw_id,
            "type": self.type_,
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encode(&client_data),
                "authenticatorData": encode(&authenticator_data),
                "signature": encode(&signature),
            },
        });
        if let Some(handle) = &self.user_handle {
            response["response"]["userHandle"] = encode(handle).into();
        }
        if let Some(attachment) = &self.attachment {
            response["authenticatorAttachment"] = attachment.clone().into();
        }
        response
    }
}
