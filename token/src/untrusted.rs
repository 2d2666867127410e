//! From bytes to a token whose signature holds.

use crate::{
    Claims, Expectations, JwkSet, SignatureVerifier, TokenError, TokenType, Validity,
    VerifiedToken, compact::Compact,
};
use std::fmt;

/// The longest token that is looked at. Browsers keep cookies of up to 4096 bytes, name and
/// attributes included, so a longer one cannot have come from ours.
pub const MAX_TOKEN_BYTES: usize = 4096;

/// A token of the right form. Anybody can have made it: it shows which key it claims to be signed
/// with, and no more.
pub struct UntrustedToken<'a> {
    compact: Compact<'a>,
    claims: Claims,
}

impl<'a> UntrustedToken<'a> {
    /// Checks everything that needs no key.
    ///
    /// # Errors
    /// The first thing that is wrong, in the order size, parts, header, length of the signature,
    /// claims.
    pub fn parse(token: &'a [u8], expected: TokenType) -> Result<Self, TokenError> {
        let (compact, claims) = Compact::parse(token, expected.name(), MAX_TOKEN_BYTES)?;
        Ok(Self {
            compact,
            claims: Claims::from_members(claims)?,
        })
    }

    /// The key that the token names.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.compact.kid()
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
        self.compact.verify(keys, verifier)?;
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
        match self.judge(expected, now)? {
            Validity::Valid(token) => Ok(token),
            Validity::Expired { error, .. } => Err(error),
        }
    }

    /// The same, but says of a token that has expired what it was.
    ///
    /// # Errors
    /// [`TokenError::IssuerWrong`], `AudienceWrong` or `NotYetValid`.
    pub fn judge(self, expected: &Expectations, now: u64) -> Result<Validity, TokenError> {
        VerifiedToken::judge(self.claims, expected, now)
    }
}
