//! The administration API, as the operator's commands use it.

use super::*;

async fn read(place: &Place, path: &str) -> Answer {
    place.control(Method::GET, path, Value::Null).await
}

async fn order(place: &Place, path: &str, body: Value) -> Answer {
    place.control(Method::POST, path, body).await
}

#[tokio::test]
async fn users_are_listed_shown_disabled_and_enabled() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let mut bob = place.person();
    bob.register("bob").await;
    let list = read(&place, "/v1/admin/users?limit=1")
        .await
        .expect(200)
        .json();
    assert_eq!(list["users"][0]["name"], "ann");
    assert_eq!(list["next"], "ann");
    let list = read(&place, "/v1/admin/users?limit=1&after=ann")
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&list["users"][0]["name"], &list["next"]),
        (&json!("bob"), &Value::Null)
    );
    let list = read(&place, "/v1/admin/users?search=BO")
        .await
        .expect(200)
        .json();
    assert_eq!(list["users"].as_array().unwrap().len(), 1);
    for wrong in ["limit=0", "limit=1001", "limit=x", "other=1", "after=%20"] {
        let answer = read(&place, &format!("/v1/admin/users?{wrong}")).await;
        assert_eq!(answer.expect(400).problem(), "bad-request", "{wrong}");
    }

    let id = place.user("ann").await.id.0;
    let shown = read(&place, &format!("/v1/admin/users/{id}"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&shown["passkeys"], &shown["sessions"]),
        (&json!(1), &json!(1))
    );
    // Whoever has just registered is signed in, and no account that nobody uses.
    assert!(shown["last_login_at"].is_string(), "{shown}");
    order(&place, "/v1/admin/users", json!({ "name": "carl" })).await.expect(201);
    let carl = read(&place, "/v1/admin/users/carl").await.json();
    assert_eq!(carl["last_login_at"], Value::Null);
    assert_eq!(
        read(&place, "/v1/admin/users/nobody")
            .await
            .expect(404)
            .problem(),
        "not-found"
    );

    order(&place, "/v1/admin/users/ANN/disable", json!({}))
        .await
        .expect(204);
    assert_eq!(place.audit()["actor"], "operator");
    assert_eq!(place.audit()["event"], "user_disable");
    assert_eq!(ann.read("/userinfo").await.status, 401);
    let shown = read(&place, "/v1/admin/users/ann").await.json();
    assert_eq!(
        (&shown["disabled"], &shown["sessions"]),
        (&json!(true), &json!(0))
    );
    bob.read("/userinfo").await.expect(200);
    order(&place, "/v1/admin/users/ann/enable", json!({}))
        .await
        .expect(204);
    assert_eq!(ann.read("/userinfo").await.status, 401, "ended for good");
    ann.log_in("ann").await;
    ann.read("/userinfo").await.expect(200);
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_by_user_and_all() {
    let place = Place::new().await;
    let mut here = place.person();
    here.register("ann").await;
    let list = read(&place, "/v1/admin/users/ann/sessions")
        .await
        .expect(200);
    let text = String::from_utf8(list.body.to_vec()).unwrap();
    assert!(!text.contains("secret"), "{text}");
    let id = list.json()["sessions"][0]["id"].clone();
    let revoke = async |body: Value| order(&place, "/v1/admin/sessions/revoke", body).await;
    revoke(json!({ "session": id })).await.expect(204);
    assert_eq!(here.read("/userinfo").await.status, 401);
    for gone in [id, json!("x")] {
        assert_eq!(
            revoke(json!({ "session": gone })).await.expect(404).problem(),
            "not-found"
        );
    }

    here.log_in("ann").await;
    revoke(json!({ "user": "ann" })).await.expect(204);
    assert_eq!(here.read("/userinfo").await.status, 401);
    here.log_in("ann").await;
    revoke(json!({ "everyone": true })).await.expect(204);
    assert_eq!(here.read("/userinfo").await.status, 401);
    for wrong in [
        json!({}),
        json!({ "everyone": false }),
        json!({ "everyone": true, "user": "ann" }),
        json!({ "all": true }),
    ] {
        assert_eq!(revoke(wrong).await.status, 400);
    }
    let text = place.internal(Method::GET, "/metrics", Value::Null).await;
    let text = String::from_utf8(text.body.to_vec()).unwrap();
    for line in [
        "latchkey_revocations_total{kind=\"session\"} 1\n",
        "latchkey_revocations_total{kind=\"user\"} 1\n",
        "latchkey_revocations_total{kind=\"everyone\"} 1\n",
        "latchkey_revocations 3\n",
        "role=\"signs\"} 0\n",
        "role=\"next\"} 0\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
}

#[tokio::test]
async fn keys_are_listed_rotated_and_revoked_and_sessions_go_on() {
    let place = Place::new().await;
    let mut person = place.person();
    person.register("ann").await;
    let states = |answer: &Answer| {
        let keys = answer.json()["keys"].as_array().unwrap().clone();
        let state = |key: &Value| {
            let text = |name: &str| key[name].as_str().unwrap().to_owned();
            (text("state"), text("kid"))
        };
        keys.iter().map(state).collect::<Vec<_>>()
    };
    let list = read(&place, "/v1/admin/keys").await.expect(200);
    let text = String::from_utf8(list.body.to_vec()).unwrap();
    assert!(!text.contains("sealed"), "{text}");
    let [(signs, first), (next, second)] = states(&list).try_into().unwrap();
    assert_eq!((&*signs, &*next), ("signs", "next"));

    let early = order(&place, "/v1/admin/keys/rotate", json!({}))
        .await
        .expect(409);
    assert_eq!(early.problem(), "too-soon");
    assert_eq!(early.headers["retry-after"], "3600");
    place.later(3_600);
    let rotated = order(&place, "/v1/admin/keys/rotate", json!({}))
        .await
        .expect(200);
    assert!(rotated.json().get("warning").is_none());
    let keys = states(&rotated);
    assert_eq!(keys[0], ("retiring".to_owned(), first.clone()));
    assert_eq!(keys[1], ("signs".to_owned(), second.clone()));
    assert_eq!(keys[2].0, "next");
    person.post("/v1/self/refresh", json!({})).await.expect(200);
    person.read("/userinfo").await.expect(200);

    let path = format!("/v1/admin/keys/{second}/revoke");
    let revoked = order(&place, &path, json!({})).await.expect(200);
    assert_eq!(place.audit()["detail"], second.as_str());
    let keys = states(&revoked);
    assert!(keys.iter().all(|(_, kid)| *kid != second));
    let jwks = place
        .internal(Method::GET, "/.well-known/jwks.json", Value::Null)
        .await;
    assert!(
        !String::from_utf8(jwks.body.to_vec())
            .unwrap()
            .contains(&second)
    );
    assert_eq!(person.read("/userinfo").await.status, 401, "what it signed");
    person.post("/v1/self/refresh", json!({})).await.expect(200);
    person.read("/userinfo").await.expect(200);
    assert_eq!(
        order(&place, &path, json!({})).await.expect(404).problem(),
        "not-found"
    );

    // After a restart: the same ring, and the revocation.
    let app = place.restarted().await;
    assert_eq!(app.issuer.jwks(), place.app.issuer.jwks());
    assert_eq!(app.revocations.len(), 1);

    let forced = order(&place, "/v1/admin/keys/rotate", json!({ "now": true })).await;
    assert!(forced.expect(200).json()["warning"].is_string());
    // More keys than verifiers take are refused before anything is stored.
    let mut refused_with = 200;
    for _ in 0..40 {
        let answer = order(&place, "/v1/admin/keys/rotate", json!({ "now": true })).await;
        refused_with = answer.status.as_u16();
    }
    assert_eq!(refused_with, 409);
    place.restarted().await;
    person.post("/v1/self/refresh", json!({})).await.expect(200);
}

#[tokio::test]
async fn orders_have_the_form_of_orders() {
    let place = Place::new().await;
    let form = Request::post("/v1/admin/sessions/revoke")
        .header("content-type", "text/plain")
        .body(Body::from("{\"everyone\":true}"))
        .unwrap();
    let peer = [127, 0, 0, 1].into();
    let answer = Place::send_to(crate::routes::control(&place.app), peer, form).await;
    assert_eq!(answer.status, 403);
    let public = place.person().read("/v1/admin/users").await;
    assert_eq!(public.status, 404, "not on the public listener");
    let internal = place
        .internal(Method::GET, "/v1/admin/users", Value::Null)
        .await;
    assert_eq!(internal.status, 404, "nor on the internal one");
}
