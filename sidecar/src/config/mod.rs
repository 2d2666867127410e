//! The configuration: one small struct per concern. Nothing else in this crate reads a
//! configuration file or the environment.
//!
//! Values come from a TOML file, and over it from variables `LATCHKEY_<SECTION>__<KEY>`. Every key
//! is described in `latchkey.example.toml`, which a test keeps complete and true.

mod admin;
mod attestation;
mod branding;
mod duration;
mod error;
mod keys;
mod listen;
mod log;
mod policy;
mod public_url;
mod session;
mod source;
mod storage;
mod token;
mod webauthn;
mod written;

#[cfg(test)]
mod tests;

pub use admin::{AdminConfig, AuditConfig, PeopleConfig, SignCountPolicy};
pub use error::ConfigError;
pub use keys::{KeyEncryptionKey, Keys};
pub use listen::{Control, Listen, ListenAddress};
pub use log::{Log, LogFormat};
pub use public_url::PublicUrl;
pub use session::{BindCertificate, SessionConfig};
pub use storage::{Backend, StorageConfig};
pub use token::{TokenAlgorithm, TokenConfig};
pub use webauthn::{MOST_MOUNTS, MountConfig};
pub use written::MountRules;

use crate::attestation::Sources;
use crate::ceremony::Conveyance;
use crate::model::Branding;
use source::Source;
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A checked configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Where people reach the public listener; also the tokens' `iss`.
    pub public_url: PublicUrl,
    /// Addresses.
    pub listen: Listen,
    /// Where users, credentials, sessions and keys are kept.
    pub storage: StorageConfig,
    /// What is put into session tokens.
    pub token: TokenConfig,
    /// Sessions and their cookies.
    pub session: SessionConfig,
    /// Signing keys.
    pub keys: Keys,
    /// The default mount, whose passkeys the pages use.
    pub webauthn: MountConfig,
    /// The others.
    pub mounts: Vec<MountConfig>,
    /// Where trust in authenticators comes from.
    pub attestation: Sources,
    /// How the pages look.
    pub branding: Branding,
    /// Files without secrets that cannot be read here and need not be, each with the key that names it.
    pub absent_files: AbsentFiles,
    /// Administration over the public listener.
    pub admin: AdminConfig,
    /// Ways in for people.
    pub people: PeopleConfig,
    /// The audit log in the store.
    pub audit: AuditConfig,
    /// Log lines.
    pub log: Log,
}

