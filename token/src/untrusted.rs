//! From bytes to a token whose signature holds.

use crate::{
    Algorithm, Claims, Expectations, JwkSet, Part, SignatureVerifier, TokenError, TokenType,
    VerifiedToken,
    header::Header,
    json::{JsonError, parse_object},
    signature::{self, SIGNATURE_BYTES},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jwt_compact::{AlgorithmExt as _, Empty};
use serde_json::{Map, Value};
use std::fmt;

/// The longest token that is looked at. Browsers keep cookies of up to 4096 bytes, name and
/// attributes included, so a longer one cannot have come from ours.
pub const MAX_TOKEN_BYTES: usize = 4096;

/// A token of the right form. Anybody can have made it: it shows which key it claims to be signed
/// with, and no more.
pub struct UntrustedToken<'a> {
    header: Header,
    claims: Claims,
    token: jwt_compact::UntrustedToken<'a>,
}

impl<'a> UntrustedToken<'a> {
    /// Checks everything that needs no key.
    ///
    /// # Errors
    /// The first thing that is wrong, in the order size, parts, header, length of the signature,
    /// claims.
    pub fn parse(token: &'a [u8], expected: TokenType) -> Result<Self, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLong { bytes: token.len() });
        }
        let [header, claims, signature] = three_parts(token)?;
        let header = Header::parse(header, expected)?;
        let signature = decode(signature, Part::Signature)?;
        if signature.len() != SIGNATURE_BYTES {
            return Err(TokenError::SignatureLength {
                bytes: signature.len(),
            });
        }
        let claims = Claims::from_members(decode_object(claims, Part::Claims)?)?;

        // Its own reading of the same bytes: laxer than ours, so after ours it does not fail.
        let text = std::str::from_utf8(token)
            .map_err(|_| TokenError::NotBase64url { part: Part::Header })?;
        let token = jwt_compact::UntrustedToken::new(text)
            .map_err(|_| TokenError::NotJson { part: Part::Header })?;
        Ok(Self {
            header,
            claims,
            token,
        })
    }

    /// The key that the token names.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.header.key_id
    }

    /// Checks the signature with the key that `kid` names. No other key is tried.
    ///
    /// # Errors
    /// [`TokenError::KeyIdUnknown`] (a newer key set may know it), `AlgorithmMismatch`,
    /// `SignatureOutOfRange` or `SignatureInvalid`.
    pub fn verify<V: SignatureVerifier + ?Sized>(
        self,
        keys: &JwkSet,
        verifier: &V,
    ) -> Result<SignedToken, TokenError> {
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
        Ok(SignedToken {
            claims: self.claims,
        })
    }
}

impl fmt::Debug for UntrustedToken<'_> {
    /// Without the signature: a log line must not be usable as a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UntrustedToken")
            .field("kid", &self.kid())
            .finish_non_exhaustive()
    }
}

/// A token that one of our keys has signed. Whether it is for us, and now, is still open.
#[derive(Debug, Clone)]
pub struct SignedToken {
    claims: Claims,
}

impl SignedToken {
    /// Checks issuer, audience and time. `now` is in Unix seconds.
    ///
    /// The expiry is checked last, so that [`TokenError::Expired`] says that all else held.
    ///
    /// # Errors
    /// [`TokenError::IssuerWrong`], `AudienceWrong`, `NotYetValid` or `Expired`.
    pub fn validate(self, expected: &Expectations, now: u64) -> Result<VerifiedToken, TokenError> {
        VerifiedToken::new(self.claims, expected, now)
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
