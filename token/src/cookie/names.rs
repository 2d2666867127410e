//! What the two cookies are called.

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

/// Why a cookie cannot have this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CookieNameError {
    /// Not a token of RFC 9110 5.6.2.
    #[error("expected letters, digits or any of !#$%&'*+-.^_`|~")]
    NotAToken,
    /// Both cookies would have the same name.
    #[error("the session and the refresh cookie need different names")]
    Same,
    /// Browsers drop such a cookie unless it is `Secure`.
    #[error("the prefixes __Host- and __Secure- need https")]
    PrefixNeedsSecure,
    /// Browsers drop a `__Host-` cookie with a `Domain`.
    #[error("the prefix __Host- excludes a domain; __Secure- fits")]
    PrefixExcludesDomain,
}

impl CookieNames {
    /// For a sign-in that sub-domains share: a `Domain` and `__Host-` exclude each other.
    #[must_use]
    pub fn for_domain() -> Self {
        Self::with_prefix("__Secure-")
    }

    /// For `http://localhost`, where some browsers drop what is `Secure`.
    #[must_use]
    pub fn for_loopback() -> Self {
        Self::with_prefix("")
    }

    fn with_prefix(prefix: &str) -> Self {
        Self {
            session: format!("{prefix}latchkey"),
            refresh: format!("{prefix}latchkey-refresh"),
        }
    }

    /// Whether a browser keeps cookies of these names when they are set so.
    ///
    /// # Errors
    /// The first rule that one of the names breaks.
    pub fn check(&self, secure: bool, domain: Option<&str>) -> Result<(), CookieNameError> {
        if self.session.eq_ignore_ascii_case(&self.refresh) {
            return Err(CookieNameError::Same);
        }
        for name in [&self.session, &self.refresh] {
            if name.is_empty() || !name.bytes().all(is_token_byte) {
                return Err(CookieNameError::NotAToken);
            }
            // Browsers look for the prefixes without regard to case.
            let name = name.to_ascii_lowercase();
            let host = name.starts_with("__host-");
            if (host || name.starts_with("__secure-")) && !secure {
                return Err(CookieNameError::PrefixNeedsSecure);
            }
            if host && domain.is_some() {
                return Err(CookieNameError::PrefixExcludesDomain);
            }
        }
        Ok(())
    }
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
