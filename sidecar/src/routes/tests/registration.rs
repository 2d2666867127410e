//! Accounts that strangers make for themselves.

use super::*;

const BEGIN: &str = "/v1/auth/webauthn/register/begin";

#[tokio::test]
async fn it_is_off_unless_switched_on() {
    let place = Place::configured(&CONFIG.replace("self_registration = true", "")).await;
    let answer = place.person().post(BEGIN, json!({"username": "ann"})).await;
    assert_eq!(answer.expect(403).problem(), "registration-off");
    assert_eq!(place.reason(), "registration_off");
}

#[tokio::test]
async fn a_new_account_has_its_passkey_and_a_session() {
    let place = Place::new().await;
    let mut ann = place.person();
    let body = json!({"username": "ann", "display_name": "Ann Example"});
    let options = ann.begin("register", body).await;
    assert_eq!(options["user"]["name"], "ann");
    assert_eq!(options["user"]["displayName"], "Ann Example");
    assert_eq!(options["excludeCredentials"], json!([]));
    let mut response = ann.authenticator.create(&options);
    response["label"] = json!("blue key");
    let answer = ann.finish("register", response).await.expect(200).json();
    assert_eq!(answer["passkey"]["label"], "blue key");
    assert_eq!(answer["passkey"]["created_at"], "2027-01-15T08:00:00Z");
    assert_eq!(answer["auth"]["metadata"]["username"], "ann");
    let info = ann.read("/userinfo").await.expect(200).json();
    assert_eq!(info["name"], "Ann Example");
    assert_eq!(info["acr"], "phr");
    assert_eq!(info["auth_time"], START.0);
    assert!(info.get("email").is_none());
}

#[tokio::test]
async fn a_taken_name_is_refused_at_both_steps_in_every_spelling() {
    let place = Place::new().await;
    let (mut ann, mut late) = (place.person(), place.person());
    let options = late.begin("register", json!({"username": "ann"})).await;
    ann.register("ann").await;
    let response = late.authenticator.create(&options);
    let answer = late.finish("register", response).await;
    assert_eq!(answer.expect(409).problem(), "name-taken");
    assert!(late.cookies.is_empty());
    for name in ["ann", " ANN ", "\u{ff21}nn"] {
        let answer = late.post(BEGIN, json!({"username": name})).await;
        assert_eq!(answer.expect(409).problem(), "name-taken", "{name:?}");
    }
    for name in ["\u{430}nn", "a\u{200b}nn", "ann\u{202e}", "", "x y"] {
        let answer = late.post(BEGIN, json!({"username": name})).await;
        assert_eq!(
            answer.expect(400).problem(),
            "invalid-user-name",
            "{name:?}"
        );
    }
}

#[tokio::test]
async fn nobody_gives_themselves_an_address_groups_or_policies() {
    let place = Place::new().await;
    for field in [
        "email",
        "groups",
        "policies",
        "id",
        "disabled",
        "email_verified",
    ] {
        let mut eve = place.person();
        let answer = eve.post(BEGIN, json!({"username": "eve", (field): ["admins"]}));
        assert_eq!(answer.await.expect(400).problem(), "bad-request", "{field}");
    }
    let mut eve = place.person();
    let options = eve
        .begin("register", json!({"username": "eve@example.com"}))
        .await;
    let mut response = eve.authenticator.create(&options);
    response["email"] = json!("boss@example.com");
    response["groups"] = json!(["admins"]);
    eve.finish("register", response).await.expect(200);
    let info = eve.read("/userinfo").await.json();
    assert!(
        info.get("email").is_none(),
        "a name that looks like an address is none"
    );
    assert_eq!(info["groups"], json!([]));
}

#[tokio::test]
async fn a_registration_is_finished_once_and_in_time() {
    let place = Place::new().await;
    let mut ann = place.person();
    let options = ann.begin("register", json!({"username": "ann"})).await;
    let response = ann.authenticator.create(&options);
    ann.finish("register", response.clone()).await.expect(200);
    let mut eve = place.person();
    let answer = eve.finish("register", response).await;
    assert_eq!(answer.expect(400).problem(), "ceremony-refused");
    assert_eq!(place.reason(), "unknown_ceremony");

    let options = eve.begin("register", json!({"username": "eve"})).await;
    let response = eve.authenticator.create(&options);
    place.later(300);
    eve.finish("register", response).await.expect(400);
    assert_eq!(place.reason(), "unknown_ceremony");
}

