//! The own account: listing, naming and removing passkeys.

use super::*;

fn path(authenticator: &Authenticator) -> String {
    let id = software_authenticator::encode(&authenticator.credentials[0].id);
    format!("/v1/self/passkeys/{id}")
}

#[tokio::test]
async fn a_passkey_is_listed_with_what_its_owner_should_know() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    place.later(60);
    ann.log_in("ann").await;
    let passkeys = ann.read("/v1/self/passkeys").await.expect(200).json();
    let passkey = &passkeys["passkeys"][0];
    assert_eq!(passkey["created_at"], "2027-01-15T08:00:00Z");
    assert_eq!(passkey["last_used_at"], "2027-01-15T08:01:00Z");
    let mut names: Vec<&String> = passkey.as_object().unwrap().keys().collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "aaguid",
            "attachment",
            "attested",
            "authenticator",
            "backup_eligible",
            "backup_state",
            "created_at",
            "disabled_at",
            "id",
            "label",
            "last_used_at",
            "transports"
        ]
    );
}

#[tokio::test]
async fn a_passkey_gets_another_label() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let path = path(&ann.authenticator);
    let answer = ann
        .call(Method::PATCH, &path, json!({"label": " blue key "}))
        .await;
    assert_eq!(answer.expect(200).json()["label"], "blue key");
    for body in [
        json!({"label": ""}),
        json!({"label": "a\u{0}b"}),
        json!({"label": "x".repeat(65)}),
    ] {
        let answer = ann.call(Method::PATCH, &path, body).await;
        assert_eq!(answer.expect(400).problem(), "bad-request");
        assert_eq!(place.reason(), "label");
    }
    for body in [
        json!({}),
        json!({"label": "x", "user": "eve"}),
        json!(["x"]),
        json!({"label": 1}),
    ] {
        ann.call(Method::PATCH, &path, body).await.expect(400);
    }
    let passkeys = ann.read("/v1/self/passkeys").await.json();
    assert_eq!(passkeys["passkeys"][0]["label"], "blue key");
}

#[tokio::test]
async fn the_last_passkey_stays_and_another_one_goes() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let first = path(&ann.authenticator);
    let answer = ann.call(Method::DELETE, &first, json!({})).await;
    assert_eq!(answer.expect(409).problem(), "last-passkey");
    assert_eq!(place.reason(), "last_passkey");

    let mut second = Authenticator::new(ORIGIN);
    ann.add(&mut second).await.expect(200);
    place.later(301);
    let answer = ann.call(Method::DELETE, &first, json!({})).await;
    assert_eq!(answer.expect(403).problem(), "fresh-login-required");
    let mut used = std::mem::replace(&mut ann.authenticator, second);
    ann.log_in("ann").await;
    ann.call(Method::DELETE, &first, json!({}))
        .await
        .expect(204);
    ann.call(Method::DELETE, &first, json!({}))
        .await
        .expect(404);

    std::mem::swap(&mut ann.authenticator, &mut used);
    let mut options = ann.begin("login", json!({"username": "ann"})).await;
    options["allowCredentials"] = json!([]);
    let response = ann.authenticator.get(&options);
    ann.finish("login", response).await.expect(400);
    assert_eq!(place.reason(), "unknown_credential");
}

#[tokio::test]
async fn a_removed_passkey_takes_the_sessions_that_it_began_along() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let mut second = Authenticator::new(ORIGIN);
    ann.add(&mut second).await.expect(200);
    let mut laptop = place.person();
    laptop.authenticator = second;
    laptop.log_in("ann").await;
    let first = path(&ann.authenticator);
    let answer = laptop.call(Method::DELETE, &first, json!({})).await;
    assert!(answer.expect(204).set_cookies().is_empty());
    laptop.read("/v1/self/passkeys").await.expect(200);
    ann.read("/v1/self/passkeys").await.expect(401);
    ann.post("/v1/self/refresh", json!({})).await.expect(401);

    // The one that began this very session.
    let mut third = Authenticator::new(ORIGIN);
    laptop.add(&mut third).await.expect(200);
    let own = path(&laptop.authenticator);
    let answer = laptop.call(Method::DELETE, &own, json!({})).await;
    assert_eq!(answer.expect(204).set_cookies().len(), 2);
    assert!(laptop.cookies.is_empty());
    laptop.read("/v1/self/passkeys").await.expect(401);
    laptop.authenticator = third;
    laptop.log_in("ann").await;
}

#[tokio::test]
async fn anothers_passkey_is_not_found() {
    let place = Place::new().await;
    let (mut ann, mut eve) = (place.person(), place.person());
    ann.register("ann").await;
    eve.register("eve").await;
    eve.add(&mut Authenticator::new(ORIGIN)).await.expect(200);
    let path = path(&ann.authenticator);
    let absent = eve
        .call(Method::DELETE, "/v1/self/passkeys/AAAA", json!({}))
        .await
        .expect(404);
    let answer = eve.call(Method::DELETE, &path, json!({})).await.expect(404);
    assert_eq!(answer.body, absent.body);
    let answer = eve
        .call(Method::PATCH, &path, json!({"label": "mine"}))
        .await
        .expect(404);
    assert_eq!(answer.body, absent.body);
    for id in ["", "not base64!", "AAAA==", &"A".repeat(2000)] {
        eve.call(
            Method::DELETE,
            &format!("/v1/self/passkeys/{}", id.replace(' ', "%20")),
            json!({}),
        )
        .await
        .expect(404);
    }
}

#[tokio::test]
async fn strangers_have_no_account() {
    let place = Place::new().await;
    let mut stranger = place.person();
    for (method, path, body) in [
        (Method::GET, "/v1/self/passkeys", json!(null)),
        (
            Method::PATCH,
            "/v1/self/passkeys/AAAA",
            json!({"label": "x"}),
        ),
        (Method::DELETE, "/v1/self/passkeys/AAAA", json!({})),
        (Method::POST, "/v1/self/refresh", json!({})),
        (Method::GET, "/userinfo", json!(null)),
    ] {
        let answer = stranger.call(method, path, body).await;
        assert_eq!(answer.expect(401).problem(), "unauthorized", "{path}");
    }
}

/// Each change is a record of the audit log, where nobody may push others' out.
#[tokio::test]
async fn an_account_is_changed_only_so_often() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let mut bob = place.person();
    bob.register("bob").await;
    let id = software_authenticator::encode(&ann.authenticator.credentials[0].id);
    let path = format!("/v1/self/passkeys/{id}");
    for n in 0..30 {
        let label = json!({ "label": format!("key {n}") });
        ann.patch(&path, label).await.expect(200);
    }
    let refused = ann.patch(&path, json!({ "label": "x" })).await.expect(429);
    assert_eq!(refused.problem(), "too-many");
    assert_eq!(refused.headers["retry-after"], "10");
    let path = "/v1/self/recovery-codes";
    let codes = ann.post(path, json!({})).await;
    let mut other = Authenticator::new(ORIGIN);
    for refused in [codes, ann.add(&mut other).await] {
        assert_eq!(refused.expect(429).problem(), "too-many");
    }
    bob.add(&mut Authenticator::new(ORIGIN)).await.expect(200);
    place.later(10);
    ann.add(&mut other).await.expect(200);
}
