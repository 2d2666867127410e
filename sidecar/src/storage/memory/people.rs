//! `storage::people` behind the one lock.

use super::{MemoryStore, Tables};
use crate::model::{
    AuditBook, AuditFilter, AuditRecord, CredentialId, Enrolment, Minted, RecoveryCodes,
    SecretHash, Session, SessionId, UnixTime, User, UserChange, UserId, UserName,
};
use crate::storage::people::{looked_at, merged};
use crate::storage::{
    AuditCursor, AuditLog, ImportConflict, Imported, ImportedUser, LOOKED_AT, Page, People,
    Redeemed, Redemption, StorageError, UserAdded, UserChanged, UserFilter, is_bounded,
};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::ops::Bound;

impl Tables {
    pub(super) fn append_audit(&mut self, record: &AuditRecord) {
        let book = self.audit.entry(record.actor.book()).or_default();
        let last = book.last_key_value().map_or(0, |(number, _)| *number);
        book.insert(last + 1, record.clone());
    }

    pub(super) fn append_if_any(&mut self, record: Option<&AuditRecord>) {
        if let Some(record) = record {
            self.append_audit(record);
        }
    }

    fn put_user(&mut self, user: &User) {
        self.names.insert(user.name.clone(), user.id);
        self.users.insert(user.id, user.clone());
    }

    fn newest(&self, book: AuditBook, before: u64, most: usize) -> Vec<(u64, AuditRecord)> {
        let records = self.audit.get(&book).into_iter();
        records
            .flat_map(|book| book.range(..before).rev())
            .take(most)
            .map(|(number, record)| (*number, record.clone()))
            .collect()
    }
}

#[async_trait]
impl People for MemoryStore {
    async fn add_user(
        &self,
        user: &User,
        enrolment: Option<&Enrolment>,
        audit: &AuditRecord,
    ) -> Result<UserAdded, StorageError> {
        let mut tables = self.tables_to_write()?;
        if tables.names.contains_key(&user.name) {
            return Ok(UserAdded::NameTaken);
        }
        tables.put_user(user);
        if let Some(enrolment) = enrolment {
            tables.enrolments.insert(user.id, enrolment.clone());
        }
        tables.append_audit(audit);
        Ok(UserAdded::Added)
    }

    async fn change_user(
        &self,
        id: UserId,
        change: &UserChange,
        audit: &AuditRecord,
    ) -> Result<UserChanged, StorageError> {
        let mut tables = self.tables_to_write()?;
        let Some(user) = tables.users.get_mut(&id) else {
            return Ok(UserChanged::Gone);
        };
        let changed = change.applied_to(user);
        if change.can_grow() && !is_bounded(&changed) {
            return Ok(UserChanged::TooLarge);
        }
        user.clone_from(&changed);
        tables.append_audit(audit);
        Ok(UserChanged::Changed(Box::new(changed)))
    }

    async fn delete_user(&self, id: UserId, audit: &AuditRecord) -> Result<bool, StorageError> {
        let mut tables = self.tables_to_write()?;
        if tables.users.remove(&id).is_none() {
            return Ok(false);
        }
        tables.credentials.retain(|_, it| it.user != id);
        tables.sessions.retain(|_, it| it.user != id);
        tables.enrolments.remove(&id);
        tables.recovery_codes.remove(&id);
        tables.append_audit(audit);
        Ok(true)
    }

    async fn user_page(
        &self,
        after: Option<&UserName>,
        filter: &UserFilter,
        most: usize,
    ) -> Result<Page<User, UserName>, StorageError> {
        let tables = self.tables();
        let prefix = filter.prefix.as_deref().unwrap_or_default();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let names = tables.names.range((from, Bound::Unbounded));
        let names = names.filter(|(name, _)| name.as_str().starts_with(prefix));
        let (mut items, mut last, mut more) = (Vec::new(), None, false);
        for (looked_at, (name, id)) in names.enumerate() {
            if items.len() >= most || looked_at >= LOOKED_AT {
                more = true;
                break;
            }
            last = Some(name.clone());
            let user = tables.users.get(id).filter(|user| filter.takes(user));
            items.extend(user.cloned());
        }
        Ok(Page {
            items,
            next: last.filter(|_| more),
        })
    }

    async fn reserved_names(
        &self,
        after: Option<&UserName>,
        most: usize,
    ) -> Result<Page<UserName, UserName>, StorageError> {
        let tables = self.tables();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let names = tables.names.range((from, Bound::Unbounded));
        let mut gone = names.filter(|(_, id)| !tables.users.contains_key(id));
        let items: Vec<_> = gone.by_ref().take(most).map(|it| it.0.clone()).collect();
        let more = gone.next().is_some();
        let next = items.last().filter(|_| more).cloned();
        Ok(Page { items, next })
    }

