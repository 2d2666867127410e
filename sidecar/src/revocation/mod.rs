//! What is revoked right now, and whoever waits to hear of it.
//!
//! The list in memory is what gateways are told and what the issuer goes by. A revocation counts
//! for the issuer from [`LiveRevocations::reserve`] on, before it is stored: no token can slip in
//! between that is neither before it nor after it. Gateways hear of it once it is stored.

mod list;

#[cfg(test)]
mod tests;

pub use list::{Page, Question};

use crate::model::{
    Floors, LONGEST_TOKEN, Minted, Revocation, Revoked, Seconds, Session, SessionId, UnixTime,
    UserId,
};
use crate::storage::StorageError;
use list::List;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Revocations of a running program.
pub struct LiveRevocations {
    epoch: String,
    tokens_live_for: Seconds,
    inner: Mutex<Inner>,
    /// Wakes whoever waits. Without the version: a copy of it, which two revocations at once could
    /// leave behind the list's own, would send workers away with nothing, or let one sleep on.
    news: watch::Sender<()>,
    stopping: watch::Sender<bool>,
}

struct Inner {
    list: List,
    /// What is about to be stored.
    reserved: Vec<Revocation>,
    /// Of both.
    floors: Floors,
    /// No token was ever minted after this.
    minted: UnixTime,
}

/// A revocation that the issuer goes by already, and that is still to be stored.
#[must_use = "it must be stored and then published"]
#[derive(Debug, Clone)]
pub struct Reserved(Revocation);

impl Reserved {
    /// What is to be stored.
    #[must_use]
    pub fn revocation(&self) -> &Revocation {
        &self.0
    }
}

impl LiveRevocations {
    /// Goes on with what is stored, when tokens may have been minted up to `minted`. `epoch` is a
    /// word that no other start has had; tokens of this start live for `tokens_live_for` at most.
    #[must_use]
    pub fn new(
        epoch: String,
        stored: Vec<Revocation>,
        minted: UnixTime,
        tokens_live_for: Seconds,
    ) -> Self {
        let floors = stored.iter().cloned().collect();
        let list = List::new(stored);
        Self {
            news: watch::Sender::new(()),
            stopping: watch::Sender::new(false),
            epoch,
            tokens_live_for,
            inner: Mutex::new(Inner {
                list,
                reserved: Vec::new(),
                floors,
                minted,
            }),
        }
    }

    /// Which start of the program versions count for.
    #[must_use]
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// The time that a token of this user minted now carries as `iat`: past every revocation that
    /// applies. Revocations from here on lie past it.
    #[must_use]
    pub fn stamp(&self, user: UserId, now: UnixTime) -> UnixTime {
        let mut inner = self.inner();
        let stamp = inner.floors.of(user).map_or(now, |floor| floor.max(now));
        inner.minted = inner.minted.max(stamp);
        stamp
    }

    /// Whether tokens of this user that were minted at `iat` count no more.
    #[must_use]
    pub fn refuse(&self, user: UserId, iat: UnixTime) -> bool {
        self.inner()
            .floors
            .of(user)
            .is_some_and(|floor| iat < floor)
    }

    /// Whether the session was ended together with its user's others, or with everyone's.
    #[must_use]
    pub fn end(&self, session: &Session) -> bool {
        self.inner().floors.end(session)
    }

    /// The floors, for those who look at many sessions.
    #[must_use]
    pub fn floors(&self) -> Floors {
        self.inner().floors.clone()
    }

    /// The tokens of a user that may be about now.
    #[must_use]
    pub fn minted(&self, user: UserId, now: UnixTime) -> Minted {
        let until = self.stamp(user, now);
        let live_for = self.inner().tokens_live_for(self.tokens_live_for);
        Minted { until, live_for }
    }

    /// Makes a revocation past everything that was minted. From here on the issuer goes by it.
    pub fn reserve(&self, what: Revoked, now: UnixTime) -> Reserved {
        let mut inner = self.inner();
        let live_for = inner.tokens_live_for(self.tokens_live_for);
        let revocation = Revocation::new(what, inner.minted.max(now), live_for);
        inner.floors.raise(&revocation);
        inner.reserved.push(revocation.clone());
        Reserved(revocation)
    }

