//! Ways back in, and what a lost or copied passkey leads to.

use super::people::{ADMIN, administrator};
use super::*;

const RECOVER: &str = "/v1/auth/webauthn/recover";
const CODES: &str = "/v1/self/recovery-codes";

async fn codes_of(person: &mut Person<'_>) -> Vec<String> {
    let answer = person.post(CODES, json!({})).await.expect(200).json();
    serde_json::from_value(answer["codes"].clone()).unwrap()
}

#[tokio::test]
async fn a_recovery_code_leads_to_a_new_passkey_once() {
    let place = Place::configured(ADMIN).await;
    let mut ann = place.person();
    ann.register("ann").await;
    let codes = codes_of(&mut ann).await;
    assert_eq!(codes.len(), 10);
    assert_eq!(ann.read(CODES).await.json()["left"], 10);

    let mut stranger = place.person();
    let typed = json!({ "username": "ANN", "code": codes[0].to_lowercase().replace('-', " ") });
    let answer = stranger.post(RECOVER, typed.clone()).await.expect(200);
    // It signs nobody in: it lets a passkey be registered, and that is all.
    assert!(answer.set_cookies().is_empty());
    assert_eq!(stranger.read("/userinfo").await.status, 401);
    let code = answer.json()["code"].as_str().unwrap().to_owned();
    stranger.enrol(json!({ "code": code })).await.expect(200);
    stranger.read("/userinfo").await.expect(200);
    assert_eq!(ann.read(CODES).await.json()["left"], 9);
    let passkeys = ann.read("/v1/self/passkeys").await.json();
    assert_eq!(passkeys["passkeys"].as_array().unwrap().len(), 2);

    let answer = place.person().post(RECOVER, typed).await.expect(400);
    assert_eq!(answer.problem(), "code-refused");
    assert_eq!(place.reason(), "wrong_code");
    for code in &codes {
        assert!(!place.log.text().contains(code), "never in a log");
    }
}

#[tokio::test(start_paused = true)]
async fn wrong_codes_and_unknown_users_get_one_answer_and_are_limited() {
    let place = Place::configured(ADMIN).await;
    let mut ann = place.person();
    ann.register("ann").await;
    let codes = codes_of(&mut ann).await;
    let mut eve = place.person();
    let wrong = json!({ "username": "ann", "code": "00000-00000-00000-00000" });
    let came = tokio::time::Instant::now();
    let known = eve.post(RECOVER, wrong).await.expect(400);
    let even = std::time::Duration::from_millis(20);
    assert_eq!(came.elapsed(), even, "the time tells nothing");
    let nobody = json!({ "username": "nobody", "code": "00000-00000-00000-00000" });
    let unknown = eve.post(RECOVER, nobody.clone()).await.expect(400);
    assert_eq!(known.body, unknown.body);
    for _ in 0..598 {
        eve.post(RECOVER, nobody.clone()).await.expect(400);
    }
    // From here on one after another; who there is, is still not told.
    let late = eve.post(RECOVER, nobody).await.expect(400);
    assert_eq!(late.body, known.body);
    let turn = place.app.slow_lane.turn([192, 0, 2, 7].into()).await;
    let mut owner = place.person();
    let typed = json!({ "username": "ann", "code": codes[3] });
    let here = owner.post(RECOVER, typed);
    let waits = tokio::time::timeout(std::time::Duration::from_secs(1), here).await;
    assert!(waits.is_err(), "another's turn lasts");
    drop(turn);
    // The owner gets in, also with eve's address, and with what the code leads to.
    let typed = json!({ "username": "ann", "code": codes[4] });
    let answer = owner.post(RECOVER, typed).await.expect(200).json();
    owner
        .enrol(json!({ "code": answer["code"] }))
        .await
        .expect(200);
}

