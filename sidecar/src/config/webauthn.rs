//! Mounts: each a relying party with the policies of its ceremonies.

use super::public_url::{is_secure_context, is_within};
use super::{ConfigError, PublicUrl, policy, source};
use crate::attestation::Sources;
use crate::ceremony::{Conveyance, Policy, RelyingParty, RelyingPartyError};
use crate::model::{Reason, ReasonCode as Code};
use serde::Deserialize;
use toml::{Table, Value};
use url::Url;

/// `[webauthn]` or `[mounts.<name>]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountConfig {
    /// The section that it stands in, for messages.
    pub section: String,
    /// The `<mount>` in `/v1/auth/<mount>/...`.
    pub name: String,
    /// The domain that passkeys are bound to: the host of `public_url`, or a parent of it.
    pub rp_id: String,
    /// What authenticators show.
    pub rp_display_name: String,
    /// The origins that ceremonies may come from, as browsers write them.
    pub rp_origins: Vec<String>,
    /// What a passkey must prove that signs in alone.
    pub passwordless: Policy,
    /// What it must prove as second factor; `None` where that is switched off.
    pub two_factor: Option<Policy>,
    /// Whether strangers can make accounts.
    pub self_registration: bool,
    /// Passkeys per account at most.
    pub max_credentials: usize,
}

/// The keys beside those of the policy.
#[derive(Debug, Deserialize)]
#[serde(default)]
struct Raw {
    mount: String,
    rp_id: Option<String>,
    rp_display_name: Option<String>,
    rp_origins: Option<Vec<String>>,
    self_registration: bool,
    max_credentials: usize,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            mount: "webauthn".to_owned(),
            rp_id: None,
            rp_display_name: None,
            rp_origins: None,
            self_registration: false,
            max_credentials: 20,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Switch {
    enabled: bool,
}

/// Each is sent with every login that names its user.
const MOST_CREDENTIALS: usize = 100;
/// Each is looked at when a request names a mount.
pub const MOST_MOUNTS: usize = 32;

/// The default mount first, then the others by name.
pub(super) fn mounts(
    webauthn: &Table,
    others: &Table,
    public_url: &PublicUrl,
    trust: &Sources,
) -> Result<(MountConfig, Vec<MountConfig>), ConfigError> {
    let first = MountConfig::check("webauthn", None, webauthn, public_url, trust)?;
    if others.len() > MOST_MOUNTS {
        return Err(ConfigError::value(
            "mounts",
            format!("expected at most {MOST_MOUNTS}, found {}", others.len()),
        ));
    }
    let mut mounts: Vec<MountConfig> = Vec::new();
    for (name, table) in others {
        let section = format!("mounts.{name}");
        let table = table.as_table().ok_or_else(|| {
            ConfigError::value(&section, format!("expected a section, [{section}]"))
        })?;
        let mount = MountConfig::check(&section, Some(name), table, public_url, trust)?;
        if mount.name == first.name {
            return Err(ConfigError::value(
                &section,
                "expected another name than webauthn.mount",
            ));
        }
        mounts.push(mount);
    }
    Ok((first, mounts))
}

impl MountConfig {
    /// The policies that are switched on, each with the section that it stands in.
    pub(super) fn policies(&self) -> impl Iterator<Item = (String, &Policy)> {
        let loose = self.two_factor.iter();
        let loose = loose.map(|policy| (format!("{}.two_factor", self.section), policy));
        std::iter::once((self.section.clone(), &self.passwordless)).chain(loose)
    }

