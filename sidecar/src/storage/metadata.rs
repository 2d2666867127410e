//! Which FIDO metadata were in use, so that a restart does not open the way for older ones.

use super::StorageError;
use async_trait::async_trait;

/// The highest number of a blob that was in use, for each series of them.
#[async_trait]
pub trait MetadataNumbers: Send + Sync {
    /// The number of this series; `None` before the first.
    async fn metadata_number(&self, series: &str) -> Result<Option<u64>, StorageError>;
    /// Notes that a blob of this number is in use; never goes back.
    async fn raise_metadata_number(&self, series: &str, number: u64) -> Result<(), StorageError>;
}
