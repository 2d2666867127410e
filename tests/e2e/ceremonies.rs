//! Ceremonies and sessions over HTTP, through the gateway, without a browser.

use std::thread;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use latchkey_tests::{Client, Gateway, Visitor, wait};
use serde_json::{Value, json};
use software_authenticator::Authenticator;

const FINISH: &str = "/_latchkey/v1/auth/webauthn/login/finish";

#[test]
fn a_ceremony_counts_once_however_often_it_is_finished() {
    let gateway = Gateway::start();
    let mut visitor = Visitor::new(gateway.envoy.port);
    visitor.register("ann");
    let options = visitor.begin("login", &json!({"username": "ann"}));
    let response = visitor.authenticator.get(&options);
    let answers: Vec<u16> = thread::scope(|scope| {
        let finishes: Vec<_> = (0..50)
            .map(|_| scope.spawn(|| gateway.client().post(FINISH, &response).send().status))
            .collect();
        finishes
            .into_iter()
            .map(|finish| finish.join().expect("an answer"))
            .collect()
    });
    assert_eq!(
        answers.iter().filter(|status| **status == 200).count(),
        1,
        "{answers:?}"
    );
    assert!(
        answers
            .iter()
            .all(|status| matches!(status, 200 | 400 | 401 | 429)),
        "{answers:?}"
    );
    let late = gateway.client().post(FINISH, &response).send();
    assert!(matches!(late.status, 400 | 401 | 429), "{late:?}");
}

#[test]
fn a_ceremony_from_somewhere_else_is_refused_and_changes_nothing() {
    let gateway = Gateway::start();
    let mut visitor = Visitor::new(gateway.envoy.port);
    visitor.register("ann");
    let own = visitor.authenticator.origin.clone();

    // The page of another site had the passkey used: the browser wrote down where.
    let options = visitor.begin("login", &json!({"username": "ann"}));
    let mut draft = visitor.authenticator.draft_assertion(&options);
    draft.client_data.origin = "http://evil.example".to_owned();
    let answer = visitor.finish("login", &draft.seal());
    assert!(matches!(answer.status, 400 | 401), "{answer:?}");
    assert_eq!(answer.cookies().len(), 0);

    // A good response, sent by someone else's page.
    let options = visitor.begin("login", &json!({"username": "ann"}));
    let response = visitor.authenticator.get(&options);
    let client = gateway.client();
    let post = || client.post(FINISH, &response);
    for (what, request, status) in [
        (
            "another origin",
            post().header("origin", "http://evil.example"),
            403,
        ),
        ("no origin", post().header("origin", "null"), 403),
        (
            "another port",
            post().header("origin", "http://localhost:1"),
            403,
        ),
        (
            "another site",
            post().header("sec-fetch-site", "cross-site"),
            403,
        ),
        (
            "a sibling",
            post().header("sec-fetch-site", "same-site"),
            403,
        ),
    ] {
        let answer = request.send();
        assert_eq!(answer.status, status, "{what}: {answer:?}");
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json"),
            "{what}"
        );
        assert!(answer.cookies().is_empty(), "{what}");
    }
    for kind in [
        "application/x-www-form-urlencoded",
        "text/plain",
        "multipart/form-data",
        "",
    ] {
        let answer = client
            .request("POST", FINISH)
            .header("origin", &own)
            .header("content-type", kind)
            .body(response.to_string().as_bytes())
            .send();
        assert!(
            matches!(answer.status, 400 | 403 | 415),
            "{kind}: {answer:?}"
        );
        assert!(answer.cookies().is_empty(), "{kind}");
    }
    // None of these has used the ceremony up.
    assert_eq!(visitor.finish("login", &response).status, 200);
}

