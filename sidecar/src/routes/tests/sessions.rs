//! Tokens, sessions and their ends.

use super::*;
use axum::http::HeaderValue;

async fn info(place: &Place, headers: &[(&'static str, String)]) -> Answer {
    let mut request = Request::builder().uri("/_latchkey/userinfo");
    for (name, value) in headers {
        request = request.header(*name, HeaderValue::from_str(value).unwrap());
    }
    place.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn the_token_is_read_from_cookie_or_bearer_and_from_nothing_doubtful() {
    let place = Place::new().await;
    let (mut ann, mut eve) = (place.person(), place.person());
    ann.register("ann").await;
    eve.register("eve").await;
    let token = ann.cookies["__Host-latchkey"].clone();
    let other = eve.cookies["__Host-latchkey"].clone();
    let cookie = |token: &str| ("cookie", format!("a=b; __Host-latchkey={token}; c=d"));
    let bearer = |token: &str| ("authorization", format!("bearer {token}"));
    for good in [
        vec![cookie(&token)],
        vec![bearer(&token)],
        vec![cookie(&token), bearer(&token)],
        vec![("cookie", "x=y".to_owned()), cookie(&token)],
    ] {
        info(&place, &good).await.expect(200);
    }
    let (start, end) = token.split_at(token.len() - 20);
    let forged = format!(
        "{start}{}{}",
        if end.starts_with('A') { "B" } else { "A" },
        &end[1..]
    );
    for bad in [
        vec![],
        vec![cookie(&token), bearer(&other)],
        vec![cookie(&token), cookie(&token)],
        vec![cookie(&token), cookie(&other)],
        vec![bearer(&token), bearer(&token)],
        vec![("authorization", format!("Basic {token}"))],
        vec![("authorization", format!("Bearer\t{token}"))],
        vec![("authorization", token.clone())],
        vec![("cookie", format!("__host-latchkey={token}"))],
        vec![("cookie", format!("__Host-latchkey=\"{token}\""))],
        vec![cookie(&forged)],
        vec![bearer("")],
    ] {
        let answer = info(&place, &bad).await;
        assert_eq!(answer.status, 401, "{bad:?}");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
    }
}

#[tokio::test]
async fn after_a_logout_neither_token_nor_secret_works() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let stolen = ann.cookies.clone();
    let answer = ann.post("/v1/self/logout", json!({})).await.expect(204);
    let lines = answer.set_cookies();
    assert_eq!(lines.len(), 2);
    assert!(
        lines.iter().all(|line| line.contains("Max-Age=0")),
        "{lines:?}"
    );
    ann.cookies = stolen;
    ann.read("/userinfo").await.expect(401);
    ann.post("/v1/self/refresh", json!({})).await.expect(401);
    assert_eq!(place.reason(), "unknown_session");
    // Once more, without a session, is no error.
    ann.cookies.clear();
    ann.post("/v1/self/logout", json!({})).await.expect(204);
}

#[tokio::test]
async fn a_logout_by_the_refresh_secret_alone_ends_the_session() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let stolen = ann.cookies.clone();
    ann.cookies.remove("__Host-latchkey");
    ann.post("/v1/self/logout", json!({})).await.expect(204);
    ann.cookies = stolen;
    ann.read("/userinfo").await.expect(401);
}

#[tokio::test]
async fn a_token_that_ran_out_is_renewed_within_the_session() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let session = ann.session_id();
    place.later(631);
    ann.read("/userinfo").await.expect(401);
    let answer = ann.post("/v1/self/refresh", json!({})).await.expect(200);
    assert_eq!(answer.set_cookies().len(), 1, "the refresh secret stays");
    assert!(answer.json()["auth"].get("client_token").is_none());
    assert_eq!(ann.session_id(), session);
    let info = ann.read("/userinfo").await.expect(200).json();
    assert_eq!(info["auth_time"], START.0, "a renewal proves no presence");
}

#[tokio::test]
async fn a_session_ends_when_idle_and_at_its_limit_and_no_token_outlives_it() {
    let text = CONFIG.replace("[token]", "[session]\nidle = \"1h\"\nmax = \"2h\"\n[token]");
    let place = Place::configured(&text).await;
    let mut ann = place.person();
    ann.register("ann").await;
    for _ in 0..2 {
        place.later(3_500);
        let answer = ann
            .post("/v1/self/refresh", json!({}))
            .await
            .expect(200)
            .json();
        let lease = answer["auth"]["lease_duration"].as_u64().unwrap();
        assert_eq!(lease, 600.min(7_200 - (place.app.now().0 - START.0)));
    }
    place.later(200);
    // The clock skew that tokens are allowed does not make the session longer.
    ann.read("/userinfo").await.expect(401);
    ann.post("/v1/self/refresh", json!({})).await.expect(401);
    assert_eq!(place.reason(), "session_ended");

    let mut bob = place.person();
    bob.register("bob").await;
    place.later(3_600);
    bob.post("/v1/self/refresh", json!({})).await.expect(401);
    assert_eq!(place.reason(), "session_ended");
}

#[tokio::test]
async fn another_secret_or_none_renews_nothing() {
    let place = Place::new().await;
    let (mut ann, mut eve) = (place.person(), place.person());
    ann.register("ann").await;
    eve.register("eve").await;
    let own = ann.cookies["__Host-latchkey-refresh"].clone();
    let foreign = eve.cookies["__Host-latchkey-refresh"].clone();
    // Ann's session id with Eve's secret.
    let mut mixed = software_authenticator::decode(&own)[..16].to_vec();
    mixed.extend(&software_authenticator::decode(&foreign)[16..]);
    let mixed = software_authenticator::encode(&mixed);
    for (value, reason) in [
        (mixed.as_str(), "unknown_session"),
        ("", "no_secret"),
        ("AAAA", "no_secret"),
        (&own[1..], "no_secret"),
    ] {
        ann.cookies
            .insert("__Host-latchkey-refresh".to_owned(), value.to_owned());
        ann.post("/v1/self/refresh", json!({})).await.expect(401);
        assert_eq!(place.reason(), reason, "{value:?}");
    }
}

#[tokio::test]
async fn a_disabled_user_is_out_at_once() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let mut user = place.user("ann").await;
    user.disabled = true;
    assert!(place.app.store.update_user(&user).await.unwrap());
    ann.read("/userinfo").await.expect(401);
    ann.post("/v1/self/refresh", json!({})).await.expect(401);
    assert_eq!(place.reason(), "no_user");
}

#[tokio::test]
async fn a_token_that_no_cookie_holds_is_refused_with_a_word_on_it() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let mut user = place.user("ann").await;
    user.groups = (0..200)
        .map(|n| format!("a-group-with-a-long-name-{n}"))
        .collect();
    assert!(place.app.store.update_user(&user).await.unwrap());
    let options = ann.begin("login", json!({"username": "ann"})).await;
    let response = ann.authenticator.get(&options);
    let answer = ann.finish("login", response).await;
    assert_eq!(answer.expect(500).problem(), "token-too-large");
    assert_eq!(place.reason(), "token_too_large");
}
