//! Load from several threads: as much as there is room for, or at a pace.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What a row's clients measured.
#[derive(Debug, Clone, Default)]
pub(crate) struct Measured {
    /// Per second.
    pub(crate) rate: f64,
    /// Each one's time, sorted.
    times: Vec<Duration>,
}

impl Measured {
    /// How many were done.
    pub(crate) fn count(&self) -> usize {
        self.times.len()
    }

    /// The time within which so many of a hundred were done, in milliseconds.
    pub(crate) fn percentile(&self, of_hundred: usize) -> f64 {
        let last = self.times.len().saturating_sub(1);
        let at = (self.times.len() * of_hundred / 100).min(last);
        self.times
            .get(at)
            .map_or(f64::NAN, |it| it.as_secs_f64() * 1_000.0)
    }
}

/// Runs `clients`, each in a thread of its own, one deed after another for as long as `time`. With
/// `pace`, deeds begin at that many per second in all, and each one's time counts from when it was
/// due: who comes while the server is slow waits, too. A client for whom a deed was the last says so by
/// `false`.
pub(crate) fn drive<C>(
    clients: Vec<C>,
    time: Duration,
    pace: Option<f64>,
    deed: impl Fn(&mut C) -> io::Result<bool> + Sync,
) -> io::Result<(Measured, Vec<C>)>
where
    C: Send,
{
    let (start, due) = (now(), AtomicU64::new(0));
    let times = Mutex::new(Vec::new());
    let gap = pace.map(|pace| 1.0 / pace);
    let run = |mut client: C| {
        let mut own = Vec::new();
        while let Some(began) = next(start, time, gap, &due) {
            let goes_on = deed(&mut client)?;
            own.push(began.elapsed());
            if !goes_on {
                break;
            }
        }
        times
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .append(&mut own);
        Ok(client)
    };
    let run = &run;
    let done: io::Result<Vec<C>> = std::thread::scope(|scope| {
        let threads: Vec<_> = clients
            .into_iter()
            .map(|client| scope.spawn(move || run(client)))
            .collect();
        let ended = |thread: std::thread::ScopedJoinHandle<'_, io::Result<C>>| {
            let panicked = |_| Err(io::Error::other("a client panicked"));
            thread.join().unwrap_or_else(panicked)
        };
        threads.into_iter().map(ended).collect()
    });
    let took = start.elapsed();
    let mut times = times.into_inner().unwrap_or_else(PoisonError::into_inner);
    times.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "a few hundred thousand at most")]
    let rate = times.len() as f64 / took.as_secs_f64();
    Ok((Measured { rate, times }, done?))
}

/// When the next deed is due; nothing when the time is over.
fn next(start: Instant, time: Duration, gap: Option<f64>, due: &AtomicU64) -> Option<Instant> {
    let Some(gap) = gap else {
        return (start.elapsed() < time).then(now);
    };
    let number = u32::try_from(due.fetch_add(1, Ordering::Relaxed)).ok()?;
    let at = Duration::from_secs_f64(gap * f64::from(number));
    if at >= time {
        return None;
    }
    std::thread::sleep(at.saturating_sub(start.elapsed()));
    Some(start + at)
}

#[expect(clippy::disallowed_methods, reason = "time is what is measured")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
