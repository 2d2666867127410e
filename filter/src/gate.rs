//! The decision on one request.

use latchkey_filter_config::{Access, FilterConfig};
use latchkey_token::{JwkSet, SignatureVerifier};

use crate::{
    authority::Authority,
    credentials::{self, Carrier},
    cross_site,
    identity::Reserved,
    path::Target,
    reason::Reason,
    refusal::{self, Response},
    renewal::{Ask, Renewals},
    request::{Request, Surroundings},
    revocations::{FeedError, Revocations},
    rules::{self, Chosen},
    sign_in,
    tokens::Tokens,
    upstream::{self, Changes},
};

mod session;
#[cfg(test)]
mod tests;

/// Decides on requests: the configuration, the keys, and what was verified before.
pub struct Gate {
    config: FilterConfig,
    reserved: Reserved,
    tokens: Tokens,
    revocations: Option<Revocations>,
    renewals: Renewals,
}

/// What becomes of a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether it goes on.
    pub outcome: Outcome,
    /// Whether its token was known already; nothing where no token was looked up.
    pub cache_hit: Option<bool>,
    /// Lines for `set-cookie` of the response, which then must not be kept by a cache.
    pub set_cookie: Vec<String>,
}

/// Whether a request goes on.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on, with these changes.
    Forward(Changes),
    /// It ends here.
    Refuse(Reason, Response),
    /// It waits for a new token: [`Gate::start_renewal`], then [`Gate::decide_again`].
    Renew(Ask),
}

/// What a request has waited for already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Nothing.
    Nothing,
    /// A new token, which is remembered if it came; if not, the old one has to do.
    Renewal,
    /// The sidecar, which says that the session is over.
    SessionOver,
}

/// Why a request does not go on, or not yet.
enum Stop {
    Refuse(Reason),
    Renew(Ask),
}

impl<E: Into<Reason>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Refuse(error.into())
    }
}

impl Gate {
    /// A gate without keys: it refuses everything that is guarded. `hash_key` must be random.
    #[must_use]
    pub fn new(config: FilterConfig, hash_key: [u8; 16]) -> Self {
        let reserved = Reserved::new(&config);
        let tokens = Tokens::new(&config, hash_key);
        let revocations = config.revocations.as_ref().map(Revocations::new);
        Self {
            config,
            reserved,
            tokens,
            revocations,
            renewals: Renewals::default(),
        }
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &FilterConfig {
        &self.config
    }

    /// Whether tokens can be checked.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let is_complete = |revocations: &Revocations| revocations.feed.is_complete();
        self.tokens.is_ready() && self.revocations.as_ref().is_none_or(is_complete)
    }

