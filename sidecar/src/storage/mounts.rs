//! Mounts that were written over the administration API.

use super::StorageError;
use crate::model::{AuditRecord, MountRecord};
use async_trait::async_trait;

/// Mounts, each with the revision of its last write.
#[async_trait]
pub trait Mounts: Send + Sync {
    /// Every mount, by name.
    async fn mounts(&self) -> Result<Vec<MountRecord>, StorageError>;
    /// Stores a mount in place of the one of revision `expected` (0: there is none), under the next
    /// revision, whatever `mount` has. `None` when another one is there: then nothing is stored. Of
    /// parallel calls with one `expected` exactly one stores.
    async fn put_mount(
        &self,
        mount: &MountRecord,
        expected: u64,
        audit: &AuditRecord,
    ) -> Result<Option<u64>, StorageError>;
    /// Removes the mount of this revision; `false` when it is another one, or gone. Its passkeys stay
    /// in their accounts.
    async fn delete_mount(
        &self,
        name: &str,
        expected: u64,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError>;
    /// How many passkeys were registered at a mount.
    async fn credentials_of_mount(&self, mount: &str) -> Result<u64, StorageError>;
}
