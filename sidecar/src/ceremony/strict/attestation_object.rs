//! Attestation objects (WebAuthn Level 3, section 6.5.4).

use super::super::{CeremonyError, tpm::TpmStatement};
use super::{authenticator_data::AuthenticatorData, cbor};

/// The formats whose statements are verified: all by webauthn-rs-core, but `tpm`, of which it knows
/// no algorithm and which is ours. Where no attestation is asked for, browsers send `none`, or
/// a `packed` self attestation; a statement that comes anyway must be a correct one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    None,
    Packed,
    AndroidKey,
    FidoU2f,
    Apple,
    Tpm,
}

impl Format {
    const ALL: [Self; 6] = [
        Self::None,
        Self::Packed,
        Self::AndroidKey,
        Self::FidoU2f,
        Self::Apple,
        Self::Tpm,
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
            Self::Tpm => "tpm",
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
    /// `alg` and `sig`, which every format that signs has under these names.
    pub(crate) algorithm: Option<i64>,
    pub(crate) signature: Option<Vec<u8>>,
    /// The statement, where its format is `tpm`.
    pub(crate) tpm: Option<TpmStatement>,
    pub(crate) raw_authenticator_data: Vec<u8>,
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
        let tpm = if format == Format::Tpm {
            Some(TpmStatement::read(statement).ok_or(CeremonyError::AttestationStatement)?)
        } else {
            None
        };
        Ok(Self {
            format,
            chain: chain(statement)?,
            algorithm: statement.named("alg").and_then(cbor::Item::integer),
            signature: statement
                .named("sig")
                .and_then(cbor::Item::bytes)
                .map(<[u8]>::to_vec),
            tpm,
            raw_authenticator_data: authenticator_data.to_vec(),
            authenticator_data: AuthenticatorData::parse(authenticator_data)?,
        })
    }
}

/// An attestation object without a statement around `authenticator_data`, for a verifier that cannot
/// read the statement.
pub(crate) fn without_statement(authenticator_data: &[u8]) -> Vec<u8> {
    let bytes = u32::try_from(authenticator_data.len()).unwrap_or(u32::MAX);
    [
        &b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x5a"[..],
        &bytes.to_be_bytes(),
        authenticator_data,
    ]
    .concat()
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
