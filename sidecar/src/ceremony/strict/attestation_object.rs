//! Attestation objects (WebAuthn Level 3, section 6.5.4).

use super::super::CeremonyError;
use super::{authenticator_data::AuthenticatorData, cbor};

/// The formats whose statements webauthn-rs-core 0.6.2 verifies. It also reads `tpm`, but verifies
/// no algorithm that a TPM signs with. Where no attestation is asked for, browsers send `none`, or
/// a `packed` self attestation; a statement that comes anyway must be a correct one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    None,
    Packed,
    AndroidKey,
    FidoU2f,
    Apple,
}

impl Format {
    const ALL: [Self; 5] = [
        Self::None,
        Self::Packed,
        Self::AndroidKey,
        Self::FidoU2f,
        Self::Apple,
    ];

    /// The one of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }

    /// As in the IANA registry of attestation statement formats.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Packed => "packed",
            Self::AndroidKey => "android-key",
            Self::FidoU2f => "fido-u2f",
            Self::Apple => "apple",
        }
    }
}

/// An attestation object with the three members that it must have.
#[derive(Debug)]
pub(crate) struct AttestationObject {
    pub(crate) format: Format,
    /// The certificates of the statement in DER, the one that signed it first; empty in a self
    /// attestation and without a statement.
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) authenticator_data: AuthenticatorData,
}

impl AttestationObject {
    /// Reads the whole of `bytes`, and which format of statement it has, as [registration] asks.
    ///
    /// [registration]: https://www.w3.org/TR/webauthn-3/#sctn-registering-a-new-credential
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, CeremonyError> {
        let object = cbor::whole(bytes)?;
        let format = object.named("fmt").and_then(cbor::Item::text);
        let statement = object.named("attStmt");
        let entries = statement.and_then(cbor::Item::entries);
        let authenticator_data = object.named("authData").and_then(cbor::Item::bytes);
        let (Some(format), Some(statement), Some(entries), Some(authenticator_data)) =
            (format, statement, entries, authenticator_data)
        else {
            return Err(CeremonyError::AttestationObject);
        };
        let format = Format::ALL
            .into_iter()
            .find(|known| known.as_str() == format)
            .ok_or(CeremonyError::AttestationFormat)?;
        if format == Format::None && !entries.is_empty() {
            return Err(CeremonyError::NoneWithStatement);
        }
        Ok(Self {
            format,
            chain: chain(statement)?,
            authenticator_data: AuthenticatorData::parse(authenticator_data)?,
        })
    }
}

/// `x5c`, which every format with certificates has under this name.
fn chain(statement: &cbor::Item<'_>) -> Result<Vec<Vec<u8>>, CeremonyError> {
    let Some(chain) = statement.named("x5c") else {
        return Ok(Vec::new());
    };
    let certificates = chain.items().ok_or(CeremonyError::AttestationStatement)?;
    if certificates.is_empty() {
        return Err(CeremonyError::AttestationStatement);
    }
    certificates
        .iter()
        .map(|certificate| certificate.bytes().map(<[u8]>::to_vec))
        .collect::<Option<_>>()
        .ok_or(CeremonyError::AttestationStatement)
}
