//! Waiting for a condition instead of sleeping for a guess.

use std::thread;
use std::time::{Duration, Instant};

/// How long anything in a test may take before it counts as never.
///
/// Generous: it is only ever waited for in full by a test that fails.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Calls `condition` until it gives a value.
///
/// # Panics
/// When [`PATIENCE`] has passed, naming `what` was waited for.
pub fn until<T>(what: &str, condition: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, condition).unwrap_or_else(|| panic!("{what}: not within {PATIENCE:?}"))
}

/// Calls `condition` until it gives a value or `patience` has passed.
#[expect(
    clippy::disallowed_methods,
    reason = "a test waits by the real clock, here and only here"
)]
pub fn within<T>(patience: Duration, mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        if let Some(value) = condition() {
            return Some(value);
        }
        if start.elapsed() > patience {
            return None;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Seconds since the Unix epoch, for tokens that a test makes itself.
#[must_use]
pub fn unix_now() -> u64 {
    std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .map_or(0, |elapsed| elapsed.as_secs())
}
