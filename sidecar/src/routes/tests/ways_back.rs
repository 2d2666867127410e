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

#[tokio::test]
async fn the_limit_of_passkeys_keeps_nobody_out_who_has_lost_them() {
    let config = ADMIN.replace("max_credentials = 3", "max_credentials = 1");
    let place = Place::configured(&config).await;
    let mut root = administrator(&place, "root").await;
    let mut ann = place.person();
    ann.register("ann").await;
    let codes = codes_of(&mut ann).await;
    let begin = "/v1/auth/webauthn/register/begin";
    let full = ann.post(begin, json!({})).await.expect(409);
    assert_eq!(full.problem(), "too-many-passkeys");

    // By recovery code, by link, and because it is asked for.
    let mut elsewhere = place.person();
    let typed = json!({ "username": "ann", "code": codes[0] });
    let bought = elsewhere.post(RECOVER, typed).await.expect(200).json();
    let code = json!({ "code": bought["code"] });
    elsewhere.enrol(code).await.expect(200);
    let path = "/v1/admin/users/ann/enrolment";
    let made = root.post(path, json!({})).await.expect(201).json();
    let mut again = place.person();
    let code = json!({ "code": made["enrolment"]["code"] });
    again.enrol(code).await.expect(200);
    let must = json!({ "must_register_passkey": true });
    root.call(Method::PATCH, "/v1/admin/users/ann", must)
        .await
        .expect(200);
    ann.cookies.clear();
    ann.log_in("ann").await;
    ann.add(&mut Authenticator::new(ORIGIN)).await.expect(200);
    let full = ann.post(begin, json!({})).await.expect(409);
    assert_eq!(full.problem(), "too-many-passkeys");
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
    let limited = |answer: &Answer| answer.headers.get("retry-after").cloned();
    for _ in 0..99 {
        let answer = eve.post(RECOVER, nobody.clone()).await;
        assert!(limited(&answer.expect(400)).is_none());
    }
    let first = eve.post(RECOVER, nobody.clone()).await.expect(429);
    assert_eq!(first.problem(), "too-many");
    for _ in 0..60 {
        eve.post(RECOVER, nobody.clone()).await.expect(429);
    }
    let later = eve.post(RECOVER, nobody).await.expect(429);
    let waits = [first, later].map(|it| limited(&it).unwrap());
    assert_eq!(waits, ["1", "8"]);
    assert_eq!(place.reason(), "no_user");
    let metrics = place
        .internal(Method::GET, "/metrics", Value::Null)
        .await
        .body;
    let metrics = String::from_utf8(metrics.to_vec()).unwrap();
    for line in [
        "latchkey_limits_total{limit=\"account\",what=\"told_to_wait\"} 62\n",
        "latchkey_limits_total{limit=\"account\",what=\"slowed\"} 61\n",
        "latchkey_limited{limit=\"account\"} 1\n",
        "latchkey_limited{limit=\"address\"} 0\n",
        "latchkey_slow_lane_waiting 0\n",
    ] {
        assert!(metrics.contains(line), "{line}{metrics}");
    }
    // The owner comes in, also from the same address, and after as many wrong codes for the account.
    let wrong = json!({ "username": "ann", "code": "00000-00000-00000-00000" });
    for _ in 0..200 {
        eve.post(RECOVER, wrong.clone()).await;
    }
    eve.post(RECOVER, wrong).await.expect(429);
    for (address, code) in [([192, 0, 2, 7], &codes[3]), ([198, 51, 100, 1], &codes[4])] {
        let typed = json!({ "username": "ann", "code": code });
        let owner = eve.request(Method::POST, RECOVER, &typed);
        place.send_from(address.into(), owner).await.expect(200);
    }
}

#[tokio::test(start_paused = true)]
async fn wrong_links_are_told_to_wait_and_a_good_one_is_taken_all_the_same() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    let made = json!({ "name": "ann", "enroll": true });
    let made = root.post("/v1/admin/users", made).await.expect(201).json();
    let mut eve = place.person();
    let wrong = json!({ "code": "AAAA" });
    let begin = "/v1/auth/webauthn/register/begin";
    for _ in 0..600 {
        eve.post(begin, wrong.clone()).await.expect(400);
    }
    let refused = eve.post(begin, wrong).await.expect(429);
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(place.reason(), "code_form");
    // Of the same address.
    let mut ann = place.person();
    let code = json!({ "code": made["enrolment"]["code"] });
    ann.enrol(code).await.expect(200);
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
    // At once, though renewals of one moment get the same token.
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
        let told = ["passkey-suspected", "passkey-disabled"][usize::from(disabled)];
        assert_eq!(warnings[0]["type"], told);
        assert_eq!(warnings.as_array().unwrap().len(), 1);
        // A disabled one is told of until it is removed.
        place.later(7 * 86_400);
        ann.cookies.clear();
        let warnings = ann.log_in("ann").await.json()["warnings"].clone();
        assert_eq!(warnings.is_array(), disabled, "{warnings}");
    }
}

