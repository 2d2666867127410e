//! What a rule asks of a session beyond that there is one.

use std::{fmt, time::Duration};

use serde_json::Value;
use thiserror::Error;

use crate::{
    ConfigError, Problem,
    json::{Member, Members},
};

/// Longest name of a group or policy.
const MAX_LABEL_BYTES: usize = 256;
/// The keys under which `groups` and `policies` may be split.
const MEMBERSHIP: [&str; 2] = ["any", "all"];

/// What a session must have. What is left out is not asked for.
#[derive(Debug, Clone, Default)]
pub struct Require {
    /// Groups that the user must be in.
    pub groups: Membership,
    /// Policies that the user must have.
    pub policies: Membership,
    /// How strong the login must have been.
    pub acr: Option<Acr>,
    /// By which means it must have been proved, all of them.
    pub amr: Vec<Amr>,
    /// How long ago the user may have proved presence (`auth_time`).
    pub max_age: Option<Duration>,
    /// The authenticator behind the login.
    pub authenticator: Authenticator,
    /// Whether the session must be bound to the connection's client certificate.
    pub certificate: bool,
}

/// Names of which a user must have one, and names of which a user must have each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Membership {
    /// At least one of these; empty asks for nothing.
    pub any: Vec<Label>,
    /// Each of these.
    pub all: Vec<Label>,
}

/// The authenticator that a rule asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authenticator {
    /// It verified the user (PIN, finger, face), not only that someone is there.
    pub user_verified: bool,
    /// Whether its credential may be synchronised between devices.
    pub synced: Option<bool>,
    /// Its model is proved by an attestation.
    pub attested: bool,
    /// It is one of these models; empty asks for none in particular.
    pub aaguids: Vec<Aaguid>,
}

/// How strong a login is
/// ([OpenID EAP](https://openid.net/specs/openid-connect-eap-acr-values-1_0.html)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acr {
    /// Phishing-resistant; `phrh` is that too.
    Phr,
    /// Phishing-resistant with a key that hardware protects.
    Phrh,
}

/// A means of authentication that a passkey session can have
/// ([RFC 8176](https://www.rfc-editor.org/rfc/rfc8176)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amr {
    /// A key that does not leave its hardware.
    Hwk,
    /// A key that can be synchronised.
    Swk,
    /// The user was there.
    User,
    /// The user was verified too.
    Mfa,
}

/// The name of a group or policy, compared to the byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label(String);

/// A model of authenticator: a UUID in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aaguid(String);

/// Why a requirement is refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum BadRequirement {
    /// Nothing, or more than any group is called, or nothing that a token can carry.
    #[error("expected a name of 1 to {MAX_LABEL_BYTES} bytes without commas or control characters")]
    Label,
    /// No such class.
    #[error("expected \"phr\" or \"phrh\"")]
    Acr,
    /// No passkey session ever has it.
    #[error("expected \"hwk\", \"swk\", \"user\" or \"mfa\": a session has no other")]
    Amr,
    /// Not a model.
    #[error("expected a UUID in lower case, such as \"ee882879-721c-4913-9775-3dfcce97072a\"")]
    Aaguid,
}

impl Require {
    pub(crate) fn read(require: Member) -> Result<Self, ConfigError> {
        let path = require.path.clone();
        let is_empty = require
            .value
            .as_object()
            .is_some_and(serde_json::Map::is_empty);
        let mut members = Members::new(
            require,
            &[
                "groups",
                "policies",
                "acr",
                "amr",
                "max_age",
                "authenticator",
                "certificate",
            ],
        )?;
        if is_empty {
            return Err(ConfigError::new(path, Problem::EmptyNotAbsent));
        }
        Ok(Self {
            groups: Membership::read(members.take("groups"))?,
            policies: Membership::read(members.take("policies"))?,
            acr: members.take("acr").map(Member::text).transpose()?,
            amr: list(members.take("amr"))?,
            max_age: members.take("max_age").map(Member::duration).transpose()?,
            authenticator: Authenticator::read(members.object(
                "authenticator",
                &["user_verified", "synced", "attested", "aaguids"],
            )?)?,
            certificate: demand(members.take("certificate"))?,
        })
    }
}