#[tokio::test]
async fn a_credential_that_someone_has_is_refused_without_saying_so() {
    let place = Place::new().await;
    let (mut ann, mut eve) = (place.person(), place.person());
    ann.register("ann").await;
    let id = ann.authenticator.credentials[0].id.clone();
    let options = eve.begin("register", json!({"username": "eve"})).await;
    let mut draft = eve.authenticator.draft_registration(&options);
    draft
        .authenticator_data
        .attested
        .as_mut()
        .unwrap()
        .credential_id
        .clone_from(&id);
    draft.id = software_authenticator::encode(&id);
    draft.raw_id.clone_from(&draft.id);
    let answer = eve.finish("register", draft.seal()).await;
    assert_eq!(place.reason(), "credential_taken");
    assert_eq!(answer.problem(), "ceremony-refused");
    let name = crate::model::UserName::parse("eve").unwrap();
    assert!(
        place.app.store.user_by_name(&name).await.unwrap().is_none(),
        "nothing half done"
    );
    ann.log_in("ann").await;
}

#[tokio::test]
async fn an_assertion_is_no_registration() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let options = ann.begin("login", json!({"username": "ann"})).await;
    let response = ann.authenticator.get(&options);
    let answer = ann.finish("register", response).await;
    assert_eq!(answer.expect(400).problem(), "ceremony-refused");
}

#[tokio::test]
async fn labels_and_display_names_are_readable_texts() {
    let place = Place::new().await;
    let mut ann = place.person();
    let long = "x".repeat(65);
    for shown in ["a\u{202e}b", "a\nb", &long] {
        let answer = ann
            .post(BEGIN, json!({"username": "ann", "display_name": shown}))
            .await;
        assert_eq!(answer.expect(400).problem(), "bad-request", "{shown:?}");
    }
    let options = ann.begin("register", json!({"username": "ann"})).await;
    let good = ann.authenticator.create(&options);
    let mut bad = good.clone();
    bad["label"] = json!("a\nb");
    assert_eq!(
        ann.finish("register", bad).await.expect(400).problem(),
        "bad-request"
    );
    // The ceremony can still be finished.
    ann.finish("register", good).await.expect(200);
}

#[tokio::test]
async fn an_address_with_too_many_registrations_under_way_waits_and_others_do_not() {
    let place = Place::new().await;
    let mut eve = place.person();
    let mut admitted = 0;
    let answer = loop {
        let name = format!("eve{admitted}");
        let answer = eve.post(BEGIN, json!({"username": name})).await;
        if answer.status != 200 {
            break answer;
        }
        admitted += 1;
    };
    assert_eq!(answer.expect(429).problem(), "too-many");
    assert_eq!(place.reason(), "too_many_under_way");
    assert!((8..=600).contains(&admitted), "{admitted}");
    let request = eve.request(Method::POST, BEGIN, &json!({"username": "ann"}));
    place
        .send_from([192, 0, 2, 8].into(), request)
        .await
        .expect(200);
}

#[tokio::test]
async fn whether_names_are_taken_is_learned_slowly() {
    let place = Place::new().await;
    let mut eve = place.person();
    eve.register("ann").await;
    for _ in 0..30 {
        eve.post(BEGIN, json!({"username": "ann"}))
            .await
            .expect(409);
    }
    let answer = eve.post(BEGIN, json!({"username": "ann"})).await;
    assert_eq!(answer.headers["retry-after"], "60");
    assert_eq!(answer.expect(429).problem(), "too-many");
    assert_eq!(place.reason(), "too_often");
    place.later(60);
    eve.post(BEGIN, json!({"username": "ann"}))
        .await
        .expect(409);
}

#[tokio::test]
async fn nobody_is_called_as_the_audit_log_calls_those_who_are_no_users() {
    let place = Place::new().await;
    for name in ["operator", "Latchkey", "stranger"] {
        let begin = place
            .person()
            .post(BEGIN, json!({ "username": name }))
            .await;
        assert_eq!(begin.expect(409).problem(), "name-taken", "{name}");
        let made = place
            .control(Method::POST, "/v1/admin/users", json!({ "name": name }))
            .await;
        assert_eq!(made.expect(409).problem(), "name-taken", "{name}");
    }
    assert_eq!(place.app.store.count_users().await.unwrap(), 0);
}
