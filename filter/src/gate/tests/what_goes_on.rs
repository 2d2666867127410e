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
}
