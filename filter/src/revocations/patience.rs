//! The time by which revocations are forgotten.
//!
//! A gateway's clock that leaps ahead, and is set right later, lets tokens live again that had
//! expired meanwhile. What revoked them must still be there, and the sidecar does not tell it twice.

/// How far one tick leads at most: ticks come every 250 ms, so a clock that was behind is caught up
/// with, and one that leaps ahead would have to be wrong for half as long as it leapt.
const STEP_MS: u64 = 500;

/// A clock that follows another one slowly, and never back. All times are Unix milliseconds.
#[derive(Debug, Clone, Default)]
pub(super) struct PatientClock {
    shows: Option<u64>,
}

impl PatientClock {
    /// The time now, when the other clock shows `now`.
    pub(super) fn tick(&mut self, now: u64) -> u64 {
        let shows = match self.shows {
            Some(before) => now.clamp(before, before.saturating_add(STEP_MS)),
            None => now,
        };
        self.shows = Some(shows);
        shows
    }
}
