//! What becomes of wrong proofs, such as signatures and codes that are not right.
//!
//! Three counts: per network, per account that is named (whether there is one or not: what is named is
//! all that counts, so the limit tells nothing), and in all. Beyond what costs nothing,
//!
//! - a wrong proof is answered with a wait that grows with each more, and fades in quiet minutes;
//! - proofs are looked at one after another: of a network with too many wrong ones, and of every network
//!   with one for an account with too many, or when there are too many in all.
//!
//! A right proof is answered as ever, and at once from where no wrong one came lately: nobody is locked
//! out of an account by wrong proofs for it, nor by those of a neighbour.

use super::slow_lane::{Full, SlowLane, Turn};
use super::strikes::Strikes;
use crate::model::{CredentialId, Seconds, UnixTime, network, site};
use crate::routes::Metrics;
use sha2::{Digest as _, Sha256};
use std::net::IpAddr;

/// An office behind one address can be clumsy together.
const PER_NETWORK: (u32, u32) = (600, 60);
/// A subscriber of IPv6 has thousands of networks; many subscribers of a carrier share a site.
const PER_SITE: (u32, u32) = (6_000, 600);
/// A person has some ten passkeys, and tries a few times.
const PER_ACCOUNT: (u32, u32) = (100, 20);
/// A thousand a second are half of one processor. Beyond that, whoever has sent a wrong one lately waits
/// for a turn; who has not is looked at at once.
const IN_ALL: (u32, u32) = (60_000, 6_000);
/// Wait of whoever finds the slow lane full for the first time.
const LANE_WAIT: Seconds = Seconds(1);

/// The account that a proof names, known or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Named([u8; 16]);

impl Named {
    /// By a credential.
    #[must_use]
    pub fn credential(id: &CredentialId) -> Self {
        Self::of(b"credential", id.as_bytes())
    }

    /// By what stands for a user name.
    #[must_use]
    pub fn user(name: &[u8]) -> Self {
        Self::of(b"user", name)
    }

    fn of(kind: &[u8], text: &[u8]) -> Self {
        let digest = Sha256::new().chain_update(kind).chain_update(b"\0");
        let digest: [u8; 32] = digest.chain_update(text).finalize().into();
        let mut short = [0; 16];
        short.copy_from_slice(&digest[..16]);
        Self(short)
    }
}

/// Wrong proofs, and the way for those who sent too many.
#[derive(Debug)]
pub struct ProofLimits {
    networks: Strikes<IpAddr>,
    sites: Strikes<IpAddr>,
    accounts: Strikes<Named>,
    all: Strikes<()>,
    lane: SlowLane,
}

impl Default for ProofLimits {
    fn default() -> Self {
        Self {
            networks: Strikes::new(PER_NETWORK.0, PER_NETWORK.1),
            sites: Strikes::new(PER_SITE.0, PER_SITE.1),
            accounts: Strikes::new(PER_ACCOUNT.0, PER_ACCOUNT.1),
            all: Strikes::new(IN_ALL.0, IN_ALL.1),
            lane: SlowLane::default(),
        }
    }
}

impl ProofLimits {
    /// Lets a proof in: at once, or when its turn has come. The next turn begins when what is given is
    /// dropped.
    ///
    /// # Errors
    /// How long to wait, where too many stand in the lane.
    pub async fn admit(
        &self,
        address: IpAddr,
        account: Option<Named>,
        metrics: &Metrics,
        now: UnixTime,
    ) -> Result<Option<Turn<'_>>, Seconds> {
        let Some(limit) = self.limit(address, account, now) else {
            return Ok(None);
        };
        metrics.limited(limit, "slowed");
        match self.lane.turn(in_lane(address), account).await {
            Ok(turn) => Ok(Some(turn)),
            Err(full) => {
                let limit = match full {
                    Full::Account => "lane_account",
                    Full::Network => "lane_network",
                    Full::Lane => "lane",
                };
                metrics.limited(limit, "refused");
                Err(self.wait(address, account, now).unwrap_or(LANE_WAIT))
            }
        }
    }

    /// Counts a wrong proof; how long whoever sent it is told to wait.
    pub fn wrong(
        &self,
        address: IpAddr,
        account: Option<Named>,
        metrics: &Metrics,
        now: UnixTime,
    ) -> Option<Seconds> {
        self.networks.strike(network(address), now);
        if let Some(site) = site(address) {
            self.sites.strike(site, now);
        }
        if let Some(account) = account {
            self.accounts.strike(account, now);
        }
        self.all.strike((), now);
        let wait = self.wait(address, account, now)?;
        metrics.limited(self.limit(address, account, now)?, "told_to_wait");
        Some(wait)
    }

    /// The limit that is passed.
    fn limit(
        &self,
        address: IpAddr,
        account: Option<Named>,
        now: UnixTime,
    ) -> Option<&'static str> {
        if self.wait_of_sender(address, now).is_some() {
            return Some("address");
        }
        // Who has sent no wrong proof is slowed by nobody else's: not for an account that others try,
        // nor for how many there are.
        if self.networks.lately(&network(address), now) == 0 {
            return None;
        }
        let account = account.and_then(|account| self.accounts.wait(&account, now));
        if account.is_some() {
            return Some("account");
        }
        self.all.wait(&(), now).map(|_| "total")
    }

    /// The longest wait of those that are asked for. That there are many wrong proofs in all is nobody's
    /// own doing.
    fn wait(&self, address: IpAddr, account: Option<Named>, now: UnixTime) -> Option<Seconds> {
        let account = account.and_then(|account| self.accounts.wait(&account, now));
        self.wait_of_sender(address, now).max(account)
    }

    fn wait_of_sender(&self, address: IpAddr, now: UnixTime) -> Option<Seconds> {
        let of_site = site(address).and_then(|site| self.sites.wait(&site, now));
        self.networks.wait(&network(address), now).max(of_site)
    }

    /// How many are limited at the moment: networks, accounts, and those who stand in the lane.
    #[must_use]
    pub fn limited(&self, now: UnixTime) -> [(&'static str, usize); 3] {
        [
            (
                "address",
                self.networks.waiting(now) + self.sites.waiting(now),
            ),
            ("account", self.accounts.waiting(now)),
            ("total", self.all.waiting(now)),
        ]
    }

    /// How many stand in the slow lane.
    #[must_use]
    pub fn in_lane(&self) -> usize {
        self.lane.waiting()
    }

    /// A turn, as somebody of this network gets it.
    #[cfg(test)]
    pub(crate) async fn turn_of(&self, address: IpAddr) -> Turn<'_> {
        let turn = self.lane.turn(in_lane(address), None);
        turn.await.ok().unwrap()
    }
}

