//! The set of what was revoked. It only grows, until an entry can hit no token any more.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

use latchkey_token::{Claims, Id, Revocations as Page};
use thiserror::Error;

/// The most entries that are kept: about 16 MB. More is a fault of whoever writes the list.
pub const MAX_ENTRIES: usize = 400_000;
/// The most keys that are remembered as revoked; of more, the newest.
const MAX_KEYS: usize = 256;

/// What was revoked. Trees and not hash tables: they grow without ever being copied whole, which
/// would take time and, in Wasm, memory for good; and they can be swept piece by piece.
#[derive(Debug, Clone, Default)]
pub struct Revoked {
    sessions: BTreeMap<u128, Seconds>,
    users: BTreeMap<u128, User>,
    everyone: Option<u64>,
    keys: Vec<String>,
    swept: Swept,
}

/// Which revocation hits a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Its session is over.
    Session,
    /// What its user held before does not count.
    User,
    /// What anyone held before does not count.
    Everyone,
}

/// What a revocation can name of a token: read once, for all requests that bring it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocable {
    iat: u64,
    /// Nothing where no revocation could name it.
    sid: Option<u128>,
    sub: Option<u128>,
}

impl From<&Claims> for Revocable {
    fn from(claims: &Claims) -> Self {
        let id = |text: &str| text.parse().ok().map(|id| key(&id));
        Self {
            iat: claims.iat,
            sid: id(&claims.sid),
            sub: id(&claims.sub),
        }
    }
}

/// There are [`MAX_ENTRIES`] already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("more revocations than are kept")]
pub struct Full;

/// How long an entry is kept beyond its time, in seconds: for gateways whose clock is ahead. The
/// clock skew that can be configured is not larger.
const SLACK: u64 = 300;

/// Unix time that fits 4 bytes; what is later counts as the end of time, which is 2106.
type Seconds = u32;

#[derive(Debug, Clone)]
struct User {
    not_before: Seconds,
    until: Seconds,
}

/// How far the sweep has come.
#[derive(Debug, Default, Clone, Copy)]
enum Swept {
    #[default]
    Nothing,
    Sessions(u128),
    Users(Option<u128>),
}

impl Revoked {
    /// Adds what a page says. Nothing that was there is weakened.
    ///
    /// # Errors
    /// When there is no more room for its sessions and users: none of them is added then. What takes
    /// no room is: whoever ends everyone's sessions, or revokes a key, is heard all the same.
    pub fn add(&mut self, page: &Page) -> Result<(), Full> {
        self.everyone = self.everyone.max(page.everyone);
        self.add_keys(&page.keys);
        let sessions = page.sessions.iter().map(|entry| key(&entry.sid));
        let users = page.users.iter().map(|entry| key(&entry.sub));
        let new = sessions.filter(|sid| !self.sessions.contains_key(sid));
        let new = new
            .count()
            .saturating_add(users.filter(|sub| !self.users.contains_key(sub)).count());
        if self.len().saturating_add(new) > MAX_ENTRIES {
            return Err(Full);
        }
        for entry in &page.sessions {
            let until = self.sessions.entry(key(&entry.sid)).or_default();
            *until = seconds(entry.until).max(*until);
        }
        for entry in &page.users {
            let (not_before, until) = (seconds(entry.not_before), seconds(entry.until));
            self.users
                .entry(key(&entry.sub))
                .and_modify(|user| {
                    user.not_before = user.not_before.max(not_before);
                    user.until = user.until.max(until);
                })
                .or_insert(User { not_before, until });
        }
        Ok(())
    }

    fn add_keys(&mut self, kids: &[String]) {
        for kid in kids {
            if !self.keys.contains(kid) {
                if self.keys.len() >= MAX_KEYS {
                    self.keys.remove(0);
                }
                self.keys.push(kid.clone());
            }
        }
    }

    /// Whether a token was revoked, and by what. A token whose ids no revocation could name is.
    #[must_use]
    pub fn is_revoked(&self, token: impl Into<Revocable>) -> Option<Which> {
        let Revocable { iat, sid, sub } = token.into();
        if self.everyone.is_some_and(|not_before| iat < not_before) {
            return Some(Which::Everyone);
        }
        if sid.is_none_or(|sid| self.sessions.contains_key(&sid)) {
            return Some(Which::Session);
        }
        let Some(sub) = sub else {
            return Some(Which::User);
        };
        let user = self.users.get(&sub)?;
        (iat < u64::from(user.not_before)).then_some(Which::User)
    }

    /// The keys that were revoked.
    #[must_use]
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// How many sessions and users are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions.len().saturating_add(self.users.len())
    }

    /// Whether it has neither.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Looks at the next `count` entries and drops those whose time has passed, so that no request
    /// ever waits for a walk through all of them. `now` is in Unix seconds.
    pub fn sweep(&mut self, now: u64, count: usize) {
        self.swept = match self.swept {
            Swept::Nothing => sweep(&mut self.sessions, None, now, count, |until| *until)
                .map_or(Swept::Users(None), Swept::Sessions),
            Swept::Sessions(after) => {
                sweep(&mut self.sessions, Some(after), now, count, |until| *until)
                    .map_or(Swept::Users(None), Swept::Sessions)
            }
            Swept::Users(after) => sweep(&mut self.users, after, now, count, |user| user.until)
                .map_or(Swept::Nothing, |last| Swept::Users(Some(last))),
        };
    }
}

/// Gives the last key that was looked at, or nothing at the end.
fn sweep<V>(
    entries: &mut BTreeMap<u128, V>,
    after: Option<u128>,
    now: u64,
    count: usize,
    until: fn(&V) -> Seconds,
) -> Option<u128> {
    let from = after.map_or(Unbounded, Excluded);
    let mut last = None;
    let mut looked_at = 0_usize;
    let mut over = Vec::new();
    for (key, value) in entries.range((from, Unbounded)).take(count) {
        looked_at = looked_at.saturating_add(1);
        last = Some(*key);
        if u64::from(until(value)).saturating_add(SLACK) <= now {
            over.push(*key);
        }
    }
    for key in over {
        entries.remove(&key);
    }
    last.filter(|_| looked_at == count)
}

fn key(id: &Id) -> u128 {
    u128::from_be_bytes(*id.as_bytes())
}

fn seconds(time: u64) -> Seconds {
    Seconds::try_from(time).unwrap_or(Seconds::MAX)
}
