//! The headers that tell the application who is signed in, and everything that looks like them.

use latchkey_filter_config::{FilterConfig, HeaderName};
use latchkey_token::Claims;

/// Tells the sidecar the client's address as Envoy knows it.
pub const CLIENT_ADDRESS: &str = "x-latchkey-client-address";
/// Tells the sidecar the thumbprint of the client's certificate (`x5t#S256`).
pub const CLIENT_CERTIFICATE: &str = "x-latchkey-client-certificate";

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
pub struct Reserved(Vec<String>);

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
        ];
        let always = [CLIENT_ADDRESS, CLIENT_CERTIFICATE];
        let always = always.into_iter().chain(OF_OAUTH2_PROXY);
        let mut names: Vec<String> = always.map(str::to_owned).collect();
        let configured = config.identity_headers.named().map(|(_, name)| name);
        let token = config.forward_token.iter().map(|forward| &forward.header);
        for name in configured.chain(token).chain(&defaults) {
            if !names.iter().any(|known| known == name.as_str()) {
                names.push(name.as_str().to_owned());
            }
        }
        Self(names)
    }

    /// Whether a server behind the gateway could take this name for one of ours. CGI and its heirs
    /// read `X_Auth.Request-User` as `X-Auth-Request-User`, so only letters and digits count.
    #[must_use]
    pub fn covers(&self, name: &[u8]) -> bool {
        self.0.iter().any(|ours| {
            ours.len() == name.len()
                && ours
                    .bytes()
                    .zip(name)
                    .all(|(ours, byte)| ours == folded(*byte))
        })
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

/// What the application is told about the user.
#[must_use]
pub fn headers(config: &FilterConfig, claims: &Claims) -> Vec<(String, Vec<u8>)> {
    let names = &config.identity_headers;
    let email = claims
        .email
        .as_deref()
        .filter(|_| claims.email_verified != Some(false));
    // No group has a comma: the token's syntax refuses it.
    let groups = (!claims.groups.is_empty()).then(|| claims.groups.join(","));
    [
        (&names.sub, Some(claims.sub.as_str())),
        (&names.email, email),
        (
            &names.preferred_username,
            claims.preferred_username.as_deref(),
        ),
        (&names.name, claims.name.as_deref()),
        (&names.groups, groups.as_deref()),
    ]
    .into_iter()
    .filter_map(|(name, value)| {
        let name = name.as_ref()?.as_str().to_owned();
        Some((name, value?.as_bytes().to_vec()))
    })
    .collect()
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
        let mut config = test_support::config();
        config.identity_headers.sub = Some(HeaderName::try_from("x-user".to_owned()).unwrap());
        config.identity_headers.email = None;
        let reserved = Reserved::new(&config);
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

    #[test]
    fn only_what_the_token_says_is_told() {
        let config = test_support::config();
        let mut claims = test_support::claims();
        let told = |claims: &Claims| {
            headers(&config, claims)
                .into_iter()
                .map(|(name, value)| format!("{name}: {}", String::from_utf8(value).unwrap()))
                .collect::<Vec<_>>()
        };
        claims.groups = vec!["a".to_owned(), "b".to_owned()];
        claims.email = Some("ada@example.com".to_owned());
        claims.preferred_username = Some("ada".to_owned());
        assert_eq!(
            told(&claims),
            [
                format!("x-auth-request-user: {}", claims.sub),
                "x-auth-request-email: ada@example.com".to_owned(),
                "x-auth-request-preferred-username: ada".to_owned(),
                "x-auth-request-groups: a,b".to_owned(),
            ]
        );
        claims.email_verified = Some(false);
        claims.groups.clear();
        claims.preferred_username = None;
        assert_eq!(
            told(&claims),
            [format!("x-auth-request-user: {}", claims.sub)]
        );
    }
}
