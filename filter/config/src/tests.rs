use latchkey_token::{Algorithm, SigningKey};
use serde_json::{Value, json};

use super::*;

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
    let headers: Vec<_> = config
        .identity_headers
        .named()
        .map(|(_, h)| h.to_string())
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
        .named()
        .map(|(key, _)| key)
        .collect();
    assert_eq!(headers, ["sub", "preferred_username", "name", "groups"]);
}

#[track_caller]
fn assert_at_fault(config: &Value, key: &str) {
    let error = parse(config).unwrap_err();
    assert_eq!(error.key(), key, "{error}");
    assert!(
        error.to_string().starts_with(&format!("{key}: ")),
        "{error}"
    );
}

#[test]
fn the_key_at_fault_is_named() {
    for (object, key, value) in [
        ("", "isuer", json!("x")),
        ("", "revocation", json!({})),
        ("", "revocations", json!(false)),
        ("", "issuer", json!("http://example.com")),
        ("", "audiences", json!([])),
        ("", "audiences", json!("app")),
        ("", "hosts", json!([])),
        ("", "public_path", json!("/")),
        ("", "public_path", json!(null)),
        ("", "bearer", json!("yes")),
        ("", "clock_skew", json!("1h")),
        ("", "clock_skew", json!(30)),
        ("", "default", json!("open")),
        ("", "jwks", json!(null)),
        ("", "rules", json!({})),
        ("/sidecar", "cluster", json!(1)),
        ("/sidecar", "timeout", json!("2 seconds")),
        ("/sidecar", "timeout", json!("2h")),
        ("/sidecar", "tls", json!(true)),
    ] {
        let path = format!("{object}/{key}")
            .trim_start_matches('/')
            .replace('/', ".");
        assert_at_fault(&with(object, key, value), &path);
    }
    for (key, value, path) in [
        ("audiences", json!(["a", ""]), "audiences[1]"),
        (
            "revocations",
            json!({"max_age": "29s"}),
            "revocations.max_age",
        ),
        (
            "revocations",
            json!({"max_age": "25h"}),
            "revocations.max_age",
        ),
        (
            "revocations",
            json!({"when_stale": "open"}),
            "revocations.when_stale",
        ),
        ("revocations", json!({"poll": "1s"}), "revocations.poll"),
        (
            "session",
            json!({"refresh_before": "31m"}),
            "session.refresh_before",
        ),
        ("hosts", json!(["app.example.com:8080"]), "hosts[0]"),
        ("hosts", json!(["*.example.com"]), "hosts[0]"),
        ("jwks", json!({"refresh": "10ms"}), "jwks.refresh"),
        ("jwks", json!({"inline": []}), "jwks.inline"),
        ("jwks", json!({"inline": {"keys": []}}), "jwks.inline"),
        ("session", json!({"cookie": "a b"}), "session.cookie"),
        (
            "session",
            json!({"refresh_before": "60s"}),
            "session.refresh_before",
        ),
        (
            "session",
            json!({"cookie": "__Host-latchkey-refresh"}),
            "session.refresh_cookie",
        ),
        (
            "identity_headers",
            json!({"sub": "authorization"}),
            "identity_headers.sub",
        ),
        (
            "identity_headers",
            json!({"sub": "X-User"}),
            "identity_headers.sub",
        ),
        (
            "identity_headers",
            json!({"sub": "x-envoy-a"}),
            "identity_headers.sub",
        ),
        (
            "identity_headers",
            json!({"sub": "x-a", "email": "x-a"}),
            "identity_headers.email",
        ),
        (
            "forward_token",
            json!({"header": "x-auth-request-user"}),
            "forward_token.header",
        ),
    ] {
        assert_at_fault(&with("", key, value), path);
    }
    assert_at_fault(
        &with("/sidecar", "cluster", json!("latchkey-public")),
        "sidecar.public_cluster",
    );
    let mut config = minimal();
    config.as_object_mut().unwrap().remove("issuer");
    assert_at_fault(&config, "issuer");
}

#[test]
fn the_key_at_fault_in_a_rule_is_named() {
    for (rule, key) in [
        (json!({}), "allow"),
        (json!({"allow": "everyone"}), "allow"),
        (json!({"allow": "deny", "require": {}}), "require"),
        (
            json!({"allow": "deny", "match": {"path": []}}),
            "match.path",
        ),
        (
            json!({"allow": "deny", "match": {"paths": []}}),
            "match.paths",
        ),
        (
            json!({"allow": "deny", "match": {"paths": ["/a", "b"]}}),
            "match.paths[1]",
        ),
        (
            json!({"allow": "deny", "match": {"methods": ["get"]}}),
            "match.methods[0]",
        ),
        (
            json!({"allow": "deny", "match": {"hosts": ["A.b"]}}),
            "match.hosts[0]",
        ),
        (
            json!({"allow": "public", "match": {"paths": ["/_latchkey/x"]}}),
            "match.paths[0]",
        ),
        (
            json!({"allow": "public", "refuse_ambiguous_paths": false}),
            "refuse_ambiguous_paths",
        ),
        (
            json!({"allow": "deny", "same_site_origins": ["https://a.b"]}),
            "same_site_origins",
        ),
    ] {
        let rules = json!([{"allow": "deny"}, rule]);
        assert_at_fault(&with("", "rules", rules), &format!("rules[1].{key}"));
    }
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
fn an_unknown_key_is_answered_with_the_known_ones() {
    let error = parse(&with("/sidecar", "clutser", json!("x")))
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("sidecar.clutser: unknown key"), "{error}");
    assert!(error.contains("`public_cluster`"), "{error}");
}

#[test]
fn the_documented_configuration_is_one_and_says_everything() {
    let document = include_str!("../../CONFIGURATION.md");
    let (_, rest) = document.split_once("```json\n").unwrap();
    let (example, rest) = rest.split_once("```").unwrap();
    let config = FilterConfig::parse(example.as_bytes()).unwrap();
    assert_eq!(config.rules.len(), 3);
    for key in KEYS {
        assert!(
            example.contains(&format!("\"{key}\"")),
            "{key} in the example"
        );
        assert!(rest.contains(key), "{key} in the text");
    }
}
