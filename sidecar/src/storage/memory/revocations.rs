//! `storage::Revocations` behind the one lock.

use super::MemoryStore;
use crate::model::{AuditRecord, Revocation, Revoked, UnixTime};
use crate::storage::{Revocations, StorageError};
use async_trait::async_trait;

#[async_trait]
impl Revocations for MemoryStore {
    async fn revocations(&self) -> Result<Vec<Revocation>, StorageError> {
        Ok(self.tables().revocations.values().cloned().collect())
    }

    async fn revoke(
        &self,
        revocation: &Revocation,
        audit: Option<&AuditRecord>,
    ) -> Result<(), StorageError> {
        let mut tables = self.tables();
        tables.revoke(revocation);
        tables.append_if_any(audit);
        Ok(())
    }

    async fn forget_revocations(
        &self,
        ended: &[Revoked],
        now: UnixTime,
    ) -> Result<u64, StorageError> {
        let mut tables = self.tables();
        let before = tables.revocations.len();
        tables
            .revocations
            .retain(|what, stored| stored.until > now || !ended.contains(what));
        Ok(u64::try_from(before - tables.revocations.len()).unwrap_or(u64::MAX))
    }

    async fn minted_until(&self) -> Result<Option<UnixTime>, StorageError> {
        Ok(self.tables().minted_until)
    }

    async fn raise_minted_until(&self, until: UnixTime) -> Result<(), StorageError> {
        let mut tables = self.tables();
        tables.minted_until = tables.minted_until.max(Some(until));
        Ok(())
    }
}
