//! What Envoy's access log can tell about a decision.

use thiserror::Error;

use crate::{ConfigError, Problem, json::Member};

/// Something that is set as `wasm.latchkey.<name>` for access logs. Each costs a call of the host
/// on every request, so none is set unless asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogField {
    /// The user id.
    User,
    /// The session id.
    Session,
    /// `allow`, `deny`, or `would_deny` where nothing is enforced.
    Decision,
    /// Why it is refused.
    Reason,
}

/// No such field.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("expected \"user\", \"session\", \"decision\" or \"reason\"")]
pub struct BadLogField;

impl LogField {
    const ALL: [Self; 4] = [Self::User, Self::Session, Self::Decision, Self::Reason];

    /// Its name in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Session => "session",
            Self::Decision => "decision",
            Self::Reason => "reason",
        }
    }

    pub(crate) fn read(member: Option<Member>) -> Result<Vec<Self>, ConfigError> {
        let Some(member) = member else {
            return Ok(Vec::new());
        };
        let path = member.path.clone();
        let fields: Vec<Self> = member.texts()?;
        let twice = |at: usize, field: &Self| fields.iter().take(at).any(|other| other == field);
        match fields.iter().enumerate().find(|(at, f)| twice(*at, f)) {
            Some((at, _)) => Err(ConfigError::new(format!("{path}[{at}]"), Problem::Twice)),
            None => Ok(fields),
        }
    }
}

impl TryFrom<String> for LogField {
    type Error = BadLogField;

    fn try_from(text: String) -> Result<Self, BadLogField> {
        Self::ALL
            .into_iter()
            .find(|known| known.name() == text)
            .ok_or(BadLogField)
    }
}
