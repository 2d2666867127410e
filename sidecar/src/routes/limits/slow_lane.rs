//! Where proofs from an address with too many wrong ones are verified: one after another, in the
//! order of their coming, with a pause between them.
//!
//! Nobody is shut out: someone behind the same address still gets a turn. But all such addresses
//! together get no more than a small part of one processor. The places of one network are shared among
//! the accounts that are named, so that whoever tries one account over and over leaves room for a
//! neighbour with another.

use super::proofs::Named;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Before each turn. With a verification of less than a millisecond the lane takes about 400 proofs
/// a second: more than a building of people, and a small part of a processor.
const PAUSE: Duration = Duration::from_millis(2);

/// As many of one network can stand in the lane for one account.
const WAITING_PER_ACCOUNT: usize = 16;

/// As many of one network can stand in the lane: the last of them waits a quarter of a second.
const WAITING_PER_NETWORK: usize = 64;

/// As many can stand in it at all: a second and a half.
const WAITING: usize = 512;

/// The lane.
#[derive(Debug)]
pub(super) struct SlowLane {
    turn: Semaphore,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    all: usize,
    by_network: HashMap<IpAddr, usize>,
    by_account: HashMap<(IpAddr, Named), usize>,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// Too many of this network wait for this account.
    Account,
    /// Too many of this network wait.
    Network,
    /// Too many wait.
    Lane,
}

impl Default for SlowLane {
    fn default() -> Self {
        Self {
            turn: Semaphore::new(1),
            waiting: Mutex::default(),
        }
    }
}

/// A place in the lane, and the turn when it has come. The next turn begins when it is dropped.
#[derive(Debug)]
pub struct Turn<'a> {
    lane: &'a SlowLane,
    network: IpAddr,
    account: Option<Named>,
    permit: Option<SemaphorePermit<'a>>,
}

impl SlowLane {
    /// Waits for a turn.
    ///
    /// # Errors
    /// At once, where too many wait already.
    pub(super) async fn turn(
        &self,
        network: IpAddr,
        account: Option<Named>,
    ) -> Result<Turn<'_>, Full> {
        let mut turn = self.place(network, account)?;
        // A semaphore that nobody closes, so there is a permit in the end.
        turn.permit = self.turn.acquire().await.ok();
        tokio::time::sleep(PAUSE).await;
        Ok(turn)
    }

    /// How many stand in it.
    pub(super) fn waiting(&self) -> usize {
        self.places().all
    }

    fn place(&self, network: IpAddr, account: Option<Named>) -> Result<Turn<'_>, Full> {
        let mut places = self.places();
        let here = places.by_network.get(&network).copied().unwrap_or(0);
        let key = account.map(|account| (network, account));
        let named = key.and_then(|key| places.by_account.get(&key).copied());
        if named.is_some_and(|named| named >= WAITING_PER_ACCOUNT) {
            return Err(Full::Account);
        }
        if here >= WAITING_PER_NETWORK {
            return Err(Full::Network);
        }
        if places.all >= WAITING {
            return Err(Full::Lane);
        }
        places.all += 1;
        places.by_network.insert(network, here + 1);
        if let Some(key) = key {
            *places.by_account.entry(key).or_default() += 1;
        }
        Ok(Turn {
            lane: self,
            network,
            account,
            permit: None,
        })
    }

    fn places(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        drop(self.permit.take());
        let mut places = self.lane.places();
        places.all = places.all.saturating_sub(1);
        leave(&mut places.by_network, &self.network);
        if let Some(account) = self.account {
            leave(&mut places.by_account, &(self.network, account));
        }
    }
}

/// Those of whom nobody stands there take no room.
pub(in crate::routes) fn leave<K: Hash + Eq>(places: &mut HashMap<K, usize>, key: &K) {
    if let Some(here) = places.get_mut(key) {
        *here = here.saturating_sub(1);
        if *here == 0 {
            places.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tokio::sync::mpsc;

    fn v4(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[tokio::test(start_paused = true)]
    async fn one_at_a_time_in_the_order_of_their_coming() {
        let lane = Arc::new(SlowLane::default());
        let held = lane.turn(v4(1), None).await.unwrap();
        let (said, mut heard) = mpsc::unbounded_channel();
        for n in 0..3 {
            let (lane, said) = (Arc::clone(&lane), said.clone());
            tokio::spawn(async move {
                let turn = lane.turn(v4(n), None).await;
                said.send((n, turn.is_ok())).unwrap();
            });
            tokio::task::yield_now().await;
        }
        // Time passes, and nobody's turn comes while another lasts.
        tokio::time::sleep(10 * PAUSE).await;
        assert!(heard.try_recv().is_err());
        let began = tokio::time::Instant::now();
        drop(held);
        for n in 0..3 {
            assert_eq!(heard.recv().await, Some((n, true)));
        }
        assert_eq!(began.elapsed(), 3 * PAUSE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_crowd_of_one_network_leaves_room_for_others() {
        let lane = SlowLane::default();
        let crowd: Vec<_> = (0..WAITING_PER_NETWORK)
            .map(|_| lane.place(v4(1), None).unwrap())
            .collect();
        assert!(lane.turn(v4(1), None).await.is_err());
        drop(lane.turn(v4(2), None).await.expect("another network"));
        drop(crowd);
        assert!(lane.turn(v4(1), None).await.is_ok());
        assert!(lane.waiting.lock().unwrap().by_network.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn the_lane_is_bounded_and_those_who_leave_make_room() {
        let lane = SlowLane::default();
        let mut crowd = Vec::new();
        for n in 0..=u8::MAX {
            crowd.extend((0..WAITING_PER_NETWORK).filter_map(|_| lane.place(v4(n), None).ok()));
        }
        assert_eq!(crowd.len(), WAITING);
        assert!(lane.place(IpAddr::from([198, 51, 100, 1]), None).is_err());
        crowd.pop();
        assert!(lane.place(IpAddr::from([198, 51, 100, 1]), None).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_gives_up_waiting_gives_the_place_back() {
        let lane = SlowLane::default();
        let held = lane.turn(v4(1), None).await.unwrap();
        let waited = tokio::time::timeout(PAUSE, lane.turn(v4(1), None)).await;
        assert!(waited.is_err());
        drop(held);
        assert_eq!(lane.waiting.lock().unwrap().all, 0);
        assert!(lane.turn(v4(1), None).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_tries_one_account_leaves_room_for_a_neighbour() {
        let lane = SlowLane::default();
        let (ann, bob) = (Some(Named::user(b"ann")), Some(Named::user(b"bob")));
        let crowd: Vec<_> = (0..WAITING_PER_NETWORK)
            .filter_map(|_| lane.place(v4(1), ann).ok())
            .collect();
        assert_eq!(crowd.len(), WAITING_PER_ACCOUNT);
        assert_eq!(lane.place(v4(1), ann).unwrap_err(), Full::Account);
        assert!(lane.place(v4(1), bob).is_ok());
        assert!(
            lane.place(v4(2), ann).is_ok(),
            "the account itself, from elsewhere"
        );
        drop(crowd);
        assert!(lane.places().by_account.is_empty());
    }
}
