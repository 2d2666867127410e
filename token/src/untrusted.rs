//! From bytes to a token whose signature holds.

use crate::{
    Claims, Expectations, JwkSet, KnownHeader, SignatureVerifier, TokenError, TokenType, Validity,
    VerifiedToken, compact::Compact,
};
use std::fmt;

/// The longest token that is looked at. Browsers keep cookies of up to 4096 bytes, name and
/// attributes included, so a longer one cannot have come from ours.
pub const MAX_TOKEN_BYTES: usize = 4096;

/// A token of the right form. Anybody can have made it: it shows which key it claims to be signed
/// with, and no more.
pub struct UntrustedToken<'a> {
    expected: TokenType,
    compact: Compact<'a>,
}

impl<'a> UntrustedToken<'a> {
    /// Checks everything that needs neither key nor claims: a stranger's claims are not read.
    ///
    /// # Errors
    /// The first thing that is wrong, in the order size, parts, header, length of the signature.
    pub fn parse(token: &'a [u8], expected: TokenType) -> Result<Self, TokenError> {
        Self::parse_beside(None, token, expected)
    }

    /// The same, but does not read a header again that is known already.
    ///
    /// # Errors
    /// As those of [`UntrustedToken::parse`].
    pub fn parse_beside(
        known: Option<&KnownHeader>,
        token: &'a [u8],
        expected: TokenType,
    ) -> Result<Self, TokenError> {
        let compact = Compact::parse(token, expected.name(), MAX_TOKEN_BYTES, known)?;
        Ok(Self { expected, compact })
    }

    /// Its header, unless it is the one that is known.
    #[must_use]
    pub fn new_header(&self, known: Option<&KnownHeader>) -> Option<KnownHeader> {
        let is_known = known.is_some_and(|known| self.compact.has_header(self.expected, known));
        (!is_known).then(|| self.compact.known_header(self.expected))
    }

    /// The key that the token names.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.compact.kid()
    }

    /// Checks the signature with the key that `kid` names, and then the form of the claims. No other
    /// key is tried.
    ///
    /// # Errors
    /// [`TokenError::KeyIdUnknown`] (a newer key set may know it), `AlgorithmMismatch`,
    /// `SignatureOutOfRange` or `SignatureInvalid`; then the first thing that is wrong with the claims.
    pub fn verify<V: SignatureVerifier + ?Sized>(
        self,
        keys: &JwkSet,
        verifier: &V,
    ) -> Result<SignedToken, TokenError> {
        let claims = Claims::from_members(self.compact.verify(keys, verifier)?)?;
        Ok(SignedToken { claims })
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
