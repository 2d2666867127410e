//! What was revoked: the short list that every gateway keeps beside the keys.
//!
//! A revocation only ever grows and ends by itself, when no token that it could hit is alive any
//! more. So applying one twice, or two in any order, comes to the same.

use super::{Seconds, Session, SessionId, UnixTime, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The longest life that a token can have (`token.ttl`).
pub const LONGEST_TOKEN: Seconds = Seconds(3_600);

/// The most by which a gateway's clock may differ (`clock_skew`): so long after its end a token is
/// refused by itself.
const CLOCKS_DIFFER: Seconds = Seconds(300);

/// A key that was stolen signs whatever its thief likes, so its revocation outlasts every key set
/// that a verifier may still hold.
const KEYS_ARE_HELD_FOR: Seconds = Seconds(30 * 86_400);

/// What is revoked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Revoked {
    /// Every token of one session.
    Session(SessionId),
    /// Every token of one user that was minted before `not_before`.
    User(UserId),
    /// Every token that was minted before `not_before`.
    Everyone,
    /// Every token that this key signed.
    Key(String),
}

impl Revoked {
    /// For metrics and log lines.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Session(_) => "session",
            Self::User(_) => "user",
            Self::Everyone => "everyone",
            Self::Key(_) => "key",
        }
    }
}

/// The tokens that may be about: what a store goes by that revokes a session which it chose itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Minted {
    /// None was minted after this.
    pub until: UnixTime,
    /// None lives longer.
    pub live_for: Seconds,
}

impl Minted {
    /// Revokes all of them that belong to the session.
    #[must_use]
    pub fn revoke(self, session: SessionId) -> Revocation {
        Revocation::new(Revoked::Session(session), self.until, self.live_for)
    }
}

/// One revocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// What is revoked.
    pub what: Revoked,
    /// For a user and for everyone: tokens minted before this.
    pub not_before: UnixTime,
    /// It need not be known from here on.
    pub until: UnixTime,
}

impl Revocation {
    /// Revokes `what`, when no token was minted after `minted`, and none lives longer than
    /// `tokens_live_for`.
    #[must_use]
    pub fn new(what: Revoked, minted: UnixTime, tokens_live_for: Seconds) -> Self {
        let span = match &what {
            Revoked::Session(_) | Revoked::User(_) | Revoked::Everyone => {
                Seconds(tokens_live_for.0 + CLOCKS_DIFFER.0)
            }
            Revoked::Key(_) => KEYS_ARE_HELD_FOR,
        };
        let not_before = minted.plus(Seconds(1));
        Self {
            what,
            not_before,
            until: not_before.plus(span),
        }
    }

    /// How long it is to be known.
    #[must_use]
    pub fn span(&self) -> Seconds {
        self.until.since(self.not_before)
    }

    /// The session that it ends, where it is one of a session.
    #[must_use]
    pub fn of_session(&self) -> Option<(SessionId, &Self)> {
        match self.what {
            Revoked::Session(id) => Some((id, self)),
            Revoked::User(_) | Revoked::Everyone | Revoked::Key(_) => None,
        }
    }

    /// Takes over what another revocation of the same says beyond this one.
    pub fn grow(&mut self, other: &Self) {
        self.not_before = self.not_before.max(other.not_before);
        self.until = self.until.max(other.until);
    }
}

/// From when on tokens of a user count: what the `not_before` of a list of revocations say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Floors {
    everyone: Option<UnixTime>,
    users: BTreeMap<UserId, UnixTime>,
}

impl Floors {
    /// Takes a revocation into account.
    pub fn raise(&mut self, revocation: &Revocation) {
        let not_before = Some(revocation.not_before);
        match &revocation.what {
            Revoked::Everyone => self.everyone = self.everyone.max(not_before),
            Revoked::User(user) => {
                let floor = self.users.entry(*user).or_insert(revocation.not_before);
                *floor = (*floor).max(revocation.not_before);
            }
            Revoked::Session(_) | Revoked::Key(_) => {}
        }
    }

    /// Takes a revocation out of account again: nothing else of the same must be in it.
    pub fn lower(&mut self, revocation: &Revocation) {
        match &revocation.what {
            Revoked::Everyone => self.everyone = None,
            Revoked::User(user) => drop(self.users.remove(user)),
            Revoked::Session(_) | Revoked::Key(_) => {}
        }
    }

    /// The highest `not_before` that applies to this user.
    #[must_use]
    pub fn of(&self, user: UserId) -> Option<UnixTime> {
        self.everyone.max(self.users.get(&user).copied())
    }

    /// Whether presence was last proved in this session before it was revoked with its user or
    /// with everyone.
    #[must_use]
    pub fn end(&self, session: &Session) -> bool {
        self.of(session.user)
            .is_some_and(|floor| session.auth_time < floor)
    }

    /// Whether nothing is revoked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.everyone.is_none() && self.users.is_empty()
    }
}

impl FromIterator<Revocation> for Floors {
    fn from_iter<T: IntoIterator<Item = Revocation>>(revocations: T) -> Self {
        let mut floors = Self::default();
        for revocation in revocations {
            floors.raise(&revocation);
        }
        floors
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn user(n: u128) -> UserId {
        UserId(Uuid::from_u128(n))
    }

    #[test]
    fn a_revocation_lies_past_what_was_minted_and_outlasts_it() {
        let revocation = Revocation::new(Revoked::Everyone, UnixTime(100), LONGEST_TOKEN);
        assert_eq!(revocation.not_before, UnixTime(101));
        assert!(revocation.until >= UnixTime(100 + 3_600 + 300));
        let key = Revocation::new(Revoked::Key("a".to_owned()), UnixTime(100), LONGEST_TOKEN);
        assert!(key.until > revocation.until);
        let short = Revocation::new(Revoked::Everyone, UnixTime(100), Seconds(600));
        assert_eq!(short.until, UnixTime(101 + 600 + 300));
    }

    #[test]
    fn the_higher_floor_counts() {
        let mut floors = Floors::default();
        assert_eq!(floors.of(user(1)), None);
        floors.raise(&Revocation::new(
            Revoked::User(user(1)),
            UnixTime(50),
            LONGEST_TOKEN,
        ));
        floors.raise(&Revocation::new(
            Revoked::User(user(1)),
            UnixTime(40),
            LONGEST_TOKEN,
        ));
        assert_eq!(floors.of(user(1)), Some(UnixTime(51)));
        assert_eq!(floors.of(user(2)), None);
        floors.raise(&Revocation::new(
            Revoked::Everyone,
            UnixTime(45),
            LONGEST_TOKEN,
        ));
        assert_eq!(floors.of(user(1)), Some(UnixTime(51)));
        assert_eq!(floors.of(user(2)), Some(UnixTime(46)));
    }
}
