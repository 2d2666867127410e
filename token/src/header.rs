//! The protected header: what it must have, and that it has nothing else.

use crate::{Algorithm, Part, TokenError, compact::decode_object};
use serde_json::{Map, Value};

/// The longest `kid` that is looked up. Ours have 43 bytes (RFC 7638 thumbprints).
pub const MAX_KEY_ID_BYTES: usize = 128;

/// Explicit typing ([RFC 8725 3.11](https://www.rfc-editor.org/rfc/rfc8725#section-3.11)): what a
/// token is for. A token of ours for one purpose is never taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenType {
    /// A session token: `session+jwt`.
    Session,
}

impl TokenType {
    /// The value of `typ`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Session => "session+jwt",
        }
    }
}

#[derive(Clone)]
pub(crate) struct Header {
    pub(crate) algorithm: Algorithm,
    pub(crate) key_id: String,
}

/// The header of a token of ours, as it is sent and what it says. All tokens that one key signs have
/// the same, so it need not be read again each time.
#[derive(Clone)]
pub struct KnownHeader {
    expected: TokenType,
    encoded: Vec<u8>,
    header: Header,
}

impl KnownHeader {
    pub(crate) fn new(expected: TokenType, encoded: &[u8], header: Header) -> Self {
        Self {
            expected,
            encoded: encoded.to_vec(),
            header,
        }
    }

    /// What a header says, if it is this one to the byte.
    pub(crate) fn header(&self, expected: &str, encoded: &[u8]) -> Option<&Header> {
        let is_this = self.encoded == encoded && self.expected.name() == expected;
        is_this.then_some(&self.header)
    }
}

impl Header {
    pub(crate) fn parse(encoded: &[u8], expected: &str) -> Result<Self, TokenError> {
        let members = decode_object(encoded, Part::Header)?;
        refuse_foreign_members(&members)?;
        let algorithm = match members.get("alg") {
            None => return Err(TokenError::AlgorithmMissing),
            Some(Value::String(name)) => {
                name.parse().map_err(|_| TokenError::AlgorithmUnsupported)?
            }
            Some(_) => return Err(TokenError::AlgorithmNotText),
        };
        let key_id = match members.get("kid") {
            None => return Err(TokenError::KeyIdMissing),
            Some(Value::String(id)) if is_key_id(id) => id.clone(),
            Some(_) => return Err(TokenError::KeyIdMalformed),
        };
        match members.get("typ") {
            None => Err(TokenError::TypeMissing),
            Some(Value::String(name)) if name == expected => Ok(Self { algorithm, key_id }),
            Some(_) => Err(TokenError::TypeWrong),
        }
    }
}

/// Whether `id` can name a key: not empty, not long, visible ASCII only.
pub(crate) fn is_key_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= MAX_KEY_ID_BYTES && id.bytes().all(|byte| byte.is_ascii_graphic())
}

/// RFC 7515 would have unknown members ignored. Nobody but us mints these tokens, so a member
/// that we do not write is somebody trying something. The known ones are named in a fixed order.
fn refuse_foreign_members(members: &Map<String, Value>) -> Result<(), TokenError> {
    if members.contains_key("b64") {
        return Err(TokenError::HeaderUnencodedPayload);
    }
    if members.contains_key("crit") {
        return Err(TokenError::HeaderCritical);
    }
    if ["jwk", "jku", "x5c", "x5u", "x5t", "x5t#S256"]
        .iter()
        .any(|m| members.contains_key(*m))
    {
        return Err(TokenError::HeaderCarriesKey);
    }
    if members
        .keys()
        .any(|name| !matches!(name.as_str(), "alg" | "kid" | "typ"))
    {
        return Err(TokenError::HeaderMemberUnknown);
    }
    Ok(())
}