#[tokio::test]
async fn a_code_is_good_at_the_mount_that_it_was_made_for_alone() {
    let place = Place::configured(&format!(
        "{ADMIN}[mounts.staff]\n[mounts.apart]\n\
        rp_id = \"example.org\"\nrp_origins = [\"https://example.org\"]\n"
    ))
    .await;
    let mut root = administrator(&place, "root").await;
    let begin = |mount: &str| format!("/v1/auth/{mount}/register/begin");
    let body = json!({ "enroll": true });
    let made = root
        .post("/v1/auth/staff/user/ann", body)
        .await
        .expect(200)
        .json();
    let made = &made["data"]["enrolment"];
    assert_eq!(made["mount"], "staff");
    let code = made["code"].as_str().unwrap();
    let link = made["link"].as_str().unwrap();
    assert_eq!(link, format!("{ORIGIN}/_latchkey/enroll#staff.{code}"));
    let mut ann = place.person();
    let redeem = json!({ "code": code });
    let refused = ann
        .post(&begin("webauthn"), redeem.clone())
        .await
        .expect(400);
    assert_eq!(refused.problem(), "code-refused");
    assert_eq!(place.reason(), "code_other_mount");
    let options = ann.post(&begin("staff"), redeem).await.expect(200).json();
    let response = ann.authenticator.create(&options["publicKey"]);
    // Nor is a ceremony that was begun there finished elsewhere; it is used up by trying.
    ann.finish("register", response.clone()).await.expect(400);
    assert_eq!(place.reason(), "other_mount");
    let options = ann
        .post(&begin("staff"), json!({ "code": code }))
        .await
        .expect(200)
        .json();
    let response = ann.authenticator.create(&options["publicKey"]);
    ann.post("/v1/auth/staff/register/finish", response)
        .await
        .expect(200);

    // So is what a recovery code buys, and what an administrator makes.
    let codes = codes_of(&mut ann).await;
    let typed = json!({ "username": "ann", "code": codes[0] });
    let bought = ann
        .post("/v1/auth/staff/recover", typed)
        .await
        .expect(200)
        .json();
    let bought = json!({ "code": bought["code"] });
    ann.post(&begin("webauthn"), bought.clone())
        .await
        .expect(400);
    ann.post(&begin("staff"), bought).await.expect(200);
    let path = "/v1/admin/users/ann/enrolment";
    let apart = root
        .post(path, json!({ "mount": "apart" }))
        .await
        .expect(201)
        .json();
    assert_eq!(
        apart["enrolment"]["link"],
        Value::Null,
        "the pages are not there"
    );
    assert_eq!(apart["enrolment"]["qr_svg"], Value::Null);
    let refused = root
        .post(path, json!({ "mount": "nobody" }))
        .await
        .expect(400)
        .json();
    assert_eq!(refused["detail"], "mount: expected the name of a mount.");
}

#[tokio::test]
async fn new_users_must_register_a_passkey_where_that_is_the_default() {
    for (line, expected) in [("", false), ("must_register_passkey = true", true)] {
        let place = Place::configured(&format!("{ADMIN}[people]\n{line}\n")).await;
        let mut root = administrator(&place, "root").await;
        let made = async |root: &mut Person<'_>, body| {
            let made = root.post("/v1/admin/users", body).await.expect(201).json();
            made["must_register_passkey"].clone()
        };
        assert_eq!(made(&mut root, json!({ "name": "ann" })).await, expected);
        let said = json!({ "name": "bob", "must_register_passkey": !expected });
        assert_eq!(made(&mut root, said).await, !expected);
        let path = "/v1/auth/webauthn/user/carl";
        let carl = root
            .post(path, json!({ "enroll": true }))
            .await
            .expect(200)
            .json();
        assert_eq!(carl["data"]["must_register_passkey"], expected);
        // So do those whom a list brings, unless it says otherwise.
        let list = json!({
            "format": "latchkey-users", "version": 1, "rp_ids": {},
            "users": [{ "name": "dora" }, { "name": "eve", "must_register_passkey": !expected }],
        });
        super::transfer::import(&place, "", &list).await.expect(200);
        assert_eq!(place.user("dora").await.must_register, expected);
        assert_eq!(place.user("eve").await.must_register, !expected);
        // Registering is what was asked for.
        let mut carl_himself = place.person();
        let code = json!({ "code": carl["data"]["enrolment"]["code"] });
        carl_himself.enrol(code).await.expect(200);
        carl_himself.read("/userinfo").await.expect(200);
        let carl = root.read(path).await.expect(200).json();
        assert_eq!(carl["data"]["must_register_passkey"], false);
    }
}

/// Whoever had an account in hands for a moment may have made codes: an administrator takes them away.
#[tokio::test]
async fn an_administrator_withdraws_recovery_codes() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    let mut ann = place.person();
    ann.register("ann").await;
    let codes = codes_of(&mut ann).await;
    root.delete("/v1/admin/users/ann/sessions")
        .await
        .expect(204);
    let path = "/v1/admin/users/ann/recovery-codes";
    ann.log_in("ann").await;
    ann.delete(path).await.expect(403);
    root.delete(path).await.expect(204);
    assert_eq!(place.audit()["event"], "recovery_codes_revoke");
    let typed = json!({ "username": "ann", "code": codes[0] });
    let answer = place.person().post(RECOVER, typed).await.expect(400);
    assert_eq!(answer.problem(), "code-refused");
    let user = root.read("/v1/admin/users/ann").await.json();
    assert_eq!(user["recovery_codes"], 0);
    let none = root.delete(path).await.expect(404);
    assert_eq!(none.problem(), "not-found");
    assert_eq!(codes_of(&mut ann).await.len(), 10);
}

#[tokio::test]
async fn whoever_has_a_copy_fills_no_audit_log_with_it() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    let mut ann = place.person();
    ann.register("ann").await;
    ann.log_in("ann").await;
    for _ in 0..40 {
        ann.authenticator.credentials[0].sign_count = 0;
        let options = ann.begin("login", json!({ "username": "ann" })).await;
        let response = ann.authenticator.get(&options);
        ann.finish("login", response).await.expect(400);
        assert_eq!(place.reason(), "sign_count");
    }
    let path = "/v1/admin/audit?action=sign_count&limit=100";
    let log = root.read(path).await.json();
    assert_eq!(log["records"].as_array().unwrap().len(), 30);
}
