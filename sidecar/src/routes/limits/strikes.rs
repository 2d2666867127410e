//! How many wrong proofs there were lately, and how long that lets wait: longer with each more of them,
//! and again nothing after some quiet minutes. In bounded memory.

use crate::model::{Seconds, UnixTime};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// After so long half of what was counted is forgotten.
const HALF_LIFE: Seconds = Seconds(60);

/// Nobody is told to wait longer.
const LONGEST_WAIT: Seconds = Seconds(300);

/// As often the wait doubles at most: past that, more wrong proofs change nothing, so that a few quiet
/// minutes are enough after any number of them.
const DOUBLINGS: u32 = 9;

/// As many are told apart. Who comes beyond that counts only in the total.
const MOST: usize = 10_000;

/// Wrong proofs per address, account, or in all.
#[derive(Debug)]
pub(super) struct Strikes<K> {
    /// As many cost nothing.
    free: u32,
    /// With as many more, the wait doubles.
    step: u32,
    counts: Mutex<Counts<K>>,
}

#[derive(Debug)]
struct Counts<K> {
    by_key: HashMap<K, Count>,
    /// When those that are forgotten were last dropped: a flood must not buy a walk over all of them
    /// with each request.
    swept: Option<UnixTime>,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    strikes: u32,
    /// Up to when the halving is done.
    at: UnixTime,
}

impl Count {
    /// The same, with what is forgotten by now. A clock that stepped back forgets nothing.
    fn faded(self, now: UnixTime) -> Self {
        let halvings = now.since(self.at).0 / HALF_LIFE.0;
        let strikes = u32::try_from(halvings).ok();
        let strikes = strikes.and_then(|halvings| self.strikes.checked_shr(halvings));
        Self {
            strikes: strikes.unwrap_or(0),
            at: self.at.plus(Seconds(halvings * HALF_LIFE.0)),
        }
    }
}

impl<K: Hash + Eq> Strikes<K> {
    /// `free` in a minute or so cost nothing; after that, the wait doubles with each `step` more.
    pub(super) fn new(free: u32, step: u32) -> Self {
        Self {
            free,
            step,
            counts: Mutex::new(Counts {
                by_key: HashMap::new(),
                swept: None,
            }),
        }
    }

    /// One more wrong proof.
    pub(super) fn strike(&self, key: K, now: UnixTime) {
        let most = self.free.saturating_add(self.step * DOUBLINGS);
        let mut counts = self.counts();
        if !counts.by_key.contains_key(&key) && !counts.has_room(now) {
            return;
        }
        let count = counts.by_key.entry(key).or_insert(Count {
            strikes: 0,
            at: now,
        });
        *count = count.faded(now);
        if now < count.at {
            // The clock stepped back: from here on it goes on from here.
            count.at = now;
        }
        count.strikes = count.strikes.saturating_add(1).min(most);
    }

    /// How long whoever sends wrong proofs has to wait; `None` as long as they cost nothing.
    pub(super) fn wait(&self, key: &K, now: UnixTime) -> Option<Seconds> {
        let over = self.lately(key, now).checked_sub(self.free)?;
        let doublings = over.checked_sub(1)? / self.step;
        let wait = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX);
        Some(Seconds(wait).min(LONGEST_WAIT))
    }

    /// How many there were lately.
    pub(super) fn lately(&self, key: &K, now: UnixTime) -> u32 {
        let counts = self.counts();
        let count = counts.by_key.get(key);
        count.map_or(0, |count| count.faded(now).strikes)
    }

    /// How many have to wait at the moment.
    pub(super) fn waiting(&self, now: UnixTime) -> usize {
        let counts = self.counts();
        let waits = |count: &&Count| count.faded(now).strikes > self.free;
        counts.by_key.values().filter(waits).count()
    }

    fn counts(&self) -> MutexGuard<'_, Counts<K>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq> Counts<K> {
    fn has_room(&mut self, now: UnixTime) -> bool {
        if self.by_key.len() >= MOST && self.swept != Some(now) {
            self.by_key.retain(|_, count| count.faded(now).strikes > 0);
            self.swept = Some(now);
        }
        self.by_key.len() < MOST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn struck(times: u32) -> Strikes<u32> {
        let strikes = Strikes::new(10, 5);
        (0..times).for_each(|_| strikes.strike(7, UnixTime(100)));
        strikes
    }

    #[test]
    fn the_wait_grows_with_wrong_proofs_to_its_end() {
        let wait = |times| struck(times).wait(&7, UnixTime(100)).map(|it| it.0);
        assert_eq!((wait(0), wait(10)), (None, None));
        assert_eq!(
            (wait(11), wait(15), wait(16), wait(21)),
            (Some(1), Some(1), Some(2), Some(4))
        );
        let waits: Vec<_> = (11..80).map(wait).collect();
        assert!(waits.is_sorted());
        assert_eq!(wait(1_000_000 / 1_000), Some(256));
        assert_eq!(struck(30).wait(&8, UnixTime(100)), None, "someone else");
    }

    #[test]
    fn quiet_minutes_are_enough_after_any_number() {
        let strikes = struck(100_000);
        let wait = |at| strikes.wait(&7, UnixTime(at)).map(|it| it.0);
        assert_eq!(wait(100), Some(256));
        assert_eq!(wait(159), Some(256));
        assert_eq!(wait(160), Some(8));
        assert_eq!(wait(220), Some(1));
        assert_eq!(wait(280), None);
        strikes.strike(7, UnixTime(280));
        assert_eq!(strikes.lately(&7, UnixTime(280)), 7);
        assert_eq!(strikes.lately(&7, UnixTime(u64::MAX)), 0);
    }

    #[test]
    fn a_clock_that_steps_back_forgets_nothing_and_keeps_nobody() {
        let strikes = struck(30);
        assert!(strikes.wait(&7, UnixTime(10)).is_some());
        strikes.strike(7, UnixTime(10));
        assert_eq!(strikes.wait(&7, UnixTime(10 + 180)), None);
    }

    #[test]
    fn a_flood_of_keys_takes_bounded_memory_and_forgets_nobody_who_waits() {
        let strikes = struck(30);
        for key in 1_000..40_000 {
            strikes.strike(key, UnixTime(100));
        }
        assert_eq!(strikes.counts().by_key.len(), MOST);
        assert_eq!(strikes.waiting(UnixTime(100)), 1);
        strikes.strike(50_000, UnixTime(100));
        assert_eq!(strikes.lately(&50_000, UnixTime(100)), 0);
        // Those with one are forgotten after one minute.
        strikes.strike(50_000, UnixTime(160));
        assert_eq!(strikes.lately(&50_000, UnixTime(160)), 1);
        assert_eq!(strikes.counts().by_key.len(), 2);
    }
}
