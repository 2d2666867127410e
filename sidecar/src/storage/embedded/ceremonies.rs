//! `storage::Ceremonies`, in memory.

use super::EmbeddedStore;
use crate::model::{ChallengeId, UnixTime, UserId};
use crate::storage::{
    Ceremonies, CeremonyKept, ChallengeSpent, RegistrationCeremony, StorageError,
};
use async_trait::async_trait;

#[async_trait]
impl Ceremonies for EmbeddedStore {
    async fn spend_challenge(
        &self,
        id: ChallengeId,
        expires_at: UnixTime,
        account: UserId,
        now: UnixTime,
    ) -> Result<ChallengeSpent, StorageError> {
        Ok(self.ceremonies().spend(id, expires_at, account, now))
    }

    async fn release_challenge(&self, id: ChallengeId) -> Result<(), StorageError> {
        self.ceremonies().unspend(id);
        Ok(())
    }

    async fn keep_registration(
        &self,
        ceremony: &RegistrationCeremony,
        now: UnixTime,
    ) -> Result<CeremonyKept, StorageError> {
        Ok(self.ceremonies().keep(ceremony, now))
    }

    async fn take_registration(
        &self,
        challenge: &[u8],
        now: UnixTime,
    ) -> Result<Option<RegistrationCeremony>, StorageError> {
        Ok(self.ceremonies().take(challenge, now))
    }
}
