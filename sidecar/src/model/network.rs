//! Which addresses count as one client's.

use std::net::{IpAddr, Ipv6Addr};

/// What one client is told from another by: an address of IPv4, a /64 of IPv6, which every host has
/// wholly to itself.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    prefix(address, 64)
}

/// The site of an address of IPv6: a /48, as much as one subscriber gets (RFC 6177), who has
/// thousands of networks then. Limits that hold for a network need another one for its site.
#[must_use]
pub fn site(address: IpAddr) -> Option<IpAddr> {
    let site = prefix(address, 48);
    site.is_ipv6().then_some(site)
}

fn prefix(address: IpAddr, bits: u32) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(u128::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_of_ipv6_has_a_network_and_a_subscriber_a_site() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let host = ip("2001:db8:1:2:3:4:5:6");
        assert_eq!(network(host), ip("2001:db8:1:2::"));
        assert_eq!(site(host), Some(ip("2001:db8:1::")));
        for v4 in ["192.0.2.7", "::ffff:192.0.2.7"] {
            assert_eq!(network(ip(v4)), ip("192.0.2.7"));
            assert_eq!(site(ip(v4)), None);
        }
    }
}
