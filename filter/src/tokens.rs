//! From the bytes of a token to claims that can be relied on.

use std::rc::Rc;

use latchkey_filter_config::FilterConfig;
use latchkey_token::{
    Expectations, JwkSet, SignatureVerifier, TokenType, UntrustedToken, VerifiedToken,
};

use crate::{
    cache::{Cache, MAX_CACHE_BYTES},
    reason::Reason,
};

/// The keys, and the tokens that were verified with them.
pub struct Tokens {
    expected: Expectations,
    keys: Option<JwkSet>,
    cache: Cache,
}

impl Tokens {
    /// Without keys. `hash_key` must be random.
    #[must_use]
    pub fn new(config: &FilterConfig, hash_key: [u8; 16]) -> Self {
        let expected = Expectations {
            issuer: config.issuer.as_str().to_owned(),
            audiences: config
                .audiences
                .iter()
                .map(|name| name.as_str().to_owned())
                .collect(),
            clock_skew: config.clock_skew.as_secs(),
        };
        Self {
            expected,
            keys: None,
            cache: Cache::new(hash_key, MAX_CACHE_BYTES),
        }
    }

    /// Whether tokens can be checked.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.keys.is_some()
    }

    /// Asks for keys before anything is said about a request that needs them.
    ///
    /// # Errors
    /// [`Reason::NoKeys`] while none were fetched.
    pub fn check_ready(&self) -> Result<(), Reason> {
        if self.is_ready() {
            Ok(())
        } else {
            Err(Reason::NoKeys)
        }
    }

    /// Puts these keys in the place of those before. If they differ, what was verified with the
    /// old ones is verified anew, so that a key that is gone vouches for nothing.
    pub fn set_keys(&mut self, keys: JwkSet) {
        if self.keys.as_ref() != Some(&keys) {
            self.cache.clear();
            self.keys = Some(keys);
        }
    }

    /// Checks a token, or finds that it was checked before. `now` is in Unix seconds. Notes in
    /// `cache_hit` which of the two it was.
    ///
    /// # Errors
    /// [`Reason::Token`] with what is wrong with it, or [`Reason::NoKeys`].
    pub fn authenticate(
        &mut self,
        token: &[u8],
        now: u64,
        verifier: &impl SignatureVerifier,
        cache_hit: &mut Option<bool>,
    ) -> Result<Rc<VerifiedToken>, Reason> {
        let keys = self.keys.as_ref().ok_or(Reason::NoKeys)?;
        let fingerprint = self.cache.fingerprint(token);
        if let Some(known) = self.cache.find(fingerprint) {
            *cache_hit = Some(true);
            // A clock that steps must not bring a token back, so only what has expired for good
            // is forgotten; not yet valid ones stay.
            known
                .still_valid(now, self.expected.clock_skew)
                .inspect_err(|error| {
                    if matches!(error, latchkey_token::TokenError::Expired { .. }) {
                        self.cache.drop_one(fingerprint);
                    }
                })?;
            return Ok(known);
        }
        *cache_hit = Some(false);
        let token = UntrustedToken::parse(token, TokenType::Session)?
            .verify(keys, verifier)?
            .validate(&self.expected, now)?;
        let token = Rc::new(token);
        self.cache.keep(fingerprint, Rc::clone(&token));
        Ok(token)
    }
}
