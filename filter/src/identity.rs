//! The headers that tell the application who is signed in, and everything that looks like them.

use latchkey_filter_config::{Claim, ClaimFormat, FilterConfig, HeaderName};
use latchkey_token::{Authn, Claims};
use serde_json::Value;

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
        Self(names)
    }

    /// Whether a server behind the gateway could take this name for one of ours. CGI and its heirs
    /// read `X_Auth.Request-User` as `X-Auth-Request-User`, so only letters and digits count.
    #[must_use]
    pub fn covers(&self, name: &[u8]) -> bool {
        self.0.iter().any(|ours| looks_like(name, ours))
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
    config
        .identity_headers
        .iter()
        .filter_map(|told| {
            let said = said(told.claim, claims)?;
            let value = match told.format {
                ClaimFormat::Plain => said.plain()?,
                ClaimFormat::Json => said.json(),
            };
            Some((told.header.as_str().to_owned(), value.into_bytes()))
        })
        .collect()
}

/// What a token says in one claim.
enum Said<'a> {
    Text(&'a str),
    Number(u64),
    Flag(bool),
    List(&'a [String]),
}

impl Said<'_> {
    /// An entry with a comma would read as two, so it is left out; no group has one.
    fn plain(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some((*text).to_owned()),
            Self::Number(number) => Some(number.to_string()),
            Self::Flag(flag) => Some(flag.to_string()),
            Self::List(entries) => {
                let entries: Vec<&str> = entries
                    .iter()
                    .map(String::as_str)
                    .filter(|entry| !entry.contains(','))
                    .collect();
                (!entries.is_empty()).then(|| entries.join(","))
            }
        }
    }

    fn json(&self) -> String {
        let value = match self {
            Self::Text(text) => Value::from(*text),
            Self::Number(number) => Value::from(*number),
            Self::Flag(flag) => Value::from(*flag),
            Self::List(entries) => Value::from(*entries),
        };
        value.to_string()
    }
}

/// Finds a claim; nothing where the token does not say it.
fn said(claim: Claim, claims: &Claims) -> Option<Said<'_>> {
    fn text(text: Option<&String>) -> Option<Said<'_>> {
        text.map(|text| Said::Text(text))
    }
    fn list(list: &[String]) -> Option<Said<'_>> {
        (!list.is_empty()).then_some(Said::List(list))
    }
    let authn = |fact: fn(&Authn) -> bool| claims.authn.as_ref().map(fact).map(Said::Flag);
    match claim {
        Claim::Sub => Some(Said::Text(&claims.sub)),
        Claim::Email => claims
            .email
            .as_deref()
            .filter(|_| claims.email_verified != Some(false))
            .map(Said::Text),
        Claim::PreferredUsername => text(claims.preferred_username.as_ref()),
        Claim::Name => text(claims.name.as_ref()),
        Claim::Groups => list(&claims.groups),
        Claim::Policies => list(&claims.policies),
        Claim::Acr => text(claims.acr.as_ref()),
        Claim::Amr => list(&claims.amr),
        Claim::AuthTime => claims.auth_time.map(Said::Number),
        Claim::Sid => Some(Said::Text(&claims.sid)),
        Claim::Jti => Some(Said::Text(&claims.jti)),
        Claim::Iat => Some(Said::Number(claims.iat)),
        Claim::Exp => Some(Said::Number(claims.exp)),
        Claim::Iss => Some(Said::Text(&claims.iss)),
        Claim::Aud => list(&claims.aud),
        Claim::EmailVerified => claims.email_verified.map(Said::Flag),
        Claim::Aaguid => claims.authn.as_ref().map(|it| Said::Text(&it.aaguid)),
        Claim::Attested => authn(|it| it.attested),
        Claim::UserVerified => authn(|it| it.uv),
        Claim::BackupEligible => authn(|it| it.be),
        Claim::BackupState => authn(|it| it.bs),
        Claim::Attachment => text(claims.authn.as_ref()?.attachment.as_ref()),
        Claim::CertificateThumbprint => claims
            .cnf
            .as_ref()
            .map(|cnf| Said::Text(&cnf.certificate_thumbprint)),
    }
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
    use latchkey_token::Confirmation;
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

    #[test]
    fn every_claim_can_be_told_in_both_forms() {
        let mut claims = test_support::claims();
        claims.policies = vec!["a".to_owned(), "b,admin".to_owned()];
        claims.amr = vec!["hwk".to_owned(), "user".to_owned()];
        claims.sid = "session".to_owned();
        claims.auth_time = Some(12);
        claims.email_verified = Some(true);
        claims.authn = Some(Authn {
            aaguid: "ee882879-721c-4913-9775-3dfcce97072a".to_owned(),
            uv: true,
            attachment: Some("platform".to_owned()),
            ..Authn::default()
        });
        claims.cnf = Some(Confirmation {
            certificate_thumbprint: "thumb".to_owned(),
        });
        for (claim, plain, as_json) in [
            ("policies", "a", r#"["a","b,admin"]"#),
            ("amr", "hwk,user", r#"["hwk","user"]"#),
            ("aud", "app", r#"["app"]"#),
            ("auth_time", "12", "12"),
            ("email_verified", "true", "true"),
            ("sid", "session", r#""session""#),
            ("jti", "jti", r#""jti""#),
            ("iat", "1750000000", "1750000000"),
            ("exp", "1750000600", "1750000600"),
            (
                "authn.aaguid",
                "ee882879-721c-4913-9775-3dfcce97072a",
                r#""ee882879-721c-4913-9775-3dfcce97072a""#,
            ),
            ("authn.uv", "true", "true"),
            ("authn.attested", "false", "false"),
            ("authn.be", "false", "false"),
            ("authn.bs", "false", "false"),
            ("authn.attachment", "platform", r#""platform""#),
            ("cnf.x5t#S256", "thumb", r#""thumb""#),
        ] {
            for (format, value) in [("plain", plain), ("json", as_json)] {
                let told = json!({"header": "x-told", "format": format});
                let config = json!({"identity_headers": {claim: told}});
                let told = headers(&test_support::config_and(&config), &claims);
                let found = told.iter().find(|(name, _)| name == "x-told").unwrap();
                assert_eq!(found.1, value.as_bytes(), "{claim} {format}");
            }
        }
    }

    #[test]
    fn an_entry_with_a_comma_is_not_told_as_two() {
        let config = test_support::config_and(&json!({"identity_headers": {"policies": "x-p"}}));
        let mut claims = test_support::claims();
        claims.policies = vec!["a,admin".to_owned()];
        let told = headers(&config, &claims);
        assert!(told.iter().all(|(name, _)| name != "x-p"), "{told:?}");
    }
}
