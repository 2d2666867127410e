//! The decision on one request.

use std::rc::Rc;

use latchkey_filter_config::{Access, FilterConfig, Preflight};
use latchkey_token::{Claims, JwkSet, SignatureVerifier};

use crate::{
    authority::{Authority, KnownHosts},
    certificate, cors,
    credentials::{self, Carrier},
    cross_site, method_override,
    path::Target,
    reason::Reason,
    refusal::{self, Response},
    renewal::{Ask, Renewals},
    request::{Request, Surroundings},
    requirements,
    reserved::Reserved,
    revocations::{FeedError, Revocations},
    rules::{Chosen, Rules},
    shadow, sign_in,
    tokens::{Known, Tokens},
    upstream::{self, Changes},
};

mod open;
mod session;
mod succession;
#[cfg(test)]
mod tests;

pub use open::Opened;

/// Decides on requests: the configuration, the keys, and what was verified before.
pub struct Gate {
    config: FilterConfig,
    hosts: KnownHosts,
    rules: Rules,
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
    /// Why it would have ended here, if anything were enforced.
    pub would_refuse: Option<Reason>,
    /// Whether its token was known already; nothing where no token was looked up.
    pub cache_hit: Option<bool>,
    /// Who sent it, as far as a good token says so.
    pub token: Option<Rc<Known>>,
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
    Renew(Box<Ask>),
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
        let hosts = KnownHosts::new(&config.hosts);
        let rules = Rules::new(&config.rules);
        let reserved = Reserved::new(&config);
        let tokens = Tokens::new(&config, hash_key);
        let revocations = config.revocations.as_ref().map(Revocations::new);
        Self {
            config,
            hosts,
            rules,
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
        let is_known = |revocations: &Revocations| {
            revocations.feed.is_complete() && !revocations.feed.is_full()
        };
        self.tokens.is_ready() && self.revocations.as_ref().is_none_or(is_known)
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
        let taken = feed.answered(now, answer, issuer, keys, verifier, revoked);
        self.tokens.revoke_keys(revoked.keys());
        taken
    }

    /// Puts these keys in the place of those before.
    pub fn set_keys(&mut self, keys: JwkSet) {
        self.tokens.set_keys(keys);
    }

