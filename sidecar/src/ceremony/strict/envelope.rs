//! What registration and authentication responses have in common: the JSON form of a
//! `PublicKeyCredential` (WebAuthn Level 3, section 5.1).

use super::super::{Attachment, CeremonyError, Part};
use super::{encoding, json};
use crate::model::CredentialId;
use serde_json::{Map, Value};

/// The largest response that is read. A TPM statement with its certificates has about 8 KiB, and
/// `toJSON()` repeats the authenticator data and the public key.
pub(crate) const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// A response whose members are there, each with its type.
#[derive(Debug, Clone)]
pub(crate) struct Envelope {
    pub(crate) id: CredentialId,
    pub(crate) attachment: Option<Attachment>,
    /// The `response` member.
    pub(crate) response: Map<String, Value>,
    /// Everything at the top level but `response`.
    pub(crate) members: Map<String, Value>,
}

impl Envelope {
    /// Reads a posted response.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, CeremonyError> {
        if body.len() > MAX_RESPONSE_BYTES {
            return Err(CeremonyError::ResponseTooLarge {
                bytes: body.len(),
                most: MAX_RESPONSE_BYTES,
            });
        }
        let mut members = json::object(body, Part::Response)?;
        let id = encoding::text(&members, "id", "id")?;
        let raw_id = encoding::text(&members, "rawId", "rawId")?;
        if encoding::text(&members, "type", "type")? != "public-key" {
            return Err(CeremonyError::CredentialType);
        }
        // Both are the base64url of the same bytes, of which there is one spelling.
        if id != raw_id {
            return Err(CeremonyError::IdMismatch);
        }
        let id = credential_id(&encoding::bytes(
            raw_id,
            "rawId",
            2 * CredentialId::MAX_BYTES,
        )?)?;
        let attachment = encoding::optional_text(
            &members,
            "authenticatorAttachment",
            "authenticatorAttachment",
        )?
        // An unknown word is one from a later version of the specification.
        .and_then(|word| word.parse().ok());
        encoding::optional_object(&members, "clientExtensionResults", "clientExtensionResults")?;
        let response = match members.remove("response") {
            None => return Err(CeremonyError::MemberMissing { member: "response" }),
            Some(Value::Object(response)) => response,
            Some(_) => return Err(CeremonyError::MemberType { member: "response" }),
        };
        Ok(Self {
            id,
            attachment,
            response,
            members,
        })
    }

    /// The bytes of a member of `response` that must be there.
    pub(crate) fn bytes(
        &self,
        name: &str,
        member: &'static str,
        most: usize,
    ) -> Result<Vec<u8>, CeremonyError> {
        encoding::bytes(encoding::text(&self.response, name, member)?, member, most)
    }

    /// The outputs of one client extension, where the browser sent any.
    pub(crate) fn client_extension(&self, name: &str) -> Option<&Value> {
        self.members.get("clientExtensionResults")?.get(name)
    }
}

/// Takes a credential id of 1 to 1023 bytes.
pub(crate) fn credential_id(bytes: &[u8]) -> Result<CredentialId, CeremonyError> {
    CredentialId::from_bytes(bytes)
        .map_err(|_| CeremonyError::CredentialIdLength { bytes: bytes.len() })
}