/// Keys that name files, with files that cannot be read here.
pub type AbsentFiles = Vec<(&'static str, OutOfReach)>;

/// The environment as pairs of name and value.
pub type Environment = Vec<(String, String)>;

/// The environment of this process; values that are not Unicode are left out.
#[must_use]
pub fn process_environment() -> Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

impl Config {
    /// Reads and checks a file, with the environment laid over it.
    ///
    /// # Errors
    /// Names the key (or the variable) and what was expected there.
    pub fn load(file: &Path, environment: &Environment) -> Result<Self, ConfigError> {
        Self::parse(&std::fs::read_to_string(file)?, environment)
    }

    /// Checks the text of a file, with the environment laid over it.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn parse(text: &str, environment: &Environment) -> Result<Self, ConfigError> {
        Self::parse_with(text, environment, Files::Needed)
    }

    /// Checks the text of a file that is for another machine: the files that it names may be absent
    /// here, and are then among the notices.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn parse_elsewhere(text: &str, environment: &Environment) -> Result<Self, ConfigError> {
        Self::parse_with(text, environment, Files::MayBeAbsent)
    }

    fn parse_with(
        text: &str,
        environment: &Environment,
        files: Files,
    ) -> Result<Self, ConfigError> {
        let source = Source::merge(text, environment)?;
        let raw: Raw = source.deserialize()?;
        let config = Self::check(raw, environment, files);
        config.map_err(|error| source.name_variable(error))
    }

    fn check(raw: Raw, environment: &Environment, files: Files) -> Result<Self, ConfigError> {
        let public_url = raw.public_url;
        let token = raw.token.check(&public_url)?;
        let (attestation, mut absent_files) = raw.attestation.check(files)?;
        let (branding, absent_images) = raw.branding.check(files)?;
        absent_files.extend(absent_images);
        let (webauthn, mounts) =
            webauthn::mounts(&raw.webauthn, &raw.mounts, &public_url, &attestation)?;
        Ok(Self {
            session: raw.session.check(&public_url, token.ttl)?,
            webauthn,
            mounts,
            attestation,
            token,
            keys: raw.keys.check(environment, files)?,
            listen: raw.listen.check()?,
            storage: raw.storage.check()?,
            branding,
            absent_files,
            admin: raw.admin.check(&public_url)?,
            people: raw.people.check()?,
            audit: raw.audit.check()?,
            log: raw.log.check()?,
            public_url,
        })
    }

    /// Where the operator's commands reach the program, if they shall. A store in memory has no
    /// directory.
    #[must_use]
    pub fn control_socket(&self) -> Option<PathBuf> {
        match (&self.listen.control, self.storage.backend) {
            (Control::At(path), _) => Some(path.clone()),
            (Control::InStore, Backend::Sled) => Some(self.storage.path.join("control.sock")),
            (Control::InStore, Backend::Memory) | (Control::Off, _) => None,
        }
    }

    /// Whether any mount asks authenticators to prove their model.
    #[must_use]
    pub fn asks_for_attestation(&self) -> bool {
        std::iter::once(&self.webauthn)
            .chain(&self.mounts)
            .flat_map(MountConfig::policies)
            .any(|(_, policy)| policy.attestation != Conveyance::None)
    }

    /// What the person who starts the program should know about this configuration.
    #[must_use]
    pub fn notices(&self) -> Vec<String> {
        let mut notices = Vec::new();
        if !self.public_url.is_https() {
            notices.push(format!(
                "public_url is http on a loopback host: for a demonstration on this machine only. \
                 The cookies are named {} and {}, without the __Host- prefix and without Secure",
                self.session.cookie, self.session.refresh_cookie
            ));
        }
        if let Some(domain) = &self.session.domain {
            notices.push(format!(
                "session.domain shares the sign-in with every host under {domain}: each of them \
                 can plant and read these cookies"
            ));
        }
        for mount in std::iter::once(&self.webauthn).chain(&self.mounts) {
            notices.extend(mount.notices().iter().map(ToString::to_string));
        }
        if !self.listen.internal.is_local() {
            notices.push(format!(
                "listen.internal is {}: whoever answers there is believed by the gateway, so only \
                 the gateway may reach it (a mesh's mTLS, a network policy)",
                self.listen.internal
            ));
        }
        if let Some(network) = self.listen.gateways.iter().find(|it| it.prefix_len() == 0) {
            notices.push(format!(
                "listen.gateways has {network}, which is everybody: whoever reaches listen.public \
                 chooses the address that is limited and audited"
            ));
        }
        let binding = self.session.bind_certificate;
        if binding != BindCertificate::Never && self.listen.gateways.is_empty() {
            let so = match binding {
                BindCertificate::Required => "nobody can sign in",
                _ => "no session is bound to one",
            };
            notices.push(format!(
                "session.bind_certificate is on, but listen.gateways is empty: no gateway's word about a \
                 client's certificate is believed, so {so}"
            ));
        }
        if let Some(file) = &self.keys.absent_file {
            notices.push(format!(
                "keys.encryption_key_file: {file}, so what it holds was not checked"
            ));
        }
        for (key, file) in &self.absent_files {
            notices.push(format!("{key}: {file}, so it was not checked"));
        }
        notices.extend(self.storage_notices());
        notices
    }

    fn storage_notices(&self) -> Vec<String> {
        let mut notices = Vec::new();
        let keys = &self.keys;
        let has_no_key = keys.encryption_key.is_none() && keys.absent_file.is_none();
        match self.storage.backend {
            Backend::Sled if has_no_key => notices.push(format!(
                "neither keys.encryption_key_file nor {} is given here, so that the key which the \
                 signing keys are encrypted with lies beside them, in {}: whoever has a copy of that \
                 directory can mint tokens",
                keys::ENCRYPTION_KEY_VARIABLE,
                self.storage.path.display()
            )),
            Backend::Sled => {}
            Backend::Memory => {
                notices.push(
                    "storage.backend is memory: every account is gone when the program stops"
                        .to_owned(),
                );
                if self.admin.enabled && self.control_socket().is_none() {
                    notices.push(
                        "admin.enabled is on, but nobody can become the first administrator: \
                         `latchkey admin bootstrap` needs listen.control, which with \
                         storage.backend = \"memory\" has to be given"
                            .to_owned(),
                    );
                }
            }
        }
        notices
    }
}

/// A file that cannot be read here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutOfReach {
    path: PathBuf,
    is_forbidden: bool,
}

impl OutOfReach {
    /// Nothing where it can be read, or is wrong in another way.
    fn of(path: &Path) -> Option<Self> {
        Self::after(path, std::fs::File::open(path).err()?.kind())
    }

    fn after(path: &Path, kind: ErrorKind) -> Option<Self> {
        let is_forbidden = kind == ErrorKind::PermissionDenied;
        (is_forbidden || kind == ErrorKind::NotFound).then(|| Self {
            path: path.to_owned(),
            is_forbidden,
        })
    }
}

impl fmt::Display for OutOfReach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = if self.is_forbidden {
            "may not be read by whoever asks"
        } else {
            "is not on this machine"
        };
        write!(f, "{} {why}", self.path.display())
    }
}

/// Whether the files that a configuration names must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Files {
    /// To start.
    Needed,
    /// To check the file only.
    MayBeAbsent,
}

/// The file as it is written, before the parts are checked against each other.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    public_url: PublicUrl,
    #[serde(default)]
    listen: Listen,
    #[serde(default)]
    storage: StorageConfig,
    token: TokenConfig,
    #[serde(default)]
    session: session::Raw,
    #[serde(default)]
    keys: keys::Raw,
    #[serde(default)]
    webauthn: toml::Table,
    #[serde(default)]
    mounts: toml::Table,
    #[serde(default)]
    attestation: attestation::Raw,
    #[serde(default)]
    branding: branding::Raw,
    #[serde(default)]
    admin: AdminConfig,
    #[serde(default)]
    people: PeopleConfig,
    #[serde(default)]
    audit: AuditConfig,
    #[serde(default)]
    log: Log,
}
