//! The one place, with `main`, that names concrete parts.

use crate::config::{Backend, StorageConfig};
use crate::storage::Store;
use crate::storage::embedded::EmbeddedStore;
use crate::storage::memory::MemoryStore;
use std::sync::Arc;

pub use crate::storage::embedded::OpenError;

/// Whether opening the configured store makes one.
#[must_use]
pub fn is_new(config: &StorageConfig) -> bool {
    match config.backend {
        Backend::Memory => true,
        Backend::Sled => EmbeddedStore::is_new(&config.path),
    }
}

/// Opens the configured store.
///
/// # Errors
/// When it is locked, missing or damaged; the message says what to do.
pub fn open_store(config: &StorageConfig) -> Result<Arc<dyn Store>, OpenError> {
    Ok(match config.backend {
        Backend::Memory => Arc::new(MemoryStore::new()),
        Backend::Sled => Arc::new(EmbeddedStore::open(&config.path)?),
    })
}
