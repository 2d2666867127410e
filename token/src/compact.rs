//! The compact serialisation ([RFC 7515 7.1](https://www.rfc-editor.org/rfc/rfc7515#section-7.1)),
//! the same for whatever of ours is signed.

use crate::{
    Algorithm, JwkSet, Part, SignatureVerifier, TokenError, TokenType, bytes,
    header::{Header, KnownHeader},
    json::{JsonError, parse_object},
    signature::{self, SIGNATURE_BYTES},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

/// A JWS of the right form and type. Anybody can have made it: what it says is not even read before
/// its signature holds.
pub(crate) struct Compact<'a> {
    header: Header,
    encoded_header: &'a [u8],
    /// Header and payload as they were signed.
    message: &'a [u8],
    payload: &'a [u8],
    signature: [u8; SIGNATURE_BYTES],
}

impl<'a> Compact<'a> {
    /// Checks what needs neither key nor payload.
    ///
    /// In the order size, parts, header, length of the signature. `known` is a header of this type
    /// that need not be read again.
    pub(crate) fn parse(
        token: &'a [u8],
        typ: &str,
        max_bytes: usize,
        known: Option<&KnownHeader>,
    ) -> Result<Self, TokenError> {
        if token.len() > max_bytes {
            return Err(TokenError::TooLong { bytes: token.len() });
        }
        let [encoded_header, payload, signature] = three_parts(token)?;
        let message = token
            .strip_suffix(signature)
            .and_then(|rest| rest.strip_suffix(b"."))
            .ok_or(TokenError::WrongNumberOfParts { parts: 3 })?;
        let header = match known.and_then(|known| known.header(typ, encoded_header)) {
            Some(header) => header.clone(),
            None => Header::parse(encoded_header, typ)?,
        };
        let signature = decode(signature, Part::Signature)?;
        let signature = signature
            .try_into()
            .map_err(|other: Vec<u8>| TokenError::SignatureLength { bytes: other.len() })?;
        Ok(Self {
            header,
            encoded_header,
            message,
            payload,
            signature,
        })
    }

    /// Whether its header, which is that of a token of this type, is this one.
    pub(crate) fn has_header(&self, expected: TokenType, known: &KnownHeader) -> bool {
        known.header(expected.name(), self.encoded_header).is_some()
    }

    /// The header, for others like it.
    pub(crate) fn known_header(&self, expected: TokenType) -> KnownHeader {
        KnownHeader::new(expected, self.encoded_header, self.header.clone())
    }

    pub(crate) fn kid(&self) -> &str {
        &self.header.key_id
    }

    /// Checks the signature with the key that `kid` names, and gives what the payload says. No other
    /// key is tried.
    pub(crate) fn verify<V: SignatureVerifier + ?Sized>(
        &self,
        keys: &JwkSet,
        verifier: &V,
    ) -> Result<Map<String, Value>, TokenError> {
        let key = keys.key(self.kid()).ok_or(TokenError::KeyIdUnknown)?;
        if self.header.algorithm != key.algorithm() {
            return Err(TokenError::AlgorithmMismatch);
        }
        if key.algorithm() == Algorithm::Es256 {
            signature::ecdsa(&self.signature).map_err(|_| TokenError::SignatureOutOfRange)?;
        }
        if !verifier.verify(key, self.message, &self.signature) {
            return Err(TokenError::SignatureInvalid);
        }
        decode_object(self.payload, Part::Claims)
    }
}

fn three_parts(token: &[u8]) -> Result<[&[u8]; 3], TokenError> {
    let mut parts = bytes::split(token, b'.');
    if let (Some(header), Some(claims), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    {
        return Ok([header, claims, signature]);
    }
    let parts = bytes::split(token, b'.').count();
    Err(TokenError::WrongNumberOfParts { parts })
}

/// Exact: no padding, no white space, no bits left over, only the URL-safe alphabet.
fn decode(encoded: &[u8], part: Part) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD
        .decode(encoded)
        .map_err(|_| TokenError::NotBase64url { part })
}

pub(crate) fn decode_object(encoded: &[u8], part: Part) -> Result<Map<String, Value>, TokenError> {
    parse_object(&decode(encoded, part)?).map_err(|error| match error {
        JsonError::Syntax => TokenError::NotJson { part },
        JsonError::NotAnObject => TokenError::NotAnObject { part },
        JsonError::DuplicateName => TokenError::DuplicateName { part },
        JsonError::TooDeep => TokenError::TooDeep { part },
    })
}
