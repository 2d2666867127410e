//! Attestation objects (WebAuthn Level 3, section 6.5.4).

use super::super::CeremonyError;
use super::{authenticator_data::AuthenticatorData, cbor};

/// The formats whose statements webauthn-rs-core 0.6.2 verifies. It also reads `tpm`, but verifies
/// no algorithm that a TPM signs with. Browsers send `none`, or a `packed` self attestation, since
/// nothing else is asked for; a statement that comes anyway must be a correct one.
const FORMATS: [&str; 5] = ["none", "packed", "android-key", "fido-u2f", "apple"];

/// An attestation object with the three members that it must have.
#[derive(Debug)]
pub(crate) struct AttestationObject {
    pub(crate) authenticator_data: AuthenticatorData,
}

impl AttestationObject {
    /// Reads the whole of `bytes`, and which format of statement it has, as [registration] asks.
    ///
    /// [registration]: https://www.w3.org/TR/webauthn-3/#sctn-registering-a-new-credential
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, CeremonyError> {
        let object = cbor::whole(bytes)?;
        let format = object.named("fmt").and_then(cbor::Item::text);
        let statement = object.named("attStmt").and_then(cbor::Item::entries);
        let authenticator_data = object.named("authData").and_then(cbor::Item::bytes);
        let (Some(format), Some(statement), Some(authenticator_data)) =
            (format, statement, authenticator_data)
        else {
            return Err(CeremonyError::AttestationObject);
        };
        if !FORMATS.contains(&format) {
            return Err(CeremonyError::AttestationFormat);
        }
        if format == "none" && !statement.is_empty() {
            return Err(CeremonyError::NoneWithStatement);
        }
        Ok(Self {
            authenticator_data: AuthenticatorData::parse(authenticator_data)?,
        })
    }
}