    async fn is_name_taken(&self, name: &UserName) -> Result<bool, StorageError> {
        Ok(self.tables().names.contains_key(name))
    }

    async fn has_administrator(&self, groups: &[String]) -> Result<bool, StorageError> {
        let tables = self.tables();
        Ok(tables.users.values().any(|user| {
            user.groups.iter().any(|group| groups.contains(group))
                && !user.disabled
                && tables.credentials.values().any(|it| it.user == user.id)
        }))
    }

    async fn enrolment(&self, user: UserId) -> Result<Option<Enrolment>, StorageError> {
        Ok(self.tables().enrolments.get(&user).cloned())
    }

    async fn put_enrolment(
        &self,
        enrolment: &Enrolment,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let mut tables = self.tables_to_write()?;
        let user = enrolment.user;
        if user != Enrolment::NOBODY && !tables.users.contains_key(&user) {
            return Ok(false);
        }
        tables.enrolments.insert(user, enrolment.clone());
        tables.append_audit(audit);
        Ok(true)
    }

    async fn revoke_enrolment(
        &self,
        user: UserId,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let mut tables = self.tables_to_write()?;
        if tables.enrolments.remove(&user).is_none() {
            return Ok(false);
        }
        tables.append_audit(audit);
        Ok(true)
    }

    async fn redeem(
        &self,
        redemption: &Redemption,
        audit: &AuditRecord,
    ) -> Result<Redeemed, StorageError> {
        let mut tables = self.tables_to_write()?;
        let Redemption {
            code_of,
            secret,
            new_user,
            credential,
            session,
            most,
            minted,
            at,
        } = redemption;
        let enrolment = tables.enrolments.get(code_of);
        if enrolment.is_none_or(|it| it.secret != *secret || !it.is_open(*at)) {
            return Ok(Redeemed::Spent);
        }
        if tables.credentials.contains_key(&credential.id) {
            return Ok(Redeemed::CredentialTaken);
        }
        match new_user {
            Some(user) if tables.names.contains_key(&user.name) => return Ok(Redeemed::NameTaken),
            Some(user) => tables.put_user(user),
            None => {
                let passkeys = tables.credentials_of(credential.user).len();
                let user = tables.users.get_mut(&credential.user);
                let user = user.filter(|user| !user.disabled && user.id == *code_of);
                let Some(user) = user else {
                    return Ok(Redeemed::Spent);
                };
                if passkeys >= *most {
                    return Ok(Redeemed::TooMany);
                }
                user.must_register = false;
            }
        }
        tables.enrolments.remove(code_of);
        tables
            .credentials
            .insert(credential.id.clone(), credential.clone());
        let crowded_out = tables.make_room(session, *minted);
        tables.sessions.insert(session.id, session.clone());
        tables.append_audit(audit);
        Ok(Redeemed::Redeemed { crowded_out })
    }

    async fn recovery_codes(&self, user: UserId) -> Result<Option<RecoveryCodes>, StorageError> {
        Ok(self.tables().recovery_codes.get(&user).cloned())
    }

    async fn put_recovery_codes(
        &self,
        user: UserId,
        by: SessionId,
        codes: &RecoveryCodes,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let mut tables = self.tables_to_write()?;
        if !tables.is_signed_in(user, by) {
            return Ok(false);
        }
        tables.recovery_codes.insert(user, codes.clone());
        tables.append_audit(audit);
        Ok(true)
    }

    async fn revoke_recovery_codes(
        &self,
        user: UserId,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let mut tables = self.tables_to_write()?;
        let revoked = tables.recovery_codes.remove(&user).is_some();
        if revoked {
            tables.append_audit(audit);
        }
        Ok(revoked)
    }

    async fn spend_recovery_code(
        &self,
        code: SecretHash,
        enrolment: &Enrolment,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let mut tables = self.tables_to_write()?;
        let user = enrolment.user;
        if tables.users.get(&user).is_none_or(|user| user.disabled) {
            return Ok(false);
        }
        let codes = tables.recovery_codes.get_mut(&user);
        if !codes.is_some_and(|codes| codes.spend(code)) {
            return Ok(false);
        }
        tables.enrolments.insert(user, enrolment.clone());
        tables.append_audit(audit);
        Ok(true)
    }

