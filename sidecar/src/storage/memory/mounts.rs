//! `storage::mounts` behind the one lock.

use super::{MemoryStore, Tables};
use crate::model::{AuditRecord, MountRecord};
use crate::storage::{Mounts, StorageError};
use async_trait::async_trait;

impl Tables {
    fn mount_revision(&self, name: &str) -> u64 {
        self.mounts.get(name).map_or(0, |mount| mount.revision)
    }
}

#[async_trait]
impl Mounts for MemoryStore {
    async fn mounts(&self) -> Result<Vec<MountRecord>, StorageError> {
        Ok(self.tables().mounts.values().cloned().collect())
    }

    async fn put_mount(
        &self,
        mount: &MountRecord,
        expected: u64,
        audit: &AuditRecord,
    ) -> Result<Option<u64>, StorageError> {
        let mut tables = self.tables_to_write()?;
        if tables.mount_revision(&mount.name) != expected {
            return Ok(None);
        }
        tables.mounts_revision += 1;
        let revision = tables.mounts_revision;
        let mount = MountRecord {
            revision,
            ..mount.clone()
        };
        tables.mounts.insert(mount.name.clone(), mount);
        tables.append_audit(audit);
        Ok(Some(revision))
    }

    async fn delete_mount(
        &self,
        name: &str,
        expected: u64,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let mut tables = self.tables_to_write()?;
        if expected == 0 || tables.mount_revision(name) != expected {
            return Ok(false);
        }
        tables.mounts.remove(name);
        tables.append_audit(audit);
        Ok(true)
    }

    async fn credentials_of_mount(&self, mount: &str) -> Result<u64, StorageError> {
        let tables = self.tables();
        let there = tables.credentials.values().filter(|it| it.mount == mount);
        Ok(u64::try_from(there.count()).unwrap_or(u64::MAX))
    }
}
