//! The host that a request is for.

use std::borrow::Cow;

use latchkey_filter_config::Host;
use thiserror::Error;

/// A host in the form in which the configuration names it, and the port if one was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority<'a> {
    host: Cow<'a, str>,
    port: Option<&'a str>,
}

/// `:authority` is no host name or address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the host is missing or malformed")]
pub struct BadAuthority;

impl<'a> Authority<'a> {
    /// Reads `:authority`: case does not count. A final dot is refused: to Envoy, unless it is told to
    /// take the dot away, that is another host, whose requests may go elsewhere.
    ///
    /// # Errors
    /// When it is empty, has a user name, a final dot, or characters that no host has.
    pub fn parse(raw: &'a [u8]) -> Result<Self, BadAuthority> {
        let text = std::str::from_utf8(raw).map_err(|_| BadAuthority)?;
        // The colons of an IPv6 address lie inside of brackets.
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (text, None),
        };
        if port.is_some_and(|port| port.parse::<u16>().is_err() || port.starts_with('+')) {
            return Err(BadAuthority);
        }
        let host = if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(host.to_ascii_lowercase())
        } else {
            Cow::Borrowed(host)
        };
        let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let labels = |text: &str| {
            text.split('.')
                .all(|label| !label.is_empty() && label.bytes().all(named))
        };
        let is_host = match host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => labels(&host),
        };
        if is_host {
            Ok(Self { host, port })
        } else {
            Err(BadAuthority)
        }
    }

    /// The host, without port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, where the client named one.
    #[must_use]
    pub fn port(&self) -> Option<&str> {
        self.port
    }
}

/// Hosts that requests often name, each as it would be read: there is no need to.
#[derive(Debug, Clone, Default)]
pub struct KnownHosts(Vec<String>);

impl KnownHosts {
    /// Those of these hosts that are as requests write them.
    #[must_use]
    pub fn new(hosts: &[Host]) -> Self {
        let reads_as_itself = |host: &&str| {
            Authority::parse(host.as_bytes())
                .is_ok_and(|read| read.host() == *host && read.port().is_none())
        };
        let hosts = hosts.iter().map(Host::as_str);
        Self(hosts.filter(reads_as_itself).map(str::to_owned).collect())
    }

    /// Reads `:authority`.
    ///
    /// # Errors
    /// As those of [`Authority::parse`].
    pub fn read<'a>(&'a self, raw: &'a [u8]) -> Result<Authority<'a>, BadAuthority> {
        match self.0.iter().find(|known| known.as_bytes() == raw) {
            Some(known) => Ok(Authority {
                host: Cow::Borrowed(known),
                port: None,
            }),
            None => Authority::parse(raw),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hosts_are_read_like_others() {
        let hosts = ["app.example.com", "[::1]", "127.0.0.1"];
        let hosts = hosts.map(|host| Host::try_from(host.to_owned()).unwrap());
        let known = KnownHosts::new(&hosts);
        for raw in [
            "app.example.com",
            "APP.example.com",
            "app.example.com.",
            "app.example.com:8080",
            "other.example.com",
            "[::1]",
            "[::1]:80",
            "127.0.0.1",
            "",
            "a/b",
        ] {
            let raw = raw.as_bytes();
            assert_eq!(known.read(raw), Authority::parse(raw));
        }
    }

    #[test]
    fn spellings_of_one_host_are_the_same() {
        for raw in ["app.example.com", "APP.example.com", "app.example.com:80"] {
            assert_eq!(
                Authority::parse(raw.as_bytes()).unwrap().host(),
                "app.example.com",
                "{raw}"
            );
        }
        assert_eq!(Authority::parse(b"[::1]:8080").unwrap().host(), "[::1]");
        assert_eq!(Authority::parse(b"[::1]").unwrap().port(), None);
        assert_eq!(
            Authority::parse(b"localhost:8080").unwrap().port(),
            Some("8080")
        );
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for raw in [
            &b""[..],
            b".",
            b"app.example.com.",
            b"app.example.com.:80",
            b":80",
            b"a..b",
            b"a.b..",
            b"user@app.example.com",
            b"a b",
            b"a\tb",
            b"app.example.com:",
            b"app.example.com:x",
            b"app.example.com:+80",
            b"app.example.com:80:80",
            b"a:99999",
            b"\xff",
            b"caf\xc3\xa9",
            b"a/b",
            b"a?b",
            b"a,b",
            b"[::1",
            b"[zz]",
            b"::1",
            b"*",
        ] {
            assert_eq!(
                Authority::parse(raw),
                Err(BadAuthority),
                "{:?}",
                raw.escape_ascii().to_string()
            );
        }
    }
}
