//! A cross-origin API that is used on purpose, and pages that were not asked.

use serde_json::json;

use super::with_rules;

const PARTNER: &str = "https://partner.example";

#[test]
fn preflights_pass_by_rule_and_refusals_can_be_read() {
    let gateway = with_rules(json!([
        {"match": {"paths": ["/api/**"]}, "allow": "authenticated", "preflight": "pass",
            "cors_origins": [PARTNER]},
    ]));
    let preflight = |path: &str, origin: &str| {
        gateway
            .stranger()
            .request("OPTIONS", path)
            .header("origin", origin)
            .header("access-control-request-method", "PUT")
    };
    // The application answers it, whoever asks: it says itself which origins may do what.
    let spoofed = preflight("/api/x", PARTNER).header("x-auth-request-user", "root");
    assert_eq!(spoofed.send().status, 200);
    let received = gateway.upstream.only();
    assert_eq!(
        received.header("access-control-request-method").as_deref(),
        Some("PUT")
    );
    assert_eq!(received.header("x-auth-request-user"), None);
    gateway.assert_refused("elsewhere", &preflight("/x", PARTNER), 401, "no_credential");
    let with_cookie = preflight("/api/x", PARTNER).header("cookie", "latchkey=x");
    gateway.assert_refused("with a cookie", &with_cookie, 401, "wrong_number_of_parts");

    let refused = gateway
        .stranger()
        .request("PUT", "/api/x")
        .header("origin", PARTNER);
    gateway.assert_refused("without a session", &refused, 401, "no_credential");
    let answer = refused.send();
    assert_eq!(answer.header("access-control-allow-origin"), Some(PARTNER));
    assert_eq!(
        answer.header("access-control-allow-credentials"),
        Some("true")
    );
    assert_eq!(answer.header("vary"), Some("Origin"));
    let exposed = answer
        .header("access-control-expose-headers")
        .expect("names");
    assert!(exposed.contains("WWW-Authenticate"), "{exposed}");
    for origin in ["https://evil.example", "null"] {
        let answer = gateway
            .stranger()
            .get("/api/x")
            .header("origin", origin)
            .send();
        assert_eq!(answer.status, 401);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            None,
            "{origin}"
        );
    }
}

/// Being allowed to read a refusal is not being allowed to act.
#[test]
fn a_readable_origin_cannot_act_with_the_users_cookie() {
    let gateway = with_rules(json!([
        {"match": {"paths": ["/api/**"]}, "allow": "authenticated", "preflight": "pass",
            "cors_origins": [PARTNER]},
    ]));
    for (origin, site, status) in [
        (PARTNER, "cross-site", 403),
        ("null", "cross-site", 403),
        ("http://sub.localhost", "same-site", 403),
    ] {
        let request = gateway.member().request("POST", "/api/x");
        let request = request
            .header("origin", origin)
            .header("sec-fetch-site", site);
        gateway.assert_refused(origin, &request, status, "cross_site");
    }
    let bearer = format!("Bearer {}", gateway.forge.token());
    let request = gateway.stranger().request("POST", "/api/x");
    let request = request
        .header("origin", PARTNER)
        .header("authorization", bearer);
    assert_eq!(request.send().status, 200, "a bearer call is nobody else's");
}
