//! More passkeys for an account that exists.

use super::*;

const BEGIN: &str = "/v1/auth/webauthn/register/begin";

#[tokio::test]
async fn the_owner_adds_a_passkey_and_signs_in_with_it() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let cookies = ann.cookies.clone();
    let options = ann.begin("register", json!({})).await;
    let known = software_authenticator::encode(&ann.authenticator.credentials[0].id);
    assert_eq!(options["excludeCredentials"][0]["id"], json!(known));
    let mut second = Authenticator::new(ORIGIN);
    let response = second.create(&options);
    let answer = ann.finish("register", response).await.expect(200);
    assert!(answer.set_cookies().is_empty());
    assert_eq!(ann.cookies, cookies);
    assert_eq!(
        ann.read("/v1/self/passkeys").await.json()["passkeys"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    ann.cookies.clear();
    ann.authenticator = second;
    ann.log_in("ann").await;
}

#[tokio::test]
async fn without_a_session_or_a_fresh_one_nothing_is_added() {
    let place = Place::new().await;
    let answer = place.person().post(BEGIN, json!({})).await;
    assert_eq!(answer.expect(401).problem(), "unauthorized");
    assert_eq!(place.reason(), "no_token");

    let mut ann = place.person();
    ann.register("ann").await;
    place.later(300);
    ann.begin("register", json!({})).await;
    place.later(1);
    let answer = ann.post(BEGIN, json!({})).await;
    assert_eq!(answer.expect(403).problem(), "fresh-login-required");
    assert_eq!(place.reason(), "not_fresh");
    ann.log_in("ann").await;
    ann.begin("register", json!({})).await;
}

#[tokio::test]
async fn a_renewed_token_is_no_fresh_login() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    place.later(301);
    ann.post("/v1/self/refresh", json!({})).await.expect(200);
    let answer = ann.post(BEGIN, json!({})).await;
    assert_eq!(answer.expect(403).problem(), "fresh-login-required");
}

#[tokio::test]
async fn an_old_token_of_the_session_does_not_become_fresh_with_a_new_login() {
    let place = Place::new().await;
    let (mut ann, mut thief) = (place.person(), place.person());
    ann.register("ann").await;
    thief.cookies = ann.cookies.clone();
    place.later(301);
    ann.log_in("ann").await;
    assert_eq!(ann.session_id(), thief.session_id());
    let answer = thief.post(BEGIN, json!({})).await;
    assert_eq!(answer.expect(403).problem(), "fresh-login-required");
    ann.begin("register", json!({})).await;
}

#[tokio::test]
async fn only_the_session_that_began_it_finishes_it() {
    let place = Place::new().await;
    let (mut ann, mut eve) = (place.person(), place.person());
    ann.register("ann").await;
    eve.register("eve").await;
    let mut second = Authenticator::new(ORIGIN);
    for (thief, reason) in [(true, "other_session"), (false, "no_token")] {
        let options = ann.begin("register", json!({})).await;
        let response = second.create(&options);
        let mut other = place.person();
        if thief {
            other.cookies = eve.cookies.clone();
        }
        let answer = other.finish("register", response.clone()).await;
        assert_eq!(answer.expect(400).problem(), "ceremony-refused");
        assert_eq!(place.reason(), reason);
        ann.finish("register", response).await.expect(400);
        assert_eq!(
            place.reason(),
            "unknown_ceremony",
            "the attempt has used it up"
        );
    }
    let options = ann.begin("register", json!({})).await;
    ann.post("/v1/self/logout", json!({})).await.expect(204);
    let response = second.create(&options);
    ann.finish("register", response).await.expect(400);
    assert_eq!(ann.authenticator.credentials.len(), 1);
}

#[tokio::test]
async fn an_account_holds_only_so_many() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let early = ann.begin("register", json!({})).await;
    for _ in 0..2 {
        ann.add(&mut Authenticator::new(ORIGIN)).await.expect(200);
    }
    let answer = ann.post(BEGIN, json!({})).await;
    assert_eq!(answer.expect(409).problem(), "too-many-passkeys");
    let response = Authenticator::new(ORIGIN).create(&early);
    let answer = ann.finish("register", response).await;
    assert_eq!(answer.expect(409).problem(), "too-many-passkeys");
}

#[tokio::test]
async fn a_display_name_is_for_new_accounts() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let answer = ann.post(BEGIN, json!({"display_name": "Boss"})).await;
    assert_eq!(answer.expect(400).problem(), "bad-request");
}
