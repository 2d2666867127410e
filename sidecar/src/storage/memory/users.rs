//! `storage::Users` behind the one lock.

use super::MemoryStore;
use crate::model::{
    AuditRecord, Credential, CredentialId, Minted, Revocation, SessionId, User, UserId, UserName,
};
use crate::storage::{
    CredentialInserted, CredentialRemoved, StorageError, UserCreated, Users, is_last,
};
use async_trait::async_trait;

#[async_trait]
impl Users for MemoryStore {
    async fn user(&self, id: UserId) -> Result<Option<User>, StorageError> {
        Ok(self.tables().users.get(&id).cloned())
    }

    async fn user_by_name(&self, name: &UserName) -> Result<Option<User>, StorageError> {
        let tables = self.tables();
        Ok(tables
            .names
            .get(name)
            .and_then(|id| tables.users.get(id))
            .cloned())
    }

    async fn create_user(
        &self,
        user: &User,
        credential: &Credential,
        audit: &AuditRecord,
    ) -> Result<UserCreated, StorageError> {
        let mut tables = self.tables();
        if tables.names.contains_key(&user.name) {
            return Ok(UserCreated::NameTaken);
        }
        if tables.credentials.contains_key(&credential.id) {
            return Ok(UserCreated::CredentialTaken);
        }
        tables.names.insert(user.name.clone(), user.id);
        tables.users.insert(user.id, user.clone());
        tables
            .credentials
            .insert(credential.id.clone(), credential.clone());
        tables.append_audit(audit);
        Ok(UserCreated::Created)
    }

    async fn update_user(&self, user: &User) -> Result<bool, StorageError> {
        let mut tables = self.tables();
        let Some(stored) = tables.users.get_mut(&user.id) else {
            return Ok(false);
        };
        stored.apply_changes(user);
        Ok(true)
    }

    async fn set_disabled(
        &self,
        user: UserId,
        disabled: bool,
        revocation: Option<&Revocation>,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let mut tables = self.tables();
        let Some(stored) = tables.users.get_mut(&user) else {
            return Ok(false);
        };
        stored.disabled = disabled;
        if let Some(revocation) = revocation {
            tables.revoke(revocation);
        }
        tables.append_audit(audit);
        Ok(true)
    }

    async fn count_users(&self) -> Result<u64, StorageError> {
        Ok(u64::try_from(self.tables().users.len()).unwrap_or(u64::MAX))
    }

    async fn credential(&self, id: &CredentialId) -> Result<Option<Credential>, StorageError> {
        Ok(self.tables().credentials.get(id).cloned())
    }

    async fn credentials_of(&self, user: UserId) -> Result<Vec<Credential>, StorageError> {
        Ok(self.tables().credentials_of(user))
    }

    async fn insert_credential_if_absent(
        &self,
        credential: &Credential,
        by: SessionId,
        most: usize,
        audit: &AuditRecord,
    ) -> Result<CredentialInserted, StorageError> {
        let mut tables = self.tables();
        if !tables.users.contains_key(&credential.user) {
            return Ok(CredentialInserted::NoUser);
        }
        if !tables.is_signed_in(credential.user, by) {
            return Ok(CredentialInserted::NoSession);
        }
        if tables.credentials.contains_key(&credential.id) {
            return Ok(CredentialInserted::Taken);
        }
        if tables.credentials_of(credential.user).len() >= most {
            return Ok(CredentialInserted::TooMany);
        }
        let owner = tables.users.get_mut(&credential.user);
        if let Some(user) = owner.filter(|_| credential.is_strict()) {
            user.must_register = false;
        }
        tables
            .credentials
            .insert(credential.id.clone(), credential.clone());
        tables.append_audit(audit);
        Ok(CredentialInserted::Inserted)
    }

    async fn label_credential(
        &self,
        user: UserId,
        id: &CredentialId,
        label: &str,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let mut tables = self.tables();
        let Some(credential) = tables.credential_of(user, id) else {
            return Ok(false);
        };
        label.clone_into(&mut credential.label);
        tables.append_audit(audit);
        Ok(true)
    }

    async fn remove_credential(
        &self,
        user: UserId,
        id: &CredentialId,
        keep_last: bool,
        minted: Minted,
        audit: &AuditRecord,
    ) -> Result<CredentialRemoved, StorageError> {
        let mut tables = self.tables();
        let held = tables.credentials_of(user);
        let Some(removed) = held.iter().find(|it| it.id == *id) else {
            return Ok(CredentialRemoved::NotFound);
        };
        if keep_last && is_last(removed, &held) {
            return Ok(CredentialRemoved::Last);
        }
        tables.credentials.remove(id);
        let ended = tables.end_sessions_begun_with(user, id, minted);
        tables.append_audit(audit);
        Ok(CredentialRemoved::Removed(ended))
    }
}
