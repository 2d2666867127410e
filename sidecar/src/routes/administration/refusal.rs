//! What can be wrong with an administrator's request, beyond what every request can have.

use crate::model::{Reason, ReasonCode};
use crate::problem::{Problem, ProblemKind};

/// A field does not hold what belongs there.
pub(super) fn field(name: &str, expected: impl std::fmt::Display) -> Problem {
    bad(Reason::expected(name, expected))
}

/// The `after` of a list is no `next` of one.
pub(super) fn no_such_page() -> Problem {
    bad(Reason::expected("after", "the `next` of a page").coded(ReasonCode::NoSuchPage))
}

/// What was sent is not as it must be.
pub(super) fn bad(reason: Reason) -> Problem {
    Problem::because(ProblemKind::BadRequest, reason)
}

/// Something stands in the way that is as it is.
pub(super) fn conflict(reason: Reason) -> Problem {
    Problem::because(ProblemKind::Conflict, reason)
}
