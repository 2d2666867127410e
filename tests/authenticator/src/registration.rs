//! Registration responses.

use crate::{
    AttestedCredentialData, Authenticator, AuthenticatorData, Cbor, ClientData, Key,
    StoredCredential, cbor, encode, flag, sha256,
};
use serde_json::{Value, json};

/// A registration response before it is sealed.
#[derive(Debug, Clone)]
pub struct RegistrationDraft {
    /// Of `webauthn.create`.
    pub client_data: ClientData,
    /// With the new credential.
    pub authenticator_data: AuthenticatorData,
    /// Attestation statement format.
    pub format: String,
    /// Attestation statement; where `None`, empty for `none` and a good self attestation for
    /// `packed`.
    pub statement: Option<Cbor>,
    /// Sent instead of the attestation object.
    pub attestation_object: Option<Vec<u8>>,
    /// `id` of the response.
    pub id: String,
    /// `rawId` of the response.
    pub raw_id: String,
    /// `type` of the response.
    pub type_: String,
    /// As the browser tells them.
    pub transports: Vec<String>,
    /// As the browser tells it.
    pub attachment: Option<String>,
    /// Outputs of client extensions.
    pub client_extension_results: Value,
    /// Signs a self attestation.
    pub key: Key,
}

impl RegistrationDraft {
    pub(crate) fn new(
        authenticator: &Authenticator,
        credential: &StoredCredential,
        challenge: &str,
    ) -> Self {
        let id = encode(&credential.id);
        Self {
            client_data: ClientData::new("webauthn.create", challenge, &authenticator.origin),
            authenticator_data: AuthenticatorData {
                rp_id_hash: sha256(credential.rp_id.as_bytes()),
                flags: authenticator.flags | flag::ATTESTED_CREDENTIAL_DATA,
                sign_count: credential.sign_count,
                attested: Some(AttestedCredentialData {
                    aaguid: authenticator.aaguid,
                    credential_id: credential.id.clone(),
                    cose_key: credential.key.cose_bytes(),
                }),
                extensions: None,
                trailing: Vec::new(),
            },
            format: "none".to_owned(),
            statement: None,
            attestation_object: None,
            raw_id: id.clone(),
            id,
            type_: "public-key".to_owned(),
            transports: vec!["internal".to_owned()],
            attachment: Some("platform".to_owned()),
            client_extension_results: json!({"credProps": {"rk": true}}),
            key: credential.key.clone(),
        }
    }

    /// `RegistrationResponseJSON`, with the members that `toJSON()` of browsers writes.
    #[must_use]
    pub fn seal(&self) -> Value {
        let client_data = self.client_data.bytes();
        let authenticator_data = self.authenticator_data.bytes();
        let attestation_object = self
            .attestation_object
            .clone()
            .unwrap_or_else(|| self.object(&client_data, &authenticator_data));
        let mut response = json!({
            "id": self.id,
            "rawId": self.raw_id,
            "type": self.type_,
            "clientExtensionResults": self.client_extension_results,
            "response": {
                "clientDataJSON": encode(&client_data),
                "attestationObject": encode(&attestation_object),
                "authenticatorData": encode(&authenticator_data),
                "publicKeyAlgorithm": -7,
                "transports": self.transports,
            },
        });
        if let Some(attachment) = &self.attachment {
            response["authenticatorAttachment"] = attachment.clone().into();
        }
        response
    }

    fn object(&self, client_data: &[u8], authenticator_data: &[u8]) -> Vec<u8> {
        let statement = self
            .statement
            .clone()
            .unwrap_or_else(|| match self.format.as_str() {
                "packed" => {
                    let signed = [authenticator_data, &sha256(client_data)].concat();
                    Cbor::Map(vec![
                        (Cbor::from("alg"), Cbor::from(-7)),
                        (Cbor::from("sig"), Cbor::from(self.key.sign(&signed))),
                    ])
                }
                _ => Cbor::Map(Vec::new()),
            });
        cbor(&Cbor::Map(vec![
            (Cbor::from("fmt"), Cbor::from(self.format.as_str())),
            (Cbor::from("attStmt"), statement),
            (
                Cbor::from("authData"),
                Cbor::from(authenticator_data.to_vec()),
            ),
        ]))
    }
}
