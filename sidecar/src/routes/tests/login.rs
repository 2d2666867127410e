//! Logging in.

use super::*;

#[tokio::test]
async fn a_person_registers_logs_out_and_logs_in_by_name_and_without() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("Ann").await;
    assert_eq!(
        ann.read("/userinfo").await.expect(200).json()["preferred_username"],
        "ann"
    );

    ann.post("/v1/self/logout", json!({})).await.expect(204);
    assert!(ann.cookies.is_empty());
    ann.read("/userinfo").await.expect(401);

    let answer = ann.log_in("ANN").await.json();
    assert_eq!(answer["auth"]["metadata"]["username"], "ann");
    assert_eq!(answer["auth"]["lease_duration"], 600);
    assert_eq!(answer["auth"]["policies"], json!([]));

    let options = ann.begin("login", json!({})).await;
    assert_eq!(options["allowCredentials"], json!([]));
    let response = ann.authenticator.get(&options);
    ann.finish("login", response).await.expect(200);
    ann.read("/userinfo").await.expect(200);
}

#[tokio::test]
async fn a_program_is_given_the_token_a_browser_is_not() {
    let place = Place::new().await;
    let mut ann = place.person();
    let answer = ann.register("ann").await;
    assert!(answer.json()["auth"].get("client_token").is_none());
    let answer = ann.log_in("ann").await;
    assert!(answer.json()["auth"].get("client_token").is_none());

    ann.browser = false;
    let answer = ann.log_in("ann").await.json();
    let token = answer["auth"]["client_token"].as_str().unwrap();
    assert_eq!(token, ann.cookies["__Host-latchkey"]);

    // Any one header of the family is a browser's.
    let options = ann.begin("login", json!({})).await;
    let response = ann.authenticator.get(&options);
    let mut request = ann.request(Method::POST, "/v1/auth/webauthn/login/finish", &response);
    request
        .headers_mut()
        .insert("sec-fetch-dest", "empty".parse().unwrap());
    let answer = place.send(request).await.expect(200).json();
    assert!(answer["auth"].get("client_token").is_none());
}

#[tokio::test]
async fn the_cookies_have_the_attributes_that_keep_them_here() {
    let place = Place::new().await;
    let mut ann = place.person();
    let lines = ann.register("ann").await.set_cookies();
    let names: Vec<&str> = lines
        .iter()
        .map(|line| line.split('=').next().unwrap())
        .collect();
    assert_eq!(names, ["__Host-latchkey", "__Host-latchkey-refresh"]);
    for line in lines {
        for attribute in [
            "; Secure",
            "; HttpOnly",
            "; SameSite=Lax",
            "; Path=/",
            "; Max-Age=604800",
        ] {
            assert!(line.contains(attribute), "{line} has {attribute}");
        }
        assert!(!line.contains("Domain"), "{line}");
        assert!(line.len() < 4096);
    }
}

#[tokio::test]
async fn on_loopback_and_for_a_domain_the_cookies_differ_as_documented() {
    let text = CONFIG.replace(
        "https://app.example.com/_latchkey",
        "http://localhost:8080/_latchkey",
    );
    let place = Place::configured(&text).await;
    let mut ann = place.person();
    ann.authenticator = Authenticator::new("http://localhost:8080");
    ann.browser = false;
    let lines = ann.register("ann").await.set_cookies();
    assert!(
        lines[0].starts_with("latchkey=") && !lines[0].contains("Secure"),
        "{lines:?}"
    );

    let text = CONFIG.replace("[token]", "[session]\ndomain = \"example.com\"\n[token]");
    let place = Place::configured(&text).await;
    let mut ann = place.person();
    let lines = ann.register("ann").await.set_cookies();
    for line in lines {
        assert!(line.starts_with("__Secure-latchkey"), "{line}");
        assert!(line.contains("; Domain=example.com; Secure"), "{line}");
    }
}

#[tokio::test]
async fn an_unknown_user_gets_options_of_the_same_look_every_time() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let mut stranger = place.person();
    let known = stranger.begin("login", json!({"username": "ann"})).await;
    let unknown = stranger.begin("login", json!({"username": "nobody"})).await;
    let again = stranger.begin("login", json!({"username": "NoBody"})).await;
    assert_eq!(unknown["allowCredentials"], again["allowCredentials"]);
    assert_ne!(unknown["challenge"], again["challenge"]);
    let other = stranger
        .begin("login", json!({"username": "someone"}))
        .await;
    assert_ne!(unknown["allowCredentials"], other["allowCredentials"]);

    let names = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&known), names(&unknown));
    assert_eq!(
        names(&known["allowCredentials"][0]),
        names(&unknown["allowCredentials"][0])
    );
    let length = |options: &Value| options["challenge"].as_str().unwrap().len();
    assert_eq!(length(&known), length(&unknown));
}

