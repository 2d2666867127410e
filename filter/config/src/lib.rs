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

mod check;
mod duration;
mod error;
mod names;
mod path;
mod rule;
#[cfg(test)]
mod tests;
mod url;

use std::time::Duration;

use latchkey_token::JwkSet;
use serde::{Deserialize, Deserializer, de::Error as _};

pub use error::{ConfigError, Problem};
pub use names::{BadHeader, BadHost, BadName, CookieName, HeaderName, Host, Method, Name};
pub use path::{BadPattern, PathPattern, PatternSegment, PublicPath};
pub use rule::{Access, Match, Rule};
pub use url::{BadUrl, Issuer, Origin};

/// What an administrator tells the filter.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilterConfig {
    /// The one accepted `iss`, also the address under which the sign-in pages are reached.
    pub issuer: Issuer,
    /// A token must be for one of these (`aud`).
    pub audiences: Vec<Name>,
    /// The hosts on which `public_path` is the sign-in.
    pub hosts: Vec<Host>,
    /// Where the sidecar's public endpoints are, `/_latchkey` unless said otherwise.
    #[serde(default)]
    pub public_path: PublicPath,
    /// How the gateway reaches the sidecar.
    pub sidecar: Sidecar,
    /// Where the verifying keys come from.
    #[serde(default)]
    pub jwks: Jwks,
    /// Names of the session's cookies.
    #[serde(default)]
    pub session: Session,
    /// Whether `Authorization: Bearer` is read. Otherwise that header is the application's own.
    #[serde(default = "yes")]
    pub bearer: bool,
    /// How far the clocks of issuer and gateway may be apart.
    #[serde(default = "default_clock_skew", with = "duration")]
    pub clock_skew: Duration,
    /// Under which names the application is told who is signed in.
    #[serde(default)]
    pub identity_headers: IdentityHeaders,
    /// Pass the token itself on, for a second check behind the filter.
    #[serde(default)]
    pub forward_token: Option<ForwardToken>,
    /// The first rule that matches decides.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// What holds for a request that no rule matches.
    #[serde(default)]
    pub default: Access,
}

/// How the gateway reaches the sidecar.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sidecar {
    /// Envoy's cluster of the internal listener, from which the keys are fetched.
    pub cluster: Name,
    /// Envoy's cluster to which the sign-in is routed.
    pub public_cluster: Name,
    /// The `Host` that calls to the sidecar carry.
    #[serde(default = "default_authority")]
    pub authority: Name,
    /// How long one call may take.
    #[serde(default = "default_timeout", with = "duration")]
    pub timeout: Duration,
}

/// Where the verifying keys come from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jwks {
    /// How often they are fetched again.
    #[serde(default = "default_refresh", with = "duration")]
    pub refresh: Duration,
    /// A JWK Set that is used instead of fetching one, as an object.
    #[serde(default, deserialize_with = "inline_keys")]
    pub inline: Option<JwkSet>,
}

/// Names of the session's cookies. Neither ever reaches the application.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Session {
    /// Holds the session token.
    pub cookie: CookieName,
    /// Holds the refresh secret.
    pub refresh_cookie: CookieName,
}

/// Which claim goes to the application under which header; `null` switches one off.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdentityHeaders {
    /// The user id.
    pub sub: Option<HeaderName>,
    /// The e-mail address, unless the token says that it is not verified.
    pub email: Option<HeaderName>,
    /// The user name.
    pub preferred_username: Option<HeaderName>,
    /// The display name; off unless named.
    pub name: Option<HeaderName>,
    /// The groups, separated by commas.
    pub groups: Option<HeaderName>,
}

/// Pass the token itself on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForwardToken {
    /// Under which header.
    #[serde(default = "HeaderName::token")]
    pub header: HeaderName,
}

impl FilterConfig {
    /// Parses and checks a configuration in JSON.
    ///
    /// # Errors
    /// With the path of the first key that is unknown, missing, malformed or contradictory, and
    /// with what was expected there.
    pub fn parse(json: &[u8]) -> Result<Self, ConfigError> {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let config: Self = serde_path_to_error::deserialize(&mut deserializer)
            .map_err(|error| ConfigError::malformed(&error.path().to_string(), error.inner()))?;
        deserializer
            .end()
            .map_err(|error| ConfigError::malformed(".", &error))?;
        check::check(&config)?;
        Ok(config)
    }
}

impl Default for Jwks {
    fn default() -> Self {
        Self {
            refresh: default_refresh(),
            inline: None,
        }
    }
}

impl Default for Session {
    fn default() -> Self {
        Self {
            cookie: CookieName::session(),
            refresh_cookie: CookieName::refresh(),
        }
    }
}

impl Default for IdentityHeaders {
    fn default() -> Self {
        Self {
            sub: Some(HeaderName::user()),
            email: Some(HeaderName::email()),
            preferred_username: Some(HeaderName::preferred_username()),
            name: None,
            groups: Some(HeaderName::groups()),
        }
    }
}

impl IdentityHeaders {
    /// The headers that are switched on, each with the name of its key.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, &HeaderName)> {
        [
            ("sub", &self.sub),
            ("email", &self.email),
            ("preferred_username", &self.preferred_username),
            ("name", &self.name),
            ("groups", &self.groups),
        ]
        .into_iter()
        .filter_map(|(key, header)| header.as_ref().map(|header| (key, header)))
    }
}

/// The set is checked here already, so that a bad one is found before it stops a gateway.
fn inline_keys<'de, D: Deserializer<'de>>(from: D) -> Result<Option<JwkSet>, D::Error> {
    let Some(keys) = Option::<serde_json::Value>::deserialize(from)? else {
        return Ok(None);
    };
    JwkSet::parse(keys.to_string().as_bytes())
        .map(Some)
        .map_err(D::Error::custom)
}

fn yes() -> bool {
    true
}

fn default_clock_skew() -> Duration {
    Duration::from_secs(30)
}

fn default_timeout() -> Duration {
    Duration::from_secs(2)
}

fn default_refresh() -> Duration {
    Duration::from_secs(60)
}

fn default_authority() -> Name {
    Name::sidecar()
}
