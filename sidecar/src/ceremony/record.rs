//! What `ceremony` keeps in a stored credential: the public key as the authenticator sent it, in
//! no library's own format.

use super::{
    CeremonyError,
    strict::{cbor, cose::PublicKey, encoding},
};
use crate::model::Credential;
use serde_json::{Value, json};

const PUBLIC_KEY: &str = "public_key";
/// A key of RSA 2048 has about 275 bytes.
const MAX_KEY_BYTES: usize = 1024;

/// The record of a COSE key.
pub(super) fn write(cose_key: &[u8]) -> Value {
    json!({ PUBLIC_KEY: encoding::encode(cose_key) })
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