#[tokio::test]
async fn recovery_codes_are_made_by_their_owner_who_was_there_a_moment_ago() {
    let place = Place::configured(ADMIN).await;
    let answer = place.person().post(CODES, json!({})).await;
    assert_eq!(answer.expect(401).problem(), "unauthorized");
    let mut ann = place.person();
    ann.register("ann").await;
    let old = codes_of(&mut ann).await;
    place.later(301);
    let answer = ann.post(CODES, json!({})).await;
    assert_eq!(answer.expect(403).problem(), "fresh-login-required");
    ann.log_in("ann").await;
    codes_of(&mut ann).await;
    let replaced = json!({ "username": "ann", "code": old[0] });
    place.person().post(RECOVER, replaced).await.expect(400);

    let off = format!("{ADMIN}[people]\nrecovery_codes = false\n");
    let place = Place::configured(&off).await;
    let mut ann = place.person();
    ann.register("ann").await;
    ann.post(CODES, json!({})).await.expect(404);
    let typed = json!({ "username": "ann", "code": "00000-00000-00000-00000" });
    ann.post(RECOVER, typed).await.expect(400);
}

#[tokio::test]
async fn whoever_must_register_a_passkey_can_do_nothing_else() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    let mut ann = place.person();
    ann.register("ann").await;
    let must = json!({ "must_register_passkey": true });
    root.call(Method::PATCH, "/v1/admin/users/ann", must)
        .await
        .expect(200);
    ann.read("/userinfo").await.expect(200);
    ann.cookies.clear();
    let answer = ann.log_in("ann").await;
    assert_eq!(answer.json()["auth"]["must_register_passkey"], true);
    // No application takes the token.
    let token = ann.cookies["__Host-latchkey"].clone();
    let verified = place.app.issuer.verify(token.as_bytes(), place.app.now());
    assert_eq!(
        verified.unwrap().claims().aud,
        [format!("{ORIGIN}/_latchkey")]
    );
    for path in ["/userinfo", "/v1/self/sessions", CODES] {
        let answer = ann.read(path).await.expect(403);
        assert_eq!(answer.problem(), "must-register-passkey", "{path}");
    }
    ann.post("/v1/self/refresh", json!({})).await.expect(200);
    ann.read("/userinfo").await.expect(403);
    ann.add(&mut Authenticator::new(ORIGIN)).await.expect(200);
    ann.read("/userinfo").await.expect(200);
    place.later(10);
    ann.post("/v1/self/refresh", json!({})).await.expect(200);
    let token = ann.cookies["__Host-latchkey"].clone();
    let verified = place.app.issuer.verify(token.as_bytes(), place.app.now());
    assert_eq!(verified.unwrap().claims().aud, ["app"]);
}

#[tokio::test]
async fn a_copied_passkey_is_disabled_where_the_policy_says_so() {
    for (policy, disabled) in [("refuse", false), ("disable", true)] {
        let text = format!("{ADMIN}[people]\nsign_count = \"{policy}\"\n");
        let place = Place::configured(&text).await;
        let mut root = administrator(&place, "root").await;
        let mut ann = place.person();
        ann.register("ann").await;
        let mut second = Authenticator::new(ORIGIN);
        ann.add(&mut second).await.expect(200);
        ann.log_in("ann").await;
        ann.log_in("ann").await;
        let mut thief = place.person();
        std::mem::swap(&mut thief.authenticator, &mut ann.authenticator);
        thief.authenticator.credentials[0].sign_count = 1;
        let options = thief.begin("login", json!({ "username": "ann" })).await;
        let response = thief.authenticator.get(&options);
        thief.finish("login", response).await.expect(400);
        assert_eq!(place.reason(), "sign_count");
        let log = root.read("/v1/admin/audit?user=ann").await.json();
        let told = ["sign_count", "passkey_disable"][usize::from(disabled)];
        assert_eq!(log["records"][0]["action"], told);

        // The session that it began has ended with it; a right count helps no more.
        let status = if disabled { 401 } else { 200 };
        assert_eq!(ann.read("/userinfo").await.status, status, "{policy}");
        thief.authenticator.credentials[0].sign_count = 100;
        let mut options = thief.begin("login", json!({ "username": "ann" })).await;
        if disabled {
            options["allowCredentials"] = json!([]);
        }
        let response = thief.authenticator.get(&options);
        let answer = thief.finish("login", response).await;
        assert_eq!(answer.status, if disabled { 400 } else { 200 }, "{policy}");

        ann.authenticator = second;
        ann.cookies.clear();
        let warnings = ann.log_in("ann").await.json()["warnings"].clone();
        if disabled {
            assert_eq!(warnings[0]["type"], "passkey-disabled");
        } else {
            assert_eq!(warnings, Value::Null);
        }
    }
}
