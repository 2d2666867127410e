//! `storage::people` over sled. Lists read what they show and not more.

use super::layout::{self, Key, Table};
use super::view::{View, Way};
use super::{EmbeddedStore, people_steps as steps};
use crate::model::{
    AuditRecord, CredentialId, Enrolment, Minted, RecoveryCodes, SecretHash, Session, SessionId,
    UnixTime, User, UserChange, UserId, UserName,
};
use crate::storage::{
    ImportConflict, Imported, LOOKED_AT, Page, People, Redeemed, Redemption, StorageError,
    UserAdded, UserChanged, UserFilter,
};
use async_trait::async_trait;
use std::ops::ControlFlow;

#[async_trait]
impl People for EmbeddedStore {
    async fn add_user(
        &self,
        user: &User,
        enrolment: Option<&Enrolment>,
        audit: &AuditRecord,
    ) -> Result<UserAdded, StorageError> {
        let (user, enrolment, audit) = (user.clone(), enrolment.cloned(), audit.clone());
        self.writer
            .run(move |ledger| steps::add_user(ledger, &user, enrolment.as_ref(), &audit))
            .await
    }

    async fn change_user(
        &self,
        id: UserId,
        change: &UserChange,
        audit: &AuditRecord,
    ) -> Result<UserChanged, StorageError> {
        let (change, audit) = (change.clone(), audit.clone());
        self.writer
            .run(move |ledger| steps::change_user(ledger, id, &change, &audit))
            .await
    }

    async fn delete_user(&self, id: UserId, audit: &AuditRecord) -> Result<bool, StorageError> {
        let audit = audit.clone();
        self.writer
            .run(move |ledger| steps::delete_user(ledger, id, &audit))
            .await
    }

    async fn user_page(
        &self,
        after: Option<&UserName>,
        filter: &UserFilter,
        most: usize,
    ) -> Result<Page<User, UserName>, StorageError> {
        let (after, filter) = (after.cloned(), filter.clone());
        self.scan(move |view| user_page(view, after.as_ref(), &filter, most))
            .await
    }

    async fn reserved_names(
        &self,
        after: Option<&UserName>,
        most: usize,
    ) -> Result<Page<UserName, UserName>, StorageError> {
        let after = after.cloned();
        self.scan(move |view| reserved_names(view, after.as_ref(), most))
            .await
    }

    async fn is_name_taken(&self, name: &UserName) -> Result<bool, StorageError> {
        let id = self.view.record::<UserId>(&Key::name(name))?;
        Ok(id.is_some())
    }

    async fn has_administrator(&self, groups: &[String]) -> Result<bool, StorageError> {
        let groups = groups.to_vec();
        self.scan(move |view| has_administrator(view, &groups))
            .await
    }

    async fn enrolment(&self, user: UserId) -> Result<Option<Enrolment>, StorageError> {
        self.view.record(&Key::enrolment(user))
    }

    async fn put_enrolment(
        &self,
        enrolment: &Enrolment,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let (enrolment, audit) = (enrolment.clone(), audit.clone());
        self.writer
            .run(move |ledger| steps::put_enrolment(ledger, &enrolment, &audit))
            .await
    }

    async fn revoke_enrolment(
        &self,
        user: UserId,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let audit = audit.clone();
        self.writer
            .run(move |ledger| steps::revoke(ledger, &Key::enrolment(user), &audit))
            .await
    }

    async fn redeem(
        &self,
        redemption: &Redemption,
        audit: &AuditRecord,
    ) -> Result<Redeemed, StorageError> {
        let (redemption, audit) = (redemption.clone(), audit.clone());
        self.writer
            .run(move |ledger| steps::redeem(ledger, &redemption, &audit))
            .await
    }

    async fn recovery_codes(&self, user: UserId) -> Result<Option<RecoveryCodes>, StorageError> {
        self.view.record(&Key::recovery_codes(user))
    }

    async fn put_recovery_codes(
        &self,
        user: UserId,
        by: SessionId,
        codes: &RecoveryCodes,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let (codes, audit) = (codes.clone(), audit.clone());
        self.writer
            .run(move |ledger| steps::put_recovery_codes(ledger, user, by, &codes, &audit))
            .await
    }

    async fn revoke_recovery_codes(
        &self,
        user: UserId,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let audit = audit.clone();
        self.writer
            .run(move |ledger| steps::revoke(ledger, &Key::recovery_codes(user), &audit))
            .await
    }

    async fn spend_recovery_code(
        &self,
        code: SecretHash,
        enrolment: &Enrolment,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let (enrolment, audit) = (enrolment.clone(), audit.clone());
        self.writer
            .run(move |ledger| steps::spend_recovery_code(ledger, code, &enrolment, &audit))
            .await
    }

    async fn session_page(
        &self,
        after: Option<SessionId>,
        now: UnixTime,
        most: usize,
    ) -> Result<Page<Session, SessionId>, StorageError> {
        self.scan(move |view| session_page(view, after, now, most))
            .await
    }

