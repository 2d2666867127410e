//! Who passes, and where.

use super::*;

#[test]
fn a_session_passes_by_cookie_and_by_bearer() {
    let token = token();
    for header in [
        ("cookie", format!("a=b; {COOKIE}={token}")),
        ("authorization", format!("Bearer {token}")),
    ] {
        let changes = changes(decide(&mut gate(), "GET", "/x", &[(header.0, &header.1)]));
        assert_eq!(
            set(&changes, "x-auth-request-user"),
            Some(claims().sub.as_str())
        );
        assert!(removed(&changes, header.0), "the token stays here");
        assert_eq!(set(&changes, "x-latchkey-token"), None);
    }
}

#[test]
fn without_a_session_nothing_passes_but_what_is_public() {
    let gate = &mut gate();
    for path in [
        "/",
        "/x",
        "*",
        "",
        "/_latchkey/login",
        "/public",
        "/Public/x",
    ] {
        let expected = match path {
            "/public" => None,
            "/_latchkey/login" => Some(Reason::SignInNotRouted),
            _ => Some(Reason::NoCredential),
        };
        match decide(gate, "GET", path, &[]).outcome {
            Outcome::Forward(_) => assert_eq!(expected, None, "{path}"),
            Outcome::Refuse(reason, _) => assert_eq!(Some(reason), expected, "{path}"),
            Outcome::Renew(ask) => panic!("waits: {ask:?}"),
        }
    }
}

#[test]
fn every_method_and_protocol_is_checked_alike() {
    let gate = &mut gate();
    for method in [
        "GET", "HEAD", "POST", "OPTIONS", "TRACE", "CONNECT", "FOO", "",
    ] {
        assert_eq!(
            refused(&decide(gate, method, "/x", &[])),
            Reason::NoCredential,
            "{method}"
        );
    }
    for header in [
        ("upgrade", "websocket"),
        ("content-type", "application/grpc"),
        ("access-control-request-method", "POST"),
        ("x-http-method-override", "GET"),
        ("x-original-url", "/public/x"),
        ("x-forwarded-uri", "/public/x"),
        ("x-rewrite-url", "/public/x"),
        ("x-envoy-original-path", "/public/x"),
        ("x-forwarded-host", "other.example.com"),
    ] {
        assert_eq!(
            refused(&decide(gate, "GET", "/x", &[header])),
            Reason::NoCredential,
            "{header:?}"
        );
    }
}

#[test]
fn a_rule_can_deny_even_those_who_are_signed_in() {
    let cookie = format!("{COOKIE}={}", token());
    for path in [
        "/closed",
        "/closed/x",
        "/CLOSED/x",
        "/closed;v=1/x",
        "/public/../closed/x",
    ] {
        let decision = decide(&mut gate(), "GET", path, &[("cookie", &cookie)]);
        assert_eq!(refused(&decision), Reason::Denied, "{path}");
    }
}

#[test]
fn the_sign_in_is_open_only_where_it_really_is() {
    let mut gate = Gate::new(config_with(&rules()), [3; 16]);
    let mut decide = |host: &str, path: &str, cluster: &str| {
        let headers: Vec<(&[u8], &[u8])> = vec![
            (b":method", b"POST"),
            (b":path", path.as_bytes()),
            (b":authority", host.as_bytes()),
            (b"cookie", b"__Host-latchkey=x"),
            (b"x-latchkey-client-address", b"127.0.0.1"),
            (b"x_auth_request_user", b"root"),
        ];
        let surroundings = Fixed {
            cluster: Some(cluster),
            address: Some("192.0.2.7:99"),
            certificate: None,
        };
        gate.decide(&Request::new(headers), &surroundings, NOW, &InProcess)
    };
    let passed = changes(decide(
        "app.example.com",
        "/_latchkey/login",
        "latchkey-public",
    ));
    assert_eq!(set(&passed, "x-latchkey-client-address"), Some("192.0.2.7"));
    assert!(
        removed(&passed, "x-latchkey-client-address") && removed(&passed, "x_auth_request_user")
    );
    assert!(
        !removed(&passed, "cookie"),
        "the sidecar reads the session itself"
    );

    for (host, path, cluster, reason) in [
        ("app.example.com", "/_latchkey/login", "app", Reason::NoKeys),
        (
            "other.example.com",
            "/_latchkey/login",
            "latchkey-public",
            Reason::NoKeys,
        ),
        (
            "app.example.com",
            "/_latchkey/../admin",
            "latchkey-public",
            Reason::NoKeys,
        ),
        (
            "app.example.com",
            "/x/../_latchkey/login",
            "app",
            Reason::SignInPath,
        ),
        (
            "app.example.com",
            "/_latchkey//login",
            "latchkey-public",
            Reason::SignInPath,
        ),
    ] {
        assert_eq!(
            refused(&decide(host, path, cluster)),
            reason,
            "{host} {path}"
        );
    }
}