/// Whose places in the lane somebody of this address takes: not those of every network of a site.
fn in_lane(address: IpAddr) -> IpAddr {
    site(address).unwrap_or_else(|| network(address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Poll;

    const NOW: UnixTime = UnixTime(100);

    fn v4(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn wrong(limits: &ProofLimits, address: IpAddr, account: Option<Named>) -> Option<Seconds> {
        limits.wrong(address, account, &Metrics::default(), NOW)
    }

    async fn is_slowed(limits: &ProofLimits, address: IpAddr, account: Option<Named>) -> bool {
        let metrics = Metrics::default();
        limits
            .admit(address, account, &metrics, NOW)
            .await
            .unwrap()
            .is_some()
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_is_limited_from_wherever_the_wrong_proofs_come_and_no_other_is() {
        let limits = ProofLimits::default();
        let (ann, bob) = (Some(Named::user(b"ann")), Some(Named::user(b"bob")));
        for n in 0..100 {
            assert_eq!(wrong(&limits, v4(n), ann), None);
        }
        assert!(!is_slowed(&limits, v4(200), ann).await);
        assert_eq!(wrong(&limits, v4(100), ann), Some(Seconds(1)));
        for n in 101..150 {
            wrong(&limits, v4(n), ann);
        }
        assert_eq!(wrong(&limits, v4(150), ann), Some(Seconds(4)));
        assert_eq!(wrong(&limits, v4(150), bob), None);
        // One from there is let in all the same; one from where no wrong one came, at once.
        assert!(is_slowed(&limits, v4(140), ann).await);
        assert!(!is_slowed(&limits, v4(140), bob).await);
        assert!(!is_slowed(&limits, v4(200), ann).await);
        assert_eq!(
            limits.limited(NOW),
            [("address", 0), ("account", 1), ("total", 0)]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn beyond_the_total_only_those_wait_who_sent_a_wrong_one() {
        let limits = ProofLimits::default();
        for n in 0..60_100_u32 {
            let address = IpAddr::from((0x0a00_0000 + n % 5_000).to_be_bytes());
            limits.wrong(address, None, &Metrics::default(), NOW);
        }
        let sender = IpAddr::from([10, 0, 0, 1]);
        assert_eq!(limits.limit(sender, None, NOW), Some("total"));
        assert!(is_slowed(&limits, sender, None).await);
        assert!(!is_slowed(&limits, v4(1), None).await);
        assert_eq!(wrong(&limits, sender, None), None, "others' are not theirs");
        assert_eq!(limits.limited(NOW)[2], ("total", 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_subscriber_with_thousands_of_networks_is_one_sender() {
        let limits = ProofLimits::default();
        let of_site = |site: u128, n: u32| {
            let bits = (0x2001_0db8_u128 << 96) | (site << 80) | (u128::from(n) << 64);
            IpAddr::V6(bits.into())
        };
        // More networks than are told apart.
        for n in 0..12_000 {
            wrong(&limits, of_site(1, n), None);
        }
        assert!(wrong(&limits, of_site(1, 20_000), None).is_some());
        assert!(is_slowed(&limits, of_site(1, 30_000), None).await);
        assert!(!is_slowed(&limits, of_site(2, 1), None).await);
        assert!(!is_slowed(&limits, v4(1), None).await);
        // Nor does it take all places in the lane.
        let turns = (0..200).map(|n| limits.lane.turn(in_lane(of_site(1, n)), None));
        let mut turns: Vec<_> = turns.map(Box::pin).collect();
        let mut refused = 0;
        std::future::poll_fn(|context| {
            let at_once = turns.iter_mut().map(|turn| turn.as_mut().poll(context));
            refused = at_once
                .filter(|turn| matches!(turn, Poll::Ready(Err(_))))
                .count();
            Poll::Ready(())
        })
        .await;
        assert_eq!(refused, 200 - 64);
    }

    #[test]
    fn names_and_credentials_are_told_apart() {
        let id = CredentialId::from_bytes(b"ann").unwrap();
        assert_ne!(Named::credential(&id), Named::user(b"ann"));
        assert_eq!(Named::user(b"ann"), Named::user(b"ann"));
    }
}
