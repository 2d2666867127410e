//! The compact serialisation ([RFC 7515 7.1](https://www.rfc-editor.org/rfc/rfc7515#section-7.1)),
//! the same for whatever of ours is signed.

use crate::{
    Algorithm, JwkSet, Part, SignatureVerifier, TokenError,
    header::Header,
    json::{JsonError, parse_object},
    signature::{self, SIGNATURE_BYTES},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jwt_compact::{AlgorithmExt as _, Empty};
use serde_json::{Map, Value};

/// A JWS of the right form and type. Anybody can have made it.
pub(crate) struct Compact<'a> {
    header: Header,
    token: jwt_compact::UntrustedToken<'a>,
}

impl<'a> Compact<'a> {
    /// Checks everything that needs no key, and gives what the payload says.
    ///
    /// In the order size, parts, header, length of the signature, payload.
    pub(crate) fn parse(
        token: &'a [u8],
        typ: &str,
        max_bytes: usize,
    ) -> Result<(Self, Map<String, Value>), TokenError> {
        if token.len() > max_bytes {
            return Err(TokenError::TooLong { bytes: token.len() });
        }
        let [header, payload, signature] = three_parts(token)?;
        let header = Header::parse(header, typ)?;
        let signature = decode(signature, Part::Signature)?;
        if signature.len() != SIGNATURE_BYTES {
            return Err(TokenError::SignatureLength {
                bytes: signature.len(),
            });
        }
        let payload = decode_object(payload, Part::Claims)?;

        // Its own reading of the same bytes: laxer than ours, so after ours it does not fail.
        let text = std::str::from_utf8(token)
            .map_err(|_| TokenError::NotBase64url { part: Part::Header })?;
        let token = jwt_compact::UntrustedToken::new(text)
            .map_err(|_| TokenError::NotJson { part: Part::Header })?;
        Ok((Self { header, token }, payload))
    }

    pub(crate) fn kid(&self) -> &str {
        &self.header.key_id
    }

    /// Checks the signature with the key that `kid` names. No other key is tried.
    pub(crate) fn verify<V: SignatureVerifier + ?Sized>(
        &self,
        keys: &JwkSet,
        verifier: &V,
    ) -> Result<(), TokenError> {
        let key = keys.key(self.kid()).ok_or(TokenError::KeyIdUnknown)?;
        if self.header.algorithm != key.algorithm() {
            return Err(TokenError::AlgorithmMismatch);
        }
        if key.algorithm() == Algorithm::Es256 {
            signature::ecdsa(self.token.signature_bytes())
                .map_err(|_| TokenError::SignatureOutOfRange)?;
        }
        signature::Jws {
            algorithm: key.algorithm(),
            verifier,
        }
        .validator::<Empty>(key)
        .validate(&self.token)
        .map_err(|_| TokenError::SignatureInvalid)?;
        Ok(())
    }
}

fn three_parts(token: &[u8]) -> Result<[&[u8]; 3], TokenError> {
    let mut parts = token.split(|byte| *byte == b'.');
    if let (Some(header), Some(claims), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    {
        return Ok([header, claims, signature]);
    }
    let parts = token.split(|byte| *byte == b'.').count();
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
