//! Where things are kept.

use super::ConfigError;
use serde::Deserialize;
use std::path::PathBuf;

/// `[storage]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StorageConfig {
    /// Which engine.
    pub backend: Backend,
    /// The directory of the embedded store.
    pub path: PathBuf,
}

impl Default for StorageConfig {
    fn default() -> Self {
        Self {
            backend: Backend::Sled,
            path: PathBuf::from("/var/lib/latchkey"),
        }
    }
}

impl StorageConfig {
    pub(super) fn check(self) -> Result<Self, ConfigError> {
        if self.path.as_os_str().is_empty() {
            return Err(ConfigError::value("storage.path", "expected a directory"));
        }
        Ok(self)
    }
}

/// The engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// Embedded, durable, one process.
    Sled,
    /// Gone when the process ends.
    Memory,
}
