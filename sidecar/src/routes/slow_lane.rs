//! Where proofs from an address with too many wrong ones are verified: one after another, in the
//! order of their coming, with a pause between them.
//!
//! Nobody is shut out: someone behind the same address still gets a turn. But all such addresses
//! together get no more than a small part of one processor.

use super::limits::network;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Before each turn. With a verification of less than a millisecond the lane takes about 400 proofs
/// a second: more than a building of people, and a small part of a processor.
const PAUSE: Duration = Duration::from_millis(2);

/// As many of one network can stand in the lane: the last of them waits a quarter of a second.
const WAITING_PER_NETWORK: usize = 64;

/// As many can stand in it at all: a second and a half.
const WAITING: usize = 512;

/// The lane.
#[derive(Debug)]
pub struct SlowLane {
    turn: Semaphore,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    all: usize,
    by_network: HashMap<IpAddr, usize>,
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
    permit: Option<SemaphorePermit<'a>>,
}

impl SlowLane {
    /// Waits for a turn; `None` at once where too many wait already.
    pub async fn turn(&self, address: IpAddr) -> Option<Turn<'_>> {
        let mut turn = self.place(network(address))?;
        // A semaphore that nobody closes, so there is a permit in the end.
        turn.permit = self.turn.acquire().await.ok();
        tokio::time::sleep(PAUSE).await;
        Some(turn)
    }

    fn place(&self, network: IpAddr) -> Option<Turn<'_>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let here = waiting.by_network.get(&network).copied().unwrap_or(0);
        if waiting.all >= WAITING || here >= WAITING_PER_NETWORK {
            return None;
        }
        waiting.all += 1;
        waiting.by_network.insert(network, here + 1);
        Some(Turn {
            lane: self,
            network,
            permit: None,
        })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        drop(self.permit.take());
        let mut waiting = self
            .lane
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        waiting.all = waiting.all.saturating_sub(1);
        if let Some(here) = waiting.by_network.get_mut(&self.network) {
            *here = here.saturating_sub(1);
            if *here == 0 {
                waiting.by_network.remove(&self.network);
            }
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
        let held = lane.turn(v4(1)).await.unwrap();
        let (said, mut heard) = mpsc::unbounded_channel();
        for n in 0..3 {
            let (lane, said) = (Arc::clone(&lane), said.clone());
            tokio::spawn(async move {
                let turn = lane.turn(v4(n)).await;
                said.send((n, turn.is_some())).unwrap();
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
            .map(|_| lane.place(v4(1)).unwrap())
            .collect();
        assert!(lane.turn(v4(1)).await.is_none());
        drop(lane.turn(v4(2)).await.expect("another network"));
        drop(crowd);
        assert!(lane.turn(v4(1)).await.is_some());
        assert!(lane.waiting.lock().unwrap().by_network.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn the_lane_is_bounded_and_those_who_leave_make_room() {
        let lane = SlowLane::default();
        let mut crowd = Vec::new();
        for n in 0..=u8::MAX {
            crowd.extend((0..WAITING_PER_NETWORK).filter_map(|_| lane.place(v4(n))));
        }
        assert_eq!(crowd.len(), WAITING);
        assert!(lane.place(IpAddr::from([198, 51, 100, 1])).is_none());
        crowd.pop();
        assert!(lane.place(IpAddr::from([198, 51, 100, 1])).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_gives_up_waiting_gives_the_place_back() {
        let lane = SlowLane::default();
        let held = lane.turn(v4(1)).await.unwrap();
        let waited = tokio::time::timeout(PAUSE, lane.turn(v4(1))).await;
        assert!(waited.is_err());
        drop(held);
        assert_eq!(lane.waiting.lock().unwrap().all, 0);
        assert!(lane.turn(v4(1)).await.is_some());
    }
}
