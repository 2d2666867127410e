//! The form of a registration response.

use super::super::{
    CeremonyError,
    strict::{
        attestation_object::AttestationObject,
        authenticator_data::AttestedCredentialData,
        client_data::{ClientData, Kind},
        encoding,
        envelope::{Envelope, MAX_RESPONSE_BYTES},
    },
};
use serde_json::Value;

/// The transports that are kept (section 5.8.4); the next version may know more.
const TRANSPORTS: [&str; 6] = ["ble", "hybrid", "internal", "nfc", "smart-card", "usb"];

/// A registration response whose form is right, and of which nothing is proven.
#[derive(Debug)]
pub struct UntrustedRegistration {
    pub(super) envelope: Envelope,
    pub(super) client_data: ClientData,
    pub(super) object: AttestationObject,
    pub(super) attested: AttestedCredentialData,
    pub(super) attestation_object: Vec<u8>,
    pub(super) transports: Vec<String>,
    pub(super) discoverable: Option<bool>,
    label: Option<String>,
}

impl UntrustedRegistration {
    /// The challenge that it claims to answer: names the kept ceremony.
    #[must_use]
    pub fn challenge(&self) -> &[u8] {
        &self.client_data.challenge
    }

    /// The `label` that the page put beside the response.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }
}

/// Reads a posted `RegistrationResponseJSON`
/// ([section 5.1](https://www.w3.org/TR/webauthn-3/#dictdef-registrationresponsejson)), whole and
/// strictly. Members beside the ones that count may be there.
///
/// # Errors
/// When the form is wrong, or of another ceremony, or from a frame of another origin.
pub fn parse(body: &[u8]) -> Result<UntrustedRegistration, CeremonyError> {
    let envelope = Envelope::parse(body)?;
    let label = encoding::optional_text(&envelope.members, "label", "label")?.map(str::to_owned);
    let client_data = encoding::text(&envelope.response, "clientDataJSON", "clientDataJSON")?;
    let attestation_object =
        envelope.bytes("attestationObject", "attestationObject", MAX_RESPONSE_BYTES)?;
    let transports = transports(envelope.response.get("transports"))?;
    let discoverable = discoverable(envelope.client_extension("credProps"))?;
    let client_data = ClientData::parse(client_data, Kind::Create)?;
    let mut object = AttestationObject::parse(&attestation_object)?;
    let attested = object
        .authenticator_data
        .attested
        .take()
        .ok_or(CeremonyError::AttestedCredentialDataMissing)?;
    if attested.credential_id != envelope.id {
        return Err(CeremonyError::AttestedCredentialId);
    }
    Ok(UntrustedRegistration {
        envelope,
        client_data,
        object,
        attested,
        attestation_object,
        transports,
        discoverable,
        label,
    })
}

/// `rk` of the credential properties
/// ([section 10.1.3](https://www.w3.org/TR/webauthn-3/#sctn-authenticator-credential-properties-extension)),
/// where the browser tells it.
fn discoverable(properties: Option<&Value>) -> Result<Option<bool>, CeremonyError> {
    let wrong = |member| Err(CeremonyError::MemberType { member });
    match properties {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(properties)) => match properties.get("rk") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(rk)) => Ok(Some(*rk)),
            Some(_) => wrong("rk"),
        },
        Some(_) => wrong("credProps"),
    }
}

/// The known ones, once each.
fn transports(value: Option<&Value>) -> Result<Vec<String>, CeremonyError> {
    const MEMBER: &str = "response.transports";
    let told = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(told)) => told,
        Some(_) => return Err(CeremonyError::MemberType { member: MEMBER }),
    };
    let told: Option<Vec<&str>> = told.iter().map(Value::as_str).collect();
    told.map(|told| known_transports(&told))
        .ok_or(CeremonyError::MemberType { member: MEMBER })
}

/// Those of these transports that are known, once each.
#[must_use]
pub fn known_transports(told: &[impl AsRef<str>]) -> Vec<String> {
    let known = TRANSPORTS.into_iter();
    known
        .filter(|known| told.iter().any(|told| told.as_ref() == *known))
        .map(str::to_owned)
        .collect()
}
