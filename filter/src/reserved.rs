//! The headers that no client may send: those by which applications are told who is signed in, and
//! everything that looks like them.

use latchkey_filter_config::{FilterConfig, HeaderName};

use crate::identity::{CLIENT_ADDRESS, CLIENT_CERTIFICATE};

/// Names under which oauth2-proxy tells an application who is signed in. One that moved from there
/// to here may still believe them, so no client may send them, although we never set them.
const OF_OAUTH2_PROXY: [&str; 6] = [
    "x-forwarded-user",
    "x-forwarded-email",
    "x-forwarded-preferred-username",
    "x-forwarded-groups",
    "x-forwarded-access-token",
    "x-auth-request-access-token",
];

/// The names that no client may send.
#[derive(Debug, Clone)]
pub struct Reserved {
    names: Vec<String>,
    /// A bit for each of their lengths: few other headers have one of these.
    lengths: u64,
}

impl Reserved {
    /// The names that this configuration sets, and our defaults even where it sets others: an
    /// application may still read them.
    #[must_use]
    pub fn new(config: &FilterConfig) -> Self {
        let defaults = [
            HeaderName::user(),
            HeaderName::email(),
            HeaderName::preferred_username(),
            HeaderName::groups(),
            HeaderName::token(),
            HeaderName::payload(),
        ];
        let always = [CLIENT_ADDRESS, CLIENT_CERTIFICATE];
        let always = always.into_iter().chain(OF_OAUTH2_PROXY);
        let mut names: Vec<String> = always.map(str::to_owned).collect();
        let configured = config.identity_headers.iter().map(|told| &told.header);
        let token = config.forward_token.iter().map(|forward| &forward.header);
        let payload = config.forward_payload.iter().map(|forward| &forward.header);
        for name in configured.chain(token).chain(payload).chain(&defaults) {
            if !names.iter().any(|known| known == name.as_str()) {
                names.push(name.as_str().to_owned());
            }
        }
        let lengths = names
            .iter()
            .fold(0, |bits, name| bits | length(name.as_bytes()));
        Self { names, lengths }
    }

    /// Whether a server behind the gateway could take this name for one of ours. CGI and its heirs
    /// read `X_Auth.Request-User` as `X-Auth-Request-User`, so only letters and digits count.
    #[must_use]
    pub fn covers(&self, name: &[u8]) -> bool {
        self.lengths & length(name) != 0 && self.names.iter().any(|ours| looks_like(name, ours))
    }

    /// Those of the names that must go, each once.
    pub fn spoofed<'a>(&self, names: impl Iterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
        let mut spoofed: Vec<Vec<u8>> = Vec::new();
        for name in names.filter(|name| self.covers(name)) {
            if !spoofed.iter().any(|known| known == name) {
                spoofed.push(name.to_vec());
            }
        }
        spoofed
    }
}

/// One bit of 64.
fn length(name: &[u8]) -> u64 {
    1_u64.rotate_left(u32::try_from(name.len()).unwrap_or_default() & 63)
}

/// Whether a server behind the gateway could take `name` for `ours`.
#[must_use]
pub(crate) fn looks_like(name: &[u8], ours: &str) -> bool {
    ours.len() == name.len()
        && ours
            .bytes()
            .zip(name)
            .all(|(ours, byte)| ours == folded(*byte))
}

fn folded(byte: u8) -> u8 {
    if byte.is_ascii_alphanumeric() {
        byte.to_ascii_lowercase()
    } else {
        b'-'
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::test_support;

    #[test]
    fn every_spelling_of_our_names_is_covered() {
        let reserved = Reserved::new(&test_support::config());
        for name in [
            &b"x-auth-request-user"[..],
            b"X-Auth-Request-User",
            b"x_auth_request_user",
            b"x-auth_request.user",
            b"x\xffauth-request-user",
            b"x-auth-request-email",
            b"x-auth-request-preferred-username",
            b"x-auth-request-groups",
            b"x-latchkey-token",
            b"x-latchkey-client-address",
            b"X_LATCHKEY_CLIENT_CERTIFICATE",
            b"X-Forwarded-User",
            b"x-forwarded-email",
            b"x_forwarded_groups",
            b"x-forwarded-preferred-username",
            b"x-forwarded-access-token",
            b"x-auth-request-access-token",
        ] {
            assert!(reserved.covers(name), "{}", name.escape_ascii());
        }
        for name in [
            &b"x-auth-request-users"[..],
            b"x-auth-request-use",
            b"xauthrequestuser",
            // About the way of the request, not about who sends it.
            b"x-forwarded-for",
            b"x-forwarded-proto",
            b"x-forwarded-host",
            b"x-forwarded-client-cert",
            b"x-auth-request-redirect",
            b"cookie",
            b"",
        ] {
            assert!(!reserved.covers(name), "{}", name.escape_ascii());
        }
    }

    #[test]
    fn configured_names_are_covered_too() {
        let config = test_support::config_and(&json!({
            "identity_headers": {"sub": "x-user", "email": null, "sid": "x-session"},
            "forward_payload": {"header": "x-payload"},
        }));
        let reserved = Reserved::new(&config);
        assert!(reserved.covers(b"x_session"));
        assert!(reserved.covers(b"x_payload"));
        assert!(reserved.covers(b"x-latchkey-payload"));
        assert!(reserved.covers(b"X_User"));
        assert!(reserved.covers(b"x-auth-request-user"));
        assert!(reserved.covers(b"x-auth-request-email"));
    }

    #[test]
    fn each_spelling_goes_once() {
        let reserved = Reserved::new(&test_support::config());
        let names = [
            &b"x-auth-request-user"[..],
            b"accept",
            b"x_auth_request_user",
            b"x-auth-request-user",
        ];
        assert_eq!(
            reserved.spoofed(names.into_iter()),
            [
                b"x-auth-request-user".to_vec(),
                b"x_auth_request_user".to_vec()
            ]
        );
    }
}
