//! How the filter learns of what was revoked.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::{
    ConfigError, Problem,
    json::{Member, Members},
};

const DEFAULT_MAX_AGE: Duration = Duration::from_mins(1);

/// How the filter learns of what was revoked.
#[derive(Debug, Clone)]
pub struct Revocations {
    /// How old the last list may be.
    pub max_age: Duration,
    /// What holds when it is older.
    pub when_stale: WhenStale,
}

/// What holds when the last list is too old.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenStale {
    /// The last list goes on holding.
    #[default]
    Allow,
    /// Whatever is guarded is refused until there is a new one.
    Refuse,
}

impl Revocations {
    /// `null` switches the list off.
    pub(crate) fn read(member: Option<Member>) -> Result<Option<Self>, ConfigError> {
        let member = member.unwrap_or_else(|| Member {
            path: "revocations".to_owned(),
            value: Value::Object(Map::new()),
        });
        if member.value.is_null() {
            return Ok(None);
        }
        let mut members = Members::new(member, &["max_age", "when_stale"])?;
        Ok(Some(Self {
            max_age: members.duration("max_age", DEFAULT_MAX_AGE)?,
            when_stale: members
                .take("when_stale")
                .map_or(Ok(WhenStale::default()), WhenStale::read)?,
        }))
    }
}

impl WhenStale {
    fn read(member: Member) -> Result<Self, ConfigError> {
        match member.value.as_str() {
            Some("allow") => Ok(Self::Allow),
            Some("refuse") => Ok(Self::Refuse),
            _ => Err(ConfigError::new(member.path, Problem::NotAStaleness)),
        }
    }
}
