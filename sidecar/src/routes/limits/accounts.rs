//! How often one account may do what it can do any number of times, in bounded memory: sign in, for
//! every session that ends is told to the gateways, which have room for so many; and change something,
//! for all of it is written down, and nobody may push others' records out of the audit log.
//!
//! Only whoever is in the account counts, so nobody else can use an account's share up; and a share that
//! is used up comes back piece by piece, so nobody is locked out of their own account.

use crate::model::{Seconds, UnixTime, UserId};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// As many are good at once: a person with all their browsers, and one who tries things out.
const AT_ONCE: u64 = 30;
/// After that, one each so many seconds: as many in five minutes again.
const ONE_EACH: Seconds = Seconds(10);

/// As many accounts are told apart, some 50 bytes each. Beyond that, newcomers are not held to
/// anything: they are real accounts, all signed in within the last five minutes.
const ACCOUNTS_MAX: usize = 100_000;

/// A share per account.
#[derive(Debug, Default)]
pub struct AccountLimit {
    shares: Mutex<Shares>,
}

#[derive(Debug, Default)]
struct Shares {
    /// When the account's share will be whole again.
    whole_at: HashMap<UserId, UnixTime>,
    /// When the whole ones were last dropped: a flood must not buy a walk over all of them with each
    /// login.
    swept: Option<UnixTime>,
}

impl AccountLimit {
    /// Takes one from the account's share.
    ///
    /// # Errors
    /// After how long there will be one, when there is none: then nothing is taken.
    pub fn take(&self, account: UserId, now: UnixTime) -> Result<(), Seconds> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if !shares.has_room(account, now) {
            return Ok(());
        }
        let most = Seconds(AT_ONCE * ONE_EACH.0);
        let whole_at = shares.whole_at.entry(account).or_insert(now);
        // A clock that stepped back makes nobody wait longer than one who has used up all.
        let whole = (*whole_at).max(now).min(now.plus(most));
        let after = whole.plus(ONE_EACH);
        if after > now.plus(most) {
            *whole_at = whole;
            return Err(after.since(now.plus(most)));
        }
        *whole_at = after;
        Ok(())
    }
}

impl Shares {
    fn has_room(&mut self, account: UserId, now: UnixTime) -> bool {
        if self.whole_at.contains_key(&account) {
            return true;
        }
        if self.whole_at.len() >= ACCOUNTS_MAX && self.swept != Some(now) {
            self.whole_at.retain(|_, whole_at| *whole_at > now);
            self.swept = Some(now);
        }
        self.whole_at.len() < ACCOUNTS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const NOW: UnixTime = UnixTime(1_000);

    fn account(n: u128) -> UserId {
        UserId(Uuid::from_u128(n))
    }

    #[test]
    fn an_account_that_signs_in_in_a_circle_waits_and_no_other_does() {
        let limit = AccountLimit::default();
        for _ in 0..30 {
            assert_eq!(limit.take(account(1), NOW), Ok(()));
        }
        assert_eq!(limit.take(account(1), NOW), Err(Seconds(10)));
        assert_eq!(limit.take(account(1), UnixTime(1_004)), Err(Seconds(6)));
        assert_eq!(limit.take(account(2), NOW), Ok(()));
        // Refusals take nothing: whoever waits as long as told comes in.
        assert_eq!(limit.take(account(1), UnixTime(1_010)), Ok(()));
        assert_eq!(limit.take(account(1), UnixTime(1_010)), Err(Seconds(10)));
        let later = UnixTime(1_400);
        let again = (0..40).filter(|_| limit.take(account(1), later).is_ok());
        assert_eq!(again.count(), 30, "after five quiet minutes, as ever");
    }

    #[test]
    fn a_clock_that_steps_back_locks_nobody_out() {
        let limit = AccountLimit::default();
        assert_eq!(limit.take(account(1), UnixTime(9_000)), Ok(()));
        assert_eq!(limit.take(account(1), NOW), Err(Seconds(10)));
        assert_eq!(limit.take(account(1), UnixTime(1_010)), Ok(()));
    }

    #[test]
    fn a_flood_of_accounts_takes_bounded_memory_and_frees_it() {
        let limit = AccountLimit::default();
        for n in 0..150_000 {
            assert_eq!(limit.take(account(n), NOW), Ok(()));
        }
        assert_eq!(limit.shares.lock().unwrap().whole_at.len(), ACCOUNTS_MAX);
        assert_eq!(limit.take(account(200_000), UnixTime(1_010)), Ok(()));
        assert_eq!(limit.shares.lock().unwrap().whole_at.len(), 1);
    }
}