    /// Tells everyone who waits. Only what is stored is published.
    pub fn publish(&self, reserved: Reserved) {
        {
            let mut inner = self.inner();
            inner.take(&reserved.0);
            inner.list.add(reserved.0);
        }
        self.news.send_replace(());
    }

    /// The same for sessions that the store has chosen and revoked itself, by what
    /// [`Self::minted`] said before.
    pub fn publish_ended(&self, sessions: &[SessionId], now: UnixTime) {
        for id in sessions {
            self.publish(self.reserve(Revoked::Session(*id), now));
        }
    }

    /// Gives up what could not be stored, or need not be: the issuer forgets it.
    pub fn give_up(&self, reserved: &Reserved) {
        let mut inner = self.inner();
        inner.take(&reserved.0);
        inner.settle(&reserved.0);
    }

    /// What has come since the version that the question names, at most one page of it.
    #[must_use]
    pub fn page(&self, question: &Question) -> Page {
        let since = if question.epoch.as_deref() == Some(&*self.epoch) {
            question.version
        } else {
            0
        };
        self.inner().list.since(since)
    }

    /// Waits until there is something that the question does not know, or the program stops.
    pub async fn changed(&self, question: &Question) {
        if question.epoch.as_deref() != Some(&*self.epoch) {
            return;
        }
        // Before the version is looked at: what is published after that wakes.
        let (mut news, mut stopping) = (self.news.subscribe(), self.stopping.subscribe());
        // The senders live as long as this value.
        let heard = async {
            while self.inner().list.version() == question.version && news.changed().await.is_ok() {}
        };
        tokio::select! {
            () = heard => {}
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
    }

    /// Answers everyone who waits: the program stops.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// How many revocations are live.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner().list.len()
    }

    /// Whether nothing is revoked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One more interval has passed. What is over by the clock, and was there for as many
    /// intervals as its tokens could live, is named to be forgotten: a clock that leaps ahead and
    /// back revives nothing.
    #[must_use]
    pub fn ended(&self, now: UnixTime) -> Vec<Revoked> {
        self.inner().list.ended(now)
    }

    /// Forgets these.
    pub fn forget(&self, ended: &[Revoked]) {
        let mut inner = self.inner();
        for what in ended {
            if let Some(revocation) = inner.list.remove(what) {
                inner.settle(&revocation);
            }
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // No step can panic half-way, so what a poisoned lock guards is whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Before this start, another `token.ttl` may have been in force: the longest one counts until
    /// those tokens have ended.
    fn tokens_live_for(&self, configured: Seconds) -> Seconds {
        if self.list.outlived_the_start() {
            configured
        } else {
            LONGEST_TOKEN
        }
    }

    fn take(&mut self, revocation: &Revocation) {
        let at = self.reserved.iter().position(|it| it == revocation);
        at.map(|at| self.reserved.swap_remove(at));
    }

    /// Sets the floor to what is still known of the same, after this one has gone.
    fn settle(&mut self, gone: &Revocation) {
        self.floors.lower(gone);
        let same = self.reserved.iter().filter(|it| it.what == gone.what);
        for revocation in same.chain(self.list.of(&gone.what)) {
            self.floors.raise(revocation);
        }
    }
}

/// Carries a revocation out: stores it, then publishes it. It runs to its end even when whoever
/// asked goes away, because what is stored must be published. `store` says whether it stored
/// anything.
///
/// # Errors
/// As `store`.
pub async fn carry_out<T, E>(
    live: Arc<LiveRevocations>,
    reserved: Reserved,
    store: impl Future<Output = Result<(bool, T), E>> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Interrupted> + Send + 'static,
{
    let work = tokio::spawn(async move {
        match store.await {
            Ok((true, answer)) => {
                live.publish(reserved);
                Ok(answer)
            }
            Ok((false, answer)) => {
                live.give_up(&reserved);
                Ok(answer)
            }
            Err(error) => {
                live.give_up(&reserved);
                Err(error)
            }
        }
    });
    work.await.unwrap_or_else(|_| Err(E::from(Interrupted)))
}

impl From<Interrupted> for StorageError {
    fn from(interrupted: Interrupted) -> Self {
        Self::Write(std::io::Error::other(interrupted))
    }
}

/// The work was cut off: the program ends, or it panicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the work was cut off")]
pub struct Interrupted;
