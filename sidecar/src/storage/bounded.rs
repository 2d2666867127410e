//! Ceremonies under way, in memory and bounded: what a backend of a single process needs, because
//! a ceremony does not outlive the process (the key of its challenge is new at each start).
//!
//! Whoever has used up their share is refused; nobody is pushed out to make room.

use super::{CeremonyKept, ChallengeSpent, RegistrationCeremony};
use crate::model::{ChallengeId, UnixTime, UserId, network, site};
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::net::IpAddr;

/// How much is remembered at most.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Spent challenges per account: more logins than this within one timeout (five minutes) are
    /// not one person. Only good proofs stay spent, so nobody else can use an account's share up,
    /// and all of them together are used up only by hundreds of accounts that conspire.
    pub spent_per_account: usize,
    /// Spent challenges in all; about 150 bytes each.
    pub spent: usize,
    /// Registrations of strangers per client address: this many people behind one address can make
    /// an account at the same time.
    pub registrations_per_address: usize,
    /// The same per site of IPv6, of which one subscriber has thousands of addresses: some of them
    /// together take all that there are, none alone.
    pub registrations_per_site: usize,
    /// Registrations per existing account, of whoever is signed in to it: one person with a few open
    /// tabs. Neither these nor those with a code are held to what strangers do behind the same
    /// address.
    pub registrations_per_account: usize,
    /// Registrations per code: a link that is opened again and again.
    pub registrations_per_code: usize,
    /// Registrations of strangers in all: what is left is for everyone else, so that no flood of
    /// strangers keeps those out.
    pub registrations_of_strangers: usize,
    /// Registrations in all; about 1 KB each.
    pub registrations: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            spent_per_account: 256,
            spent: 131_072,
            registrations_per_address: 64,
            registrations_per_site: 512,
            registrations_per_account: 8,
            registrations_per_code: 64,
            registrations_of_strangers: 6_144,
            registrations: 8_192,
        }
    }
}

/// Spent login challenges and open registrations.
#[derive(Debug)]
pub struct CeremoniesUnderWay {
    bounds: Bounds,
    /// The last end of a spent challenge that was forgotten. A clock that steps back must not revive
    /// one: what ends no later could be one of them.
    forgotten_until: UnixTime,
    spent: Expiring<ChallengeId, UserId>,
    spent_by_account: Tally<UserId>,
    registrations: Expiring<[u8; 32], RegistrationCeremony>,
    of_strangers: usize,
    of_strangers_by_address: Tally<IpAddr>,
    of_strangers_by_site: Tally<IpAddr>,
    registrations_by_account: Tally<UserId>,
    registrations_by_code: Tally<UserId>,
}

impl Default for CeremoniesUnderWay {
    fn default() -> Self {
        Self::new(Bounds::default())
    }
}

