//! `storage::Ceremonies` behind the one lock.

use super::MemoryStore;
use crate::model::{ChallengeId, UnixTime, UserId};
use crate::storage::{
    Ceremonies, CeremonyKept, ChallengeSpent, RegistrationCeremony, StorageError,
};
use async_trait::async_trait;

#[async_trait]
impl Ceremonies for MemoryStore {
    async fn spend_challenge(
        &self,
        id: ChallengeId,
        expires_at: UnixTime,
        account: UserId,
        now: UnixTime,
    ) -> Result<ChallengeSpent, StorageError> {
        Ok(self.tables().ceremonies.spend(id, expires_at, account, now))
    }

    async fn release_challenge(&self, id: ChallengeId) -> Result<(), StorageError> {
        self.tables().ceremonies.unspend(id);
        Ok(())
    }

    async fn keep_registration(
        &self,
        ceremony: &RegistrationCeremony,
        now: UnixTime,
    ) -> Result<CeremonyKept, StorageError> {
        Ok(self.tables().ceremonies.keep(ceremony, now))
    }

    async fn take_registration(
        &self,
        challenge: &[u8],
        now: UnixTime,
    ) -> Result<Option<RegistrationCeremony>, StorageError> {
        Ok(self.tables().ceremonies.take(challenge, now))
    }
}