impl Membership {
    /// A plain list means any of them.
    fn read(member: Option<Member>) -> Result<Self, ConfigError> {
        let Some(member) = member else {
            return Ok(Self::default());
        };
        if member.value.is_array() {
            return Ok(Self {
                any: list(Some(member))?,
                all: Vec::new(),
            });
        }
        let path = member.path.clone();
        let mut members = Members::new(member, &MEMBERSHIP)?;
        let this = Self {
            any: list(members.take("any"))?,
            all: list(members.take("all"))?,
        };
        if this.is_empty() {
            return Err(ConfigError::new(path, Problem::EmptyNotAbsent));
        }
        Ok(this)
    }

    /// Whether nothing is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.any.is_empty() && self.all.is_empty()
    }
}

impl Authenticator {
    fn read(mut members: Members) -> Result<Self, ConfigError> {
        Ok(Self {
            user_verified: demand(members.take("user_verified"))?,
            synced: members.take("synced").map(Member::flag).transpose()?,
            attested: demand(members.take("attested"))?,
            aaguids: list(members.take("aaguids"))?,
        })
    }
}

/// A list that names something where it stands.
fn list<T>(member: Option<Member>) -> Result<Vec<T>, ConfigError>
where
    T: TryFrom<String>,
    Problem: From<T::Error>,
{
    let Some(member) = member else {
        return Ok(Vec::new());
    };
    let path = member.path.clone();
    let entries: Vec<T> = member.texts()?;
    crate::check::count_where_named(&path, entries.len())?;
    Ok(entries)
}

/// `true`, or left out. `false` could be read as «must not be», which nobody can ask for.
fn demand(member: Option<Member>) -> Result<bool, ConfigError> {
    match member {
        None => Ok(false),
        Some(Member {
            value: Value::Bool(true),
            ..
        }) => Ok(true),
        Some(member) => Err(ConfigError::new(member.path, Problem::NotADemand)),
    }
}

impl Acr {
    /// As it stands in tokens.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Phr => "phr",
            Self::Phrh => "phrh",
        }
    }
}

impl Amr {
    /// As it stands in tokens.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hwk => "hwk",
            Self::Swk => "swk",
            Self::User => "user",
            Self::Mfa => "mfa",
        }
    }
}

impl Label {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Aaguid {
    /// The UUID as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Acr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for Acr {
    type Error = BadRequirement;

    fn try_from(text: String) -> Result<Self, BadRequirement> {
        match text.as_str() {
            "phr" => Ok(Self::Phr),
            "phrh" => Ok(Self::Phrh),
            _ => Err(BadRequirement::Acr),
        }
    }
}

impl TryFrom<String> for Amr {
    type Error = BadRequirement;

    fn try_from(text: String) -> Result<Self, BadRequirement> {
        [Self::Hwk, Self::Swk, Self::User, Self::Mfa]
            .into_iter()
            .find(|known| known.as_str() == text)
            .ok_or(BadRequirement::Amr)
    }
}

impl TryFrom<String> for Label {
    type Error = BadRequirement;

    fn try_from(text: String) -> Result<Self, BadRequirement> {
        let fits = (1..=MAX_LABEL_BYTES).contains(&text.len()) && text.trim() == text;
        if fits && !text.chars().any(|c| c == ',' || c.is_control()) {
            Ok(Self(text))
        } else {
            Err(BadRequirement::Label)
        }
    }
}

impl TryFrom<String> for Aaguid {
    type Error = BadRequirement;

    fn try_from(text: String) -> Result<Self, BadRequirement> {
        let lengths = [8, 4, 4, 4, 12];
        let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let parts: Vec<&str> = text.split('-').collect();
        let fits = parts.len() == lengths.len()
            && parts
                .iter()
                .zip(lengths)
                .all(|(part, length)| part.len() == length && part.bytes().all(digit));
        if fits {
            Ok(Self(text))
        } else {
            Err(BadRequirement::Aaguid)
        }
    }
}