    /// Whether there are keys.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        self.tokens.is_ready()
    }

    /// What was revoked, unless that is switched off.
    pub fn revocations(&mut self) -> Option<&mut Revocations> {
        self.revocations.as_mut()
    }

    /// Takes an answer to the question for what was revoked. `now` is in Unix milliseconds.
    ///
    /// # Errors
    /// When it is none that can be relied on. What is known stays.
    pub fn take_revocations(
        &mut self,
        answer: &[u8],
        now: u64,
        verifier: &impl SignatureVerifier,
    ) -> Result<(), FeedError> {
        let (Some(Revocations { feed, revoked, .. }), Some(keys)) =
            (&mut self.revocations, self.tokens.keys())
        else {
            return Err(FeedError::NotAsked);
        };
        let issuer = self.config.issuer.as_str();
        feed.answered(now, answer, issuer, keys, verifier, revoked)?;
        self.tokens.revoke_keys(revoked.keys());
        Ok(())
    }

    /// Puts these keys in the place of those before.
    pub fn set_keys(&mut self, keys: JwkSet) {
        self.tokens.set_keys(keys);
    }

    /// Those of the names that no client may send: for trailers.
    pub fn spoofed<'a>(&self, names: impl Iterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
        self.reserved.spoofed(names)
    }

    /// Whether one of these `set-cookie` values sets a cookie of ours, so that no cache may keep
    /// the response.
    pub fn sets_session<'a>(&self, values: impl Iterator<Item = &'a [u8]>) -> bool {
        upstream::sets_session(&self.config, values)
    }

    /// Decides on a request. `now` is in Unix seconds.
    pub fn decide(
        &mut self,
        request: &Request<'_>,
        surroundings: &impl Surroundings,
        now: u64,
        verifier: &impl SignatureVerifier,
    ) -> Decision {
        self.decide_again(request, surroundings, now, verifier, After::Nothing)
    }

    /// Decides on a request that has waited. `now` is in Unix seconds.
    pub fn decide_again(
        &mut self,
        request: &Request<'_>,
        surroundings: &impl Surroundings,
        now: u64,
        verifier: &impl SignatureVerifier,
        after: After,
    ) -> Decision {
        let mut noted = Noted {
            now,
            after,
            cache_hit: None,
            set_cookie: Vec::new(),
        };
        let outcome = match self.judge(request, surroundings, verifier, &mut noted) {
            Ok(changes) => Outcome::Forward(changes),
            Err(Stop::Refuse(reason)) => self.refuse(request, reason),
            Err(Stop::Renew(ask)) => Outcome::Renew(ask),
        };
        Decision {
            outcome,
            cache_hit: noted.cache_hit,
            set_cookie: noted.set_cookie,
        }
    }

    fn judge(
        &mut self,
        request: &Request<'_>,
        surroundings: &impl Surroundings,
        verifier: &impl SignatureVerifier,
        noted: &mut Noted,
    ) -> Result<Changes, Stop> {
        let Self {
            config, reserved, ..
        } = self;
        let authority = authority(request)?;
        let target = target(request)?;
        if sign_in::is_sign_in(config, authority.host(), &target, surroundings)? {
            return Ok(Changes {
                remove: reserved.spoofed(request.names()),
                set: sign_in::headers(surroundings),
            });
        }
        let rule = rules::choose(config, authority.host(), request.method(), &target);
        check_path(&rule, &target)?;
        match rule.access {
            Access::Deny => Err(Reason::Denied.into()),
            Access::Public => {
                let spoofed = reserved.spoofed(request.names());
                Ok(upstream::anonymous(config, request, &target, spoofed))
            }
            Access::Authenticated => {
                self.tokens.check_ready()?;
                if let Some(revocations) = &self.revocations {
                    revocations.check_ready(noted.now)?;
                }
                let mut found = credentials::find(request, config)?.ok_or(Reason::NoCredential)?;
                let is_foreign = found.carrier == Carrier::Cookie
                    && cross_site::is_foreign(request, &authority, config, rule.same_site_origins);
                let admitted = self.admit(request, found, is_foreign, verifier, noted)?;
                if let Some(renewed) = &admitted.renewed {
                    found.token = renewed.token.as_bytes();
                }
                Ok(upstream::identified(
                    &self.config,
                    request,
                    &target,
                    self.reserved.spoofed(request.names()),
                    found,
                    admitted.token.claims(),
                ))
            }
        }
    }

    fn refuse(&self, request: &Request<'_>, reason: Reason) -> Outcome {
        let has_sign_in = authority(request)
            .is_ok_and(|authority| sign_in::has_sign_in(&self.config, authority.host()));
        let target = target(request).ok();
        let response =
            refusal::response(&self.config, request, target.as_ref(), has_sign_in, reason);
        Outcome::Refuse(reason, response)
    }
}

/// What is known of a request beside its headers, and what is found out about it.
struct Noted {
    now: u64,
    after: After,
    cache_hit: Option<bool>,
    set_cookie: Vec<String>,
}

fn authority<'a>(request: &Request<'a>) -> Result<Authority<'a>, Reason> {
    Ok(Authority::parse(
        request.only(":authority").unwrap_or_default(),
    )?)
}

fn target<'a>(request: &Request<'a>) -> Result<Target<'a>, Reason> {
    Ok(Target::parse(request.only(":path").unwrap_or_default())?)
}

/// A path that servers read in different ways passes only where the rule says so, which no public
/// rule does.
fn check_path(rule: &Chosen<'_>, target: &Target<'_>) -> Result<(), Reason> {
    let Target::Path(path) = target else {
        return Ok(());
    };
    let is_public = rule.access == Access::Public;
    match path.ambiguity() {
        Some(ambiguity) if rule.refuse_ambiguous_paths || is_public => {
            Err(Reason::Ambiguous(ambiguity))
        }
        _ if is_public && path.has_escaped_fragment() => Err(Reason::EscapedFragment),
        _ => Ok(()),
    }
}