impl CeremoniesUnderWay {
    /// Nothing under way yet.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            forgotten_until: UnixTime(0),
            spent: Expiring::default(),
            spent_by_account: Tally::default(),
            registrations: Expiring::default(),
            of_strangers: 0,
            of_strangers_by_address: Tally::default(),
            of_strangers_by_site: Tally::default(),
            registrations_by_account: Tally::default(),
            registrations_by_code: Tally::default(),
        }
    }

    /// See [`super::Ceremonies::spend_challenge`].
    pub fn spend(
        &mut self,
        id: ChallengeId,
        expires_at: UnixTime,
        account: UserId,
        now: UnixTime,
    ) -> ChallengeSpent {
        self.forget_expired(now);
        if expires_at <= now.max(self.forgotten_until) || self.spent.contains(&id) {
            return ChallengeSpent::AlreadySpent;
        }
        if self.spent.len() >= self.bounds.spent
            || self.spent_by_account.of(&account) >= self.bounds.spent_per_account
        {
            return ChallengeSpent::Full;
        }
        self.spent.insert(id, expires_at, account);
        self.spent_by_account.add(account);
        ChallengeSpent::Spent
    }

    /// See [`super::Ceremonies::release_challenge`].
    pub fn unspend(&mut self, id: ChallengeId) {
        if let Some(account) = self.spent.remove(&id) {
            self.spent_by_account.subtract(&account);
        }
    }

    /// See [`super::Ceremonies::keep_registration`].
    pub fn keep(&mut self, ceremony: &RegistrationCeremony, now: UnixTime) -> CeremonyKept {
        self.forget_expired(now);
        let key = digest(&ceremony.challenge);
        // A second ceremony for one challenge would be two finishes for one begin.
        if self.registrations.contains(&key)
            || self.registrations.len() >= self.bounds.registrations
            || !self.has_share(ceremony)
        {
            return CeremonyKept::TooMany;
        }
        match holder(ceremony) {
            Holder::Account(user) => self.registrations_by_account.add(user),
            Holder::Code(code_of) => self.registrations_by_code.add(code_of),
            Holder::Stranger(address) => {
                self.of_strangers += 1;
                self.of_strangers_by_address.add(network(address));
                if let Some(site) = site(address) {
                    self.of_strangers_by_site.add(site);
                }
            }
        }
        self.registrations
            .insert(key, ceremony.expires_at, ceremony.clone());
        CeremonyKept::Kept
    }

    fn has_share(&self, ceremony: &RegistrationCeremony) -> bool {
        match holder(ceremony) {
            Holder::Account(user) => {
                let under_way = self.registrations_by_account.of(&user);
                under_way < self.bounds.registrations_per_account
            }
            Holder::Code(code_of) => {
                let under_way = self.registrations_by_code.of(&code_of);
                under_way < self.bounds.registrations_per_code
            }
            Holder::Stranger(address) => {
                let under_way = self.of_strangers_by_address.of(&network(address));
                let of_site = site(address).map(|site| self.of_strangers_by_site.of(&site));
                under_way < self.bounds.registrations_per_address
                    && of_site.is_none_or(|it| it < self.bounds.registrations_per_site)
                    && self.of_strangers < self.bounds.registrations_of_strangers
            }
        }
    }

    /// See [`super::Ceremonies::take_registration`].
    pub fn take(&mut self, challenge: &[u8], now: UnixTime) -> Option<RegistrationCeremony> {
        self.forget_expired(now);
        let ceremony = self.registrations.remove(&digest(challenge))?;
        self.release(&ceremony);
        Some(ceremony)
    }

    fn forget_expired(&mut self, now: UnixTime) {
        while let Some((ended_at, account)) = self.spent.pop_expired(now) {
            self.forgotten_until = self.forgotten_until.max(ended_at);
            self.spent_by_account.subtract(&account);
        }
        while let Some((_, ceremony)) = self.registrations.pop_expired(now) {
            self.release(&ceremony);
        }
    }

    fn release(&mut self, ceremony: &RegistrationCeremony) {
        match holder(ceremony) {
            Holder::Account(user) => self.registrations_by_account.subtract(&user),
            Holder::Code(code_of) => self.registrations_by_code.subtract(&code_of),
            Holder::Stranger(address) => {
                self.of_strangers = self.of_strangers.saturating_sub(1);
                self.of_strangers_by_address.subtract(&network(address));
                if let Some(site) = site(address) {
                    self.of_strangers_by_site.subtract(&site);
                }
            }
        }
    }
}

/// Whose share a registration takes from.
enum Holder {
    /// Of whoever is signed in to this account.
    Account(UserId),
    /// Of whoever has this user's code.
    Code(UserId),
    /// Of everyone behind this address.
    Stranger(IpAddr),
}

fn holder(ceremony: &RegistrationCeremony) -> Holder {
    match &ceremony.enrolling {
        Some(enrolling) => Holder::Code(enrolling.code_of),
        None if ceremony.existing => Holder::Account(ceremony.user),
        None => Holder::Stranger(ceremony.address),
    }
}

fn digest(challenge: &[u8]) -> [u8; 32] {
    Sha256::digest(challenge).into()
}

/// A map whose entries end, in the order of their ends.
#[derive(Debug)]
struct Expiring<K, V> {
    entries: HashMap<K, (UnixTime, V)>,
    ends: BTreeSet<(UnixTime, K)>,
}

impl<K, V> Default for Expiring<K, V> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            ends: BTreeSet::new(),
        }
    }
}

impl<K: Hash + Ord + Copy, V> Expiring<K, V> {
    fn contains(&self, key: &K) -> bool {
        self.entries.contains_key(key)
    }

    fn len(&self) -> usize {
        self.entries.len()
    }

    fn insert(&mut self, key: K, ends_at: UnixTime, value: V) {
        self.ends.insert((ends_at, key));
        self.entries.insert(key, (ends_at, value));
    }

    fn remove(&mut self, key: &K) -> Option<V> {
        let (ends_at, value) = self.entries.remove(key)?;
        self.ends.remove(&(ends_at, *key));
        Some(value)
    }

    /// The next entry that has ended at `now`, with its end.
    fn pop_expired(&mut self, now: UnixTime) -> Option<(UnixTime, V)> {
        let (ends_at, key) = self.ends.first().copied()?;
        if ends_at > now {
            return None;
        }
        Some((ends_at, self.remove(&key)?))
    }
}

/// How many entries each owner has; owners without any take no room.
#[derive(Debug)]
struct Tally<K>(HashMap<K, usize>);

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq> Tally<K> {
    fn of(&self, owner: &K) -> usize {
        self.0.get(owner).copied().unwrap_or(0)
    }

    fn add(&mut self, owner: K) {
        *self.0.entry(owner).or_insert(0) += 1;
    }

    fn subtract(&mut self, owner: &K) {
        if let Some(count) = self.0.get_mut(owner) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.0.remove(owner);
            }
        }
    }
}
