//! `storage::SigningKeys` over sled.

use super::layout::Table;
use super::{EmbeddedStore, steps};
use crate::model::{AuditRecord, Revocation, SigningKeyRecord};
use crate::storage::{SigningKeys, StorageError};
use async_trait::async_trait;

#[async_trait]
impl SigningKeys for EmbeddedStore {
    async fn signing_keys(&self) -> Result<Vec<SigningKeyRecord>, StorageError> {
        self.view.records(Table::SigningKeys)
    }

    async fn replace_signing_keys(
        &self,
        keys: &[SigningKeyRecord],
        revocation: Option<&Revocation>,
        audit: &AuditRecord,
    ) -> Result<(), StorageError> {
        let (keys, revocation) = (keys.to_vec(), revocation.cloned());
        let audit = audit.clone();
        self.writer
            .run(move |ledger| {
                steps::replace_signing_keys(ledger, &keys, revocation.as_ref(), &audit)
            })
            .await
    }
}
