//! Time as a value.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A span of whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub u64);

impl fmt::Display for Seconds {
    /// The shortest way to write it: `90s`, `10m`, `12h`, `7d`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, name) = match self.0 {
            n if n >= 86_400 && n.is_multiple_of(86_400) => (86_400, "d"),
            n if n >= 3_600 && n.is_multiple_of(3_600) => (3_600, "h"),
            n if n >= 60 && n.is_multiple_of(60) => (60, "m"),
            _ => (1, "s"),
        };
        write!(f, "{}{name}", self.0 / unit)
    }
}

/// Seconds since 1970-01-01T00:00:00Z (RFC 7519 `NumericDate`, whole seconds only).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixTime(pub u64);

impl UnixTime {
    /// The instant `span` later; stays at the largest instant instead of overflowing.
    #[must_use]
    pub fn plus(self, span: Seconds) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// How long ago `earlier` was; zero when it lies in the future.
    #[must_use]
    pub fn since(self, earlier: Self) -> Seconds {
        Seconds(self.0.saturating_sub(earlier.0))
    }
}
