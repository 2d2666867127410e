//! `storage::Revocations` over sled.

use super::layout::{Key, Table};
use super::{EmbeddedStore, PORTION, steps};
use crate::model::{AuditRecord, Revocation, Revoked, UnixTime};
use crate::storage::{Revocations, StorageError};
use async_trait::async_trait;

#[async_trait]
impl Revocations for EmbeddedStore {
    async fn revocations(&self) -> Result<Vec<Revocation>, StorageError> {
        self.scan(|view| view.records(Table::Revocations)).await
    }

    async fn revoke(
        &self,
        revocation: &Revocation,
        audit: Option<&AuditRecord>,
    ) -> Result<(), StorageError> {
        let (revocation, audit) = (revocation.clone(), audit.cloned());
        self.writer
            .run(move |ledger| steps::revoke_noted(ledger, &revocation, audit.as_ref()))
            .await
    }

    async fn forget_revocations(
        &self,
        ended: &[Revoked],
        now: UnixTime,
    ) -> Result<u64, StorageError> {
        let mut forgotten = 0;
        // In portions, as sessions are.
        for portion in ended.chunks(PORTION) {
            let portion = portion.to_vec();
            forgotten += self
                .writer
                .run(move |ledger| steps::forget_revocations(ledger, &portion, now))
                .await?;
        }
        Ok(forgotten)
    }

    async fn minted_until(&self) -> Result<Option<UnixTime>, StorageError> {
        self.view.record(&Key::minted_until())
    }

    async fn raise_minted_until(&self, until: UnixTime) -> Result<(), StorageError> {
        self.writer
            .run(move |ledger| steps::raise_minted_until(ledger, until))
            .await
    }
}
