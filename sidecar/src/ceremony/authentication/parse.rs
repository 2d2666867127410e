//! The form of an authentication response.

use super::super::{
    CeremonyError,
    strict::{
        authenticator_data::AuthenticatorData,
        client_data::{ClientData, Kind},
        encoding,
        envelope::Envelope,
    },
};
use crate::model::{CredentialId, UserId};
use uuid::Uuid;

/// 37 bytes, and extension outputs.
const MAX_AUTHENTICATOR_DATA_BYTES: usize = 4 * 1024;
/// RSA 2048 has 256 bytes, ECDSA in DER at most 104.
const MAX_SIGNATURE_BYTES: usize = 512;
/// Section 5.4.3.
const MAX_USER_HANDLE_BYTES: usize = 64;

/// An authentication response whose form is right, and of which nothing is proven.
#[derive(Debug, Clone)]
pub struct UntrustedAssertion {
    pub(super) envelope: Envelope,
    pub(super) client_data: ClientData,
    pub(super) authenticator_data: AuthenticatorData,
    pub(super) raw_authenticator_data: Vec<u8>,
    pub(super) signature: Vec<u8>,
    user_handle: Option<Vec<u8>>,
}

impl UntrustedAssertion {
    /// The challenge that it claims to answer, to be opened.
    #[must_use]
    pub fn challenge(&self) -> &[u8] {
        &self.client_data.challenge
    }

    /// The credential that it claims to be made with.
    #[must_use]
    pub fn credential_id(&self) -> &CredentialId {
        &self.envelope.id
    }

    /// The user handle, where the authenticator sent one that is not empty.
    #[must_use]
    pub fn user_handle(&self) -> Option<&[u8]> {
        self.user_handle.as_deref()
    }

    /// The user whom the handle names, where it has the form of our handles.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        Uuid::from_slice(self.user_handle()?).ok().map(UserId)
    }
}

/// Reads a posted `AuthenticationResponseJSON`
/// ([section 5.1](https://www.w3.org/TR/webauthn-3/#dictdef-authenticationresponsejson)), whole
/// and strictly. Members beside the ones that count may be there.
///
/// # Errors
/// When the form is wrong, or of another ceremony, or from a frame of another origin.
pub fn parse(body: &[u8]) -> Result<UntrustedAssertion, CeremonyError> {
    let envelope = Envelope::parse(body)?;
    let client_data = encoding::text(&envelope.response, "clientDataJSON", "clientDataJSON")?;
    let raw_authenticator_data = envelope.bytes(
        "authenticatorData",
        "authenticatorData",
        MAX_AUTHENTICATOR_DATA_BYTES,
    )?;
    let signature = envelope.bytes("signature", "signature", MAX_SIGNATURE_BYTES)?;
    let user_handle = encoding::optional_text(&envelope.response, "userHandle", "userHandle")?
        .map(|text| encoding::bytes(text, "userHandle", MAX_USER_HANDLE_BYTES))
        .transpose()?
        // Some authenticators send an empty handle where they have none.
        .filter(|handle| !handle.is_empty());
    let client_data = ClientData::parse(client_data, Kind::Get)?;
    let authenticator_data = AuthenticatorData::parse(&raw_authenticator_data)?;
    if authenticator_data.attested.is_some() {
        return Err(CeremonyError::AttestedCredentialDataUnexpected);
    }
    Ok(UntrustedAssertion {
        envelope,
        client_data,
        authenticator_data,
        raw_authenticator_data,
        signature,
        user_handle,
    })
}
