//! Issuer and origins.

use std::fmt;

use thiserror::Error;

use crate::names::Host;

/// The issuer of the accepted tokens: an `https` address, or `http` on a loopback host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer(String);

/// A web origin as a browser writes it, such as `https://app.example.com` or
/// `http://localhost:8080`: lower case, no default port, no slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

/// Why an address is refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum BadUrl {
    /// Neither `https` nor loopback.
    #[error("expected an https address (http only on localhost, 127.0.0.1 or [::1])")]
    Scheme,
    /// The host is none.
    #[error("expected a host name in lower case after the scheme, without user name")]
    Host,
    /// The port is none, or the scheme's default one.
    #[error("expected a port that is a number and not the scheme's default")]
    Port,
    /// Not a plain path without slash at its end.
    #[error("expected a plain path without query, fragment or `/` at its end")]
    Path,
    /// An origin has no path.
    #[error("expected an origin such as \"https://app.example.com\", with nothing after the host")]
    NotOrigin,
}

impl Issuer {
    /// The address as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether sign-in, and so every guarded application, is reached over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

impl Origin {
    /// The origin as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Issuer {
    type Error = BadUrl;

    fn try_from(text: String) -> Result<Self, BadUrl> {
        let path = after_origin(&text)?;
        let plain = |byte: u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.' | b'~')
        };
        if path.ends_with('/') || path.contains("//") || !path.bytes().all(plain) {
            return Err(BadUrl::Path);
        }
        Ok(Self(text))
    }
}

impl TryFrom<String> for Origin {
    type Error = BadUrl;

    fn try_from(text: String) -> Result<Self, BadUrl> {
        if after_origin(&text)?.is_empty() {
            Ok(Self(text))
        } else {
            Err(BadUrl::NotOrigin)
        }
    }
}

/// Checks scheme, host and port; returns the rest, which is empty or begins with a slash.
fn after_origin(text: &str) -> Result<&str, BadUrl> {
    let (secure, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => return Err(BadUrl::Scheme),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).ok_or(BadUrl::Host)?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let host = Host::try_from(host.to_owned()).map_err(|_| BadUrl::Host)?;
    if !secure && !matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]") {
        return Err(BadUrl::Scheme);
    }
    if let Some(port) = port {
        let number: u16 = port.parse().map_err(|_| BadUrl::Port)?;
        let default = if secure { 443 } else { 80 };
        if number == 0 || number == default || number.to_string() != port {
            return Err(BadUrl::Port);
        }
    }
    if path.is_empty() || path.starts_with('/') {
        Ok(path)
    } else {
        Err(BadUrl::Path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_issuers() {
        for text in [
            "https://app.example.com/_latchkey",
            "https://app.example.com",
            "https://app.example.com:8443/a/b",
            "http://localhost:8080/_latchkey",
            "http://127.0.0.1:8080",
            "http://[::1]:8080/x",
        ] {
            assert!(Issuer::try_from(text.to_owned()).is_ok(), "{text}");
        }
    }

    #[test]
    fn refuses_other_issuers() {
        for (text, expected) in [
            ("http://app.example.com", BadUrl::Scheme),
            ("http://localhost.example.com", BadUrl::Scheme),
            ("ftp://app.example.com", BadUrl::Scheme),
            ("app.example.com", BadUrl::Scheme),
            ("https://", BadUrl::Host),
            ("https://App.example.com", BadUrl::Host),
            ("https://user@app.example.com", BadUrl::Host),
            ("https://app.example.com:443", BadUrl::Port),
            ("https://app.example.com:x", BadUrl::Port),
            ("https://app.example.com:0080", BadUrl::Port),
            ("https://app.example.com/", BadUrl::Path),
            ("https://app.example.com/a?b", BadUrl::Path),
            ("https://app.example.com?b", BadUrl::Path),
            ("https://app.example.com/a\"b", BadUrl::Path),
        ] {
            assert_eq!(
                Issuer::try_from(text.to_owned()).unwrap_err(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn an_origin_has_no_path() {
        assert!(Origin::try_from("https://other.example.com".to_owned()).is_ok());
        for text in ["https://other.example.com/", "https://other.example.com/x"] {
            assert_eq!(
                Origin::try_from(text.to_owned()).unwrap_err(),
                BadUrl::NotOrigin
            );
        }
    }
}
