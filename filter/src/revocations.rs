//! What was revoked, and how this worker learns of it.

mod feed;
mod patience;
mod revoked;
#[cfg(test)]
mod tests;

use latchkey_filter_config::{Revocations as Config, WhenStale};

pub use feed::{Feed, FeedError};
pub use revoked::{MAX_ENTRIES, Revocable, Revoked, Which};

use crate::reason::Reason;
use patience::PatientClock;

/// The entries that one call of [`Revocations::sweep`] looks at.
const SWEEP: usize = 2_000;

/// The list, and the questions that keep it fresh.
pub struct Revocations {
    /// What was revoked.
    pub revoked: Revoked,
    /// The questions and answers.
    pub feed: Feed,
    clock: PatientClock,
    max_age_ms: u64,
    when_stale: WhenStale,
}

impl Revocations {
    /// Knows nothing yet, and says so.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            revoked: Revoked::default(),
            feed: Feed::default(),
            clock: PatientClock::default(),
            max_age_ms: u64::try_from(config.max_age.as_millis()).unwrap_or(u64::MAX),
            when_stale: config.when_stale,
        }
    }

    /// Takes over all that another one knows, which asks the same sidecar.
    pub fn succeed(&mut self, before: &Self) {
        self.revoked = before.revoked.clone();
        self.feed = before.feed.successor();
        self.clock = before.clock.clone();
    }

    /// Whether the list can be relied on. `now` is in Unix seconds.
    ///
    /// # Errors
    /// [`Reason::NoRevocations`] before the first whole list, [`Reason::TooManyRevocations`] while there
    /// is no room for all of it, whatever the configuration says of old lists;
    /// [`Reason::StaleRevocations`] when the last answer is too old and the configuration refuses that.
    pub fn check_ready(&self, now: u64) -> Result<(), Reason> {
        if !self.feed.is_complete() {
            return Err(Reason::NoRevocations);
        }
        if self.feed.is_full() {
            return Err(Reason::TooManyRevocations);
        }
        if self.when_stale == WhenStale::Refuse && self.is_stale(now.saturating_mul(1_000)) {
            return Err(Reason::StaleRevocations);
        }
        Ok(())
    }

    /// Whether the last answer is older than allowed. `now` is in Unix milliseconds.
    #[must_use]
    pub fn is_stale(&self, now: u64) -> bool {
        self.feed.age(now).is_none_or(|age| age > self.max_age_ms)
    }

    /// Refuses the tokens that were revoked.
    ///
    /// # Errors
    /// [`Reason::Revoked`].
    pub fn check(&self, token: impl Into<Revocable>) -> Result<(), Reason> {
        match self.revoked.is_revoked(token) {
            Some(which) => Err(Reason::Revoked(which)),
            None => Ok(()),
        }
    }

    /// Forgets some of what can hit no token any more. Called at each tick; `now` is in Unix
    /// milliseconds.
    pub fn sweep(&mut self, now: u64) {
        let now = self.clock.tick(now);
        self.revoked.sweep(now.saturating_div(1_000), SWEEP);
    }
}
