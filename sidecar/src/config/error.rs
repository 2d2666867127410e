//! Why a configuration is refused.

/// What is wrong, and where.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] std::io::Error),
    /// The file is not TOML.
    #[error("not TOML: {0}")]
    Syntax(#[from] toml::de::Error),
    /// A key that does not exist.
    #[error("{origin}: there is no such key{}", suggestion(.near.as_deref()))]
    UnknownKey {
        /// The key, or the variable.
        origin: String,
        /// An existing one that is spelled almost the same.
        near: Option<String>,
    },
    /// A key that must be there is not.
    #[error("{key}: this key is required, expected {expected}")]
    Missing {
        /// Which key.
        key: String,
        /// What belongs there.
        expected: &'static str,
    },
    /// A value of the wrong type or form.
    #[error("{origin}: {problem}")]
    Value {
        /// The key, or the variable and the key.
        origin: String,
        /// What was found and what was expected.
        problem: String,
    },
}

impl ConfigError {
    /// A value that does not fit, with what was expected in its place.
    pub(super) fn value(key: &str, problem: impl Into<String>) -> Self {
        Self::Value {
            origin: key.to_owned(),
            problem: problem.into(),
        }
    }
}

fn suggestion(near: Option<&str>) -> String {
    near.map(|near| format!(", did you mean {near}?"))
        .unwrap_or_default()
}