    /// Those of the names that no client may send: for trailers.
    pub fn spoofed<'a>(&self, names: impl Iterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
        if self.config.enforce {
            self.reserved.spoofed(names)
        } else {
            Vec::new()
        }
    }

    /// Whether one of these `set-cookie` values sets a cookie of ours, so that no cache may keep
    /// the response.
    pub fn sets_session<'a>(&self, values: impl Iterator<Item = &'a [u8]>) -> bool {
        self.config.enforce && upstream::sets_session(&self.config, values)
    }

    /// What to change in the headers of a refused request, so that no access log can show what
    /// signs in, or who a stranger claims to be.
    #[must_use]
    pub fn redaction(&self, request: &Request<'_>) -> Changes {
        let spoofed = self.reserved.spoofed(request.names());
        upstream::redaction(&self.config, request, spoofed)
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
            token: None,
            set_cookie: Vec::new(),
        };
        let judged = self.judge(request, surroundings, verifier, &mut noted);
        let mut would_refuse = None;
        let outcome = if self.config.enforce {
            match judged {
                Ok(changes) => Outcome::Forward(changes),
                Err(Stop::Refuse(reason)) => self.refuse(request, reason),
                Err(Stop::Renew(ask)) => Outcome::Renew(*ask),
            }
        } else {
            // What would be renewed would pass; no call is made to find out.
            would_refuse = match judged {
                Err(Stop::Refuse(reason)) => Some(reason),
                Ok(_) | Err(Stop::Renew(_)) => None,
            };
            let spoofed = || self.reserved.spoofed(request.names());
            Outcome::Forward(shadow::changes(&self.config, surroundings, spoofed))
        };
        Decision {
            outcome,
            would_refuse,
            cache_hit: noted.cache_hit,
            token: noted.token,
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
            config,
            hosts,
            rules,
            reserved,
            ..
        } = self;
        let authority = authority(hosts, request)?;
        let target = target(request)?;
        if sign_in::is_sign_in(config, authority.host(), &target, surroundings)? {
            return Ok(Changes {
                remove: reserved.spoofed(request.names()),
                set: sign_in::headers(surroundings),
            });
        }
        let rule = rules.choose(config, authority.host(), request.method(), &target);
        check_path(&rule, &target)?;
        for (number, method) in method_override::asked_for(request).enumerate() {
            let other = rules.choose(config, authority.host(), &method, &target);
            if other.index != rule.index || number == method_override::MOST {
                return Err(Reason::MethodOverride.into());
            }
        }
        match rule.access {
            Access::Deny => Err(Reason::Denied.into()),
            Access::Public => {
                let spoofed = reserved.spoofed(request.names());
                Ok(upstream::anonymous(config, request, &target, spoofed))
            }
            Access::Authenticated
                if rule.preflight == Preflight::Pass && cors::is_preflight(request) =>
            {
                let spoofed = reserved.spoofed(request.names());
                Ok(upstream::anonymous(config, request, &target, spoofed))
            }
            Access::Authenticated => {
                let index = rule.index;
                self.tokens.check_ready()?;
                if let Some(revocations) = &self.revocations {
                    revocations.check_ready(noted.now)?;
                }
                let mut found = credentials::find(request, config)?.ok_or(Reason::NoCredential)?;
                let is_foreign = found.carrier == Carrier::Cookie
                    && cross_site::is_foreign(request, &authority, config, rule.same_site_origins);
                let bound = |claims: &Claims| certificate::check(claims, surroundings);
                let admitted = self.admit(request, found, is_foreign, bound, verifier, noted)?;
                let claims = admitted.token.claims();
                if let Some(renewed) = &admitted.renewed {
                    found.token = renewed.token.as_bytes();
                }
                let rule = index.and_then(|index| self.config.rules.get(index));
                if let Some(require) = rule.and_then(|rule| rule.require.as_ref()) {
                    let skew = self.config.clock_skew.as_secs();
                    requirements::check(require, claims, noted.now, skew)?;
                }
                Ok(upstream::identified(
                    &self.config,
                    request,
                    &target,
                    self.reserved.spoofed(request.names()),
                    found,
                    admitted.token.told(),
                ))
            }
        }
    }

    fn refuse(&self, request: &Request<'_>, reason: Reason) -> Outcome {
        let authority = authority(&self.hosts, request).ok();
        let host = authority.as_ref().map(Authority::host);
        let has_sign_in = host.is_some_and(|host| sign_in::has_sign_in(&self.config, host));
        let target = target(request).ok();
        let is_sign_in = |target: &Target<'_>| sign_in::covers(&self.config, target);
        let reason = if reason.asks_for_sign_in()
            && has_sign_in
            && target.as_ref().is_some_and(is_sign_in)
        {
            Reason::SignInNotRouted
        } else {
            reason
        };
        let mut response =
            refusal::response(&self.config, request, target.as_ref(), has_sign_in, reason);
        if request.has("origin")
            && let (Some(host), Some(target)) = (host, target)
        {
            let rule = self
                .rules
                .choose(&self.config, host, request.method(), &target);
            response.headers.extend(cors::headers(request, &rule));
        }
        Outcome::Refuse(reason, response)
    }
}

/// What is known of a request beside its headers, and what is found out about it.
struct Noted {
    now: u64,
    after: After,
    cache_hit: Option<bool>,
    token: Option<Rc<Known>>,
    set_cookie: Vec<String>,
}

fn authority<'a>(hosts: &'a KnownHosts, request: &Request<'a>) -> Result<Authority<'a>, Reason> {
    Ok(hosts.read(request.only(":authority").unwrap_or_default())?)
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
