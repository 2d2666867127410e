//! Preflights, and what scripts of other origins may read.

use super::*;

#[test]
fn preflights_pass_where_the_rule_says_so_and_carry_nothing() {
    let gate = &mut gate_of(&json!({"rules": [
        {"match": {"paths": ["/api/**"]}, "allow": "authenticated", "preflight": "pass",
            "cors_origins": ["https://partner.example"]},
    ]}));
    let cookie = cookie_of(&claims());
    let origin = ("origin", "https://partner.example");
    let wish = ("access-control-request-method", "PUT");
    let spoofed = ("x-auth-request-user", "root");
    let passed = changes(decide(gate, "OPTIONS", "/api/x", &[origin, wish, spoofed]));
    assert!(removed(&passed, "x-auth-request-user"));
    for (method, path, headers) in [
        ("OPTIONS", "/other", &[origin, wish][..]),
        ("PUT", "/api/x", &[origin, wish]),
        ("options", "/api/x", &[origin, wish]),
        ("OPTIONS", "/api/x", &[origin]),
        ("OPTIONS", "/api/x", &[wish]),
        ("OPTIONS", "/api/x", &[origin, wish, wish]),
        (
            "OPTIONS",
            "/api/x",
            &[origin, wish, ("upgrade", "websocket")],
        ),
        ("OPTIONS", "/api/x", &[origin, wish, ("cookie", "a=b")]),
    ] {
        let decision = decide(gate, method, path, headers);
        assert_eq!(
            refused(&decision),
            Reason::NoCredential,
            "{method} {headers:?}"
        );
    }
    let headers = [origin, wish, ("authorization", "Bearer x")];
    let reason = refused(&decide(gate, "OPTIONS", "/api/x", &headers));
    assert!(matches!(reason, Reason::Token(_)), "{reason}");
    changes(decide(
        gate,
        "OPTIONS",
        "/api/x",
        &[origin, wish, ("cookie", &cookie)],
    ));
}

#[test]
fn scripts_of_permitted_origins_can_read_why_they_are_refused() {
    let gate = &mut gate_of(&json!({"rules": [
        {"match": {"paths": ["/api/**"]}, "allow": "authenticated",
            "cors_origins": ["https://partner.example"],
            "same_site_origins": ["https://pay.example.com"]},
    ]}));
    for (path, origin, readable) in [
        ("/api/x", "https://partner.example", true),
        ("/api/x", "https://pay.example.com", true),
        ("/api/x", "https://evil.example", false),
        ("/api/x", "null", false),
        ("/api/x", "https://partner.example/", false),
        ("/other", "https://partner.example", false),
    ] {
        let decision = decide(gate, "PUT", path, &[("origin", origin)]);
        let answer = response(&decision);
        assert_eq!(answer.status, 401);
        let allowed = header(answer, "access-control-allow-origin");
        assert_eq!(allowed, readable.then_some(origin), "{path} {origin}");
        assert_eq!(header(answer, "vary"), readable.then_some("Origin"));
        let exposed = header(answer, "access-control-expose-headers");
        assert_eq!(
            exposed.is_some_and(|names| names.contains("WWW-Authenticate")),
            readable
        );
        assert_eq!(
            header(answer, "access-control-allow-credentials").is_some(),
            readable
        );
    }
    let twice = [("origin", "https://partner.example"); 2];
    let decision = decide(gate, "PUT", "/api/x", &twice);
    assert_eq!(
        header(response(&decision), "access-control-allow-origin"),
        None
    );
}

#[test]
fn another_site_cannot_act_with_the_users_cookie() {
    let gate = &mut gate();
    let (cookie, bearer) = (
        format!("{COOKIE}={}", token()),
        format!("Bearer {}", token()),
    );
    let evil = ("origin", "https://evil.example");
    for (method, headers) in [
        ("POST", &[("cookie", cookie.as_str()), evil][..]),
        ("POST", &[("cookie", cookie.as_str()), ("origin", "null")]),
        (
            "GET",
            &[("cookie", cookie.as_str()), ("upgrade", "websocket"), evil],
        ),
    ] {
        assert_eq!(
            refused(&decide(gate, method, "/x", headers)),
            Reason::CrossSite,
            "{headers:?}"
        );
    }
    changes(decide(gate, "GET", "/x", &[("cookie", &cookie), evil]));
    changes(decide(
        gate,
        "POST",
        "/x",
        &[("authorization", &bearer), evil],
    ));
    changes(decide(
        gate,
        "POST",
        "/x",
        &[("cookie", &cookie), ("origin", "https://app.example.com")],
    ));
    let sibling = [
        ("cookie", cookie.as_str()),
        ("origin", "https://pay.example.com"),
    ];
    assert_eq!(
        refused(&decide(gate, "POST", "/x", &sibling)),
        Reason::CrossSite
    );
    changes(decide(gate, "POST", "/files/x", &sibling));
}
