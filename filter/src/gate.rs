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
    request::{Request, Surroundings},
    rules::{self, Chosen},
    sign_in,
    tokens::Tokens,
    upstream::{self, Changes},
};

#[cfg(test)]
mod tests;

/// Decides on requests: the configuration, the keys, and what was verified before.
pub struct Gate {
    config: FilterConfig,
    reserved: Reserved,
    tokens: Tokens,
}

/// What becomes of a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether it goes on.
    pub outcome: Outcome,
    /// Whether its token was known already; nothing where no token was looked up.
    pub cache_hit: Option<bool>,
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
        let reserved = Reserved::new(&config);
        let tokens = Tokens::new(&config, hash_key);
        Self {
            config,
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
        let mut cache_hit = None;
        let outcome = self
            .judge(request, surroundings, now, verifier, &mut cache_hit)
            .map_or_else(|reason| self.refuse(request, reason), Outcome::Forward);
        Decision { outcome, cache_hit }
    }

    fn judge(
        &mut self,
        request: &Request<'_>,
        surroundings: &impl Surroundings,
        now: u64,
        verifier: &impl SignatureVerifier,
        cache_hit: &mut Option<bool>,
    ) -> Result<Changes, Reason> {
        let Self {
            config,
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
        let rule = rules::choose(config, authority.host(), request.method(), &target);
        check_path(&rule, &target)?;
        match rule.access {
            Access::Deny => Err(Reason::Denied),
            Access::Public => Ok(upstream::anonymous(config, request, &target, spoofed())),
            Access::Authenticated => {
                tokens.check_ready()?;
                let found = credentials::find(request, config)?.ok_or(Reason::NoCredential)?;
                let token = tokens.authenticate(found.token, now, verifier, cache_hit)?;
                if found.carrier == Carrier::Cookie
                    && cross_site::is_foreign(request, &authority, config, rule.same_site_origins)
                {
                    return Err(Reason::CrossSite);
                }
                Ok(upstream::identified(
                    config,
                    request,
                    &target,
                    spoofed(),
                    found,
                    token.claims(),
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
