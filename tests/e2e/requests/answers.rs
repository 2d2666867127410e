//! What no answer and no log holds, and no page lets another site do; and whom nobody can pass for.

use latchkey_tests::Visitor;
use serde_json::json;
use std::collections::BTreeSet;

use super::{described, filled, peopled, problem};

/// The parts of what somebody holds that would let another one in.
fn secrets_of(visitor: &Visitor) -> Vec<String> {
    let held = visitor.cookies.values();
    held.map(|value| value.rsplit('.').next().unwrap_or_default().to_owned())
        .filter(|secret| secret.len() > 20)
        .collect()
}

#[test]
fn no_secret_is_in_an_answer_or_a_log() {
    let (mut gateway, mut root, mut ann) = peopled("level = \"trace\"\nformat = \"json\"");
    // Everything that a secret comes of.
    let mut secrets: Vec<String> = [&root, &ann].iter().flat_map(|it| secrets_of(it)).collect();
    ann.log_in("ann");
    secrets.extend(secrets_of(&ann));
    let codes = ann.call("POST", "/_latchkey/v1/self/recovery-codes", &json!({}));
    assert_eq!(codes.status, 200, "{}", codes.text());
    let codes = codes.json()["codes"].as_array().expect("codes").clone();
    secrets.extend(codes.iter().filter_map(|it| Some(it.as_str()?.to_owned())));
    let link = root.call(
        "POST",
        "/_latchkey/v1/admin/users/ann/enrolment",
        &json!({}),
    );
    assert_eq!(link.status, 201, "{}", link.text());
    let code = link.json()["enrolment"]["code"]
        .as_str()
        .expect("a code")
        .to_owned();
    // A wrong one, a wrong signature, and a token in every place where one can be.
    let mut eve = Visitor::new(gateway.envoy.port);
    let begin = "/_latchkey/v1/auth/webauthn/register/begin";
    eve.call("POST", begin, &json!({"code": format!("{code}A")}));
    let token = ann.cookies["latchkey"].clone();
    for header in ["authorization", "x-latchkey-token", "cookie"] {
        let value = format!("Bearer {token}");
        let request = gateway.client().get("/_latchkey/userinfo");
        let _ = request.header(header, value).send();
    }
    secrets.push(code);
    assert!(secrets.len() > 14, "{}", secrets.len());
    let mut answers = Vec::new();
    for (method, path) in described(&gateway) {
        if method == "GET" {
            for asks in [&root, &ann] {
                let answer = asks.request("GET", &filled(&path)).send();
                answers.push((path.clone(), answer.text()));
            }
        }
    }
    let refused = eve.finish("login", &json!({"id": secrets[0], "rawId": secrets[0]}));
    answers.push(("a refusal".to_owned(), refused.text()));
    answers.push((
        "the sidecar's log".to_owned(),
        gateway.sidecar.process().log(),
    ));
    answers.push(("Envoy's log".to_owned(), gateway.envoy.process().log()));
    let metrics = gateway.sidecar.internal().get("/metrics").send();
    answers.push(("metrics".to_owned(), metrics.text()));
    for (place, text) in answers {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{secret} in {place}");
        }
        assert!(
            !text.contains("client_token") || place.contains("openapi"),
            "{place}"
        );
    }
}

#[test]
fn nothing_is_framed_and_links_come_from_the_configuration() {
    let (gateway, root, _ann) = peopled("");
    let own = gateway.url();
    let evil = "evil.example";
    let pages = [
        "/login", "/logout", "/account", "/enroll", "/admin", "/nowhere",
    ];
    let pages = pages.map(|page| format!("/_latchkey{page}"));
    let described = described(&gateway).into_iter();
    let endpoints = described.filter(|(method, _)| method == "GET");
    let paths: Vec<String> = endpoints
        .map(|(_, path)| filled(&path))
        .chain(pages)
        .chain(["/.well-known/webauthn", "/.well-known/passkey-endpoints"].map(str::to_owned))
        .collect();
    let mut links = BTreeSet::new();
    for path in paths {
        // The sidecar itself: the gateway serves the sign-in on its own hosts only.
        let direct = gateway.sidecar.public();
        let mut request = direct.get(&path).host(evil).header("accept", "text/html");
        for (name, value) in &root.cookies {
            request = request.header("cookie", format!("{name}={value}"));
        }
        for header in ["x-forwarded-host", "x-original-url", "forwarded"] {
            request = request.header(header, format!("host={evil}"));
        }
        let answer = request.send();
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
        assert!(!answer.text().contains(evil), "{path}: {}", answer.text());
        assert!(!format!("{:?}", answer.headers).contains(evil), "{path}");
        let text = answer.text();
        links.extend(text.match_indices(&own).map(|_| path.clone()));
    }
    assert!(
        links.contains("/.well-known/passkey-endpoints"),
        "{links:?}"
    );
    // What is sent to people.
    let made = root.script_request(
        "POST",
        "/_latchkey/v1/admin/users/ann/enrolment",
        &json!({}),
    );
    let made = made.send().json();
    let link = made["enrolment"]["link"].as_str().expect("a link");
    assert!(
        link.starts_with(&format!("{own}/_latchkey/enroll#")),
        "{link}"
    );
}

#[test]
fn nobody_registers_as_somebody_else() {
    let (gateway, mut root, _ann) = peopled("");
    let admin = "/_latchkey/v1/admin/users";
    let answer = root.call(
        "PATCH",
        &format!("{admin}/ann"),
        &json!({"email": "ann@example.com"}),
    );
    assert_eq!(answer.status, 200, "{}", answer.text());
    root.call(
        "POST",
        admin,
        &json!({"name": "former", "groups": ["staff"]}),
    );
    let gone = root.call("DELETE", &format!("{admin}/former"), &json!({}));
    assert_eq!(gone.status, 204, "{}", gone.text());
    let mut eve = Visitor::new(gateway.envoy.port);
    let begin = "/_latchkey/v1/auth/webauthn/register/begin";
    for (body, status, kind) in [
        (json!({"username": "ann"}), 409, "name-taken"),
        (json!({"username": " ANN "}), 409, "name-taken"),
        (json!({"username": "\u{ff41}nn"}), 409, "name-taken"),
        (json!({"username": "former"}), 409, "name-taken"),
        // Cyrillic, and a letter that cannot be seen.
        (json!({"username": "\u{430}nn"}), 400, "invalid-user-name"),
        (json!({"username": "an\u{200b}n"}), 400, "invalid-user-name"),
        (
            json!({"username": "eve", "email": "ann@example.com"}),
            400,
            "bad-request",
        ),
        (
            json!({"username": "eve", "groups": ["staff"]}),
            400,
            "bad-request",
        ),
    ] {
        let answer = eve.call("POST", begin, &body);
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
        assert_eq!(problem(&answer), kind, "{body}");
    }
    // What can be chosen freely says nothing to the application that it could take for more.
    let begin = json!({"username": "ann@example.com", "display_name": "ann"});
    let options = eve.begin("register", &begin);
    let response = eve.authenticator.create(&options);
    assert_eq!(eve.finish("register", &response).status, 200);
    let _ = gateway.upstream.take();
    assert_eq!(eve.request("GET", "/orders").send().status, 200);
    let asked = gateway.upstream.only();
    let user = asked.header("x-auth-request-user").expect("a user");
    assert!(user.len() == 36 && user.contains('-'), "{user}");
    assert_eq!(asked.header("x-auth-request-email"), None);
    assert_eq!(asked.header("x-auth-request-groups"), None);
    let name = asked.header("x-auth-request-preferred-username");
    assert_eq!(name.as_deref(), Some("ann@example.com"));
}
