//! How often one client address may do what costs something, in bounded memory.

use crate::model::{Seconds, UnixTime};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

/// The span over which requests are counted.
const WINDOW: Seconds = Seconds(60);

/// As many addresses as are remembered. Beyond that, new ones share one count: a flood from many
/// addresses limits the newcomers together and leaves everyone who was there before alone.
const ADDRESSES_MAX: usize = 10_000;

/// A count per address and minute.
#[derive(Debug)]
pub struct AddressLimiter {
    most: u32,
    windows: Mutex<Windows>,
}

#[derive(Debug, Default)]
struct Windows {
    by_network: HashMap<IpAddr, Window>,
    /// When those that are over were last dropped: once a second is enough, and a flood must not
    /// buy a walk over all of them with each request.
    swept: Option<UnixTime>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    began: UnixTime,
    used: u32,
}

impl AddressLimiter {
    /// Lets each address do `most` things a minute.
    #[must_use]
    pub fn new(most: u32) -> Self {
        Self {
            most,
            windows: Mutex::default(),
        }
    }

    /// Counts one more.
    ///
    /// # Errors
    /// After how long the next one will be let through, when this one is not.
    pub fn admit(&self, address: IpAddr, now: UnixTime) -> Result<(), Seconds> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let key = windows.key(network(address), now);
        let window = windows.by_network.entry(key).or_insert(Window {
            began: now,
            used: 0,
        });
        if window.is_over(now) {
            *window = Window {
                began: now,
                used: 0,
            };
        }
        if window.used >= self.most {
            return Err(window.began.plus(WINDOW).since(now));
        }
        window.used += 1;
        Ok(())
    }
}

impl Windows {
    /// Under which the address counts: its own, or that of all newcomers when there is no room.
    fn key(&mut self, network: IpAddr, now: UnixTime) -> IpAddr {
        let full = |windows: &Self| {
            windows.by_network.len() >= ADDRESSES_MAX && !windows.by_network.contains_key(&network)
        };
        if full(self) && self.swept != Some(now) {
            self.by_network.retain(|_, window| !window.is_over(now));
            self.swept = Some(now);
        }
        if full(self) {
            IpAddr::V6(Ipv6Addr::UNSPECIFIED)
        } else {
            network
        }
    }
}

impl Window {
    /// A clock that stepped back ends it as well: nobody is locked out by that.
    fn is_over(self, now: UnixTime) -> bool {
        now >= self.began.plus(WINDOW) || now < self.began
    }
}

/// One subscriber of IPv6 has at least a /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & (u128::MAX << 64)).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(last: u32) -> IpAddr {
        IpAddr::V4((0x0a00_0000 + last).into())
    }

    #[test]
    fn an_address_is_limited_and_let_in_again_others_are_not() {
        let limiter = AddressLimiter::new(2);
        assert_eq!(limiter.admit(v4(1), UnixTime(100)), Ok(()));
        assert_eq!(limiter.admit(v4(1), UnixTime(110)), Ok(()));
        assert_eq!(limiter.admit(v4(1), UnixTime(120)), Err(Seconds(40)));
        assert_eq!(limiter.admit(v4(2), UnixTime(120)), Ok(()));
        assert_eq!(limiter.admit(v4(1), UnixTime(160)), Ok(()));
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_together() {
        let limiter = AddressLimiter::new(1);
        assert!(
            limiter
                .admit("2001:db8::1".parse().unwrap(), UnixTime(0))
                .is_ok()
        );
        assert!(
            limiter
                .admit("2001:db8::2".parse().unwrap(), UnixTime(0))
                .is_err()
        );
        assert!(
            limiter
                .admit("2001:db8:0:1::1".parse().unwrap(), UnixTime(0))
                .is_ok()
        );
    }

    #[test]
    fn a_flood_of_addresses_takes_bounded_memory_and_locks_no_known_one_out() {
        let limiter = AddressLimiter::new(3);
        assert!(limiter.admit(v4(0), UnixTime(0)).is_ok());
        let admitted = (1..50_000)
            .filter(|n| limiter.admit(v4(*n), UnixTime(1)).is_ok())
            .count();
        assert_eq!(admitted, ADDRESSES_MAX - 1 + 3);
        assert!(limiter.windows.lock().unwrap().by_network.len() <= ADDRESSES_MAX + 1);
        assert!(
            limiter.admit(v4(0), UnixTime(2)).is_ok(),
            "was there before the flood"
        );
        assert!(
            limiter.admit(v4(49_999), UnixTime(62)).is_ok(),
            "after the flood"
        );
    }
}
