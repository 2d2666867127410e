//! The decision on one request.

use std::rc::Rc;

use latchkey_filter_config::{Access, FilterConfig, Preflight};
use latchkey_token::{JwkSet, SignatureVerifier, VerifiedToken};

use crate::{
    authority::Authority,
    certificate, cors,
    credentials::{self, Carrier},
    cross_site,
    identity::Reserved,
    path::Target,
    reason::Reason,
    refusal::{self, Response},
    request::{Request, Surroundings},
    requirements,
    rules::{Chosen, Rules},
    shadow, sign_in,
    tokens::Tokens,
    upstream::{self, Changes},
};

#[cfg(test)]
mod tests;

/// Decides on requests: the configuration, the keys, and what was verified before.
pub struct Gate {
    config: FilterConfig,
    rules: Rules,
    reserved: Reserved,
    tokens: Tokens,
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
    pub token: Option<Rc<VerifiedToken>>,
}

/// What is learnt on the way to a decision.
#[derive(Default)]
struct Trace {
    cache_hit: Option<bool>,
    token: Option<Rc<VerifiedToken>>,
}

/// Whether a request goes on.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on, with these changes.
    Forward(Changes),
    /// It ends here.
    Refuse(Reason, Response),
}

impl Gate {
    /// A gate without keys: it refuses everything that is guarded. `hash_key` must be random.
    #[must_use]
    pub fn new(config: FilterConfig, hash_key: [u8; 16]) -> Self {
        let rules = Rules::new(&config.rules);
        let reserved = Reserved::new(&config);
        let tokens = Tokens::new(&config, hash_key);
        Self {
            config,
            rules,
            reserved,
            tokens,
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
        self.tokens.is_ready()
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
    /// signs in.
    #[must_use]
    pub fn redaction(&self, request: &Request<'_>) -> Changes {
        upstream::redaction(&self.config, request)
    }

    /// Decides on a request. `now` is in Unix seconds.
    pub fn decide(
        &mut self,
        request: &Request<'_>,
        surroundings: &impl Surroundings,
        now: u64,
        verifier: &impl SignatureVerifier,
    ) -> Decision {
        let mut trace = Trace::default();
        let judged = self.judge(request, surroundings, now, verifier, &mut trace);
        let mut would_refuse = None;
        let outcome = if self.config.enforce {
            judged.map_or_else(|reason| self.refuse(request, reason), Outcome::Forward)
        } else {
            would_refuse = judged.err();
            let spoofed = || self.reserved.spoofed(request.names());
            Outcome::Forward(shadow::changes(&self.config, surroundings, spoofed))
        };
        Decision {
            outcome,
            would_refuse,
            cache_hit: trace.cache_hit,
            token: trace.token,
        }
    }

    fn judge(
        &mut self,
        request: &Request<'_>,
        surroundings: &impl Surroundings,
        now: u64,
        verifier: &impl SignatureVerifier,
        trace: &mut Trace,
    ) -> Result<Changes, Reason> {
        let Self {
            config,
            rules,
            reserved,
            tokens,
        } = self;
        let authority = authority(request)?;
        let target = target(request)?;
        let spoofed = || reserved.spoofed(request.names());
        if sign_in::is_sign_in(config, authority.host(), &target, surroundings)? {
            return Ok(Changes {
                remove: spoofed(),
                set: sign_in::headers(surroundings),
            });
        }
        let rule = rules.choose(config, authority.host(), request.method(), &target);
        check_path(&rule, &target)?;
        match rule.access {
            Access::Deny => Err(Reason::Denied),
            Access::Public => Ok(upstream::anonymous(config, request, &target, spoofed())),
            Access::Authenticated
                if rule.preflight == Preflight::Pass && cors::is_preflight(request) =>
            {
                Ok(upstream::anonymous(config, request, &target, spoofed()))
            }
            Access::Authenticated => {
                tokens.check_ready()?;
                let found = credentials::find(request, config)?.ok_or(Reason::NoCredential)?;
                let token =
                    tokens.authenticate(found.token, now, verifier, &mut trace.cache_hit)?;
                let claims = trace.token.insert(token).claims();
                certificate::check(claims, surroundings)?;
                if found.carrier == Carrier::Cookie
                    && cross_site::is_foreign(request, &authority, config, rule.same_site_origins)
                {
                    return Err(Reason::CrossSite);
                }
                if let Some(require) = rule.require {
                    requirements::check(require, claims, now, config.clock_skew.as_secs())?;
                }
                Ok(upstream::identified(
                    config,
                    request,
                    &target,
                    spoofed(),
                    found,
                    claims,
                ))
            }
        }
    }

    fn refuse(&self, request: &Request<'_>, reason: Reason) -> Outcome {
        let authority = authority(request).ok();
        let host = authority.as_ref().map(Authority::host);
        let has_sign_in = host.is_some_and(|host| sign_in::has_sign_in(&self.config, host));
        let target = target(request).ok();
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
