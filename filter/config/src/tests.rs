use latchkey_token::{Algorithm, SigningKey};
use serde_json::{Value, json};

use super::*;

mod at_fault;

fn minimal() -> Value {
    json!({
        "issuer": "https://app.example.com/_latchkey",
        "audiences": ["app"],
        "hosts": ["app.example.com"],
        "sidecar": {"cluster": "latchkey-internal", "public_cluster": "latchkey-public"},
    })
}

fn parse(value: &Value) -> Result<FilterConfig, ConfigError> {
    FilterConfig::parse(value.to_string().as_bytes())
}

/// The minimal configuration with one value set; `pointer` names an object that is there.
fn with(pointer: &str, key: &str, value: Value) -> Value {
    let mut config = minimal();
    config.pointer_mut(pointer).unwrap()[key] = value;
    config
}

#[test]
fn defaults_are_on_the_safe_side() {
    let config = parse(&minimal()).unwrap();
    assert_eq!(config.default, Access::Authenticated);
    assert_eq!(config.public_path.as_str(), "/_latchkey");
    assert_eq!(config.session.cookie.as_str(), "__Host-latchkey");
    assert_eq!(
        config.session.refresh_cookie.as_str(),
        "__Host-latchkey-refresh"
    );
    assert_eq!(config.clock_skew, Duration::from_secs(30));
    assert_eq!(config.jwks.refresh, Duration::from_mins(1));
    assert!(config.bearer && config.rules.is_empty() && config.forward_token.is_none());
    assert!(config.enforce && config.access_log.is_empty() && config.forward_payload.is_none());
    let headers: Vec<_> = config
        .identity_headers
        .iter()
        .map(|told| told.header.to_string())
        .collect();
    assert_eq!(
        headers,
        [
            "x-auth-request-user",
            "x-auth-request-email",
            "x-auth-request-preferred-username",
            "x-auth-request-groups"
        ]
    );
}

#[test]
fn reads_everything_that_can_be_said() {
    let key = SigningKey::from_seed(Algorithm::Es256, &[1; 32]).unwrap();
    let config = parse(&json!({
        "issuer": "http://localhost:8080/auth",
        "audiences": ["a", "b"],
        "hosts": ["localhost", "127.0.0.1"],
        "public_path": "/auth",
        "sidecar": {"cluster": "outbound|8081||latchkey.latchkey.svc.cluster.local",
            "public_cluster": "outbound|8080||latchkey.latchkey.svc.cluster.local",
            "authority": "latchkey.latchkey.svc", "timeout": "500ms"},
        "jwks": {"refresh": "10s", "inline": {"keys": [key.public_jwk()]}},
        "revocations": {"max_age": "30s", "when_stale": "refuse"},
        "session": {"cookie": "latchkey", "refresh_cookie": "latchkey-refresh", "refresh_before": "0s"},
        "bearer": false,
        "clock_skew": "0s",
        "identity_headers": {"sub": "x-user", "email": null, "name": "x-name"},
        "forward_token": {"header": "x-token"},
        "rules": [
            {"match": {"hosts": ["localhost"], "methods": ["GET"], "paths": ["/public/**"]},
                "allow": "public"},
            {"match": {"paths": ["/files/*"]}, "allow": "authenticated",
                "refuse_ambiguous_paths": false, "same_site_origins": ["https://x.example.com"]},
            {"allow": "deny"},
        ],
        "default": "deny",
    }))
    .unwrap();
    assert_eq!(config.rules.len(), 3);
    let revocations = config.revocations.unwrap();
    assert_eq!(revocations.when_stale, WhenStale::Refuse);
    assert_eq!(config.session.refresh_before, Duration::ZERO);
    assert_eq!(config.default, Access::Deny);
    let headers: Vec<_> = config
        .identity_headers
        .iter()
        .map(|told| told.claim.name())
        .collect();
    assert_eq!(headers, ["sub", "preferred_username", "name", "groups"]);
}

#[test]
fn a_plain_list_means_any_of_them() {
    let parsed = |groups: Value| {
        let rules = json!([{"allow": "authenticated", "require": {"groups": groups}}]);
        let config = parse(&with("", "rules", rules)).unwrap();
        config.rules[0].require.clone().unwrap().groups
    };
    assert_eq!(
        parsed(json!(["a", "b"])),
        parsed(json!({"any": ["a", "b"]}))
    );
    assert_ne!(parsed(json!({"all": ["a"]})), parsed(json!(["a"])));
}

#[test]
fn what_is_no_object_or_has_duplicates_is_refused() {
    for text in ["", "{", "[]", "null", "{}", "{} {}", "\u{feff}{}"] {
        assert!(FilterConfig::parse(text.as_bytes()).is_err(), "{text}");
    }
    let twice = minimal()
        .to_string()
        .replacen('{', r#"{"bearer": true, "bearer": false, "#, 1);
    let error = FilterConfig::parse(twice.as_bytes()).unwrap_err();
    assert!(
        error.to_string().contains("`bearer` stands there twice"),
        "{error}"
    );
}

#[test]
fn the_documented_configuration_is_one_and_says_everything() {
    let document = include_str!("../../CONFIGURATION.md");
    let (_, rest) = document.split_once("```json\n").unwrap();
    let (example, rest) = rest.split_once("```").unwrap();
    let config = FilterConfig::parse(example.as_bytes()).unwrap();
    assert_eq!(config.rules.len(), 4);
    for key in KEYS {
        assert!(
            example.contains(&format!("\"{key}\"")),
            "{key} in the example"
        );
        assert!(rest.contains(key), "{key} in the text");
    }
}
