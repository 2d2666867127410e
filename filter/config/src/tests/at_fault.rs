//! Every mistake is answered with the path of its key.

use super::*;

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
        // What the sidecar's own tokens are for: of sessions that are good for nothing else.
        (
            "audiences",
            json!(["app", "https://app.example.com/_latchkey"]),
            "audiences",
        ),
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
fn the_key_at_fault_in_what_is_told_is_named() {
    for (key, value, path) in [
        (
            "identity_headers",
            json!({"sid": {"header": "x-s", "format": "list"}}),
            "identity_headers.sid.format",
        ),
        (
            "identity_headers",
            json!({"authn.uv": {"format": "json"}}),
            "identity_headers.authn.uv.header",
        ),
        (
            "identity_headers",
            json!({"role": "x-role"}),
            "identity_headers.role",
        ),
        (
            "forward_payload",
            json!({"header": "x-auth-request-user"}),
            "forward_payload.header",
        ),
        ("access_log", json!(true), "access_log"),
        ("access_log", json!(["user", "token"]), "access_log[1]"),
        ("access_log", json!(["user", "user"]), "access_log[1]"),
        ("enforce", json!("no"), "enforce"),
    ] {
        assert_at_fault(&with("", key, value), path);
    }
}

#[test]
fn the_key_at_fault_in_a_rule_is_named() {
    for (rule, key) in [
        (json!({}), "allow"),
        (json!({"allow": "everyone"}), "allow"),
        (
            json!({"allow": "deny", "require": {"acr": "phr"}}),
            "require",
        ),
        (
            json!({"allow": "public", "require": {"acr": "phr"}}),
            "require",
        ),
        (json!({"allow": "public", "preflight": "pass"}), "preflight"),
        (
            json!({"allow": "authenticated", "preflight": true}),
            "preflight",
        ),
        (
            json!({"allow": "authenticated", "preflight": "pass", "match": {"methods": ["GET"]}}),
            "preflight",
        ),
        (
            json!({"allow": "authenticated", "cors_origins": ["https://a.b/"]}),
            "cors_origins[0]",
        ),
        (
            json!({"allow": "public", "cors_origins": ["https://a.b"]}),
            "cors_origins",
        ),
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
fn the_requirement_at_fault_is_named() {
    for (require, key) in [
        (json!({}), ""),
        (json!(["admins"]), ""),
        (json!({"group": ["a"]}), ".group"),
        (json!({"groups": []}), ".groups"),
        (json!({"groups": {}}), ".groups"),
        (json!({"groups": "admins"}), ".groups"),
        (json!({"groups": {"none": ["a"]}}), ".groups.none"),
        (json!({"groups": {"any": []}}), ".groups.any"),
        (json!({"groups": ["a", "b,c"]}), ".groups[1]"),
        (json!({"groups": {"all": ["a", " b"]}}), ".groups.all[1]"),
        (json!({"policies": [""]}), ".policies[0]"),
        (json!({"acr": "mfa"}), ".acr"),
        (json!({"acr": ["phr"]}), ".acr"),
        (json!({"amr": ["hwk", "pwd"]}), ".amr[1]"),
        (json!({"amr": []}), ".amr"),
        (json!({"max_age": 300}), ".max_age"),
        (json!({"max_age": "0s"}), ".max_age"),
        (json!({"max_age": "9000h"}), ".max_age"),
        (json!({"certificate": false}), ".certificate"),
        (json!({"authenticator": true}), ".authenticator"),
        (json!({"authenticator": {"uv": true}}), ".authenticator.uv"),
        (
            json!({"authenticator": {"user_verified": false}}),
            ".authenticator.user_verified",
        ),
        (
            json!({"authenticator": {"synced": "no"}}),
            ".authenticator.synced",
        ),
        (
            json!({"authenticator": {"aaguids": ["EE882879-721C-4913-9775-3DFCCE97072A"]}}),
            ".authenticator.aaguids[0]",
        ),
    ] {
        let rules = json!([
            {"allow": "deny"}, {"allow": "deny"}, {"allow": "deny"},
            {"allow": "authenticated", "require": require},
        ]);
        let key = format!("rules[3].require{key}");
        assert_at_fault(&with("", "rules", rules), &key);
    }
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
fn a_host_that_is_a_url_is_told_so() {
    let config = with("", "hosts", json!(["https://app.example.com"]));
    let said = parse(&config).unwrap_err().to_string();
    assert!(
        said.starts_with("hosts[0]: expected a host without scheme"),
        "{said}"
    );
    let config = with("", "hosts", json!(["app.example.com:443"]));
    let said = parse(&config).unwrap_err().to_string();
    assert!(
        said.starts_with("hosts[0]: expected a host without port"),
        "{said}"
    );
}

/// A number finds no rule among hundreds.
#[test]
fn what_the_rule_at_fault_is_about_is_said() {
    let said = |rule: Value| {
        let config = with("", "rules", json!([{"allow": "deny"}, rule]));
        parse(&config).unwrap_err().to_string()
    };
    let matches = json!({"hosts": ["app.example.com"], "paths": ["/admin/**", "/root"]});
    for (rule, expected) in [
        // Found while it is read, and found in the whole.
        (
            json!({"match": matches, "allow": "authenticated", "require": {"acr": "gold"}}),
            "rules[1].require.acr: expected \"phr\" or \"phrh\" (the rule for /admin/**)",
        ),
        (
            json!({"match": matches, "allow": "deny", "require": {"acr": "phr"}}),
            "rules[1].require: only a rule with `allow: authenticated` can require something \
             (the rule for /admin/**)",
        ),
        (
            json!({"match": matches}),
            "rules[1].allow: missing, and there is no default (the rule for /admin/**)",
        ),
        (
            json!({"match": {"hosts": ["app.example.com"]}, "allow": "all"}),
            "rules[1].allow: expected \"public\", \"authenticated\" or \"deny\" \
             (the rule for app.example.com)",
        ),
        // The key says it already, and no message shows what no path has.
        (
            json!({"match": {"paths": ["/a\n[critical]"]}, "allow": "deny"}),
            "rules[1].match.paths[0]: expected only characters of a path, without query, `;`, `\\` \
             or spaces",
        ),
        (json!("deny"), "rules[1]: expected an object"),
        (
            json!({"allow": "deny", "match": {"methods": []}}),
            "rules[1].match.methods: must not be empty: name something, or leave it out",
        ),
    ] {
        assert_eq!(said(rule), expected);
    }
}

#[test]
fn where_the_text_is_no_json_the_rule_is_named_too() {
    let text = |rules: &str| {
        let config = with("", "rules", json!("here")).to_string();
        config.replace("\"here\"", rules)
    };
    for (rules, expected) in [
        (
            r#"[{"allow": "deny"}, {"allow": "deny", "allow": "public"}]"#,
            "rules[1]: `allow` stands there twice",
        ),
        (
            r#"[{"allow": "deny"}, {"match": {"paths": ["/a",]}, "allow": "deny"}]"#,
            "rules[1].match.paths[1]: trailing comma",
        ),
        (
            r#"[{"allow": "deny"} {"allow": "deny"}]"#,
            "rules[1]: expected `,` or `]`",
        ),
        (
            r#"[{"allow": "deny"}, {"allow": "deny" "match": {}}]"#,
            "rules[1]: expected `,` or `}`",
        ),
        (r#"[{"allow": deny}]"#, "rules[0].allow: expected value"),
    ] {
        let error = FilterConfig::parse(text(rules).as_bytes()).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
        assert!(error.to_string().contains(" at line 1 column "), "{error}");
    }
    let error = FilterConfig::parse(b"{").unwrap_err();
    assert_eq!(error.key(), "configuration");
}

#[test]
fn demands_that_no_passkey_meets_together_are_refused() {
    for (require, expected) in [
        (
            json!({"acr": "phrh", "authenticator": {"synced": true}}),
            "authenticator.synced: `true` excludes `phrh` in rules[0].require.acr",
        ),
        (
            json!({"acr": "phrh", "amr": ["user", "swk"]}),
            "amr: `swk` excludes `phrh` in rules[0].require.acr",
        ),
        (
            json!({"amr": ["swk", "hwk"]}),
            "amr: `swk` excludes `hwk` in rules[0].require.amr",
        ),
        (
            json!({"amr": ["hwk"], "authenticator": {"synced": true}}),
            "authenticator.synced: `true` excludes `hwk` in rules[0].require.amr",
        ),
        (
            json!({"amr": ["swk"], "authenticator": {"synced": false}}),
            "authenticator.synced: `false` excludes `swk` in rules[0].require.amr",
        ),
    ] {
        let rules = json!([{"allow": "authenticated", "require": require}]);
        let error = parse(&with("", "rules", rules)).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("rules[0].require.{expected}: no passkey has both")
        );
    }
    for require in [
        json!({"acr": "phrh", "amr": ["hwk", "mfa"], "authenticator": {"synced": false}}),
        json!({"acr": "phr", "amr": ["swk"], "authenticator": {"synced": true}}),
    ] {
        let rules = json!([{"allow": "authenticated", "require": require}]);
        parse(&with("", "rules", rules)).unwrap();
    }
}
