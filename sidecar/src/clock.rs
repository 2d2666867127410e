//! The wall clock as a value that is handed in, so that tests choose the time.

use crate::model::UnixTime;
#[cfg(test)]
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

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

    #[test]
    fn a_manual_clock_shows_what_it_was_set_to() {
        let clock = ManualClock::new(UnixTime(10));
        clock.advance(Seconds(5));
        assert_eq!(clock.now(), UnixTime(15));
        clock.set(UnixTime(3));
        assert_eq!(clock.now(), UnixTime(3));
    }
}
