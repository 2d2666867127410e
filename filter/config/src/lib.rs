//! The plugin configuration of Latchkey's gateway filter.
//!
//! The filter and `latchkey check-config` both read it with [`FilterConfig::parse`], so that both
//! give the same answer. Whatever is not understood is refused with the path of the key: a gateway
//! with a configuration that means something else than its administrator thinks is worse than one
//! that does not start.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::as_conversions
    )
)]

mod access_log;
mod check;
mod duration;
mod error;
mod identity;
mod json;
mod names;
mod notices;
mod path;
mod require;
mod revocations;
mod rule;
#[cfg(test)]
mod tests;
mod url;

use std::time::Duration;

use json::{Member, Members};
use latchkey_token::JwkSet;
use serde_json::Value;

pub use access_log::{BadLogField, LogField};
pub use error::{ConfigError, Problem};
pub use identity::{BadFormat, Claim, ClaimFormat, IdentityHeader, IdentityHeaders};
pub use names::{BadHeader, BadHost, BadName, CookieName, HeaderName, Host, Method, Name};
pub use path::{BadPattern, PathPattern, PatternSegment, PublicPath};
pub use require::{Aaguid, Acr, Amr, Authenticator, BadRequirement, Label, Membership, Require};
pub use revocations::{Revocations, WhenStale};
pub use rule::{Access, Match, Preflight, Rule};
pub use url::{BadUrl, Issuer, Origin};

const DEFAULT_CLOCK_SKEW: Duration = Duration::from_secs(30);
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(2);
const DEFAULT_REFRESH_BEFORE: Duration = Duration::from_mins(1);
const DEFAULT_REFRESH: Duration = Duration::from_mins(1);

const KEYS: [&str; 17] = [
    "issuer",
    "audiences",
    "hosts",
    "public_path",
    "sidecar",
    "jwks",
    "revocations",
    "session",
    "bearer",
    "clock_skew",
    "identity_headers",
    "forward_token",
    "forward_payload",
    "access_log",
    "enforce",
    "rules",
    "default",
];

/// What an administrator tells the filter.
#[derive(Debug, Clone)]
pub struct FilterConfig {
    /// The one accepted `iss`, also the address under which the sign-in pages are reached.
    pub issuer: Issuer,
    /// A token must be for one of these (`aud`).
    pub audiences: Vec<Name>,
    /// The hosts on which `public_path` is the sign-in.
    pub hosts: Vec<Host>,
    /// Where the sidecar's public endpoints are, `/_latchkey` unless said otherwise.
    pub public_path: PublicPath,
    /// How the gateway reaches the sidecar.
    pub sidecar: Sidecar,
    /// Where the verifying keys come from.
    pub jwks: Jwks,
    /// How what was revoked is learned; nothing: it is not, and a token counts until it expires.
    pub revocations: Option<Revocations>,
    /// The session's cookies, and when its token is renewed.
    pub session: Session,
    /// Whether `Authorization: Bearer` is read. Otherwise that header is the application's own.
    pub bearer: bool,
    /// How far the clocks of issuer and gateway may be apart.
    pub clock_skew: Duration,
    /// Under which names the application is told who is signed in.
    pub identity_headers: IdentityHeaders,
    /// Pass the token itself on, for a second check behind the filter.
    pub forward_token: Option<ForwardToken>,
    /// Pass what the token says on, for applications that read claims themselves.
    pub forward_payload: Option<ForwardPayload>,
    /// What access logs are told about each decision.
    pub access_log: Vec<LogField>,
    /// Whether refused requests are refused. `false` decides and counts only, and changes nothing.
    pub enforce: bool,
    /// The first rule that matches decides.
    pub rules: Vec<Rule>,
    /// What holds for a request that no rule matches.
    pub default: Access,
}

/// How the gateway reaches the sidecar.
#[derive(Debug, Clone)]
pub struct Sidecar {
    /// Envoy's cluster of the internal listener, from which the keys are fetched.
    pub cluster: Name,
    /// Envoy's cluster to which the sign-in is routed.
    pub public_cluster: Name,
    /// The `Host` that calls to the sidecar carry.
    pub authority: Name,
    /// How long one call may take.
    pub timeout: Duration,
}

/// Where the verifying keys come from.
#[derive(Debug, Clone)]
pub struct Jwks {
    /// How often they are fetched again.
    pub refresh: Duration,
    /// A JWK Set that is used instead of fetching one, as an object.
    pub inline: Option<JwkSet>,
}

/// The session's cookies. Neither ever reaches the application.
#[derive(Debug, Clone)]
pub struct Session {
    /// Holds the session token.
    pub cookie: CookieName,
    /// Holds the refresh secret.
    pub refresh_cookie: CookieName,
    /// How long before its end a token is replaced by a new one; zero: only once it has expired.
    pub refresh_before: Duration,
}

