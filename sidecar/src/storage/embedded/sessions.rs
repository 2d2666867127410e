//! `storage::Sessions` over sled.

use super::layout::{self, Key, Table};
use super::view::{View, Way};
use super::{EmbeddedStore, PORTION, steps};
use crate::model::{
    AuditRecord, CredentialId, Floors, Minted, Revocation, Session, SessionId, UnixTime, UserId,
};
use crate::storage::{Assertion, AssertionRecorded, Sessions, StorageError};
use async_trait::async_trait;
use std::ops::ControlFlow;
use std::sync::Arc;

#[async_trait]
impl Sessions for EmbeddedStore {
    async fn session(&self, id: SessionId) -> Result<Option<Session>, StorageError> {
        self.view.record(&Key::session(id))
    }

    async fn sessions_of(&self, user: UserId) -> Result<Vec<Session>, StorageError> {
        let mut sessions = Vec::new();
        for key in self.view.keys(&Key::sessions_of(user))? {
            sessions.extend(self.view.record(&Key::session_from(&key))?);
        }
        Ok(sessions)
    }

    async fn insert_session(&self, session: &Session) -> Result<(), StorageError> {
        let session = session.clone();
        self.writer
            .run(move |ledger| steps::store_session(ledger, &session))
            .await
    }

    async fn record_assertion(
        &self,
        credential: &CredentialId,
        assertion: Assertion,
        session: &Session,
        replaces: Option<&Revocation>,
        minted: Minted,
    ) -> Result<AssertionRecorded, StorageError> {
        let (credential, session) = (credential.clone(), session.clone());
        let replaces = replaces.cloned();
        self.writer
            .run(move |ledger| {
                let replaces = replaces.as_ref();
                steps::record_assertion(
                    ledger,
                    &credential,
                    assertion,
                    &session,
                    (replaces, minted),
                )
            })
            .await
    }

    async fn extend_session(
        &self,
        id: SessionId,
        idle_until: UnixTime,
    ) -> Result<bool, StorageError> {
        self.writer
            .run(move |ledger| steps::extend_session(ledger, id, idle_until))
            .await
    }

    async fn end_session(
        &self,
        id: SessionId,
        revocation: &Revocation,
        audit: Option<&AuditRecord>,
    ) -> Result<bool, StorageError> {
        let (revocation, audit) = (revocation.clone(), audit.cloned());
        self.writer
            .run(move |ledger| steps::end_session_noted(ledger, id, &revocation, audit.as_ref()))
            .await
    }

    async fn sweep_sessions(&self, now: UnixTime, floors: &Floors) -> Result<u64, StorageError> {
        let floors = Arc::new(floors.clone());
        let (mut removed, mut after) = (0, None);
        loop {
            let seen = Arc::clone(&floors);
            let portion = self.scan(move |view| ended_sessions(view, after.as_ref(), now, &seen));
            let Portion { ended, last } = portion.await?;
            if !ended.is_empty() {
                let floors = Arc::clone(&floors);
                removed += self
                    .writer
                    .run(move |ledger| steps::sweep_sessions(ledger, &ended, now, &floors))
                    .await?;
            }
            if last.is_none() {
                return Ok(removed);
            }
            after = last;
        }
    }
}

/// What one look of a sweep finds.
struct Portion {
    ended: Vec<SessionId>,
    /// What to go on after; nothing at the end.
    last: Option<Key>,
}

/// Of the next sessions those that do not live at `now` any more, or that the floors end.
fn ended_sessions(
    view: &View,
    after: Option<&Key>,
    now: UnixTime,
    floors: &Floors,
) -> Result<Portion, StorageError> {
    let (mut ended, mut looked_at, mut last) = (Vec::new(), 0, None);
    let prefix = Key::all_of(Table::Sessions);
    view.walk(&prefix, after, Way::Forward, |_, key, value| {
        if looked_at >= PORTION {
            return Ok(ControlFlow::Break(()));
        }
        looked_at += 1;
        let key = Key::of(Table::Sessions, key);
        let session: Session = layout::decode(&key, value)?;
        if !session.is_alive(now) || floors.end(&session) {
            ended.push(session.id);
        }
        last = Some(key);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(Portion {
        ended,
        last: last.filter(|_| looked_at >= PORTION),
    })
}
