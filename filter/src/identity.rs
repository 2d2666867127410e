//! The headers that tell the application who is signed in.

use std::rc::Rc;

use latchkey_filter_config::{Claim, ClaimFormat, FilterConfig, IdentityHeader};
use latchkey_token::{Authn, Claims};
use serde_json::Value as Json;

use crate::upstream::{Header, Name, Value};

/// Tells the sidecar the client's address as Envoy knows it.
pub const CLIENT_ADDRESS: &str = "x-latchkey-client-address";
/// Tells the sidecar the thumbprint of the client's certificate (`x5t#S256`).
pub const CLIENT_CERTIFICATE: &str = "x-latchkey-client-certificate";

/// What applications are told about users. The names are shared by all tokens that are remembered.
#[derive(Debug, Clone)]
pub struct Told(Vec<(IdentityHeader, Name)>);

impl Told {
    /// What this configuration says.
    #[must_use]
    pub fn new(config: &FilterConfig) -> Self {
        let named = |told: &IdentityHeader| {
            let name = Name::Configured(Rc::from(told.header.as_str()));
            (told.clone(), name)
        };
        Self(config.identity_headers.iter().map(named).collect())
    }

    /// The headers for a user. Made once for each token, not for each request.
    #[must_use]
    pub fn headers(&self, claims: &Claims) -> Box<[Header]> {
        let mut text = Vec::new();
        let mut parts = Vec::new();
        for (told, name) in &self.0 {
            let Some(said) = said(told.claim, claims) else {
                continue;
            };
            let value = match told.format {
                ClaimFormat::Plain => said.plain(),
                ClaimFormat::Json => Some(said.json()),
            };
            if let Some(value) = value {
                let start = text.len();
                text.extend_from_slice(value.as_bytes());
                parts.push((name, (start, text.len())));
            }
        }
        let text = Rc::from(text);
        let header = |(name, part): (&Name, _)| (name.clone(), Value::part(&text, part));
        parts.into_iter().map(header).collect()
    }
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
            Self::Text(text) => Json::from(*text),
            Self::Number(number) => Json::from(*number),
            Self::Flag(flag) => Json::from(*flag),
            Self::List(entries) => Json::from(*entries),
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

#[cfg(test)]
mod tests {
    use latchkey_token::Confirmation;
    use serde_json::json;

    use super::*;
    use crate::test_support;

    /// The headers for these claims, as text.
    fn told(config: &FilterConfig, claims: &Claims) -> Vec<String> {
        let headers = Told::new(config).headers(claims);
        let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
        headers
            .iter()
            .map(|(name, value)| format!("{}: {}", &**name, text(value)))
            .collect()
    }

    #[test]
    fn only_what_the_token_says_is_told() {
        let config = test_support::config();
        let mut claims = test_support::claims();
        let told = |claims: &Claims| told(&config, claims);
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
                let header = json!({"header": "x-told", "format": format});
                let config = json!({"identity_headers": {claim: header}});
                let told = told(&test_support::config_and(&config), &claims);
                let expected = format!("x-told: {value}");
                assert!(told.contains(&expected), "{claim} {format}: {told:?}");
            }
        }
    }

    #[test]
    fn an_entry_with_a_comma_is_not_told_as_two() {
        let config = test_support::config_and(&json!({"identity_headers": {"policies": "x-p"}}));
        let mut claims = test_support::claims();
        claims.policies = vec!["a,admin".to_owned()];
        let told = told(&config, &claims);
        assert!(
            told.iter().all(|line| !line.starts_with("x-p:")),
            "{told:?}"
        );
    }
}
