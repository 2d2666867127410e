//! Sessions and revocations: what counts, and what ends it.

use super::App;
use crate::model::{
    AuditRecord, CredentialId, Revoked, Seconds, Session, SessionId, UnixTime, UserId,
};
use crate::revocation::{Interrupted, Reserved, carry_out};
use crate::storage::{
    Assertion, AssertionRecorded, CredentialRemoved, Redeemed, Redemption, StorageError,
};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// How far ahead of the tokens the stored mark goes: one write in so many seconds, and after a
/// restart the first revocation lies so far in the future at most.
const MARK_AHEAD: Seconds = Seconds(10);

impl App {
    /// The session with this id, when it lives.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn living_session(&self, id: SessionId) -> Result<Option<Session>, StorageError> {
        let session = self.store.session(id).await?;
        Ok(session.filter(|session| self.is_alive(session)))
    }

    /// Whether the session lives: within its limits, and not ended with its user's others.
    #[must_use]
    pub fn is_alive(&self, session: &Session) -> bool {
        session.is_alive(self.now()) && !self.revocations.end(session)
    }

    /// The sessions of a user that live.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn living_sessions_of(&self, user: UserId) -> Result<Vec<Session>, StorageError> {
        let mut sessions = self.store.sessions_of(user).await?;
        sessions.retain(|session| self.is_alive(session));
        Ok(sessions)
    }

    /// The `iat` of a token for this user, minted now. Whatever the token stands for must be looked
    /// at after this: a revocation that comes later lies past it, one that came before shows.
    ///
    /// # Errors
    /// When it cannot be noted that tokens are minted up to here.
    pub async fn stamp(&self, user: UserId) -> Result<UnixTime, StorageError> {
        let stamp = self.revocations.stamp(user, self.now());
        if stamp.0 > self.minted_until.load(Ordering::Relaxed) {
            let until = stamp.plus(MARK_AHEAD);
            self.store.raise_minted_until(until).await?;
            self.minted_until.fetch_max(until.0, Ordering::Relaxed);
        }
        Ok(stamp)
    }

    /// Ends a session, with the record of it where it is not because of something that has one;
    /// `false` when there was none. When this returns, no gateway that listens
    /// takes its tokens for longer than a message needs.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub async fn end_session(
        &self,
        id: SessionId,
        audit: Option<AuditRecord>,
    ) -> Result<bool, StorageError> {
        let reserved = self.reserve(Revoked::Session(id));
        let (store, revocation) = (Arc::clone(&self.store), reserved.revocation().clone());
        let live = Arc::clone(&self.revocations);
        let ended = carry_out(live, reserved, async move {
            let ended = store.end_session(id, &revocation, audit.as_ref()).await?;
            Ok::<_, StorageError>((ended, ended))
        })
        .await?;
        self.count(ended, "session");
        Ok(ended)
    }

    /// Ends every session of a user, or of everyone, with the record of it where it is not because of
    /// something that has one.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub async fn end_sessions(
        &self,
        of: Option<UserId>,
        audit: Option<AuditRecord>,
    ) -> Result<(), StorageError> {
        let what = of.map_or(Revoked::Everyone, Revoked::User);
        let kind = what.kind();
        self.revoke(what, audit).await?;
        self.count(true, kind);
        Ok(())
    }

    async fn revoke(&self, what: Revoked, audit: Option<AuditRecord>) -> Result<(), StorageError> {
        let reserved = self.reserve(what);
        let (store, revocation) = (Arc::clone(&self.store), reserved.revocation().clone());
        let live = Arc::clone(&self.revocations);
        carry_out(live, reserved, async move {
            store.revoke(&revocation, audit.as_ref()).await?;
            Ok::<_, StorageError>((true, ()))
        })
        .await
    }

    /// Disables a user and ends every session of theirs; `false` when there is no such user.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub async fn disable(&self, user: UserId, audit: AuditRecord) -> Result<bool, StorageError> {
        let reserved = self.reserve(Revoked::User(user));
        let (store, revocation) = (Arc::clone(&self.store), reserved.revocation().clone());
        let live = Arc::clone(&self.revocations);
        let disabled = carry_out(live, reserved, async move {
            let there = store.set_disabled(user, true, Some(&revocation), &audit);
            let there = there.await?;
            Ok::<_, StorageError>((there, there))
        })
        .await?;
        if disabled {
            self.revoke_late(user).await?;
        }
        self.count(disabled, "user");
        Ok(disabled)
    }

    /// Deletes a user and ends every session of theirs; `false` when there is no such user.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub async fn delete_user(
        &self,
        user: UserId,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError> {
        // Their tokens first: should the program end here, they are not left behind.
        self.end_sessions(Some(user), None).await?;
        let deleted = self.store.delete_user(user, audit).await?;
        if deleted {
            self.revoke_late(user).await?;
        }
        Ok(deleted)
    }

    /// Once a user can sign in no more: a login that was recorded just before has a token that was
    /// stamped after the revocation that came with the order.
    async fn revoke_late(&self, user: UserId) -> Result<(), StorageError> {
        self.revoke(Revoked::User(user), None).await
    }

    /// Removes a credential (with `keep_last`, never the only one of its user), and ends the sessions that it began.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub async fn remove_credential(
        &self,
        user: UserId,
        id: CredentialId,
        keep_last: bool,
        audit: AuditRecord,
    ) -> Result<CredentialRemoved, StorageError> {
        let (store, live) = (Arc::clone(&self.store), Arc::clone(&self.revocations));
        let now = self.now();
        let minted = live.minted(user, now);
        let removed = to_its_end(async move {
            let removed = store.remove_credential(user, &id, keep_last, minted, &audit);
            let removed = removed.await?;
            if let CredentialRemoved::Removed(ended) = &removed {
                live.publish_ended(ended, now);
            }
            Ok(removed)
        })
        .await?;
        if let CredentialRemoved::Removed(ended) = &removed {
            self.count_ended(ended);
        }
        Ok(removed)
    }

    /// Disables a credential and ends the sessions that it began; `false` when it was disabled already,
    /// or is gone.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub async fn disable_passkey(
        &self,
        user: UserId,
        id: CredentialId,
        audit: AuditRecord,
    ) -> Result<bool, StorageError> {
        let (store, live) = (Arc::clone(&self.store), Arc::clone(&self.revocations));
        let now = self.now();
        let minted = live.minted(user, now);
        let ended = to_its_end(async move {
            let ended = store.disable_credential(&id, minted, &audit).await?;
            live.publish_ended(ended.as_deref().unwrap_or_default(), now);
            Ok(ended)
        })
        .await?;
        self.count_ended(ended.as_deref().unwrap_or_default());
        Ok(ended.is_some())
    }

    /// Spends an enrolment code for a passkey and a session, for which another one may have to make
    /// room.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub async fn redeem(
        &self,
        redemption: Redemption,
        audit: AuditRecord,
    ) -> Result<Redeemed, StorageError> {
        let (store, live) = (Arc::clone(&self.store), Arc::clone(&self.revocations));
        let now = self.now();
        let redeemed = to_its_end(async move {
            let redeemed = store.redeem(&redemption, &audit).await?;
            if let Redeemed::Redeemed {
                crowded_out: Some(id),
            } = redeemed
            {
                live.publish_ended(&[id], now);
            }
            Ok(redeemed)
        })
        .await?;
        if let Redeemed::Redeemed { crowded_out } = redeemed {
            self.count(crowded_out.is_some(), "session");
        }
        Ok(redeemed)
    }

    /// The end of a login, which may end the session that the browser held before, and one that has to
    /// make room.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub async fn record_assertion(
        &self,
        credential: CredentialId,
        assertion: Assertion,
        session: Session,
        replaces: Option<SessionId>,
    ) -> Result<AssertionRecorded, StorageError> {
        let (store, live) = (Arc::clone(&self.store), Arc::clone(&self.revocations));
        let now = self.now();
        let minted = live.minted(session.user, now);
        let reserved = replaces.map(|held| self.reserve(Revoked::Session(held)));
        let recorded = to_its_end(async move {
            let replaces = reserved.as_ref().map(Reserved::revocation);
            let recorded = store
                .record_assertion(&credential, assertion, &session, replaces, minted)
                .await;
            let stored = matches!(recorded, Ok(AssertionRecorded::Recorded { .. }));
            match reserved {
                Some(ended) if stored => live.publish(ended),
                Some(kept) => live.give_up(&kept),
                None => {}
            }
            if let Ok(AssertionRecorded::Recorded {
                crowded_out: Some(id),
            }) = recorded
            {
                live.publish_ended(&[id], now);
            }
            recorded
        })
        .await?;
        if let AssertionRecorded::Recorded { crowded_out } = recorded {
            self.count(replaces.is_some(), "session");
            self.count(crowded_out.is_some(), "session");
        }
        Ok(recorded)
    }

    /// Forgets sessions and revocations that are over; how many sessions. Called once a minute.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn sweep(&self) -> Result<u64, StorageError> {
        let now = self.now();
        self.renewals.sweep(now);
        let floors = self.revocations.floors();
        let sessions = self.store.sweep_sessions(now, &floors).await?;
        // Only now: what a floor ended must be gone before the floor is.
        let ended = self.revocations.ended(now);
        self.store.forget_revocations(&ended, now).await?;
        self.revocations.forget(&ended);
        Ok(sessions)
    }

    fn reserve(&self, what: Revoked) -> Reserved {
        self.revocations.reserve(what, self.now())
    }

    fn count_ended(&self, ended: &[SessionId]) {
        for _ in ended {
            self.count(true, "session");
        }
    }

    fn count(&self, revoked: bool, kind: &'static str) {
        if revoked {
            self.metrics.revoked(kind);
        }
    }
}

/// Does the work even when whoever asked goes away: what is stored must be published.
async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, StorageError>> + Send + 'static,
) -> Result<T, StorageError> {
    let work = tokio::spawn(work).await;
    work.unwrap_or_else(|_| Err(Interrupted.into()))
}
