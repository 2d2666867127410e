//! Kinds of problem that come together, because the same step can answer any of them.

use crate::problem::ProblemKind;

/// The store is asked.
pub(in crate::routes) const STORE: &[ProblemKind] = &[ProblemKind::StoreUnavailable];

/// A session that is good for everything is needed.
pub(in crate::routes) const CALLER: &[ProblemKind] = &[
    ProblemKind::Unauthorized,
    ProblemKind::MustRegister,
    ProblemKind::StoreUnavailable,
];

/// A session is needed, if only one that is good for registering a passkey.
pub(in crate::routes) const ANY_CALLER: &[ProblemKind] =
    &[ProblemKind::Unauthorized, ProblemKind::StoreUnavailable];

/// Any request: a fault of ours.
pub(super) const ALWAYS: &[ProblemKind] = &[ProblemKind::Internal];

/// A request that changes something, on a listener that looks at those first.
pub(super) const CHANGING: &[ProblemKind] = &[
    ProblemKind::BadRequest,
    ProblemKind::CrossSite,
    ProblemKind::SimpleContentType,
    ProblemKind::NotJson,
    ProblemKind::TooLarge,
    ProblemKind::Timeout,
];

/// Administration on the public listener.
pub(super) const GATE: &[ProblemKind] = &[
    ProblemKind::NotFound,
    ProblemKind::Unauthorized,
    ProblemKind::MustRegister,
    ProblemKind::NotAnAdministrator,
    ProblemKind::FreshLoginRequired,
    ProblemKind::StoreUnavailable,
];
