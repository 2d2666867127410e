//! What the application is given, and what is left in a refused request.

use super::*;

#[test]
fn the_payload_goes_on_where_it_is_asked_for() {
    let gate = &mut gate_of(&json!({"forward_payload": {}}));
    let token = token();
    let payload = token.split('.').nth(1).unwrap();
    let bearer = format!("Bearer {token}");
    let changes = changes(decide(gate, "GET", "/x", &[("authorization", &bearer)]));
    assert_eq!(set(&changes, "x-latchkey-payload"), Some(payload));
    assert_eq!(set(&changes, "x-latchkey-token"), None);
}

#[test]
fn nothing_that_signs_in_is_left_in_a_refused_request() {
    let token = token();
    let cookie = format!("a=b; {COOKIE}={token}; __Host-latchkey-refresh=secret");
    let many = format!("{}{COOKIE}={token}", "a=b; ".repeat(500));
    let redacted = |config: &serde_json::Value, headers: &[(&str, &str)]| {
        let headers = headers.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes()));
        gate_of(config).redaction(&Request::new(headers.collect()))
    };
    let open = json!({});
    for authorization in ["Bearer x", "Bearer\tx", "Basic YTpi", &token] {
        let changes = redacted(&open, &[("authorization", authorization)]);
        assert!(removed(&changes, "authorization"), "{authorization}");
    }
    let changes = redacted(&open, &[("cookie", &cookie), ("cookie", "c=d")]);
    assert_eq!(set(&changes, "cookie"), Some("a=b; c=d"));
    let changes = redacted(&open, &[("cookie", &many)]);
    assert!(removed(&changes, "cookie"));
    assert!(set(&changes, "cookie").is_none_or(|kept| !kept.contains(&token)));
    assert_eq!(redacted(&open, &[("cookie", "a=b")]), Changes::default());
    let left = redacted(
        &json!({"bearer": false}),
        &[("authorization", "Basic YTpi")],
    );
    assert_eq!(left, Changes::default(), "the application's own");
    let changes = redacted(&open, &[("x_auth_request_user", "root")]);
    assert!(removed(&changes, "x_auth_request_user"));
}

#[test]
fn headers_that_look_like_ours_go_everywhere() {
    let gate = &mut gate();
    let cookie = format!("{COOKIE}={}", token());
    let spoofed = [
        ("x-auth-request-user", "root"),
        ("x-auth-request-user", "admin"),
        ("x_auth_request_groups", "admins"),
        ("x-latchkey-token", "x"),
        ("x-latchkey-client-address", "127.0.0.1"),
    ];
    let signed_in = [&[("cookie", cookie.as_str())][..], &spoofed].concat();
    for (path, headers) in [("/public/x", &spoofed[..]), ("/x", &signed_in)] {
        let changes = changes(decide(gate, "GET", path, headers));
        for (name, _) in spoofed {
            assert!(removed(&changes, name), "{path} {name}");
        }
        assert_eq!(set(&changes, "x-auth-request-groups"), None);
    }
}

#[test]
fn session_cookies_never_reach_the_application() {
    let gate = &mut gate();
    let cookie = format!(
        "a=1; {COOKIE}={}; b=2; __Host-latchkey-refresh=secret",
        token()
    );
    for path in ["/x", "/public/x"] {
        let passed = changes(decide(gate, "GET", path, &[("cookie", &cookie)]));
        assert_eq!(set(&passed, "cookie"), Some("a=1; b=2"), "{path}");
        let pieces = [("cookie", "a=1"), ("cookie", cookie.as_str())];
        let passed = changes(decide(gate, "GET", path, &pieces));
        assert_eq!(set(&passed, "cookie"), Some("a=1; a=1; b=2"), "{path}");
    }
    let only = format!("{COOKIE}=x");
    let passed = changes(decide(gate, "GET", "/public/x", &[("cookie", &only)]));
    assert!(removed(&passed, "cookie") && set(&passed, "cookie").is_none());
    let passed = changes(decide(gate, "GET", "/public/x", &[("cookie", "a=1")]));
    assert_eq!(passed, Changes::default());
}

#[test]
fn a_bearer_token_of_ours_does_not_reach_the_application() {
    let gate = &mut gate();
    let bearer = format!("Bearer {}", token());
    let passed = changes(decide(
        gate,
        "GET",
        "/public/x",
        &[("authorization", &bearer)],
    ));
    assert!(removed(&passed, "authorization"));
    let passed = changes(decide(
        gate,
        "GET",
        "/public/x",
        &[("authorization", "Basic YTpi")],
    ));
    assert!(!removed(&passed, "authorization"));
}

#[test]
fn the_token_is_passed_on_where_that_is_asked_for() {
    let mut config = config_with(&json!([]));
    let header = latchkey_filter_config::HeaderName::token();
    config.forward_token = Some(latchkey_filter_config::ForwardToken { header });
    let mut gate = Gate::new(config, [3; 16]);
    gate.set_keys(key_set(&signing_key(1)));
    let token = token();
    let cookie = format!("{COOKIE}={token}");
    let passed = changes(decide(&mut gate, "GET", "/x", &[("cookie", &cookie)]));
    assert_eq!(set(&passed, "x-latchkey-token"), Some(token.as_str()));
}

#[test]
fn only_responses_with_a_cookie_of_ours_need_no_store() {
    let gate = gate();
    let sets = |values: &[&[u8]]| gate.sets_session(values.iter().copied());
    assert!(sets(&[b"a=b", b"__Host-latchkey=x; Path=/"]));
    assert!(sets(&[b"__host-latchkey-refresh=; Max-Age=0"]));
    assert!(!sets(&[b"a=b; Path=/; x=__Host-latchkey"]));
    assert!(!sets(&[b"a=b; __Host-latchkey=x"]));
    assert!(!sets(&[]));
}