    async fn session_page(
        &self,
        after: Option<SessionId>,
        now: UnixTime,
        most: usize,
    ) -> Result<Page<Session, SessionId>, StorageError> {
        let tables = self.tables();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let (mut items, mut last, mut more) = (Vec::new(), None, false);
        for (looked_at, (id, session)) in
            tables.sessions.range((from, Bound::Unbounded)).enumerate()
        {
            if items.len() >= most || looked_at >= LOOKED_AT {
                more = true;
                break;
            }
            last = Some(*id);
            items.extend(Some(session).filter(|it| it.is_alive(now)).cloned());
        }
        Ok(Page {
            items,
            next: last.filter(|_| more),
        })
    }

    async fn disable_credential(
        &self,
        id: &CredentialId,
        minted: Minted,
        audit: &AuditRecord,
    ) -> Result<Option<Vec<SessionId>>, StorageError> {
        let mut tables = self.tables_to_write()?;
        let credential = tables.credentials.get_mut(id);
        let Some(credential) = credential.filter(|it| it.disabled_at.is_none()) else {
            return Ok(None);
        };
        credential.disabled_at = Some(audit.at);
        let owner = credential.user;
        if let Some(user) = tables.users.get_mut(&owner) {
            user.passkey_alert = true;
        }
        let ended = tables.end_sessions_begun_with(owner, id, minted);
        tables.append_audit(audit);
        Ok(Some(ended))
    }

    async fn suspect_credential(
        &self,
        id: &CredentialId,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let mut tables = self.tables_to_write()?;
        let Some(credential) = tables.credentials.get_mut(id) else {
            return Ok(false);
        };
        credential.suspected_at = Some(audit.at);
        let owner = credential.user;
        if let Some(user) = tables.users.get_mut(&owner) {
            user.passkey_alert = true;
        }
        tables.append_audit(audit);
        Ok(true)
    }

    async fn import(
        &self,
        Imported { users, reserved }: &Imported,
        dry: bool,
        audit: &AuditRecord,
    ) -> Result<Vec<ImportConflict>, StorageError> {
        let mut tables = self.tables_to_write()?;
        let mut conflicts = Vec::new();
        let (mut names, mut ids) = (BTreeSet::new(), BTreeSet::new());
        let mut known = BTreeSet::new();
        for ImportedUser { user, credentials } in users {
            let name = || user.name.clone();
            if !names.insert(&user.name) || tables.names.contains_key(&user.name) {
                conflicts.push(ImportConflict::NameTaken(name()));
            }
            if !ids.insert(user.id) || tables.users.contains_key(&user.id) {
                conflicts.push(ImportConflict::IdTaken(name()));
            }
            for credential in credentials {
                let id = &credential.id;
                if !known.insert(id) || tables.credentials.contains_key(id) {
                    conflicts.push(ImportConflict::CredentialTaken(name(), id.clone()));
                }
            }
        }
        if dry || !conflicts.is_empty() {
            return Ok(conflicts);
        }
        for ImportedUser { user, credentials } in users {
            tables.put_user(user);
            for credential in credentials {
                tables
                    .credentials
                    .insert(credential.id.clone(), credential.clone());
            }
        }
        for name in reserved {
            let taken = tables.names.entry(name.clone());
            taken.or_insert(Enrolment::NOBODY);
        }
        tables.append_audit(audit);
        Ok(conflicts)
    }
}

#[async_trait]
impl AuditLog for MemoryStore {
    async fn append_audit(&self, record: &AuditRecord) -> Result<(), StorageError> {
        self.tables_to_write()?.append_audit(record);
        Ok(())
    }

    async fn audit_page(
        &self,
        from: AuditCursor,
        filter: &AuditFilter,
        most: usize,
    ) -> Result<Page<AuditRecord, AuditCursor>, StorageError> {
        let tables = self.tables();
        let full = looked_at(filter, most);
        let administration = tables.newest(AuditBook::Administration, from.administration, full);
        let people = tables.newest(AuditBook::People, from.people, full);
        Ok(merged(from, administration, people, filter, most))
    }

    async fn prune_audit(&self, before: UnixTime, most: u64) -> Result<u64, StorageError> {
        let mut removed = 0;
        for book in self.tables_to_write()?.audit.values_mut() {
            let last = book.last_key_value().map_or(0, |(number, _)| *number);
            let keep_from = last.saturating_sub(most);
            let count = book.len();
            book.retain(|number, record| {
                *number == last || (*number > keep_from && record.at >= before)
            });
            removed += u64::try_from(count - book.len()).unwrap_or(u64::MAX);
        }
        Ok(removed)
    }
}
