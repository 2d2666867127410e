//! When to fetch the keys: on start, on a timer, after failures with growing pauses, one fetch at
//! a time.

use std::time::Duration;

/// The first pause after a failure; it doubles with each further one.
const FIRST_PAUSE_MS: u64 = 500;
/// The longest pause, so that a sidecar that comes back is noticed at once.
const LONGEST_PAUSE_MS: u64 = 2_000;
/// A fetch whose answer never comes is given up this long after its own timeout.
const GRACE_MS: u64 = 5_000;

/// The timetable of the key fetches. All times are Unix milliseconds.
#[derive(Debug, Clone)]
pub struct KeyFetch {
    refresh_ms: u64,
    timeout_ms: u64,
    next: u64,
    since: Option<u64>,
    failures: u32,
}

impl KeyFetch {
    /// The first fetch is due at once.
    #[must_use]
    pub fn new(refresh: Duration, timeout: Duration) -> Self {
        let milliseconds =
            |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self {
            refresh_ms: milliseconds(refresh),
            timeout_ms: milliseconds(timeout),
            next: 0,
            since: None,
            failures: 0,
        }
    }

    /// Whether to start a fetch now.
    #[must_use]
    pub fn is_due(&self, now: u64) -> bool {
        if let Some(since) = self.since {
            let lost = self.timeout_ms.saturating_add(GRACE_MS);
            return now.abs_diff(since) > lost;
        }
        // A clock that was set back must not put the next fetch off for as long.
        now >= self.next || self.next.saturating_sub(now) > self.refresh_ms
    }

    /// A fetch was started.
    pub fn started(&mut self, now: u64) {
        self.since = Some(now);
    }

    /// A fetch brought a good key set.
    pub fn succeeded(&mut self, now: u64) {
        self.since = None;
        self.failures = 0;
        self.next = now.saturating_add(self.refresh_ms);
    }

    /// A fetch could not be started, or brought nothing usable.
    pub fn failed(&mut self, now: u64) {
        self.since = None;
        let pause = FIRST_PAUSE_MS.saturating_mul(2_u64.saturating_pow(self.failures));
        let pause = pause.min(LONGEST_PAUSE_MS).min(self.refresh_ms);
        self.failures = self.failures.saturating_add(1);
        self.next = now.saturating_add(pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000_000;

    fn timetable() -> KeyFetch {
        KeyFetch::new(Duration::from_mins(1), Duration::from_secs(2))
    }

    #[test]
    fn the_first_is_due_at_once_and_then_one_at_a_time() {
        let mut fetch = timetable();
        assert!(fetch.is_due(NOW));
        fetch.started(NOW);
        assert!(!fetch.is_due(NOW) && !fetch.is_due(NOW + 2_000));
        fetch.succeeded(NOW + 100);
        assert!(!fetch.is_due(NOW + 60_099));
        assert!(fetch.is_due(NOW + 60_100));
    }

    #[test]
    fn pauses_grow_to_a_limit_and_end_with_success() {
        let mut fetch = timetable();
        for pause in [500, 1_000, 2_000, 2_000, 2_000] {
            fetch.started(NOW);
            fetch.failed(NOW);
            assert!(!fetch.is_due(NOW + pause - 1), "{pause}");
            assert!(fetch.is_due(NOW + pause), "{pause}");
        }
        for _ in 0..100 {
            fetch.failed(NOW);
        }
        assert!(fetch.is_due(NOW + 2_000));
        fetch.succeeded(NOW);
        fetch.failed(NOW);
        assert!(fetch.is_due(NOW + 500));
    }

    #[test]
    fn a_lost_answer_is_given_up() {
        let mut fetch = timetable();
        fetch.started(NOW);
        assert!(!fetch.is_due(NOW + 7_000));
        assert!(fetch.is_due(NOW + 7_001));
    }

    #[test]
    fn a_clock_that_is_set_back_puts_nothing_off() {
        let mut fetch = timetable();
        fetch.succeeded(NOW);
        assert!(fetch.is_due(NOW - 3_600_000));
        fetch.started(NOW);
        assert!(fetch.is_due(NOW - 3_600_000));
    }
}
