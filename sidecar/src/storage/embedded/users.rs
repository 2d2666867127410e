//! `storage::Users` over sled.

use super::layout::{Key, Table};
use super::{EmbeddedStore, steps};
use crate::model::{
    AuditRecord, Credential, CredentialId, Minted, Revocation, SessionId, User, UserId, UserName,
};
use crate::storage::{CredentialInserted, CredentialRemoved, StorageError, UserCreated, Users};
use async_trait::async_trait;

#[async_trait]
impl Users for EmbeddedStore {
    async fn user(&self, id: UserId) -> Result<Option<User>, StorageError> {
        self.view.record(&Key::user(id))
    }

    async fn user_by_name(&self, name: &UserName) -> Result<Option<User>, StorageError> {
        let id: Option<UserId> = self.view.record(&Key::name(name))?;
        id.map_or(Ok(None), |id| self.view.record(&Key::user(id)))
    }

    async fn create_user(
        &self,
        user: &User,
        credential: &Credential,
        audit: &AuditRecord,
    ) -> Result<UserCreated, StorageError> {
        let (user, credential, audit) = (user.clone(), credential.clone(), audit.clone());
        self.writer
            .run(move |ledger| steps::create_user(ledger, &user, &credential, &audit))
            .await
    }

    async fn update_user(&self, user: &User) -> Result<bool, StorageError> {
        let user = user.clone();
        self.writer
            .run(move |ledger| steps::update_user(ledger, &user))
            .await
    }

    async fn set_disabled(
        &self,
        user: UserId,
        disabled: bool,
        revocation: Option<&Revocation>,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let (revocation, audit) = (revocation.cloned(), audit.clone());
        self.writer
            .run(move |ledger| {
                steps::set_disabled(ledger, user, disabled, revocation.as_ref(), &audit)
            })
            .await
    }

    async fn count_users(&self) -> Result<u64, StorageError> {
        self.view.count(Table::Users)
    }

    async fn credential(&self, id: &CredentialId) -> Result<Option<Credential>, StorageError> {
        let owner: Option<UserId> = self.view.record(&Key::owner(id))?;
        owner.map_or(Ok(None), |owner| {
            self.view.record(&Key::credential(owner, id))
        })
    }

    async fn credentials_of(&self, user: UserId) -> Result<Vec<Credential>, StorageError> {
        let of_user = Key::credentials_of(user);
        let mut credentials: Vec<Credential> =
            self.view.records_under(Table::Credentials, &of_user)?;
        credentials.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(credentials)
    }

    async fn insert_credential_if_absent(
        &self,
        credential: &Credential,
        by: SessionId,
        most: usize,
        audit: &AuditRecord,
    ) -> Result<CredentialInserted, StorageError> {
        let (credential, audit) = (credential.clone(), audit.clone());
        self.writer
            .run(move |ledger| steps::insert_credential(ledger, &credential, by, most, &audit))
            .await
    }

    async fn label_credential(
        &self,
        user: UserId,
        id: &CredentialId,
        label: &str,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let (id, label, audit) = (id.clone(), label.to_owned(), audit.clone());
        self.writer
            .run(move |ledger| steps::label_credential(ledger, user, &id, label, &audit))
            .await
    }

    async fn remove_credential(
        &self,
        user: UserId,
        id: &CredentialId,
        keep_last: bool,
        minted: Minted,
        audit: &AuditRecord,
    ) -> Result<CredentialRemoved, StorageError> {
        let (id, audit) = (id.clone(), audit.clone());
        self.writer
            .run(move |ledger| {
                steps::remove_credential(ledger, user, &id, keep_last, minted, &audit)
            })
            .await
    }
}