#[tokio::test]
async fn decoys_are_the_same_after_a_restart() {
    let decoys = async || {
        let place = Place::new().await;
        let options = place
            .person()
            .begin("login", json!({"username": "nobody"}))
            .await;
        options["allowCredentials"].clone()
    };
    assert_eq!(decoys().await, decoys().await);
}

#[tokio::test]
async fn a_name_that_cannot_be_one_is_said_to_be_so() {
    let place = Place::new().await;
    for name in ["", "a b", "a\u{202e}b", "p\u{430}ul"] {
        let mut anyone = place.person();
        let answer = anyone.post("/v1/auth/webauthn/login/begin", json!({"username": name}));
        assert_eq!(
            answer.await.expect(400).problem(),
            "invalid-user-name",
            "{name:?}"
        );
    }
}

#[tokio::test]
async fn of_fifty_parallel_finishes_one_succeeds() {
    let place = Place::new().await;
    let mut ann = place.person();
    // A counter would refuse the others too: here the challenge has to.
    ann.authenticator.counts = false;
    ann.register("ann").await;
    let options = ann.begin("login", json!({"username": "ann"})).await;
    let response = ann.authenticator.get(&options);
    let requests = (0..50).map(|_| {
        let request = ann.request(Method::POST, "/v1/auth/webauthn/login/finish", &response);
        let mut request = request;
        let peer = ConnectInfo(SocketAddr::from(([192, 0, 2, 7], 1)));
        request.extensions_mut().insert(peer);
        tokio::spawn(place.router.clone().oneshot(request))
    });
    let mut statuses = Vec::new();
    for request in requests.collect::<Vec<_>>() {
        statuses.push(request.await.unwrap().unwrap().status().as_u16());
    }
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200);
    assert!(
        statuses[1..].iter().all(|status| *status == 400),
        "{statuses:?}"
    );
}

#[tokio::test]
async fn a_cookie_planted_before_is_worth_nothing_afterwards() {
    let place = Place::new().await;
    let (mut ann, mut eve) = (place.person(), place.person());
    ann.register("ann").await;
    eve.register("eve").await;
    let planted = eve.session_id();
    ann.cookies = eve.cookies.clone();
    ann.log_in("ann").await;
    assert_ne!(ann.session_id(), planted);
    assert_eq!(
        ann.read("/userinfo").await.json()["preferred_username"],
        "ann"
    );
    // The session that the browser held before is ended by the login that replaced it.
    eve.read("/userinfo").await.expect(401);
}

#[tokio::test]
async fn an_account_that_is_made_in_a_browser_ends_the_session_that_it_held() {
    let place = Place::new().await;
    let (mut ann, mut eve) = (place.person(), place.person());
    eve.register("eve").await;
    ann.cookies = eve.cookies.clone();
    ann.register("ann").await;
    ann.read("/userinfo").await.expect(200);
    eve.read("/userinfo").await.expect(401);
}

#[tokio::test]
async fn an_account_that_signs_in_in_a_circle_waits_and_is_never_locked_out() {
    let place = Place::new().await;
    let (mut ann, mut bob) = (place.person(), place.person());
    ann.register("ann").await;
    bob.register("bob").await;
    for _ in 0..30 {
        ann.log_in("ann").await;
    }
    let log_in = async |person: &mut Person<'_>, name: &str| {
        let options = person.begin("login", json!({ "username": name })).await;
        let response = person.authenticator.get(&options);
        person.finish("login", response).await
    };
    let refused = log_in(&mut ann, "ann").await.expect(429);
    assert_eq!(refused.headers["retry-after"], "10");
    assert_eq!(place.reason(), "too_many_logins");
    ann.read("/userinfo").await.expect(200);
    log_in(&mut bob, "bob").await.expect(200);
    place.later(10);
    log_in(&mut ann, "ann").await.expect(200);
}

#[tokio::test]
async fn proving_presence_again_keeps_the_session_and_replaces_its_secret() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let (session, before) = (ann.session_id(), ann.cookies.clone());
    place.later(400);
    ann.log_in("ann").await;
    assert_eq!(ann.session_id(), session);
    assert_ne!(ann.cookies, before);
    ann.cookies = before;
    let answer = ann.post("/v1/self/refresh", json!({})).await;
    assert_eq!(answer.expect(401).problem(), "unauthorized");
    assert_eq!(place.reason(), "unknown_session");
}