#[test]
fn only_a_program_is_given_the_token_in_the_answer() {
    let gateway = Gateway::start();
    let mut visitor = Visitor::new(gateway.envoy.port);
    visitor.register("ann");

    let options = visitor.begin("login", &json!({}));
    let response = visitor.authenticator.get(&options);
    let browser = visitor.finish("login", &response);
    assert_eq!(browser.status, 200);
    assert!(
        browser.json()["auth"].get("client_token").is_none(),
        "{}",
        browser.text()
    );

    let options = visitor.begin("login", &json!({}));
    let response = visitor.authenticator.get(&options);
    let program = gateway.client().post(FINISH, &response).send();
    let token = program.json()["auth"]["client_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let bearer = format!("Bearer {token}");
    assert_eq!(
        gateway
            .client()
            .get("/api")
            .header("authorization", bearer)
            .send()
            .status,
        200
    );
    let received = gateway.upstream.only();
    assert_eq!(
        received
            .header("x-auth-request-preferred-username")
            .as_deref(),
        Some("ann")
    );
    // A token in `Authorization` is a credential like a cookie: the application needs none.
    assert_eq!(program.header("cache-control"), Some("no-store"));
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let mut gateway = Gateway::start();
    for round in 0..5 {
        let mut visitor = Visitor::new(gateway.envoy.port);
        visitor.register(&format!("user{round}"));
        gateway.sidecar.process().kill();
        gateway.sidecar.resume();
        visitor.log_in(&format!("user{round}"));
        assert_eq!(visitor.request("GET", "/").send().status, 200);
    }
}

#[test]
fn a_ceremony_that_a_restart_interrupts_is_not_revived() {
    let mut gateway = Gateway::start();
    let mut visitor = Visitor::new(gateway.envoy.port);
    visitor.register("ann");
    let options = visitor.begin("login", &json!({"username": "ann"}));
    gateway.sidecar.restart();
    let response = visitor.authenticator.get(&options);
    let answer = visitor.finish("login", &response);
    assert!(matches!(answer.status, 400 | 401), "{answer:?}");
    visitor.log_in("ann");
}

#[test]
fn only_the_gateway_is_believed_about_the_clients_address() {
    // The tests come from 127.0.0.1, like the gateway; here it is another address that is believed.
    let mut plan = latchkey_tests::Plan::new();
    plan.sidecar.gateways = vec!["192.0.2.1".to_owned()];
    let mut gateway = plan.start();
    let body = json!({"username": "ann"});
    let direct = gateway
        .sidecar
        .public()
        .post("/_latchkey/v1/auth/webauthn/login/begin", &body)
        .header("x-latchkey-client-address", "203.0.113.77")
        .send();
    assert_eq!(direct.status, 200, "{}", direct.text());
    let mut visitor = Visitor::new(gateway.envoy.port);
    visitor.register("ann");
    let log = gateway.sidecar.process().log();
    assert!(!log.contains("203.0.113.77"), "{log}");
    assert!(
        log.contains("127.0.0.1"),
        "the audit lines name the connection's address:\n{log}"
    );
}

#[test]
fn the_gateway_tells_the_sidecar_the_clients_address_as_it_knows_it() {
    let mut gateway = Gateway::start();
    let options = gateway
        .client()
        .post(
            "/_latchkey/v1/auth/webauthn/register/begin",
            &json!({"username": "ann"}),
        )
        .header("x-latchkey-client-address", "203.0.113.77")
        .header("x-forwarded-for", "203.0.113.78")
        .send()
        .json();
    let origin = format!("http://localhost:{}", gateway.envoy.port);
    let response = Authenticator::new(&origin).create(&options["publicKey"]);
    let answer = gateway
        .client()
        .post("/_latchkey/v1/auth/webauthn/register/finish", &response)
        .header("x-latchkey-client-address", "203.0.113.77")
        .send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let log = gateway.sidecar.process().log();
    assert!(!log.contains("203.0.113."), "{log}");
}

/// Case 34: a session of someone else's, one that the user has had before, and values that never were
/// one.
#[test]
fn what_was_planted_before_a_login_opens_nothing_after_it() {
    let gateway = Gateway::start();
    let mut eve = Visitor::new(gateway.envoy.port);
    eve.register("eve");
    let mut ann = Visitor::new(gateway.envoy.port);
    ann.register("ann");
    let before = ann.cookies.clone();
    let answer = ann.call("POST", "/_latchkey/v1/self/logout", &json!({}));
    assert_eq!(answer.status, 204);
    let made_up = before.keys().map(|name| (name.clone(), "A".repeat(64)));
    let made_up = made_up.collect();
    for (what, planted) in [
        ("someone else's", &eve.cookies),
        ("one that has ended", &before),
        ("made up", &made_up),
    ] {
        let mut planter = Visitor::new(gateway.envoy.port);
        planter.cookies.clone_from(planted);
        ann.cookies.clone_from(planted);
        ann.log_in("ann");
        for (name, planted) in planted {
            assert_ne!(ann.cookies.get(name), Some(planted), "{what}: {name}");
        }
        let sid = |visitor: &Visitor| {
            let payload = visitor.cookies["latchkey"].split('.').nth(1)?.to_owned();
            let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).expect("base64url");
            let claims: Value = serde_json::from_slice(&payload).expect("JSON");
            claims["sid"].as_str().map(str::to_owned)
        };
        assert!(sid(&ann).is_some() && sid(&ann) != sid(&planter), "{what}");
        let _ = gateway.upstream.take();
        assert_eq!(ann.request("GET", "/").send().status, 200, "{what}");
        let received = gateway.upstream.only();
        let user = received.header("x-auth-request-preferred-username");
        assert_eq!(user.as_deref(), Some("ann"), "{what}");
        // Who planted it gets nowhere with it, by itself and by its refresh secret.
        wait::until(&format!("{what}: the gateway refuses it"), || {
            let status = planter.request("GET", "/").send().status;
            (status == 401).then_some(())
        });
        let refresh = "/_latchkey/v1/self/refresh";
        let answer = planter.call("POST", refresh, &json!({}));
        assert_eq!(answer.status, 401, "{what}");
    }
}

