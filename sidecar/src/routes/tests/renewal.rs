//! Renewals that filters ask for.

use super::*;
use crate::model::{Actor, AuditRecord};

const PATH: &str = "/internal/v1/sessions/refresh";

async fn renew(place: &Place, secret: &str) -> Answer {
    let body = json!({ "refresh": secret });
    place.internal(Method::POST, PATH, body).await
}

fn secret(person: &Person<'_>) -> String {
    person.cookies["__Host-latchkey-refresh"].clone()
}

#[tokio::test]
async fn a_filter_gets_the_token_and_the_cookie_of_the_same_session() {
    let place = Place::new().await;
    let mut person = place.person();
    person.register("ann").await;
    let old = person.cookies["__Host-latchkey"].clone();
    place.later(660);
    let answer = renew(&place, &secret(&person)).await.expect(200);
    assert_eq!(answer.headers["cache-control"], "no-store");
    let answer = answer.json();
    assert_eq!(answer.as_object().unwrap().len(), 2);
    let token = answer["token"].as_str().unwrap();
    let cookies = answer["set_cookie"].as_array().unwrap();
    assert_eq!(cookies.len(), 1);
    let cookie = cookies[0].as_str().unwrap();
    assert!(
        cookie.starts_with(&format!("__Host-latchkey={token}; ")),
        "{cookie}"
    );

    let now = place.app.now();
    let claims = |token: &str, now| {
        let verified = place.app.issuer.verify(token.as_bytes(), now).unwrap();
        verified.claims().clone()
    };
    let (old, new) = (claims(&old, START), claims(token, now));
    assert_eq!(
        (&new.sid, &new.sub, new.auth_time),
        (&old.sid, &old.sub, old.auth_time)
    );
    assert_eq!(new.iat, now.0);
}

#[tokio::test]
async fn renewals_at_once_get_the_same_token_and_later_ones_another() {
    let place = Place::new().await;
    let mut person = place.person();
    person.register("ann").await;
    let secret = secret(&person);
    let app = place.app.clone();
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (router, body) = (crate::routes::internal(&app), json!({ "refresh": secret }));
            tokio::spawn(async move { Place::ask(router, Method::POST, PATH, body).await })
        })
        .collect();
    let mut tokens = std::collections::BTreeSet::new();
    for task in tasks {
        let answer = task.await.unwrap().expect(200).json();
        tokens.insert(answer["token"].as_str().unwrap().to_owned());
    }
    assert_eq!(tokens.len(), 1);
    place.later(4);
    let same = renew(&place, &secret).await.json()["token"].clone();
    assert!(tokens.contains(same.as_str().unwrap()));
    place.later(1);
    let other = renew(&place, &secret).await.json()["token"].clone();
    assert!(!tokens.contains(other.as_str().unwrap()));
}

#[tokio::test]
async fn a_new_login_in_the_session_is_not_answered_with_the_token_before_it() {
    let place = Place::new().await;
    let mut person = place.person();
    person.register("ann").await;
    renew(&place, &secret(&person)).await.expect(200);
    place.later(2);
    let old = secret(&person);
    person.log_in("ann").await;
    assert_eq!(renew(&place, &old).await.status, 401, "the secret is new");
    let answer = renew(&place, &secret(&person)).await.expect(200).json();
    let token = answer["token"].as_str().unwrap();
    let token = place
        .app
        .issuer
        .verify(token.as_bytes(), place.app.now())
        .unwrap();
    assert_eq!(token.claims().auth_time, Some(START.0 + 2));
}

#[tokio::test]
async fn a_session_that_is_over_is_refused_also_where_a_token_is_remembered() {
    let place = Place::new().await;
    let refused = async |end: &str| {
        let mut person = place.person();
        person.register(end).await;
        let secret = secret(&person);
        renew(&place, &secret).await.expect(200);
        let user = place.user(end).await.id;
        let record = AuditRecord::new(START, Actor::Operator, "user_disable");
        match end {
            "logout" => drop(person.post("/v1/self/logout", json!({})).await.expect(204)),
            "disabled" => assert!(place.app.disable(user, record).await.unwrap()),
            "revoked" => place.app.end_sessions(Some(user), None).await.unwrap(),
            _ => place.later(13 * 3_600),
        }
        assert_eq!(renew(&place, &secret).await.status, 401, "{end}");
        place.reason()
    };
    assert_eq!(refused("logout").await, "unknown_session");
    assert_eq!(refused("disabled").await, "session_ended");
    assert_eq!(refused("revoked").await, "session_ended");
    assert_eq!(refused("idle").await, "session_ended");
}

#[tokio::test]
async fn a_renewal_extends_the_idle_limit_within_the_absolute_one() {
    let place = Place::new().await;
    let mut person = place.person();
    person.register("ann").await;
    let secret = secret(&person);
    for _ in 0..13 {
        place.later(11 * 3_600);
        renew(&place, &secret).await.expect(200);
    }
    place.later(36 * 3_600);
    assert_eq!(renew(&place, &secret).await.status, 401);
}

#[tokio::test]
async fn only_the_one_form_of_body_is_read() {
    let place = Place::new().await;
    for body in [
        json!({}),
        json!({ "refresh": 1 }),
        json!({ "refresh": "x", "y": 1 }),
        json!([]),
    ] {
        let answer = place.internal(Method::POST, PATH, body).await;
        assert_eq!(answer.expect(400).problem(), "bad-request");
    }
    assert_eq!(
        renew(&place, "rubbish").await.expect(401).problem(),
        "unauthorized"
    );
    assert_eq!(renew(&place, &"A".repeat(5_000)).await.status, 400);
}

/// Anything but 401 would make the gateway's other sessions wait.
#[tokio::test]
async fn an_account_that_fits_no_cookie_is_its_own_trouble_alone() {
    let place = Place::new().await;
    let mut person = place.person();
    person.register("ann").await;
    let mut user = place.user("ann").await;
    user.groups = (0..200)
        .map(|n| format!("a-group-with-a-long-name-{n}"))
        .collect();
    assert!(place.app.store.update_user(&user).await.unwrap());
    renew(&place, &secret(&person)).await.expect(401);
    assert_eq!(place.reason(), "token_too_large");
    // The login page says what it is.
    let answer = person.post("/v1/self/refresh", json!({})).await;
    assert_eq!(answer.expect(500).problem(), "token-too-large");
}
