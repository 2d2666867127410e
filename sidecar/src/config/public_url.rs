//! The one URL that everything else is derived from; never from a request's Host.

use serde::{Deserialize, Deserializer, de::Error};
use url::{Host, Url};

/// Where people reach the sign-in: `https://app.example.com/_latchkey`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    url: Url,
    host: String,
    issuer: String,
}

impl PublicUrl {
    /// Reads and checks the URL.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut url = Url::parse(text).map_err(|problem| {
            format!("expected a URL like {EXAMPLE}, found {text:?}: {problem}")
        })?;
        let host = match url.host() {
            Some(Host::Domain(host)) => host.to_owned(),
            Some(Host::Ipv4(_) | Host::Ipv6(_)) => {
                return Err(
                    "expected a host name: browsers allow no passkey on an IP address (on \
                            this machine: http://localhost)"
                        .to_owned(),
                );
            }
            None => return Err(format!("expected a URL with a host, like {EXAMPLE}")),
        };
        if !is_secure_context(&url) {
            return Err(
                "expected https (http only for localhost): browsers allow passkeys nowhere \
                        else"
                    .to_owned(),
            );
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("expected a URL without user name and password".to_owned());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("expected a URL without ? and #".to_owned());
        }
        let path = url.path().trim_end_matches('/').to_owned();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | '~');
        if path.is_empty() || path.contains("//") || !path.chars().all(plain) {
            return Err(format!(
                "expected a path of its own, of letters, digits and -_.~, as in {EXAMPLE}: the \
                 rest of the host belongs to the application"
            ));
        }
        url.set_path(&path);
        let issuer = url.as_str().to_owned();
        Ok(Self { url, host, issuer })
    }

    /// The whole URL without a trailing slash: the tokens' `iss`.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The path that every page and endpoint lies under, without a trailing slash: `/_latchkey`.
    #[must_use]
    pub fn path(&self) -> &str {
        self.url.path()
    }

    /// Scheme, host and port, as browsers send `Origin`.
    #[must_use]
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// The host name in lower case (Punycode where it is not ASCII), without the port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// `false` only for a demonstration on a loopback host.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }
}

impl<'de> Deserialize<'de> for PublicUrl {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

const EXAMPLE: &str = "https://app.example.com/_latchkey";

/// Whether a browser offers `WebAuthn` there: https, or http on this very machine.
pub(super) fn is_secure_context(url: &Url) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => match url.host() {
            Some(Host::Domain(host)) => host == "localhost" || host.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        },
        _ => false,
    }
}

/// Whether `host` is `domain` or lies under it.
pub(super) fn is_within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_good_url() {
        let url = PublicUrl::parse("https://App.Example.com:8443/_latchkey/").unwrap();
        assert_eq!(url.issuer(), "https://app.example.com:8443/_latchkey");
        assert_eq!(url.path(), "/_latchkey");
        assert_eq!(url.origin(), "https://app.example.com:8443");
        assert_eq!(url.host(), "app.example.com");
        assert!(url.is_https());
    }

    #[test]
    fn http_is_for_this_machine_only() {
        assert!(
            !PublicUrl::parse("http://localhost:8080/_latchkey")
                .unwrap()
                .is_https()
        );
        assert!(PublicUrl::parse("http://app.localhost/_latchkey").is_ok());
        for text in [
            "http://app.example.com/x",
            "http://localhost.example.com/x",
            "ftp://a.b/x",
        ] {
            assert!(
                PublicUrl::parse(text)
                    .unwrap_err()
                    .contains("expected https"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_public_url_says_what_was_expected() {
        for (text, says) in [
            ("app.example.com/x", "expected a URL like"),
            ("/x", "expected a URL like"),
            ("http://127.0.0.1/x", "expected a host name"),
            ("https://[::1]/x", "expected a host name"),
            ("https://u@a.b/x", "without user name"),
            ("https://a.b/x?y", "without ? and #"),
            ("https://a.b/x#y", "without ? and #"),
            ("https://a.b", "a path of its own"),
            ("https://a.b/", "a path of its own"),
            ("https://a.b/x//y", "a path of its own"),
            ("https://a.b/x%2fy", "a path of its own"),
            ("https://a.b/x;y", "a path of its own"),
        ] {
            let problem = PublicUrl::parse(text).unwrap_err();
            assert!(problem.contains(says), "{text}: {problem}");
        }
    }

    #[test]
    fn a_domain_holds_itself_and_what_lies_under_it() {
        assert!(is_within("example.com", "example.com"));
        assert!(is_within("a.example.com", "example.com"));
        assert!(!is_within("anexample.com", "example.com"));
        assert!(!is_within("example.com", "a.example.com"));
    }
}
