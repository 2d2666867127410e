//! Steps that change what can sign in need a recent proof of presence, so that an unattended
//! browser is not enough to take an account over.

use super::caller::Caller;
use crate::ceremony::{Policy, UserVerification};
use crate::model::{PolicyName, Seconds, UnixTime};
use crate::problem::{Problem, ProblemKind};

/// The last proof of presence is too long ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the last proof of presence was {ago} s ago, at most {allowed} s are allowed", ago = .ago.0, allowed = .allowed.0)]
pub(super) struct NotFresh {
    ago: Seconds,
    allowed: Seconds,
}

impl From<NotFresh> for Problem {
    fn from(_: NotFresh) -> Self {
        Self::new(
            ProblemKind::FreshLoginRequired,
            "This step needs a sign-in from a few minutes ago at most. Sign in again.",
        )
    }
}

/// Passes up to and including the last allowed second. Record and token must both say so: the
/// record, because a token can be older than what has happened since; the token, because one that
/// was taken before the owner proved presence again must not become fresh by it.
pub(super) fn require_fresh(
    caller: &Caller,
    allowed: Seconds,
    now: UnixTime,
) -> Result<(), NotFresh> {
    // A token without the claim proves nothing about when.
    let told = caller.claims.auth_time.map_or(UnixTime(0), UnixTime);
    let ago = now.since(caller.session.auth_time.min(told));
    if ago > allowed {
        Err(NotFresh { ago, allowed })
    } else {
        Ok(())
    }
}

/// The login was without user verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the session was begun without verifying the user")]
pub(super) struct NotVerified;

impl From<NotVerified> for Problem {
    fn from(_: NotVerified) -> Self {
        Self::new(
            ProblemKind::FreshLoginRequired,
            "This step needs a sign-in in which the authenticator verifies you.",
        )
    }
}

/// Refuses what would make a session that was begun under a looser policy a way into a strict one.
pub(super) fn require_verified<'a>(
    caller: &Caller,
    policies: impl IntoIterator<Item = &'a Policy>,
) -> Result<(), NotVerified> {
    let is_strict = |policy: &Policy| {
        policy.name == PolicyName::Passwordless
            && policy.user_verification == UserVerification::Required
    };
    if !caller.user_verified() && policies.into_iter().any(is_strict) {
        Err(NotVerified)
    } else {
        Ok(())
    }
}