    /// What whoever administers the mount should know of its settings.
    #[must_use]
    pub fn notices(&self) -> Vec<Reason> {
        let section = &self.section;
        let mut notices = Vec::new();
        if self.self_registration {
            let text = format!(
                "{section}.self_registration is on: whoever reaches the sign-in page can make an \
                 account"
            );
            notices.push(Reason::new(Code::AccountsForAnyone, text));
        }
        if self.two_factor.is_some() {
            let text = format!(
                "{section}.two_factor is on: whoever asks for it can sign in with a passkey that was \
                 registered for it, as that policy says. Rules that must tell such sessions apart look \
                 at the authenticator (user_verified)"
            );
            notices.push(Reason::new(Code::SecondFactorOn, text));
        }
        for (section, policy) in self.policies() {
            let proven = policy.attestation.is_insisted_on();
            if !proven && !policy.acceptable_aaguids.is_empty() {
                let (code, hidden) = if policy.attestation == Conveyance::None {
                    let hidden = " Most browsers hide the model when no attestation is asked for, and \
                                  whoever hides it is refused.";
                    (Code::ModelsHidden, hidden)
                } else {
                    (Code::ModelsUnproven, "")
                };
                let text = format!(
                    "{section}.acceptable_aaguids holds without proof: with attestation = \"{}\" the \
                     model is what the browser says.{hidden}",
                    policy.attestation.as_str()
                );
                notices.push(Reason::new(code, text));
            }
        }
        notices
    }

    /// Whether it can be the name of a mount that is written over the API.
    pub(super) fn check_name(name: &str) -> Result<(), ConfigError> {
        check_name("mount", name)
    }

    /// `name` is that of the section, except in the default mount.
    pub(super) fn check(
        section: &str,
        name: Option<&str>,
        table: &Table,
        public_url: &PublicUrl,
        trust: &Sources,
    ) -> Result<Self, ConfigError> {
        let raw: Raw = source::section(section, table)?;
        let is_default = name.is_none();
        let name = name.map_or(raw.mount, str::to_owned);
        let name_key = if is_default {
            format!("{section}.mount")
        } else {
            section.to_owned()
        };
        check_name(&name_key, &name)?;
        let key = |key: &str| format!("{section}.{key}");
        let rp_origins = check_origins(&key("rp_origins"), raw.rp_origins, public_url, is_default)?;
        let rp_id = check_id(
            &key("rp_id"),
            raw.rp_id,
            public_url,
            &rp_origins,
            is_default,
        )?;
        let rp_display_name = raw.rp_display_name.unwrap_or_else(|| rp_id.clone());
        if rp_display_name.trim().is_empty() || rp_display_name.chars().any(char::is_control) {
            return Err(ConfigError::value(
                &key("rp_display_name"),
                "expected a name to show",
            ));
        }
        check_relying_party(section, &rp_id, &rp_display_name, &rp_origins)?;
        if !(1..=MOST_CREDENTIALS).contains(&raw.max_credentials) {
            let problem = format!(
                "expected 1 to {MOST_CREDENTIALS}, found {}",
                raw.max_credentials
            );
            let reason = Reason::new(Code::OutOfRange, problem);
            return Err(ConfigError::Value(reason.at(key("max_credentials"))));
        }
        let strict: policy::Raw = source::section(section, table)?;
        let config = Self {
            section: section.to_owned(),
            name,
            rp_id,
            rp_display_name,
            rp_origins,
            passwordless: strict.check(section, Policy::passwordless())?,
            two_factor: two_factor(section, table)?,
            self_registration: raw.self_registration,
            max_credentials: raw.max_credentials,
        };
        config.check_trust(trust)?;
        Ok(config)
    }

