//! Log lines.

use super::ConfigError;
use serde::Deserialize;
use tracing_subscriber::EnvFilter;

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

impl Log {
    pub(super) fn check(self) -> Result<Self, ConfigError> {
        match EnvFilter::builder().parse(&self.level) {
            Ok(_) if !self.level.trim().is_empty() => Ok(self),
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
