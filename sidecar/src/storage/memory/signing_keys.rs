//! `storage::SigningKeys` behind the one lock.

use super::MemoryStore;
use crate::model::{AuditRecord, Revocation, SigningKeyRecord};
use crate::storage::{SigningKeys, StorageError};
use async_trait::async_trait;

#[async_trait]
impl SigningKeys for MemoryStore {
    async fn signing_keys(&self) -> Result<Vec<SigningKeyRecord>, StorageError> {
        Ok(self.tables().signing_keys.clone())
    }

    async fn replace_signing_keys(
        &self,
        keys: &[SigningKeyRecord],
        revocation: Option<&Revocation>,
        audit: &AuditRecord,
    ) -> Result<(), StorageError> {
        let mut tables = self.tables();
        keys.clone_into(&mut tables.signing_keys);
        if let Some(revocation) = revocation {
            tables.revoke(revocation);
        }
        tables.append_audit(audit);
        Ok(())
    }
}
