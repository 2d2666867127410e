//! Names of hosts, headers, cookies, methods and clusters.

use std::fmt;

use latchkey_token::cookie::CookieNames;
use thiserror::Error;

/// Longest name of any kind; Envoy's own limits are far above what anyone writes.
const MAX_NAME_BYTES: usize = 256;

/// A name that is compared exactly: an audience, a cluster, an authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

/// A host name in lower case, or an address, without port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host(String);

/// The name of a header that the filter sets, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderName(String);

/// The name of a cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookieName(String);

/// An HTTP method in upper case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method(String);

/// Why a name is refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum BadName {
    /// Nothing, or more than any sensible name.
    #[error("expected a name of 1 to {MAX_NAME_BYTES} characters")]
    Length,
    /// White space, a control character, or one that is not ASCII.
    #[error("expected printable ASCII without spaces")]
    Characters,
    /// Not of the characters that a cookie's name may have.
    #[error("expected a cookie name of letters, digits, `-`, `_` and `.`")]
    Cookie,
    /// Not of the characters that a method has.
    #[error("expected a method in upper case, such as \"GET\"")]
    Method,
}

/// Why a host is refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum BadHost {
    /// It has a port.
    #[error("expected a host without port: a request's port is not compared")]
    Port,
    /// It is a URL.
    #[error("expected a host without scheme and path, such as \"app.example.com\"")]
    Scheme,
    /// A pattern.
    #[error("expected one host, not a pattern")]
    Pattern,
    /// It is no host name.
    #[error("expected a host name in lower case such as \"app.example.com\", without final dot")]
    Form,
}

/// Why the name of a header is refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum BadHeader {
    /// Not of the characters that it may have.
    #[error("expected a header name in lower case, of letters, digits and `-`")]
    Form,
    /// A header that means something to a proxy or a browser.
    #[error("expected a name that begins with \"x-\", other than Envoy's and the proxies' own")]
    Reserved,
}

impl Name {
    pub(crate) fn sidecar() -> Self {
        Self("latchkey".to_owned())
    }
}

impl HeaderName {
    /// The default header of the user id.
    #[must_use]
    pub fn user() -> Self {
        Self("x-auth-request-user".to_owned())
    }

    /// The default header of the e-mail address.
    #[must_use]
    pub fn email() -> Self {
        Self("x-auth-request-email".to_owned())
    }

    /// The default header of the user name.
    #[must_use]
    pub fn preferred_username() -> Self {
        Self("x-auth-request-preferred-username".to_owned())
    }

    /// The default header of the groups.
    #[must_use]
    pub fn groups() -> Self {
        Self("x-auth-request-groups".to_owned())
    }

    /// The default header of the token, where it is passed on.
    #[must_use]
    pub fn token() -> Self {
        Self("x-latchkey-token".to_owned())
    }

    /// The default header of the token's payload, where it is passed on.
    #[must_use]
    pub fn payload() -> Self {
        Self("x-latchkey-payload".to_owned())
    }
}

impl CookieName {
    /// The default cookie of the session token.
    #[must_use]
    pub fn session() -> Self {
        Self(CookieNames::default().session)
    }

    /// The default cookie of the refresh secret.
    #[must_use]
    pub fn refresh() -> Self {
        Self(CookieNames::default().refresh)
    }
}

impl TryFrom<String> for Name {
    type Error = BadName;

    fn try_from(text: String) -> Result<Self, BadName> {
        length(&text)?;
        if text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text))
        } else {
            Err(BadName::Characters)
        }
    }
}

impl TryFrom<String> for Host {
    type Error = BadHost;

    fn try_from(text: String) -> Result<Self, BadHost> {
        if text.contains('*') {
            return Err(BadHost::Pattern);
        }
        if text.contains("://") {
            return Err(BadHost::Scheme);
        }
        if let Some(address) = text.strip_prefix('[') {
            return match address.split_once(']') {
                Some((inner, "")) if inner.parse::<std::net::Ipv6Addr>().is_ok() => Ok(Self(text)),
                Some((_, rest)) if rest.starts_with(':') => Err(BadHost::Port),
                _ => Err(BadHost::Form),
            };
        }
        if text.contains(':') {
            return Err(BadHost::Port);
        }
        let named = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.')
        };
        let labelled = text
            .split('.')
            .all(|label| !label.is_empty() && label.len() <= 63);
        if labelled && text.len() <= 253 && text.bytes().all(named) {
            Ok(Self(text))
        } else {
            Err(BadHost::Form)
        }
    }
}

impl TryFrom<String> for HeaderName {
    type Error = BadHeader;

    fn try_from(text: String) -> Result<Self, BadHeader> {
        let named = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if text.is_empty() || text.len() > MAX_NAME_BYTES || !text.bytes().all(named) {
            return Err(BadHeader::Form);
        }
        // An application's own names begin with `x-`. Everything else, and these, can change how a
        // request is read or routed on its way.
        let taken = [
            "x-envoy-",
            "x-forwarded-",
            "x-b3-",
            "x-http-method",
            "x-latchkey-client-",
        ];
        let exact = [
            "x-request-id",
            "x-real-ip",
            "x-original-url",
            "x-rewrite-url",
        ];
        if !text.starts_with("x-")
            || taken.iter().any(|prefix| text.starts_with(prefix))
            || exact.contains(&text.as_str())
        {
            return Err(BadHeader::Reserved);
        }
        Ok(Self(text))
    }
}

impl TryFrom<String> for CookieName {
    type Error = BadName;

    fn try_from(text: String) -> Result<Self, BadName> {
        length(&text)?;
        let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if text.bytes().all(named) {
            Ok(Self(text))
        } else {
            Err(BadName::Cookie)
        }
    }
}

impl TryFrom<String> for Method {
    type Error = BadName;

    fn try_from(text: String) -> Result<Self, BadName> {
        length(&text)?;
        let named = |byte: u8| byte.is_ascii_uppercase() || byte == b'-';
        if text.bytes().all(named) {
            Ok(Self(text))
        } else {
            Err(BadName::Method)
        }
    }
}

fn length(text: &str) -> Result<(), BadName> {
    if text.is_empty() || text.len() > MAX_NAME_BYTES {
        Err(BadName::Length)
    } else {
        Ok(())
    }
}

macro_rules! text {
    ($($name:ident),+) => {$(
        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

text!(Name, Host, HeaderName, CookieName, Method);
