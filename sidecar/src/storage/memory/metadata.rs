//! `storage::metadata` behind the one lock.

use super::MemoryStore;
use crate::storage::{MetadataNumbers, StorageError};
use async_trait::async_trait;

#[async_trait]
impl MetadataNumbers for MemoryStore {
    async fn metadata_number(&self, series: &str) -> Result<Option<u64>, StorageError> {
        Ok(self.tables().metadata_numbers.get(series).copied())
    }

    async fn raise_metadata_number(&self, series: &str, number: u64) -> Result<(), StorageError> {
        let mut tables = self.tables_to_write()?;
        let stored = tables
            .metadata_numbers
            .entry(series.to_owned())
            .or_default();
        *stored = number.max(*stored);
        Ok(())
    }
}
