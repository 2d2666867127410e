//! Deciding without enforcing.

use super::*;

#[test]
fn a_shadow_decides_and_touches_nothing() {
    let config = json!({"enforce": false, "rules": rules()});
    let gate = &mut gate_of(&config);
    let cookie = cookie_of(&claims());
    let spoofed = ("x-auth-request-user", "root");
    for (path, headers, reason) in [
        ("/x", &[spoofed][..], Some(Reason::NoCredential)),
        ("/closed/x", &[], Some(Reason::Denied)),
        ("/a%zz", &[], Some(Reason::Path(BadPath::Escape))),
        ("/a/../x", &[("cookie", cookie.as_str()), spoofed], None),
        ("/public/x", &[("cookie", &cookie)], None),
    ] {
        let decision = decide(gate, "GET", path, headers);
        assert_eq!(decision.would_refuse, reason, "{path}");
        assert_eq!(changes(decision), Changes::default(), "{path}");
    }
    let spoofed = gate.spoofed([&b"x-auth-request-user"[..]].into_iter());
    assert_eq!(spoofed, Vec::<Vec<u8>>::new());
    assert!(!gate.sets_session([&b"__Host-latchkey=x"[..]].into_iter()));

    let mut closed = Gate::new(config_and(&config), [3; 16]);
    let decision = decide(&mut closed, "GET", "/x", &[("cookie", &cookie)]);
    assert_eq!(decision.would_refuse, Some(Reason::NoKeys));
    assert_eq!(changes(decision), Changes::default());

    // The sidecar believes what it is told about the client, so nobody else may tell it.
    let surroundings = Fixed {
        cluster: Some("latchkey-public"),
        address: Some("192.0.2.1:5"),
        ..Fixed::default()
    };
    let request = Request::new(vec![
        (b":authority", b"app.example.com"),
        (b":path", b"/_latchkey/..;/x"),
        (b"x-latchkey-client-address", b"203.0.113.9"),
    ]);
    let passed = changes(gate.decide(&request, &surroundings, NOW, &InProcess));
    assert!(removed(&passed, "x-latchkey-client-address"));
    assert_eq!(set(&passed, "x-latchkey-client-address"), Some("192.0.2.1"));
}

#[test]
fn a_shadow_waits_for_nothing() {
    let mut expired = claims();
    expired.exp = NOW - 60;
    let token = cookie_of(&expired);
    let cookie = format!("{token}; __Host-latchkey-refresh=secret");
    let headers = [("cookie", cookie.as_str())];
    let decision = decide(
        &mut gate_of(&json!({"enforce": false})),
        "GET",
        "/x",
        &headers,
    );
    assert_eq!(decision.would_refuse, None, "it would be renewed");
    assert_eq!(decision.set_cookie, Vec::<String>::new());
    assert_eq!(changes(decision), Changes::default());
    let decision = decide(&mut gate_of(&json!({})), "GET", "/x", &headers);
    assert!(matches!(decision.outcome, Outcome::Renew(_)));
}
