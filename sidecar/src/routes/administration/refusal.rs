//! What can be wrong with an administrator's request, beyond what every request can have.

use crate::problem::{Problem, ProblemKind};
use std::borrow::Cow;

/// A field does not hold what belongs there.
pub(super) fn field(name: &str, expected: impl std::fmt::Display) -> Problem {
    Problem::new(
        ProblemKind::BadRequest,
        format!("{name}: expected {expected}."),
    )
}

/// A parameter of the query is unknown, or not of the form that it has.
pub(super) fn query() -> Problem {
    Problem::new(
        ProblemKind::BadRequest,
        "The query has a parameter that is unknown, given twice, or of another form.",
    )
}

/// Something stands in the way that is as it is.
pub(super) fn conflict(detail: impl Into<Cow<'static, str>>) -> Problem {
    Problem::new(ProblemKind::Conflict, detail)
}
