//! The relying party and the policy of its ceremonies.

use super::public_url::{is_secure_context, is_within};
use super::{ConfigError, PublicUrl, duration};
use crate::ceremony::{
    Algorithm, Attachment, DiscoverableCredential, RelyingParty, RelyingPartyError,
    UserVerification,
};
use crate::model::Seconds;
use serde::Deserialize;
use url::Url;

/// `[webauthn]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebauthnConfig {
    /// The `<mount>` in `/v1/auth/<mount>/...`.
    pub mount: String,
    /// The domain that passkeys are bound to: the host of `public_url`, or a parent of it.
    pub rp_id: String,
    /// What authenticators show.
    pub rp_display_name: String,
    /// The origins that ceremonies may come from, as browsers write them.
    pub rp_origins: Vec<String>,
    /// Whether the authenticator must verify the person (PIN, fingerprint).
    pub user_verification: UserVerification,
    /// Whether the passkey must be usable without a user name.
    pub discoverable_credential: DiscoverableCredential,
    /// The only kind of authenticator that may register; any where absent.
    pub attachment: Option<Attachment>,
    /// Algorithms that a credential may have, in order of preference.
    pub algorithms: Vec<Algorithm>,
    /// How long a ceremony may take.
    pub timeout: Seconds,
    /// Whether strangers can make accounts.
    pub self_registration: bool,
    /// Passkeys per account at most.
    pub max_credentials: usize,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Raw {
    mount: String,
    rp_id: Option<String>,
    rp_display_name: String,
    rp_origins: Option<Vec<String>>,
    user_verification: UserVerification,
    discoverable_credential: DiscoverableCredential,
    attachment: Option<Attachment>,
    algorithms: Vec<Algorithm>,
    #[serde(deserialize_with = "duration::deserialize")]
    timeout: Seconds,
    self_registration: bool,
    max_credentials: usize,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            mount: "webauthn".to_owned(),
            rp_id: None,
            rp_display_name: "Latchkey".to_owned(),
            rp_origins: None,
            user_verification: UserVerification::Required,
            discoverable_credential: DiscoverableCredential::Preferred,
            attachment: None,
            algorithms: Algorithm::ALL.to_vec(),
            timeout: Seconds(300),
            self_registration: false,
            max_credentials: 20,
        }
    }
}

const SHORTEST_TIMEOUT: Seconds = Seconds(30);
/// Spent challenges are remembered this long, so it is bounded.
const LONGEST_TIMEOUT: Seconds = Seconds(600);
/// Each is sent with every login that names its user.
const MOST_CREDENTIALS: usize = 100;

impl Raw {
    pub(super) fn check(self, public_url: &PublicUrl) -> Result<WebauthnConfig, ConfigError> {
        check_mount(&self.mount)?;
        let host = public_url.host();
        let rp_id = self
            .rp_id
            .map_or_else(|| host.to_owned(), |id| id.to_ascii_lowercase());
        let is_domain = rp_id == host || rp_id.contains('.');
        if !is_within(host, &rp_id) || !is_domain || rp_id.ends_with('.') {
            return Err(ConfigError::value(
                "webauthn.rp_id",
                format!(
                    "expected the host of public_url ({host}) or a parent domain of it, found {rp_id:?}"
                ),
            ));
        }
        if self.rp_display_name.trim().is_empty()
            || self.rp_display_name.chars().any(char::is_control)
        {
            return Err(ConfigError::value(
                "webauthn.rp_display_name",
                "expected a name to show",
            ));
        }
        let rp_origins = check_origins(self.rp_origins, public_url)?;
        check_relying_party(&rp_id, &self.rp_display_name, &rp_origins)?;
        if self.algorithms.is_empty() {
            return Err(ConfigError::value(
                "webauthn.algorithms",
                "expected at least one of ES256, ES384, RS256",
            ));
        }
        if !(SHORTEST_TIMEOUT..=LONGEST_TIMEOUT).contains(&self.timeout) {
            return Err(ConfigError::value(
                "webauthn.timeout",
                format!(
                    "expected {} to {}, found {}",
                    duration::display(SHORTEST_TIMEOUT),
                    duration::display(LONGEST_TIMEOUT),
                    duration::display(self.timeout)
                ),
            ));
        }
        if !(1..=MOST_CREDENTIALS).contains(&self.max_credentials) {
            return Err(ConfigError::value(
                "webauthn.max_credentials",
                format!(
                    "expected 1 to {MOST_CREDENTIALS}, found {}",
                    self.max_credentials
                ),
            ));
        }
        Ok(WebauthnConfig {
            mount: self.mount,
            rp_id,
            rp_display_name: self.rp_display_name,
            rp_origins,
            user_verification: self.user_verification,
            discoverable_credential: self.discoverable_credential,
            attachment: self.attachment,
            algorithms: self.algorithms,
            timeout: self.timeout,
            self_registration: self.self_registration,
            max_credentials: self.max_credentials,
        })
    }
}

/// What only the ceremonies know: a passkey cannot be bound to an address, for one.
fn check_relying_party(id: &str, name: &str, origins: &[String]) -> Result<(), ConfigError> {
    use RelyingPartyError as E;
    RelyingParty::new(id, name, origins)
        .map(|_| ())
        .map_err(|error| {
            let key = match error {
                E::Id { .. } | E::IdOfNoOrigin { .. } => "webauthn.rp_id",
                E::DisplayName => "webauthn.rp_display_name",
                E::NoOrigin | E::Origin { .. } => "webauthn.rp_origins",
            };
            ConfigError::value(key, error.to_string())
        })
}

fn check_mount(mount: &str) -> Result<(), ConfigError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if mount.is_empty() || mount.len() > 32 || !mount.chars().all(plain) {
        return Err(ConfigError::value(
            "webauthn.mount",
            format!("expected at most 32 lower-case letters, digits, - and _, found {mount:?}"),
        ));
    }
    Ok(())
}

fn check_origins(
    origins: Option<Vec<String>>,
    public_url: &PublicUrl,
) -> Result<Vec<String>, ConfigError> {
    let own = public_url.origin();
    let Some(origins) = origins else {
        return Ok(vec![own]);
    };
    let key = "webauthn.rp_origins";
    for origin in &origins {
        let url = Url::parse(origin).ok();
        // Exactly as a browser writes it: no path, no user info, no default port.
        if !url.is_some_and(|url| {
            is_secure_context(&url) && url.origin().ascii_serialization() == *origin
        }) {
            return Err(ConfigError::value(
                key,
                format!(
                    "expected origins as browsers write them, https and without a path, like \
                     https://app.example.com, found {origin:?}"
                ),
            ));
        }
    }
    if !origins.contains(&own) {
        return Err(ConfigError::value(
            key,
            format!("expected the origin of public_url ({own}) among them: the pages live there"),
        ));
    }
    Ok(origins)
}
