//! How often one client address may do what costs something, in bounded memory.

use crate::model::{Seconds, UnixTime, network, site};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

/// The span over which requests are counted.
const WINDOW: Seconds = Seconds(60);

/// As many addresses as are remembered. Beyond that, new ones share one count: a flood from many
/// addresses limits the newcomers together and leaves everyone who was there before alone.
const ADDRESSES_MAX: usize = 10_000;

/// As much as one address can use, as many can all networks of a site of IPv6 together.
const PER_SITE: u32 = 10;

/// An allowance per address and minute.
#[derive(Debug)]
pub struct AddressLimiter {
    networks: Allowance,
    sites: Allowance,
}

#[derive(Debug)]
struct Allowance {
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
    /// Lets each address use up `most` a minute.
    #[must_use]
    pub fn new(most: u32) -> Self {
        let of = |most| Allowance {
            most,
            windows: Mutex::default(),
        };
        Self {
            networks: of(most),
            sites: of(most.saturating_mul(PER_SITE)),
        }
    }

    /// Uses `cost` of what the address has left.
    ///
    /// # Errors
    /// After how long it will have something, when it has nothing: then nothing is used.
    pub fn charge(&self, address: IpAddr, cost: u32, now: UnixTime) -> Result<(), Seconds> {
        let site = site(address);
        if let Some(site) = site {
            // Nothing is used yet.
            self.sites.charge(site, 0, now)?;
        }
        self.networks.charge(network(address), cost, now)?;
        site.map_or(Ok(()), |site| self.sites.charge(site, cost, now))
    }
}

impl Allowance {
    fn charge(&self, key: IpAddr, cost: u32, now: UnixTime) -> Result<(), Seconds> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let key = windows.key(key, now);
        let window = match windows.by_network.get_mut(&key) {
            None => windows.by_network.entry(key).or_insert(Window::from(now)),
            Some(window) => window,
        };
        if window.is_over(now) {
            *window = Window::from(now);
        }
        if window.used >= self.most {
            return Err(window.began.plus(WINDOW).since(now));
        }
        window.used = window.used.saturating_add(cost);
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

impl From<UnixTime> for Window {
    fn from(began: UnixTime) -> Self {
        Self { began, used: 0 }
    }
}

impl Window {
    /// A clock that stepped back ends it as well: nobody is locked out by that.
    fn is_over(self, now: UnixTime) -> bool {
        now >= self.began.plus(WINDOW) || now < self.began
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
        assert_eq!(limiter.charge(v4(1), 1, UnixTime(100)), Ok(()));
        assert_eq!(limiter.charge(v4(1), 1, UnixTime(110)), Ok(()));
        assert_eq!(limiter.charge(v4(1), 1, UnixTime(120)), Err(Seconds(40)));
        assert_eq!(limiter.charge(v4(2), 1, UnixTime(120)), Ok(()));
        assert_eq!(limiter.charge(v4(1), 1, UnixTime(160)), Ok(()));
    }

    #[test]
    fn what_costs_more_uses_more() {
        let limiter = AddressLimiter::new(10);
        assert_eq!(limiter.charge(v4(1), 9, UnixTime(100)), Ok(()));
        assert_eq!(
            limiter.charge(v4(1), 9, UnixTime(100)),
            Ok(()),
            "something was left"
        );
        assert!(limiter.charge(v4(1), 1, UnixTime(101)).is_err());
        assert!(limiter.charge(v4(1), 1, UnixTime(160)).is_ok());
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_together() {
        let limiter = AddressLimiter::new(1);
        assert!(
            limiter
                .charge("2001:db8::1".parse().unwrap(), 1, UnixTime(0))
                .is_ok()
        );
        assert!(
            limiter
                .charge("2001:db8::2".parse().unwrap(), 1, UnixTime(0))
                .is_err()
        );
        assert!(
            limiter
                .charge("2001:db8:0:1::1".parse().unwrap(), 1, UnixTime(0))
                .is_ok()
        );
    }

    #[test]
    fn a_subscriber_with_thousands_of_networks_has_no_thousandfold_share() {
        let limiter = AddressLimiter::new(3);
        let of_site = |site: u128, n: u32| {
            let bits = (0x2001_0db8_u128 << 96) | (site << 80) | (u128::from(n) << 64);
            IpAddr::V6(bits.into())
        };
        let admitted =
            (0..1_000).filter(|n| limiter.charge(of_site(1, *n), 1, UnixTime(1)).is_ok());
        assert_eq!(admitted.count(), 30);
        assert!(limiter.charge(of_site(2, 1), 1, UnixTime(1)).is_ok());
        assert!(limiter.charge(v4(1), 1, UnixTime(1)).is_ok());
        assert!(limiter.charge(of_site(1, 1), 1, UnixTime(61)).is_ok());
    }

    #[test]
    fn a_flood_of_addresses_takes_bounded_memory_and_locks_no_known_one_out() {
        let limiter = AddressLimiter::new(3);
        assert!(limiter.charge(v4(0), 1, UnixTime(0)).is_ok());
        let admitted = (1..50_000)
            .filter(|n| limiter.charge(v4(*n), 1, UnixTime(1)).is_ok())
            .count();
        assert_eq!(admitted, ADDRESSES_MAX - 1 + 3);
        assert!(limiter.networks.windows.lock().unwrap().by_network.len() <= ADDRESSES_MAX + 1);
        assert!(
            limiter.charge(v4(0), 1, UnixTime(2)).is_ok(),
            "was there before the flood"
        );
        assert!(limiter.charge(v4(49_999), 1, UnixTime(2)).is_err());
        assert!(
            limiter.charge(v4(49_999), 1, UnixTime(62)).is_ok(),
            "after the flood"
        );
    }
}
