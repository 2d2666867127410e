//! Answers at whole steps of time, whatever the work took.

use std::time::Duration;
use tokio::time::Instant;

/// Answers that must not tell by their time what is known here leave at whole multiples of this
/// after the request came. Much longer than their work, and shorter than anyone notices.
const EVEN_STEP: Duration = Duration::from_millis(20);

/// When something came, for an answer that must not tell by its time how long it took. Counted by
/// the runtime's timer, which tests stop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival(Instant);

impl Arrival {
    /// It comes now.
    pub(super) fn now() -> Self {
        Self(Instant::now())
    }

    /// Waits until a whole number of steps, at least one, has passed since.
    pub(super) async fn even(self) {
        let mut next = self.0 + EVEN_STEP;
        while next < Instant::now() {
            next += EVEN_STEP;
        }
        tokio::time::sleep_until(next).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_arrival_ends_at_whole_steps_whatever_was_done_since() {
        for (work, steps) in [(0, 1), (1, 1), (19, 1), (21, 2), (65, 4)] {
            let began = Instant::now();
            let arrival = Arrival::now();
            tokio::time::advance(Duration::from_millis(work)).await;
            arrival.even().await;
            assert_eq!(began.elapsed(), steps * EVEN_STEP, "{work} ms of work");
        }
    }
}
