//! Sessions and the cookies that carry them.

use super::public_url::is_within;
use super::{ConfigError, PublicUrl, duration};
use crate::model::Seconds;
use latchkey_token::cookie::CookieNames;
use serde::Deserialize;

/// `[session]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionConfig {
    /// A session that nothing renews ends after this.
    pub idle: Seconds,
    /// Every session ends after this.
    pub max: Seconds,
    /// Cookies go to every host under this domain; to the one host where absent.
    pub domain: Option<String>,
    /// Name of the cookie that holds the session token.
    pub cookie: String,
    /// Name of the cookie that holds the refresh secret.
    pub refresh_cookie: String,
    /// Whether the cookies are `Secure`: `false` only where `public_url` is http on loopback.
    pub secure: bool,
    /// How recent a login must be to change the account's passkeys.
    pub fresh_for: Seconds,
    /// Whether logins bind their session to the connection's client certificate.
    pub bind_certificate: BindCertificate,
}

/// When a session is bound to a client certificate (RFC 8705, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BindCertificate {
    /// Not at all.
    #[default]
    Never,
    /// Where the connection of the login has one.
    WhenPresent,
    /// Always: nobody signs in without one.
    Required,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Raw {
    #[serde(deserialize_with = "duration::deserialize")]
    idle: Seconds,
    #[serde(deserialize_with = "duration::deserialize")]
    max: Seconds,
    domain: Option<String>,
    cookie: Option<String>,
    refresh_cookie: Option<String>,
    #[serde(deserialize_with = "duration::deserialize")]
    fresh_for: Seconds,
    bind_certificate: BindCertificate,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            idle: Seconds(12 * 3_600),
            max: Seconds(7 * 86_400),
            domain: None,
            cookie: None,
            refresh_cookie: None,
            fresh_for: Seconds(300),
            bind_certificate: BindCertificate::default(),
        }
    }
}

/// Browsers keep no cookie longer than this (RFC 6265bis, section 5.5).
const LONGEST_SESSION: Seconds = Seconds(400 * 86_400);
const SHORTEST_FRESH: Seconds = Seconds(30);

impl Raw {
    pub(super) fn check(
        self,
        public_url: &PublicUrl,
        token_ttl: Seconds,
    ) -> Result<SessionConfig, ConfigError> {
        self.check_spans(token_ttl)?;
        let domain = self
            .domain
            .map(|domain| check_domain(domain, public_url))
            .transpose()?;
        let prefix = match (public_url.is_https(), &domain) {
            (false, _) => "",
            (true, None) => "__Host-",
            (true, Some(_)) => "__Secure-",
        };
        let defaults = CookieNames::with_prefix(prefix);
        let name = |key, given: Option<String>, default| {
            given.map_or(Ok(default), |given| check_name(key, &given, prefix))
        };
        let cookie = name("session.cookie", self.cookie, defaults.session)?;
        let refresh_cookie = name(
            "session.refresh_cookie",
            self.refresh_cookie,
            defaults.refresh,
        )?;
        if cookie == refresh_cookie {
            return Err(ConfigError::value(
                "session.refresh_cookie",
                "expected another name than session.cookie",
            ));
        }
        Ok(SessionConfig {
            idle: self.idle,
            max: self.max,
            domain,
            cookie,
            refresh_cookie,
            secure: public_url.is_https(),
            fresh_for: self.fresh_for,
            bind_certificate: self.bind_certificate,
        })
    }

    fn check_spans(&self, token_ttl: Seconds) -> Result<(), ConfigError> {
        if self.max > LONGEST_SESSION {
            return Err(ConfigError::value(
                "session.max",
                format!("expected at most {}, found {}", LONGEST_SESSION, self.max),
            ));
        }
        if self.idle > self.max {
            // Nobody looks for a mistake in a key that they did not write.
            let (idle, max) = (self.idle, self.max);
            return Err(if self.idle == Self::default().idle {
                let problem = format!("expected at least session.idle ({idle}), found {max}");
                ConfigError::value("session.max", problem)
            } else {
                let problem = format!("expected at most session.max ({max}), found {idle}");
                ConfigError::value("session.idle", problem)
            });
        }
        if self.idle < token_ttl {
            return Err(ConfigError::value(
                "session.idle",
                format!(
                    "expected at least token.ttl ({}), found {}",
                    token_ttl, self.idle
                ),
            ));
        }
        if self.fresh_for < SHORTEST_FRESH {
            return Err(ConfigError::value(
                "session.fresh_for",
                format!(
                    "expected at least {}, found {}",
                    SHORTEST_FRESH, self.fresh_for
                ),
            ));
        }
        Ok(())
    }
}

fn check_domain(domain: String, public_url: &PublicUrl) -> Result<String, ConfigError> {
    let domain = domain
        .strip_prefix('.')
        .map(str::to_owned)
        .unwrap_or(domain)
        .to_ascii_lowercase();
    // A single label is a top-level domain: browsers would drop the cookie.
    if !domain.contains('.') || domain.ends_with('.') || !is_within(public_url.host(), &domain) {
        return Err(ConfigError::value(
            "session.domain",
            format!(
                "expected a domain of at least two labels that the host of public_url ({}) lies \
                 in, found {domain:?}",
                public_url.host()
            ),
        ));
    }
    Ok(domain)
}

/// RFC 6265bis, section 4.1.3: the prefix is what keeps other hosts from planting the cookie.
fn check_name(key: &str, name: &str, prefix: &str) -> Result<String, ConfigError> {
    let is_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.len() > 64 || !name.chars().all(is_token) {
        return Err(ConfigError::value(
            key,
            format!("expected at most 64 letters, digits and -_., found {name:?}"),
        ));
    }
    if prefix.is_empty() {
        // On loopback http the browser would drop a prefixed cookie.
        let bare = ["__Host-", "__Secure-"]
            .iter()
            .find_map(|it| name.strip_prefix(it))
            .unwrap_or(name);
        // Browsers look for the prefixes without regard to case (RFC 6265bis, section 5.7).
        let folded = bare.to_ascii_lowercase();
        if bare.is_empty() || folded.starts_with("__host-") || folded.starts_with("__secure-") {
            return Err(ConfigError::value(
                key,
                format!("expected a name, with the prefix __Host- or none, found {name:?}"),
            ));
        }
        return Ok(bare.to_owned());
    }
    if name.strip_prefix(prefix).is_none_or(str::is_empty) {
        let because = if prefix == "__Host-" {
            "so that no other host can plant it"
        } else {
            "because session.domain is set"
        };
        return Err(ConfigError::value(
            key,
            format!("expected a name that begins with {prefix}, {because}, found {name:?}"),
        ));
    }
    Ok(name.to_owned())
}
