//! A store that takes no writes: what goes on, and who is told.

use super::*;

async fn internal(place: &Place, path: &str) -> (u16, String) {
    let request = Request::get(path.to_owned()).body(Body::empty()).unwrap();
    let answer = super::super::internal(&place.app).oneshot(request).await;
    let answer = answer.unwrap();
    let status = answer.status().as_u16();
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await;
    (status, String::from_utf8(body.unwrap().to_vec()).unwrap())
}

#[tokio::test]
async fn a_store_that_takes_no_writes_is_told_and_stays_in_service() {
    let place = Place::new().await;
    let gauge = async || {
        let text = internal(&place, "/metrics").await.1;
        let line = text
            .lines()
            .find(|line| line.starts_with("latchkey_store_writes_refused "));
        line.unwrap().to_owned()
    };
    let told = || {
        place
            .log
            .text()
            .matches("the store takes no writes")
            .count()
    };
    assert_eq!(
        internal(&place, "/readyz").await,
        (200, "ready\n".to_owned())
    );
    assert_eq!(gauge().await, "latchkey_store_writes_refused 0");

    place.memory.refuse_writes(true);
    for _ in 0..3 {
        let (status, text) = internal(&place, "/readyz").await;
        assert_eq!(status, 200);
        assert_eq!(text, "ready, but the store takes no writes\n");
    }
    assert_eq!(gauge().await, "latchkey_store_writes_refused 1");
    assert_eq!(told(), 1, "once, not with every probe");

    place.memory.refuse_writes(false);
    assert_eq!(gauge().await, "latchkey_store_writes_refused 0");
    assert!(place.log.text().contains("takes writes again"));
}

#[tokio::test]
async fn without_writes_sessions_go_on_and_logins_are_refused_whole() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    place.memory.refuse_writes(true);
    ann.read("/v1/self/passkeys").await.expect(200);
    place.later(601);
    let answer = ann.post("/v1/self/refresh", json!({})).await.expect(200);
    assert!(!answer.set_cookies().is_empty());
    ann.read("/v1/self/passkeys").await.expect(200);

    let options = ann.begin("login", json!({"username": "ann"})).await;
    let response = ann.authenticator.get(&options);
    let answer = ann.finish("login", response).await;
    assert_eq!(answer.expect(503).problem(), "store-unavailable");

    // The idle limit has not moved: twelve hours after the login it is over.
    place.later(12 * 3_600 - 601);
    ann.post("/v1/self/refresh", json!({})).await.expect(401);
    assert_eq!(place.reason(), "session_ended");
}

#[tokio::test]
async fn a_session_that_ended_meanwhile_is_not_renewed_without_writes_either() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let held = ann.cookies.clone();
    ann.post("/v1/self/logout", json!({})).await.expect(204);
    place.memory.refuse_writes(true);
    ann.cookies = held;
    ann.post("/v1/self/refresh", json!({})).await.expect(401);
}
