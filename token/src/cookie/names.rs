//! What the two cookies are called unless someone says otherwise.

/// The names of the two cookies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookieNames {
    /// Holds the session token.
    pub session: String,
    /// Holds the refresh secret.
    pub refresh: String,
}

impl Default for CookieNames {
    /// Bound to one host: no other host, and no plain HTTP, can plant them.
    fn default() -> Self {
        Self::with_prefix("__Host-")
    }
}

impl CookieNames {
    /// With one of the prefixes of RFC 6265bis, section 4.1.3, or none: `__Secure-` for a sign-in
    /// that sub-domains share, because a `Domain` and `__Host-` exclude each other; none for
    /// `http://localhost`, where some browsers drop what is `Secure`.
    #[must_use]
    pub fn with_prefix(prefix: &str) -> Self {
        Self {
            session: format!("{prefix}latchkey"),
            refresh: format!("{prefix}latchkey-refresh"),
        }
    }
}
