//! Why a configuration is refused.

use crate::model::{Reason, ReasonCode};

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
    /// A field that no mount has.
    #[error("{origin}: there is no such field{}", suggestion(.near.as_deref()))]
    UnknownField {
        /// The field.
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
    #[error("{0}")]
    Value(
        /// The key, or the variable and the key; what was found and what was expected.
        Reason,
    ),
}

impl ConfigError {
    /// A value that does not fit, with what was expected in its place.
    pub(super) fn value(key: &str, problem: impl Into<String>) -> Self {
        Self::Value(Reason::new(ReasonCode::NotAsExpected, problem).at(key))
    }

    /// What is wrong with a field of a mount, for whoever writes one over the API.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Value(reason) => reason.clone(),
            Self::UnknownField { origin, near } | Self::UnknownKey { origin, near } => {
                let text = format!("there is no such field{}", suggestion(near.as_deref()));
                Reason::new(ReasonCode::UnknownField, text).at(origin)
            }
            other => Reason::new(ReasonCode::NotAsExpected, other.to_string()),
        }
    }

    /// The same, about a field of a mount that is written over the API. `renamed` has the fields that
    /// have another name there than in the file.
    pub(super) fn of_field(self, section: &str, renamed: &[(&str, &str)]) -> Self {
        let named = |key: String| {
            let key = key.strip_prefix(section).unwrap_or(&key);
            let key = key.strip_prefix('.').unwrap_or(key);
            let (path, last) = key
                .rsplit_once('.')
                .map_or(("", key), |(path, last)| (path, last));
            let api = renamed.iter().find(|(_, file)| *file == last);
            match (api, path) {
                (None, _) => key.to_owned(),
                (Some((api, _)), "") => (*api).to_owned(),
                (Some((api, _)), path) => format!("{path}.{api}"),
            }
        };
        match self {
            Self::Value(reason) => {
                let field = reason.field().map(|field| named(field.to_owned()));
                Self::Value(reason.of(field))
            }
            Self::UnknownKey { origin, near } => Self::UnknownField {
                origin: origin
                    .strip_prefix(&format!("{section}."))
                    .unwrap_or(&origin)
                    .to_owned(),
                // Of the keys that are near, those of other sections are of no help here.
                near: near
                    .map(|near| {
                        near.strip_prefix(&format!("{section}."))
                            .unwrap_or(&near)
                            .to_owned()
                    })
                    .filter(|near| !near.contains('.'))
                    .map(named),
            },
            other => other,
        }
    }

    /// The same, about a key inside of this one.
    pub(super) fn within(self, outer: &str) -> Self {
        match self {
            Self::Value(reason) => Self::Value(reason.at(outer)),
            Self::UnknownKey { origin, near } => Self::UnknownKey {
                origin: format!("{outer}.{origin}"),
                near,
            },
            other => other,
        }
    }
}

fn suggestion(near: Option<&str>) -> String {
    near.map(|near| format!(", did you mean {near}?"))
        .unwrap_or_default()
}
