//! What `ceremony` keeps in a stored credential: the public key as the authenticator sent it, in
//! no library's own format, and how it was registered.

use super::{
    CeremonyError,
    strict::{attestation_object::Format, cbor, cose::PublicKey, encoding},
};
use crate::model::{Credential, PolicyName};
use serde_json::{Value, json};

const PUBLIC_KEY: &str = "public_key";
const FORMAT: &str = "attestation_format";
const POLICY: &str = Credential::POLICY;
/// A key of RSA 2048 has about 275 bytes.
const MAX_KEY_BYTES: usize = 1024;

/// The record of a COSE key.
pub(super) fn write(cose_key: &[u8], format: Format, policy: PolicyName) -> Value {
    json!({
        PUBLIC_KEY: encoding::encode(cose_key),
        FORMAT: format.as_str(),
        POLICY: policy.as_str(),
    })
}

/// The public key of a stored credential.
pub(super) fn read(credential: &Credential) -> Result<PublicKey, CeremonyError> {
    let key = credential
        .record
        .get(PUBLIC_KEY)
        .and_then(Value::as_str)
        .and_then(|text| encoding::bytes(text, PUBLIC_KEY, MAX_KEY_BYTES).ok())
        .ok_or(CeremonyError::StoredRecord)?;
    cbor::whole(&key)
        .ok()
        .and_then(|item| PublicKey::from_cose(&item).ok())
        .filter(|key| key.algorithm().cose() == credential.algorithm)
        .ok_or(CeremonyError::StoredRecord)
}

/// The COSE key of a stored credential, in base64url.
#[must_use]
pub fn public_key(credential: &Credential) -> Option<&str> {
    credential.record.get(PUBLIC_KEY).and_then(Value::as_str)
}

/// The policy that a credential was registered under. Records from before there were two have
/// none: there was only the strict one.
#[must_use]
pub fn registered_under(credential: &Credential) -> PolicyName {
    credential.registered_under()
}

/// The format of the statement that a credential was registered with, where it was kept.
#[must_use]
pub fn attestation_format(credential: &Credential) -> Option<&str> {
    credential.record.get(FORMAT).and_then(Value::as_str)
}
