//! A token that can be relied on, and what had to hold for that.

use crate::{Claims, TokenError};

/// How far clocks may be apart unless configured otherwise, in seconds.
pub const DEFAULT_CLOCK_SKEW: u64 = 30;

/// What a token must say to be for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectations {
    /// `iss`, to the byte.
    pub issuer: String,
    /// At least one of these must be in `aud`, to the byte. Empty: no token is for us.
    pub audiences: Vec<String>,
    /// How far the clocks of issuer and verifier may be apart, in seconds.
    pub clock_skew: u64,
}

/// A token that was signed by our key, is for us, and held at the time of the check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedToken {
    claims: Claims,
}

/// What becomes of a token that holds but perhaps for its expiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Validity {
    /// It holds.
    Valid(VerifiedToken),
    /// It has expired, and everything else held: it can be renewed, and is good for nothing else.
    Expired {
        /// What it said.
        claims: Claims,
        /// [`TokenError::Expired`].
        error: TokenError,
    },
}

impl VerifiedToken {
    pub(crate) fn judge(
        claims: Claims,
        expected: &Expectations,
        now: u64,
    ) -> Result<Validity, TokenError> {
        if claims.iss != expected.issuer {
            return Err(TokenError::IssuerWrong);
        }
        if !claims
            .aud
            .iter()
            .any(|audience| expected.audiences.contains(audience))
        {
            return Err(TokenError::AudienceWrong);
        }
        let token = Self { claims };
        match token.still_valid(now, expected.clock_skew) {
            Ok(()) => Ok(Validity::Valid(token)),
            Err(error @ TokenError::Expired { .. }) => Ok(Validity::Expired {
                claims: token.claims,
                error,
            }),
            Err(error) => Err(error),
        }
    }

    /// What the token says.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// `exp`, in Unix seconds.
    #[must_use]
    pub fn expires_at(&self) -> u64 {
        self.claims.exp
    }

    /// Checks the times again, for a token that was verified before and kept.
    ///
    /// With a skew of 30 a token passes up to the last second before `exp + 30`, and from
    /// `nbf - 30` on.
    ///
    /// # Errors
    /// [`TokenError::NotYetValid`] or [`TokenError::Expired`].
    pub fn still_valid(&self, now: u64, clock_skew: u64) -> Result<(), TokenError> {
        if let Some(not_before) = self.claims.nbf
            && now.saturating_add(clock_skew) < not_before
        {
            return Err(TokenError::NotYetValid { not_before, now });
        }
        let expired_at = self.claims.exp;
        if now >= expired_at.saturating_add(clock_skew) {
            return Err(TokenError::Expired { expired_at, now });
        }
        Ok(())
    }
}
