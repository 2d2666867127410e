//! Who may go where, and who has to prove more first.

use latchkey_tests::wait::unix_now;
use latchkey_tests::{Guarded, Response};
use serde_json::{Value, json};

use super::{security_key, session, with_rules};

fn gateway() -> Guarded {
    with_rules(json!([
        {"match": {"paths": ["/admin/**"]}, "allow": "authenticated",
            "require": {"groups": {"any": ["admins", "owners"], "all": ["staff"]}}},
        {"match": {"paths": ["/deploy"]}, "allow": "authenticated",
            "require": {"policies": ["deploy"]}},
        {"match": {"paths": ["/money"]}, "allow": "authenticated",
            "require": {"max_age": "5m", "acr": "phr"}},
        {"match": {"paths": ["/vault"]}, "allow": "authenticated",
            "require": {"acr": "phrh", "authenticator":
                {"user_verified": true, "synced": false, "attested": true}}},
    ]))
}

#[test]
fn who_lacks_a_group_or_policy_gets_403() {
    let gateway = gateway();
    for (path, said, reason) in [
        (
            "/admin/users",
            json!({"groups": ["staff"]}),
            "group_missing",
        ),
        (
            "/ADMIN/users",
            json!({"groups": ["admins"]}),
            "group_missing",
        ),
        ("/admin", json!({"groups": []}), "group_missing"),
        ("/deploy", json!({"policies": ["read"]}), "policy_missing"),
    ] {
        let cookie = session(&gateway, &said);
        let request = gateway.stranger().get(path).header("cookie", &cookie);
        gateway.assert_refused(&format!("{path} {said}"), &request, 403, reason);
        let answer = request.send();
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(answer.header("x-latchkey-reason"), Some("forbidden"));
        // A login would not help a person either.
        let page = gateway
            .stranger()
            .navigate(path)
            .header("cookie", &cookie)
            .send();
        assert_eq!(page.status, 403);
        assert_eq!(
            page.header("content-type"),
            Some("text/html; charset=utf-8")
        );
    }
    for (path, said) in [
        ("/admin/users", json!({"groups": ["owners", "staff"]})),
        ("/deploy", json!({"policies": ["read", "deploy"]})),
        ("/elsewhere", json!({"groups": []})),
    ] {
        let cookie = session(&gateway, &said);
        let answer = gateway.stranger().get(path).header("cookie", cookie).send();
        assert_eq!(answer.status, 200, "{path} {said}");
    }
}

#[track_caller]
fn assert_login(answer: &Response, query: &str) {
    assert_eq!(answer.status, 302);
    let expected = format!("/_latchkey/login?{query}");
    assert_eq!(answer.header("location"), Some(expected.as_str()));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[test]
fn a_session_that_is_too_old_is_told_to_get_younger() {
    let gateway = gateway();
    let old = session(&gateway, &json!({"auth_time": unix_now() - 400}));
    let request = gateway
        .stranger()
        .request("POST", "/money")
        .header("cookie", &old);
    gateway.assert_refused("an old session", &request, 401, "session_too_old");
    let answer = request.send();
    assert_eq!(
        answer.header("www-authenticate"),
        Some(
            "Bearer realm=\"latchkey\", error=\"insufficient_user_authentication\", \
             max_age=\"300\""
        )
    );
    assert_eq!(answer.json()["type"], "urn:latchkey:problem:step-up");
    assert_eq!(answer.json()["max_age"], "300");
    let page = gateway
        .stranger()
        .navigate("/money?to=x")
        .header("cookie", &old);
    assert_login(&page.send(), "rd=/money%3Fto%3Dx&max_age=300");
    // The same session passes where no rule minds its age, and a fresh one everywhere.
    let elsewhere = gateway.stranger().get("/").header("cookie", &old);
    assert_eq!(elsewhere.send().status, 200);
    assert_eq!(gateway.member().get("/money").send().status, 200);
}

#[test]
fn a_session_that_is_too_weak_is_told_exactly_what_it_lacks() {
    let gateway = gateway();
    let ask = |said: &Value| {
        let cookie = session(&gateway, said);
        gateway
            .stranger()
            .navigate("/vault")
            .header("cookie", cookie)
            .send()
    };
    let key = security_key();
    let with = |member: &str, value: Value| {
        let mut key = key.clone();
        key[member] = value;
        json!({"acr": "phrh", "authn": key})
    };
    assert_eq!(ask(&json!({"acr": "phrh", "authn": key})).status, 200);
    for (said, query) in [
        (json!({"authn": key}), "acr_values=phrh"),
        (with("uv", json!(false)), "need=user_verified"),
        (with("be", json!(true)), "need=device_bound"),
        (with("attested", json!(false)), "need=attested"),
        (
            json!({}),
            "acr_values=phrh&need=user_verified,device_bound,attested",
        ),
    ] {
        assert_login(&ask(&said), &format!("rd=/vault&{query}"));
    }
}

#[test]
fn a_thousand_rules_are_accepted_and_the_first_that_matches_counts() {
    let mut rules: Vec<Value> = (0..990)
        .map(|number| {
            json!({"match": {"paths": [format!("/team-{number}/**")]}, "allow": "authenticated",
                "require": {"groups": [format!("team-{number}")]}})
        })
        .collect();
    rules.push(json!({"match": {"paths": ["/team-7/**"]}, "allow": "public"}));
    let gateway = with_rules(json!(rules));
    let cookie = session(&gateway, &json!({"groups": ["team-7", "team-989"]}));
    for (path, status) in [
        ("/team-7/x", 200),
        ("/team-989/x", 200),
        ("/team-8/x", 403),
        ("/team-988/x", 403),
        ("/team-990/x", 200),
    ] {
        let answer = gateway
            .stranger()
            .get(path)
            .header("cookie", &cookie)
            .send();
        assert_eq!(answer.status, status, "{path}");
    }
    assert_eq!(gateway.stranger().get("/team-7/x").send().status, 401);
}

/// Case 111: a gateway whose clock is 20 s behind the sidecar's.
#[test]
fn a_login_from_the_future_passes_where_it_must_be_fresh() {
    let gateway = gateway();
    let soon = unix_now() + 20;
    let said = json!({"iat": soon, "auth_time": soon, "exp": soon + 600});
    let request = |path: &str| {
        let cookie = session(&gateway, &said);
        gateway.stranger().get(path).header("cookie", cookie)
    };
    assert_eq!(request("/").send().status, 200);
    assert_eq!(request("/money").send().status, 200);
}
