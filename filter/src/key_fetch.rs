//! When to fetch the keys: on start, on a timer, after failures with growing pauses, and out of
//! turn when a token names a key that is not known yet. One fetch at a time.

use std::time::Duration;

/// The first pause after a failure; it doubles with each further one.
const FIRST_PAUSE_MS: u64 = 500;
/// The longest pause, so that a sidecar that comes back is noticed at once.
const LONGEST_PAUSE_MS: u64 = 2_000;
/// The shortest time between a good fetch and one out of turn: whoever makes up key ids causes no
/// more calls than this.
const OUT_OF_TURN_MS: u64 = 10_000;
/// The same where the list of revocations says so, which no stranger writes.
const FOR_LIST_MS: u64 = 250;
/// A fetch whose answer never comes is given up this long after its own timeout.
const GRACE_MS: u64 = 5_000;

/// The timetable of the key fetches. All times are Unix milliseconds.
#[derive(Debug, Clone)]
pub struct KeyFetch {
    refresh_ms: u64,
    timeout_ms: u64,
    next: u64,
    since: Option<u64>,
    last_success: Option<u64>,
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
            last_success: None,
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
        self.last_success = Some(now);
        self.next = now.saturating_add(self.refresh_ms);
    }

    /// A token names a key that is not in the set. Brings the next fetch forward, if the set is not
    /// from just now; never puts one off.
    pub fn wanted(&mut self, now: u64) {
        self.bring_forward(now, OUT_OF_TURN_MS);
    }

    /// The list of revocations is signed with a key that is not in the set, or revokes one, so that
    /// another takes its place. The same as [`Self::wanted`], with less of a wait.
    pub fn wanted_for_list(&mut self, now: u64) {
        self.bring_forward(now, FOR_LIST_MS);
    }

    fn bring_forward(&mut self, now: u64, least_age: u64) {
        let is_old = self
            .last_success
            .is_some_and(|last| now.abs_diff(last) >= least_age);
        if is_old && self.failures == 0 {
            self.next = self.next.min(now);
        }
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

/// The most fetches that requests may make in [`OUT_OF_TURN_MS`] because their tokens name unknown
/// keys. More than one, so that several users who come with a new key at once are all served.
const MAX_BY_REQUESTS: u32 = 4;

/// Bounds the fetches that waiting requests make themselves. All times are Unix milliseconds.
#[derive(Debug, Clone, Default)]
pub struct FetchesByRequests {
    since: Option<u64>,
    count: u32,
}

impl FetchesByRequests {
    /// Whether one more request may fetch the keys; takes note of it if so.
    pub fn take_one(&mut self, now: u64) -> bool {
        if self
            .since
            .is_none_or(|since| now.abs_diff(since) >= OUT_OF_TURN_MS)
        {
            self.since = Some(now);
            self.count = 0;
        }
        let is_allowed = self.count < MAX_BY_REQUESTS;
        if is_allowed {
            self.count = self.count.saturating_add(1);
        }
        is_allowed
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
    fn an_unknown_key_brings_one_fetch_forward_once_in_a_while() {
        let mut fetch = timetable();
        fetch.wanted(NOW);
        fetch.started(NOW);
        fetch.succeeded(NOW);
        fetch.wanted(NOW + 9_999);
        assert!(!fetch.is_due(NOW + 9_999));
        fetch.wanted(NOW + 10_000);
        assert!(fetch.is_due(NOW + 10_000));
        fetch.started(NOW + 10_000);
        fetch.wanted(NOW + 10_001);
        assert!(!fetch.is_due(NOW + 10_001));
        fetch.succeeded(NOW + 10_002);
        fetch.wanted(NOW + 10_003);
        assert!(!fetch.is_due(NOW + 70_001));
        assert!(
            fetch.is_due(NOW + 70_002),
            "the fetch on the timer comes as ever"
        );
    }

    #[test]
    fn the_list_brings_a_fetch_forward_at_once() {
        let mut fetch = timetable();
        fetch.succeeded(NOW);
        fetch.wanted_for_list(NOW + 249);
        assert!(!fetch.is_due(NOW + 249));
        fetch.wanted_for_list(NOW + 250);
        assert!(fetch.is_due(NOW + 250));
        fetch.failed(NOW + 260);
        fetch.wanted_for_list(NOW + 700);
        assert!(!fetch.is_due(NOW + 700), "a pause after a failure is one");
    }

    #[test]
    fn an_unknown_key_does_not_shorten_the_pause_after_a_failure() {
        let mut fetch = timetable();
        fetch.succeeded(NOW);
        fetch.failed(NOW + 60_000);
        fetch.wanted(NOW + 60_000);
        assert!(!fetch.is_due(NOW + 60_499));
    }

    #[test]
    fn requests_fetch_a_few_times_and_then_wait_a_while() {
        let mut fetches = FetchesByRequests::default();
        let made = |fetches: &mut FetchesByRequests, now| {
            (0..1_000).filter(|_| fetches.take_one(now)).count()
        };
        assert_eq!(made(&mut fetches, NOW), 4);
        assert_eq!(made(&mut fetches, NOW + 9_999), 0);
        assert_eq!(made(&mut fetches, NOW + 10_000), 4);
        assert_eq!(made(&mut fetches, NOW - 10_000), 4, "a clock set back");
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
