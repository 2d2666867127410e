//! `storage::metadata` over sled.

use super::EmbeddedStore;
use super::layout::Key;
use crate::storage::{MetadataNumbers, StorageError};
use async_trait::async_trait;

#[async_trait]
impl MetadataNumbers for EmbeddedStore {
    async fn metadata_number(&self, series: &str) -> Result<Option<u64>, StorageError> {
        self.view.record(&Key::metadata_number(series))
    }

    async fn raise_metadata_number(&self, series: &str, number: u64) -> Result<(), StorageError> {
        let key = Key::metadata_number(series);
        self.writer
            .run(move |ledger| {
                let stored = ledger.record::<u64>(&key)?;
                if stored.is_none_or(|stored| stored < number) {
                    ledger.put(&key, &number)?;
                }
                Ok(())
            })
            .await
    }
}