/// Pass the token itself on.
#[derive(Debug, Clone)]
pub struct ForwardToken {
    /// Under which header.
    pub header: HeaderName,
}

/// Pass what the token says on: its payload in base64url.
#[derive(Debug, Clone)]
pub struct ForwardPayload {
    /// Under which header.
    pub header: HeaderName,
}

impl FilterConfig {
    /// Parses and checks a configuration in JSON.
    ///
    /// # Errors
    /// With the path of the first key that is unknown, missing, malformed or contradictory, and
    /// with what was expected there.
    pub fn parse(json: &[u8]) -> Result<Self, ConfigError> {
        let value = json::parse(json)?;
        let config = Self::read(Member {
            path: String::new(),
            value,
        })?;
        check::check(&config)?;
        Ok(config)
    }

    fn read(config: Member) -> Result<Self, ConfigError> {
        let mut members = Members::new(config, &KEYS)?;
        Ok(Self {
            issuer: members.required("issuer")?.text()?,
            audiences: members.required("audiences")?.texts()?,
            hosts: members.required("hosts")?.texts()?,
            public_path: members
                .take("public_path")
                .map_or_else(|| Ok(PublicPath::default()), Member::text)?,
            sidecar: Sidecar::read(members.required("sidecar")?)?,
            jwks: Jwks::read(members.object("jwks", &["refresh", "inline"])?)?,
            revocations: Revocations::read(members.take("revocations"))?,
            session: Session::read(
                members.object("session", &["cookie", "refresh_cookie", "refresh_before"])?,
            )?,
            bearer: members.flag("bearer", true)?,
            clock_skew: members.duration("clock_skew", DEFAULT_CLOCK_SKEW)?,
            identity_headers: IdentityHeaders::read(members.take("identity_headers"))?,
            forward_token: members
                .take("forward_token")
                .map_or(Ok(None), ForwardToken::read)?,
            forward_payload: members
                .take("forward_payload")
                .map_or(Ok(None), ForwardPayload::read)?,
            access_log: LogField::read(members.take("access_log"))?,
            enforce: members.flag("enforce", true)?,
            rules: members.take("rules").map_or_else(
                || Ok(Vec::new()),
                |rules| rules.entries()?.into_iter().map(Rule::read).collect(),
            )?,
            default: members
                .take("default")
                .map_or(Ok(Access::default()), Access::read)?,
        })
    }
}

impl Sidecar {
    fn read(sidecar: Member) -> Result<Self, ConfigError> {
        let mut members = Members::new(
            sidecar,
            &["cluster", "public_cluster", "authority", "timeout"],
        )?;
        Ok(Self {
            cluster: members.required("cluster")?.text()?,
            public_cluster: members.required("public_cluster")?.text()?,
            authority: members
                .take("authority")
                .map_or_else(|| Ok(Name::sidecar()), Member::text)?,
            timeout: members.duration("timeout", DEFAULT_TIMEOUT)?,
        })
    }
}

impl Jwks {
    fn read(mut members: Members) -> Result<Self, ConfigError> {
        let refresh = members.duration("refresh", DEFAULT_REFRESH)?;
        let inline = match members.take("inline") {
            None
            | Some(Member {
                value: Value::Null, ..
            }) => None,
            // The set is checked here already, so that a bad one is found before it stops a gateway.
            Some(Member { path, value }) => Some(
                JwkSet::parse(value.to_string().as_bytes())
                    .map_err(|error| ConfigError::new(path, error))?,
            ),
        };
        Ok(Self { refresh, inline })
    }
}

impl Session {
    fn read(mut members: Members) -> Result<Self, ConfigError> {
        let cookie = |member: Option<Member>, default: fn() -> CookieName| {
            member.map_or_else(|| Ok(default()), Member::text)
        };
        Ok(Self {
            cookie: cookie(members.take("cookie"), CookieName::session)?,
            refresh_cookie: cookie(members.take("refresh_cookie"), CookieName::refresh)?,
            refresh_before: members.duration("refresh_before", DEFAULT_REFRESH_BEFORE)?,
        })
    }
}

impl ForwardToken {
    fn read(forward: Member) -> Result<Option<Self>, ConfigError> {
        Ok(header(forward, HeaderName::token)?.map(|header| Self { header }))
    }
}

impl ForwardPayload {
    fn read(forward: Member) -> Result<Option<Self>, ConfigError> {
        Ok(header(forward, HeaderName::payload)?.map(|header| Self { header }))
    }
}

/// `{"header": ...}`, or `null` for none.
fn header(forward: Member, default: fn() -> HeaderName) -> Result<Option<HeaderName>, ConfigError> {
    if forward.value.is_null() {
        return Ok(None);
    }
    let mut members = Members::new(forward, &["header"])?;
    members
        .take("header")
        .map_or_else(|| Ok(default()), Member::text)
        .map(Some)
}
