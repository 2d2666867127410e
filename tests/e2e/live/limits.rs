//! A session ends when nobody has used it for too long, and at its limit however much it is used.
//! The refresh cookie is whole each time; the sidecar says that it opens nothing any more.

use latchkey_tests::{Gateway, Plan, Response, Visitor, wait};
use serde_json::{Value, json};

use crate::operate::order;

/// What an application's page gets, and keeps.
fn visit(visitor: &mut Visitor) -> Response {
    let answer = visitor.request("GET", "/orders").send();
    visitor.keep_cookies(&answer);
    answer
}

/// By their token alone, which nothing renews then.
fn by_token_alone(gateway: &Gateway, visitor: &Visitor) -> u16 {
    let cookie = format!("latchkey={}", visitor.cookies["latchkey"]);
    let request = gateway.client().get("/orders").header("cookie", cookie);
    request.send().status
}

fn has_living_session(gateway: &Gateway, name: &str) -> bool {
    let listed = order(gateway, &["sessions", "list", "--user", name, "-o", "json"]);
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    !listed["sessions"].as_array().expect("a list").is_empty()
}

/// A page leads to the login, everything else is told that the token is no good.
fn assert_over(gateway: &Gateway, visitor: &Visitor, what: &str) {
    let _ = gateway.upstream.take();
    assert!(visitor.cookies.contains_key("latchkey-refresh"), "{what}");
    let call = visitor.request("GET", "/orders").send();
    assert_eq!(call.status, 401, "{what}: {call:?}");
    let challenge = call.header("www-authenticate").unwrap_or_default();
    assert!(
        challenge.contains("error=\"invalid_token\""),
        "{what}: {challenge}"
    );
    assert_eq!(call.json()["type"], "urn:latchkey:problem:unauthorized");
    let form = visitor.script_request("POST", "/orders", &json!({})).send();
    assert_eq!(form.status, 401, "{what}: {form:?}");
    let page = visitor.request("GET", "/orders?page=2");
    let page = page.header("sec-fetch-mode", "navigate").send();
    assert_eq!(page.status, 302, "{what}: {page:?}");
    assert_eq!(
        page.header("location"),
        Some("/_latchkey/login?rd=/orders%3Fpage%3D2"),
        "{what}"
    );
    for answer in [call, form, page] {
        assert!(answer.cookies().is_empty(), "{what}: {answer:?}");
    }
    let seen = gateway.upstream.take();
    assert!(seen.is_empty(), "{what}: the application saw {seen:?}");
}

#[test]
fn a_session_that_was_idle_or_is_too_old_is_not_renewed() {
    let mut plan = Plan::new();
    // As short as the program takes them.
    plan.sidecar.token_ttl = "30s".to_owned();
    plan.sidecar.more = "[session]\nidle = \"40s\"\nmax = \"55s\"\n".to_owned();
    plan.envoy
        .edit_filter(|filter| filter["clock_skew"] = json!("0s"));
    let gateway = plan.start();
    let register = |name: &str| {
        let mut visitor = Visitor::new(gateway.envoy.port);
        visitor.register(name);
        visitor
    };
    // One is always there, one comes back in time, one is away for too long.
    let refused = || gateway.envoy.stat("wasmcustom.latchkey.renewals.refused");
    let (mut ann, mut cat, bob) = (register("ann"), register("cat"), register("bob"));
    let first = ann.cookies["latchkey"].clone();
    wait::until("the tokens of those who are away have ended", || {
        assert_eq!(visit(&mut ann).status, 200);
        (by_token_alone(&gateway, &cat) == 401).then_some(())
    });
    let answer = visit(&mut cat);
    assert_eq!((answer.status, answer.cookies().len()), (200, 1));

    wait::until("the session of who is still away is over", || {
        assert_eq!(visit(&mut ann).status, 200);
        (!has_living_session(&gateway, "bob")).then_some(())
    });
    assert_eq!(refused(), 0);
    assert_over(&gateway, &bob, "idle");
    let asked_for_bob = refused();
    assert!(asked_for_bob > 0, "it is the sidecar that says so");
    // That was not the limit of all: Ann came before him, and goes on.
    assert_eq!(visit(&mut ann).status, 200);
    assert_ne!(ann.cookies["latchkey"], first);

    wait::until("the session of who was never away is over", || {
        (visit(&mut ann).status == 401).then_some(())
    });
    assert_over(&gateway, &ann, "too old");
    assert!(refused() > asked_for_bob, "it is the sidecar that says so");
}
