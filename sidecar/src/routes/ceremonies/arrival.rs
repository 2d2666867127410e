//! Answers at whole steps of time, whatever the work took.

use std::time::Duration;
use tokio::time::Instant;

/// Answers that must not tell by their time what is known here leave at whole multiples of a step
/// after the request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Of `begin`: some look-ups, or as many decoys; a hundred times shorter than this. Everybody
    /// who signs in by name waits for it.
    Begin,
    /// Of a refusal, before which a signature was verified, of one algorithm or another. Nobody
    /// waits for it whose passkey is good.
    Refusal,
}

impl Step {
    const fn length(self) -> Duration {
        Duration::from_millis(match self {
            Self::Begin => 5,
            Self::Refusal => 20,
        })
    }
}

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
    pub(super) async fn even(self, step: Step) {
        let mut next = self.0 + step.length();
        while next < Instant::now() {
            next += step.length();
        }
        tokio::time::sleep_until(next).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_arrival_ends_at_whole_steps_whatever_was_done_since() {
        for (step, work, steps) in [
            (Step::Refusal, 0, 1),
            (Step::Refusal, 1, 1),
            (Step::Refusal, 19, 1),
            (Step::Refusal, 21, 2),
            (Step::Refusal, 65, 4),
            (Step::Begin, 0, 1),
            (Step::Begin, 4, 1),
            (Step::Begin, 6, 2),
        ] {
            let began = Instant::now();
            let arrival = Arrival::now();
            tokio::time::advance(Duration::from_millis(work)).await;
            arrival.even(step).await;
            assert_eq!(began.elapsed(), steps * step.length(), "{work} ms of work");
        }
    }
}
