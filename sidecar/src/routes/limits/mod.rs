//! Limits: how often one address may begin to register (`addresses`) and one account sign in (`logins`), and what becomes of wrong proofs
//! (`proofs`): they are counted (`strikes`), told to wait longer and longer, and looked at one after
//! another (`slow_lane`). A right proof is never refused for what others did.

mod addresses;
mod logins;
mod proofs;
mod slow_lane;
mod strikes;

pub use addresses::AddressLimiter;
pub use logins::LoginLimit;
pub use proofs::{Named, ProofLimits};

use std::net::IpAddr;

/// One subscriber of IPv6 has at least a /64.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & (u128::MAX << 64)).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}