    async fn disable_credential(
        &self,
        id: &CredentialId,
        minted: Minted,
        audit: &AuditRecord,
    ) -> Result<Option<Vec<SessionId>>, StorageError> {
        let (id, audit) = (id.clone(), audit.clone());
        self.writer
            .run(move |ledger| steps::disable_credential(ledger, &id, minted, &audit))
            .await
    }

    async fn suspect_credential(
        &self,
        id: &CredentialId,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let (id, audit) = (id.clone(), audit.clone());
        self.writer
            .run(move |ledger| steps::suspect_credential(ledger, &id, &audit))
            .await
    }

    async fn import(
        &self,
        imported: &Imported,
        dry: bool,
        audit: &AuditRecord,
    ) -> Result<Vec<ImportConflict>, StorageError> {
        let (imported, audit) = (imported.clone(), audit.clone());
        self.writer
            .run(move |ledger| steps::import(ledger, &imported, dry, &audit))
            .await
    }
}

fn user_page(
    view: &View,
    after: Option<&UserName>,
    filter: &UserFilter,
    most: usize,
) -> Result<Page<User, UserName>, StorageError> {
    let prefix = Key::name_prefix(filter.prefix.as_deref().unwrap_or_default());
    let after = after.map(Key::name);
    let (mut items, mut looked_at, mut more, mut last) = (Vec::new(), 0, false, None);
    let walked = view.walk(
        &prefix,
        after.as_ref(),
        Way::Forward,
        |shown, key, value| {
            if items.len() >= most || looked_at >= LOOKED_AT {
                more = true;
                return Ok(ControlFlow::Break(()));
            }
            looked_at += 1;
            last = Key::name_from(key);
            let id: UserId = layout::decode(&Key::of(Table::Names, key), value)?;
            // A name stays when its user goes.
            let user: Option<User> = shown.record(&Key::user(id))?;
            items.extend(user.filter(|user| filter.takes(user)));
            Ok(ControlFlow::Continue(()))
        },
    );
    walked?;
    Ok(Page {
        items,
        next: last.filter(|_| more),
    })
}

fn reserved_names(
    view: &View,
    after: Option<&UserName>,
    most: usize,
) -> Result<Page<UserName, UserName>, StorageError> {
    let all = Key::all_of(Table::Names);
    let after = after.map(Key::name);
    let (mut items, mut looked_at, mut more, mut last) = (Vec::new(), 0, false, None);
    view.walk(&all, after.as_ref(), Way::Forward, |shown, key, value| {
        if items.len() >= most || looked_at >= LOOKED_AT {
            more = true;
            return Ok(ControlFlow::Break(()));
        }
        looked_at += 1;
        last = Key::name_from(key);
        let id: UserId = layout::decode(&Key::of(Table::Names, key), value)?;
        let user: Option<User> = shown.record(&Key::user(id))?;
        items.extend(last.clone().filter(|_| user.is_none()));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(Page {
        items,
        next: last.filter(|_| more),
    })
}

/// In the order of ids, where a user's passkeys follow the user.
fn has_administrator(view: &View, groups: &[String]) -> Result<bool, StorageError> {
    let users = Key::all_of(Table::Users);
    let (mut after, mut named, mut found) = (None, false, false);
    loop {
        // In portions: writers wait while a portion is read.
        let mut looked_at = 0;
        view.walk(
            &users,
            after.take().as_ref(),
            Way::Forward,
            |_, key, value| {
                if looked_at >= LOOKED_AT {
                    return Ok(ControlFlow::Break(()));
                }
                looked_at += 1;
                let key = Key::of(Table::Users, key);
                if Table::Users.has(key.bytes()) {
                    let user: User = layout::decode(&key, value)?;
                    named = !user.disabled && user.groups.iter().any(|it| groups.contains(it));
                }
                found = named && Table::Credentials.has(key.bytes());
                after = Some(key);
                Ok(if found {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                })
            },
        )?;
        if found || looked_at < LOOKED_AT {
            return Ok(found);
        }
    }
}

fn session_page(
    view: &View,
    after: Option<SessionId>,
    now: UnixTime,
    most: usize,
) -> Result<Page<Session, SessionId>, StorageError> {
    let (mut items, mut looked_at, mut more, mut last) = (Vec::new(), 0, false, None);
    let after = after.map(Key::session);
    let prefix = Key::all_of(Table::Sessions);
    view.walk(&prefix, after.as_ref(), Way::Forward, |_, key, value| {
        if items.len() >= most || looked_at >= LOOKED_AT {
            more = true;
            return Ok(ControlFlow::Break(()));
        }
        looked_at += 1;
        let session: Session = layout::decode(&Key::of(Table::Sessions, key), value)?;
        last = Some(session.id);
        if session.is_alive(now) {
            items.push(session);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(Page {
        items,
        next: last.filter(|_| more),
    })
}