#[test]
fn without_keys_only_what_is_public_passes() {
    let mut gate = Gate::new(config_with(&rules()), [3; 16]);
    assert!(!gate.is_ready());
    let cookie = format!("{COOKIE}={}", token());
    for headers in [&[][..], &[("cookie", cookie.as_str())]] {
        let decision = decide(&mut gate, "GET", "/x", headers);
        assert_eq!(refused(&decision), Reason::NoKeys);
        let Outcome::Refuse(_, response) = decision.outcome else {
            unreachable!()
        };
        assert!(
            response
                .headers
                .iter()
                .any(|(name, _)| *name == "retry-after")
        );
        changes(decide(&mut gate, "GET", "/public/x", headers));
    }
    gate.set_keys(key_set(&signing_key(1)));
    assert!(gate.is_ready());
    changes(decide(&mut gate, "GET", "/x", &[("cookie", &cookie)]));
}

#[test]
fn a_header_that_asks_for_another_method_does_not_change_the_rule() {
    let rules = json!([
        {"match": {"methods": ["POST"], "paths": ["/comments/**"]}, "allow": "public"},
        {"match": {"methods": ["DELETE"]}, "allow": "authenticated", "require": {"groups": ["admins"]}},
        {"match": {"paths": ["/api/**"]}, "allow": "authenticated", "preflight": "pass"},
    ]);
    let gate = &mut gate_of(&json!({"rules": rules}));
    let cookie = cookie_of(&claims());
    for (name, value) in [
        ("x-http-method-override", "DELETE"),
        ("x_http_method_override", "delete"),
        ("x-http-method", " DELETE"),
        ("x-method-override", "POST, DELETE"),
        ("x-method-override", "GET"),
    ] {
        let asks = (name, value);
        let decision = decide(gate, "POST", "/comments/1", &[asks]);
        assert_eq!(refused(&decision), Reason::MethodOverride, "{asks:?}");
        assert_eq!(response(&decision).status, 400);
    }
    let endless = [("x-http-method", &*"POST,".repeat(5))];
    let decision = decide(gate, "POST", "/comments/1", &endless);
    assert_eq!(refused(&decision), Reason::MethodOverride);
    let by_cookie = ("cookie", cookie.as_str());
    let asks = |method| ("x-http-method-override", method);
    let decision = decide(gate, "POST", "/orders", &[by_cookie, asks("DELETE")]);
    assert_eq!(refused(&decision), Reason::MethodOverride);
    // Where the same rule holds for both, it is the application's own affair.
    changes(decide(gate, "POST", "/orders", &[by_cookie, asks("MERGE")]));
    changes(decide(gate, "POST", "/comments/1", &[asks("post")]));
    // A preflight asks for nothing of this kind.
    let preflight = [
        ("origin", "https://partner.example"),
        ("access-control-request-method", "PUT"),
    ];
    changes(decide(gate, "OPTIONS", "/api/x", &preflight));
    let asking = [&preflight[..], &[asks("PUT")]].concat();
    let decision = decide(gate, "OPTIONS", "/api/x", &asking);
    assert_eq!(refused(&decision), Reason::NoCredential);
}

#[test]
fn a_sign_in_that_envoy_routes_elsewhere_does_not_lead_to_itself() {
    let gate = &mut gate();
    let mut answer = |host: &str, path: &str| {
        let headers = [(":authority", host), ("sec-fetch-mode", "navigate")];
        match decide(gate, "GET", path, &headers).outcome {
            Outcome::Refuse(reason, response) => (reason, response.status),
            other => panic!("{other:?}"),
        }
    };
    for (host, path, expected) in [
        (
            "app.example.com",
            "/_latchkey",
            (Reason::SignInNotRouted, 401),
        ),
        (
            "app.example.com",
            "/_latchkey/login?rd=/x",
            (Reason::SignInNotRouted, 401),
        ),
        (
            "app.example.com",
            "/_latchkeys",
            (Reason::NoCredential, 302),
        ),
        (
            "other.example.com",
            "/_latchkey/login",
            (Reason::NoCredential, 401),
        ),
    ] {
        assert_eq!(answer(host, path), expected, "{host}{path}");
    }
}
