//! The client data (WebAuthn Level 3, section 5.8.1): what the browser says it did.

use super::super::{CeremonyError, Part, RelyingParty};
use super::{encoding, json};

/// A challenge of ours has 114 bytes and an origin at most 300: the rest is room for browsers.
const MAX_CLIENT_DATA_BYTES: usize = 8 * 1024;
const MEMBER: &str = "response.clientDataJSON";

/// Which ceremony.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Create,
    Get,
}

impl Kind {
    /// The `type` of its client data.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Create => "webauthn.create",
            Self::Get => "webauthn.get",
        }
    }
}

/// Client data of the right kind whose form is right.
#[derive(Debug, Clone)]
pub(crate) struct ClientData {
    /// As it was hashed and signed.
    pub(crate) raw: Vec<u8>,
    /// Decoded.
    pub(crate) challenge: Vec<u8>,
    origin: String,
}

impl ClientData {
    /// Decodes the member of a response: JSON of the right type, and from no frame of another
    /// origin, as [registration] and [authentication] ask.
    ///
    /// [registration]: https://www.w3.org/TR/webauthn-3/#sctn-registering-a-new-credential
    /// [authentication]: https://www.w3.org/TR/webauthn-3/#sctn-verifying-assertion
    pub(crate) fn parse(text: &str, kind: Kind) -> Result<Self, CeremonyError> {
        let raw = encoding::bytes(text, MEMBER, MAX_CLIENT_DATA_BYTES)?;
        let members = json::object(&raw, Part::ClientData)?;
        if encoding::text(&members, "type", "clientData.type")? != kind.as_str() {
            return Err(CeremonyError::ClientDataType {
                expected: kind.as_str(),
            });
        }
        let challenge = encoding::bytes(
            encoding::text(&members, "challenge", "clientData.challenge")?,
            "clientData.challenge",
            MAX_CLIENT_DATA_BYTES,
        )?;
        let origin = encoding::text(&members, "origin", "clientData.origin")?.to_owned();
        match members.get("crossOrigin") {
            None | Some(serde_json::Value::Bool(false)) => {}
            Some(serde_json::Value::Bool(true)) => return Err(CeremonyError::CrossOrigin),
            Some(_) => {
                return Err(CeremonyError::MemberType {
                    member: "clientData.crossOrigin",
                });
            }
        }
        if members.contains_key("topOrigin") {
            return Err(CeremonyError::TopOrigin);
        }
        Ok(Self {
            raw,
            challenge,
            origin,
        })
    }

    /// Challenge and origin, as registration and authentication ask.
    pub(crate) fn check(
        &self,
        relying_party: &RelyingParty,
        challenge: &[u8],
    ) -> Result<(), CeremonyError> {
        if self.challenge != challenge {
            return Err(CeremonyError::ChallengeMismatch);
        }
        // As text: an URL with a path or user info has the same origin, but no browser writes it.
        if !relying_party.origins().contains(&self.origin) {
            return Err(CeremonyError::Origin);
        }
        Ok(())
    }
}
