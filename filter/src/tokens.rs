//! From the bytes of a token to claims that can be relied on.

use std::rc::Rc;

use latchkey_filter_config::FilterConfig;
use latchkey_token::{
    Claims, Expectations, JwkSet, KnownHeader, SignatureVerifier, TokenError, TokenType,
    UntrustedToken, Validity, VerifiedToken,
};

use crate::{
    cache::{Cache, Fingerprint, MAX_CACHE_BYTES},
    identity::Told,
    reason::Reason,
    revocations::Revocable,
    upstream::Header,
};

/// A token that holds, and what every request that brings it needs of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Known {
    token: VerifiedToken,
    told: Box<[Header]>,
    revocable: Revocable,
}

impl Known {
    pub(crate) fn new(token: VerifiedToken, told: &Told) -> Self {
        Self {
            told: told.headers(token.claims()),
            revocable: Revocable::from(token.claims()),
            token,
        }
    }

    /// The token.
    #[must_use]
    pub fn token(&self) -> &VerifiedToken {
        &self.token
    }

    /// What the token says.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        self.token.claims()
    }

    /// What a revocation can name of it.
    #[must_use]
    pub fn revocable(&self) -> Revocable {
        self.revocable
    }

    /// The headers that tell the application about its user.
    #[must_use]
    pub fn told(&self) -> &[Header] {
        &self.told
    }
}

/// A token that our key has signed for us.
#[derive(Debug)]
pub enum Session {
    /// It holds.
    Valid(Rc<Known>),
    /// It has expired, and everything else holds.
    Expired(Box<Claims>, TokenError),
}

impl Session {
    /// What the token says.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        match self {
            Self::Valid(token) => token.claims(),
            Self::Expired(claims, _) => claims,
        }
    }

    /// What a revocation can name of it.
    #[must_use]
    pub fn revocable(&self) -> Revocable {
        match self {
            Self::Valid(token) => token.revocable,
            Self::Expired(claims, _) => Revocable::from(&**claims),
        }
    }
}

/// The keys, and the tokens that were verified with them.
pub struct Tokens {
    expected: Expectations,
    keys: Option<JwkSet>,
    revoked_keys: Vec<String>,
    cache: Cache,
    told: Told,
    /// That of the token that was verified last.
    header: Option<KnownHeader>,
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
            revoked_keys: Vec::new(),
            cache: Cache::new(hash_key, MAX_CACHE_BYTES),
            told: Told::new(config),
            header: None,
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
    pub fn set_keys(&mut self, mut keys: JwkSet) {
        for kid in &self.revoked_keys {
            keys.remove(kid);
        }
        if self.keys.as_ref() != Some(&keys) {
            self.cache.clear();
            self.keys = Some(keys);
        }
    }

    /// The keys, once there are any.
    #[must_use]
    pub fn keys(&self) -> Option<&JwkSet> {
        self.keys.as_ref()
    }

    /// From now on these keys vouch for nothing, whoever publishes them.
    pub fn revoke_keys(&mut self, kids: &[String]) {
        if self.revoked_keys != kids {
            self.revoked_keys = kids.to_vec();
            if let Some(keys) = self.keys.clone() {
                self.set_keys(keys);
            }
        }
    }

    /// The fingerprint of two texts together.
    #[must_use]
    pub fn fingerprint_of_pair(&self, first: &[u8], second: &[u8]) -> Fingerprint {
        self.cache.fingerprint_of_pair(first, second)
    }

    /// Checks a token, or finds that it was checked before. `now` is in Unix seconds. Notes in
    /// `cache_hit` which of the two it was.
    ///
    /// # Errors
    /// [`Reason::Token`] with what else than its expiry is wrong with it, or [`Reason::NoKeys`].
    pub fn authenticate(
        &mut self,
        token: &[u8],
        now: u64,
        verifier: &impl SignatureVerifier,
        cache_hit: &mut Option<bool>,
    ) -> Result<Session, Reason> {
        let keys = self.keys.as_ref().ok_or(Reason::NoKeys)?;
        let fingerprint = self.cache.fingerprint(token);
        if let Some(known) = self.cache.find(fingerprint) {
            *cache_hit = Some(true);
            // What has expired takes no more room. What is not valid yet, because the clock has
            // stepped back, will be again.
            return match known.token.still_valid(now, self.expected.clock_skew) {
                Ok(()) => Ok(Session::Valid(known)),
                Err(error @ TokenError::Expired { .. }) => {
                    self.cache.drop_one(fingerprint);
                    Ok(Session::Expired(Box::new(known.claims().clone()), error))
                }
                Err(error) => Err(error.into()),
            };
        }
        *cache_hit = Some(false);
        let known = self.header.as_ref();
        let token = UntrustedToken::parse_beside(known, token, TokenType::Session)?;
        let new_header = token.new_header(known);
        let signed = token.verify(keys, verifier)?;
        // Only one that a key of ours vouches for, so that no stranger can put another in its place.
        if new_header.is_some() {
            self.header = new_header;
        }
        match signed.judge(&self.expected, now)? {
            Validity::Valid(token) => {
                let token = Rc::new(Known::new(token, &self.told));
                self.cache.keep(fingerprint, Rc::clone(&token));
                Ok(Session::Valid(token))
            }
            Validity::Expired { claims, error } => Ok(Session::Expired(Box::new(claims), error)),
        }
    }
}
