//! Members of JSON objects, taken with their type, their encoding and their size.

use super::super::CeremonyError;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

/// A string that must be there.
pub(crate) fn text<'a>(
    object: &'a Map<String, Value>,
    name: &str,
    member: &'static str,
) -> Result<&'a str, CeremonyError> {
    match object.get(name) {
        None => Err(CeremonyError::MemberMissing { member }),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(CeremonyError::MemberType { member }),
    }
}

/// A string that can be absent or `null`.
pub(crate) fn optional_text<'a>(
    object: &'a Map<String, Value>,
    name: &str,
    member: &'static str,
) -> Result<Option<&'a str>, CeremonyError> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(CeremonyError::MemberType { member }),
    }
}

/// An object that can be absent.
pub(crate) fn optional_object<'a>(
    parent: &'a Map<String, Value>,
    name: &str,
    member: &'static str,
) -> Result<Option<&'a Map<String, Value>>, CeremonyError> {
    match parent.get(name) {
        None => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(_) => Err(CeremonyError::MemberType { member }),
    }
}

/// Decodes exact base64url: no padding, no other alphabet, no stray bits in the last character.
pub(crate) fn bytes(
    text: &str,
    member: &'static str,
    most: usize,
) -> Result<Vec<u8>, CeremonyError> {
    if text.len() > most.saturating_mul(4).div_ceil(3) {
        return Err(CeremonyError::MemberTooLarge { member });
    }
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| CeremonyError::MemberEncoding { member })
}

/// Unpadded base64url.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
