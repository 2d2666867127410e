//! The wall clock as a value that is handed in, so that tests choose the time.

use crate::model::UnixTime;
#[cfg(test)]
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, in whole seconds.
    fn now(&self) -> UnixTime;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the wall clock"
    )]
    fn now(&self) -> UnixTime {
        // A clock set before 1970 reads as 1970: every session is then unexpired but every new
        // token is expired, which is closed, and nothing stops the program.
        let since = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        UnixTime(since.as_secs())
    }
}

/// When something came, for an answer that must not tell by its time how long it took. Counted by
/// the runtime's timer, which tests stop.
#[derive(Debug, Clone, Copy)]
pub struct Arrival(Instant);

impl Arrival {
    /// It comes now.
    #[must_use]
    pub fn now() -> Self {
        Self(Instant::now())
    }

    /// Waits until a whole number of steps, at least one, has passed since.
    pub async fn step(self, length: Duration) {
        let mut next = self.0 + length;
        while next < Instant::now() {
            next += length;
        }
        tokio::time::sleep_until(next).await;
    }
}

/// A clock that stands still until it is set.
#[cfg(test)]
#[derive(Debug)]
pub struct ManualClock(AtomicU64);

#[cfg(test)]
impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn new(now: UnixTime) -> Self {
        Self(AtomicU64::new(now.0))
    }

    /// Sets it, forwards or backwards.
    pub fn set(&self, now: UnixTime) {
        self.0.store(now.0, Ordering::SeqCst);
    }

    /// Moves it forwards.
    pub fn advance(&self, span: crate::model::Seconds) {
        self.0.fetch_add(span.0, Ordering::SeqCst);
    }
}

#[cfg(test)]
impl Clock for ManualClock {
    fn now(&self) -> UnixTime {
        UnixTime(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Seconds;

    #[test]
    fn the_system_clock_shows_this_century() {
        assert!(SystemClock.now() > UnixTime(1_700_000_000));
    }

    #[tokio::test(start_paused = true)]
    async fn an_arrival_ends_at_whole_steps_whatever_was_done_since() {
        let length = Duration::from_millis(20);
        for (work, steps) in [(0, 1), (1, 1), (19, 1), (21, 2), (65, 4)] {
            let began = Instant::now();
            let arrival = Arrival::now();
            tokio::time::advance(Duration::from_millis(work)).await;
            arrival.step(length).await;
            assert_eq!(began.elapsed(), steps * length, "{work} ms of work");
        }
    }

    #[test]
    fn a_manual_clock_shows_what_it_was_set_to() {
        let clock = ManualClock::new(UnixTime(10));
        clock.advance(Seconds(5));
        assert_eq!(clock.now(), UnixTime(15));
        clock.set(UnixTime(3));
        assert_eq!(clock.now(), UnixTime(3));
    }
}
