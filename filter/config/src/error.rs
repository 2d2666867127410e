//! Why a configuration is refused.

use std::time::Duration;

use thiserror::Error;

/// Why a configuration is refused. Its text begins with the path of the key.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The text is no JSON, a key is unknown or missing, or a value is not what its key takes.
    #[error("{key}: {message}")]
    Malformed {
        /// Path of the key, such as `rules[3].match.paths[0]`.
        key: String,
        /// What is wrong there, in the words of the parser.
        message: String,
    },
    /// Every value is well-formed, but this one cannot be what is meant.
    #[error("{key}: {problem}")]
    Refused {
        /// Path of the key.
        key: String,
        /// Why not.
        problem: Problem,
    },
}

/// Why a well-formed value is refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Problem {
    /// A list that must name something names nothing.
    #[error("must not be empty")]
    Empty,
    /// A list is longer than any sensible configuration.
    #[error("at most {most} entries")]
    TooMany {
        /// The limit.
        most: usize,
    },
    /// A duration is outside of what makes sense.
    #[error("must be between {least:?} and {most:?}")]
    OutOfRange {
        /// The shortest.
        least: Duration,
        /// The longest.
        most: Duration,
    },
    /// Two keys must not name the same thing.
    #[error("the same as {other}, where it must differ")]
    SameAs {
        /// Path of the other key.
        other: String,
    },
    /// A rule without `allow: authenticated` or `deny` cannot weaken the checks of the path.
    #[error("a public rule always refuses ambiguous paths")]
    AmbiguousButPublic,
    /// Cross-site requests are judged only where a session is needed.
    #[error("only a rule with `allow: authenticated` has a use for it")]
    OriginsWithoutSession,
    /// A rule that lies under the sign-in path would never be asked.
    #[error("`{public_path}` is the sign-in; rules cannot open or close it")]
    InsideSignIn {
        /// The configured `public_path`.
        public_path: String,
    },
}

impl ConfigError {
    /// Path of the key that is at fault; `.` is the whole configuration.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Malformed { key, .. } | Self::Refused { key, .. } => key,
        }
    }

    pub(crate) fn malformed(key: &str, error: &serde_json::Error) -> Self {
        let key = if key == "." { "configuration" } else { key };
        Self::Malformed {
            key: key.to_owned(),
            message: error.to_string(),
        }
    }

    pub(crate) fn refused(key: impl Into<String>, problem: Problem) -> Self {
        Self::Refused {
            key: key.into(),
            problem,
        }
    }
}
