//! Administration, people and the audit log.

use super::{ConfigError, PublicUrl, duration};
use crate::model::Seconds;
use serde::Deserialize;
use url::Host;

/// `[admin]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdminConfig {
    /// Whether administration is served on the public listener.
    pub enabled: bool,
    /// Whoever is in one of these is an administrator.
    pub groups: Vec<String>,
    /// The only hosts on which it is served; the host of `public_url` when empty.
    pub hosts: Vec<String>,
}

impl Default for AdminConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            groups: vec!["latchkey-admins".to_owned()],
            hosts: Vec::new(),
        }
    }
}

impl AdminConfig {
    pub(super) fn check(mut self, public_url: &PublicUrl) -> Result<Self, ConfigError> {
        if self.groups.is_empty() || self.groups.iter().any(|it| it.trim().is_empty()) {
            return Err(ConfigError::value(
                "admin.groups",
                "expected at least one group, each with a name",
            ));
        }
        for host in &mut self.hosts {
            *host = host.to_ascii_lowercase();
            if !is_host(host) {
                return Err(ConfigError::value(
                    "admin.hosts",
                    format!(
                        "expected hosts as browsers send them, like admin.example.com or \
                         localhost:8080, found {host:?}"
                    ),
                ));
            }
        }
        if self.hosts.is_empty() {
            let origin = public_url.origin();
            let host = origin.split_once("://").map_or("", |(_, host)| host);
            self.hosts.push(host.to_owned());
        }
        Ok(self)
    }
}

/// A name or an address, and a port where there is one.
fn is_host(text: &str) -> bool {
    let (name, port) = match text.rsplit_once(':') {
        // The last colon of an address in brackets may be its own.
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (text, None),
    };
    Host::parse(name).is_ok() && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

/// What becomes of a passkey whose counter did not grow: there may be a copy of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignCountPolicy {
    /// The login is refused.
    Refuse,
    /// The passkey signs in no more, and its owner is told.
    Disable,
}

/// `[people]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeopleConfig {
    /// How long an enrolment or recovery link is good.
    #[serde(deserialize_with = "duration::deserialize")]
    pub link_lifetime: Seconds,
    /// Whether people can make recovery codes for themselves.
    pub recovery_codes: bool,
    /// Whether new users have to register a passkey before anything else.
    pub must_register_passkey: bool,
    /// What becomes of a passkey whose counter did not grow.
    pub sign_count: SignCountPolicy,
}

impl Default for PeopleConfig {
    fn default() -> Self {
        Self {
            link_lifetime: Seconds(7 * 86_400),
            recovery_codes: true,
            must_register_passkey: false,
            sign_count: SignCountPolicy::Refuse,
        }
    }
}

const SHORTEST_LINK: Seconds = Seconds(300);
/// A link that lies around longer is a key under the mat.
const LONGEST_LINK: Seconds = Seconds(30 * 86_400);

impl PeopleConfig {
    pub(super) fn check(self) -> Result<Self, ConfigError> {
        if !(SHORTEST_LINK..=LONGEST_LINK).contains(&self.link_lifetime) {
            return Err(ConfigError::value(
                "people.link_lifetime",
                format!(
                    "expected {} to {}, found {}",
                    SHORTEST_LINK, LONGEST_LINK, self.link_lifetime
                ),
            ));
        }
        Ok(self)
    }
}

/// `[audit]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuditConfig {
    /// Records are kept this long.
    #[serde(deserialize_with = "duration::deserialize")]
    pub retention: Seconds,
    /// As many at most of what administrators did, and as many of what people did.
    pub max_records: u64,
}

impl Default for AuditConfig {
    fn default() -> Self {
        Self {
            retention: Seconds(90 * 86_400),
            max_records: 100_000,
        }
    }
}

const SHORTEST_RETENTION: Seconds = Seconds(86_400);
/// All records are read once at start.
const MOST_RECORDS: u64 = 1_000_000;
const FEWEST_RECORDS: u64 = 1_000;

impl AuditConfig {
    pub(super) fn check(self) -> Result<Self, ConfigError> {
        if self.retention < SHORTEST_RETENTION {
            return Err(ConfigError::value(
                "audit.retention",
                format!(
                    "expected at least {}, found {}",
                    SHORTEST_RETENTION, self.retention
                ),
            ));
        }
        if !(FEWEST_RECORDS..=MOST_RECORDS).contains(&self.max_records) {
            return Err(ConfigError::value(
                "audit.max_records",
                format!(
                    "expected {FEWEST_RECORDS} to {MOST_RECORDS}, found {}",
                    self.max_records
                ),
            ));
        }
        Ok(self)
    }
}