    /// Without an anchor, nothing could register under a policy that insists on one.
    fn check_trust(&self, trust: &Sources) -> Result<(), ConfigError> {
        for (section, policy) in self.policies() {
            let asks = policy.attestation != Conveyance::None;
            if asks && trust.is_empty() {
                let problem = format!(
                    "expected attestation.anchors or attestation.metadata in the configuration \
                     file beside {:?}: without them no attestation can be verified",
                    policy.attestation.as_str()
                );
                let reason = Reason::new(Code::NoTrustAnchors, problem);
                return Err(ConfigError::Value(reason.at("attestation").at(section)));
            }
        }
        Ok(())
    }
}

fn two_factor(section: &str, table: &Table) -> Result<Option<Policy>, ConfigError> {
    let Some(Value::Table(table)) = table.get("two_factor") else {
        return Ok(None);
    };
    let section = format!("{section}.two_factor");
    let switch: Switch = source::section(&section, table)?;
    let raw: policy::Raw = source::section(&section, table)?;
    let policy = raw.check(&section, Policy::two_factor())?;
    Ok(switch.enabled.then_some(policy))
}

/// What only the ceremonies know: a passkey cannot be bound to an address, for one.
fn check_relying_party(
    section: &str,
    id: &str,
    name: &str,
    origins: &[String],
) -> Result<(), ConfigError> {
    use RelyingPartyError as E;
    RelyingParty::new(id, name, origins)
        .map(|_| ())
        .map_err(|error| {
            let (key, code) = match error {
                E::Id { .. } => ("rp_id", Code::IdNoDomain),
                E::IdOfNoOrigin { .. } => ("rp_id", Code::IdOfNoOrigin),
                E::DisplayName => ("rp_display_name", Code::NotAsExpected),
                E::NoOrigin => ("rp_origins", Code::OriginMissing),
                E::Origin { .. } => ("rp_origins", Code::OriginForm),
            };
            let reason = Reason::new(code, error.to_string()).at(key).at(section);
            ConfigError::Value(match error {
                E::Id { id } | E::IdOfNoOrigin { id } => reason.with("found", id),
                E::Origin { origin } => reason.with("found", origin),
                E::DisplayName | E::NoOrigin => reason,
            })
        })
}

fn check_name(key: &str, name: &str) -> Result<(), ConfigError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 32 || !name.chars().all(plain) {
        return Err(ConfigError::value(
            key,
            format!("expected at most 32 lower-case letters, digits, - and _, found {name:?}"),
        ));
    }
    Ok(())
}

/// The default mount's pages live at `public_url`, so its id must be usable there; another mount's
/// must be usable at one of its origins.
fn check_id(
    key: &str,
    id: Option<String>,
    public_url: &PublicUrl,
    origins: &[String],
    is_default: bool,
) -> Result<String, ConfigError> {
    let own = public_url.host();
    let id = id
        .filter(|id| !id.is_empty())
        .map_or_else(|| own.to_owned(), |id| id.to_ascii_lowercase());
    let hosts: Vec<String> = if is_default {
        vec![own.to_owned()]
    } else {
        let hosts = origins.iter().filter_map(|origin| Url::parse(origin).ok());
        hosts
            .filter_map(|url| url.host_str().map(str::to_owned))
            .collect()
    };
    let usable = |host: &String| is_within(host, &id) && (id == *host || id.contains('.'));
    if !hosts.iter().any(usable) || id.ends_with('.') {
        let of = if is_default {
            format!("public_url ({own})")
        } else {
            "one of its rp_origins".to_owned()
        };
        let problem = format!("expected the host of {of} or a parent domain of it, found {id:?}");
        let reason = Reason::new(Code::IdOfNoOrigin, problem).with("found", id);
        return Err(ConfigError::Value(reason.at(key)));
    }
    Ok(id)
}

fn check_origins(
    key: &str,
    origins: Option<Vec<String>>,
    public_url: &PublicUrl,
    is_default: bool,
) -> Result<Vec<String>, ConfigError> {
    let own = public_url.origin();
    let Some(origins) = origins else {
        return Ok(vec![own]);
    };
    for origin in &origins {
        let url = Url::parse(origin).ok();
        // Exactly as a browser writes it: no path, no user info, no default port.
        if !url.is_some_and(|url| {
            is_secure_context(&url) && url.origin().ascii_serialization() == *origin
        }) {
            let problem = format!(
                "expected origins as browsers write them, https and without a path, like \
                 https://app.example.com, found {origin:?}"
            );
            let reason = Reason::new(Code::OriginForm, problem).with("found", origin);
            return Err(ConfigError::Value(reason.at(key)));
        }
    }
    if is_default && !origins.contains(&own) {
        return Err(ConfigError::value(
            key,
            format!("expected the origin of public_url ({own}) among them: the pages live there"),
        ));
    }
    Ok(origins)
}