#[test]
fn the_documents_at_the_root_of_the_host_are_public() {
    let gateway = Gateway::start();
    for path in ["/.well-known/webauthn", "/.well-known/passkey-endpoints"] {
        let answer = gateway.client().get(path).send();
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert!(answer.json().is_object(), "{path}");
    }
    let answer = gateway
        .client()
        .request("POST", "/.well-known/webauthn")
        .send();
    assert_eq!(answer.status, 401);
    assert!(gateway.upstream.take().is_empty());
}

#[test]
fn any_verifier_can_find_the_keys() {
    let gateway = Gateway::start();
    let configuration = gateway
        .client()
        .get("/_latchkey/.well-known/openid-configuration")
        .send()
        .json();
    let issuer = format!("{}/_latchkey", gateway.url());
    assert_eq!(configuration["issuer"], issuer);
    assert_eq!(
        configuration["jwks_uri"],
        format!("{issuer}/.well-known/jwks.json")
    );
    let jwks = gateway
        .client()
        .get("/_latchkey/.well-known/jwks.json")
        .send()
        .json();
    let keys = jwks["keys"].as_array().expect("keys");
    assert_ne!(keys.len(), 0);
    for key in keys {
        for secret in ["d", "p", "q", "k"] {
            assert!(key.get(secret).is_none(), "{key}");
        }
    }
}

#[test]
fn nothing_internal_is_reached_through_the_gateway() {
    let gateway = Gateway::start();
    for path in [
        "/_latchkey/healthz",
        "/_latchkey/readyz",
        "/_latchkey/metrics",
        "/_latchkey/internal/v1/revocations",
    ] {
        let answer = gateway.client().get(path).send();
        assert!(matches!(answer.status, 401 | 404), "{path}: {answer:?}");
    }
    let public: Client = gateway.sidecar.public();
    for path in ["/healthz", "/readyz", "/metrics", "/.well-known/jwks.json"] {
        assert_eq!(
            public.get(path).send().status,
            404,
            "{path} on the public listener"
        );
    }
}

#[test]
fn the_sidecar_is_small() {
    let mut gateway = Gateway::start();
    let resident = gateway
        .sidecar
        .process()
        .resident_kib()
        .expect("a running process");
    // What is released takes a third of this; here it is the unoptimised build.
    assert!(resident < 60 * 1024, "{resident} KiB");
}
