//! Log lines.

use super::ConfigError;
use serde::Deserialize;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// How a line looks.
    pub format: LogFormat,
    /// What is logged: a level, or directives like `info,latchkey::routes=debug`.
    pub level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            level: "info".to_owned(),
        }
    }
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// A bare word that is no level would be taken for the only part that logs anything: with a
/// mistyped level nothing would be logged at all.
fn names_a_level_or_a_part(directive: &str) -> bool {
    let directive = directive.trim();
    let is_level = !directive.is_empty() && directive.parse::<LevelFilter>().is_ok();
    is_level || directive.contains(['=', ':', '['])
}

impl Log {
    pub(super) fn check(self) -> Result<Self, ConfigError> {
        let is_known = self.level.split(',').all(names_a_level_or_a_part);
        match EnvFilter::builder().parse(&self.level) {
            Ok(_) if is_known => Ok(self),
            _ => Err(ConfigError::value(
                "log.level",
                format!(
                    "expected error, warn, info, debug or trace, or directives like \
                     info,latchkey::routes=debug, found {:?}",
                    self.level
                ),
            )),
        }
    }
}
