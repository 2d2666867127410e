//! The two cookies of a session, with their attributes.

use super::refresh_secret::RefreshSecret;
use crate::model::{Session, UnixTime};
use latchkey_token::cookie::{self, CookieLookup};
use zeroize::Zeroizing;

/// Browsers drop a cookie whose name and value pass 4096 bytes (RFC 6265bis, section 5.6); ours stay
/// under it with their attributes too.
const BROWSER_LIMIT: usize = 4096;

/// Names and scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionCookies {
    /// Holds the session token.
    pub session: String,
    /// Holds the refresh secret.
    pub refresh: String,
    /// Shared with the sub-domains of this one, where set.
    pub domain: Option<String>,
    /// Off only for a loopback public URL.
    pub secure: bool,
}

/// The token does not fit a cookie: the browser would drop it without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the session cookie would have {bytes} bytes, a browser keeps {BROWSER_LIMIT}")]
pub struct CookieOverflow {
    /// How long it would be.
    pub bytes: usize,
}

impl SessionCookies {
    /// `Set-Cookie` for a token; the browser keeps it until the session ends, so that an expired
    /// token can still be renewed.
    ///
    /// # Errors
    /// When it would not fit.
    pub fn token(
        &self,
        token: &str,
        session: &Session,
        now: UnixTime,
    ) -> Result<Zeroizing<String>, CookieOverflow> {
        let line = Zeroizing::new(self.set(&self.session, token, session, now));
        if line.len() > BROWSER_LIMIT {
            return Err(CookieOverflow { bytes: line.len() });
        }
        Ok(line)
    }

    /// `Set-Cookie` for a refresh secret.
    #[must_use]
    pub fn secret(
        &self,
        secret: &RefreshSecret,
        session: &Session,
        now: UnixTime,
    ) -> Zeroizing<String> {
        Zeroizing::new(self.set(&self.refresh, &secret.cookie_value(), session, now))
    }

    /// `Set-Cookie` lines that remove both.
    #[must_use]
    pub fn cleared(&self) -> [String; 2] {
        [&self.session, &self.refresh]
            .map(|name| cookie::clear_cookie(name, self.domain.as_deref(), self.secure))
    }

    /// The session cookie among the `cookie` headers of a request.
    pub fn find_token<'a>(&self, headers: impl Iterator<Item = &'a [u8]>) -> CookieLookup<'a> {
        cookie::find(headers, &self.session)
    }

    /// The refresh secret among them; several, or one of another form, are none.
    pub fn find_secret<'a>(
        &self,
        headers: impl Iterator<Item = &'a [u8]>,
    ) -> Option<RefreshSecret> {
        match cookie::find(headers, &self.refresh) {
            CookieLookup::One(value) => RefreshSecret::parse(value),
            CookieLookup::None | CookieLookup::Several | CookieLookup::TooMany => None,
        }
    }

    fn set(&self, name: &str, value: &str, session: &Session, now: UnixTime) -> String {
        let max_age = session.expires_at.since(now).0;
        cookie::set_cookie(name, value, max_age, self.domain.as_deref(), self.secure)
    }
}
