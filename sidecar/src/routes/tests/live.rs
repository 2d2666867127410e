//! Revocations as gateways hear of them.

use super::*;
use crate::model::{Actor, AuditRecord};
use latchkey_token::{InProcess, JwkSet, Revocations, UntrustedRevocations};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

const NONCE: &str = "AQEBAQEBAQEBAQEBAQEBAQ";

/// A gateway's worker.
struct Worker {
    app: Arc<App>,
    epoch: Option<String>,
    version: u64,
}

impl Worker {
    fn new(app: &Arc<App>) -> Self {
        Self {
            app: app.clone(),
            epoch: None,
            version: 0,
        }
    }

    fn path(&self) -> String {
        let known = self.epoch.as_ref().map_or_else(String::new, |epoch| {
            format!("&epoch={epoch}&version={}", self.version)
        });
        format!("/internal/v1/revocations?nonce={NONCE}{known}")
    }

    async fn ask(&mut self) -> Revocations {
        let router = crate::routes::internal(&self.app);
        let answer = Place::ask(router, Method::GET, &self.path(), Value::Null).await;
        self.take(&answer.expect(200))
    }

    fn take(&mut self, answer: &Answer) -> Revocations {
        assert_eq!(answer.headers["content-type"], "application/jwt");
        assert_eq!(answer.headers["cache-control"], "no-store");
        let keys = JwkSet::parse(&self.app.issuer.jwks()).unwrap();
        let page = UntrustedRevocations::parse(&answer.body).unwrap();
        let page = page.verify(&keys, &InProcess).unwrap();
        let page = page.validate(self.app.issuer.name(), NONCE).unwrap();
        let page = page.revocations().clone();
        self.epoch = Some(page.epoch.clone());
        self.version = page.version;
        page
    }
}

fn sid(person: &Person<'_>) -> String {
    let token = &person.cookies["__Host-latchkey"];
    let now = person.place.app.now();
    let token = person
        .place
        .app
        .issuer
        .verify(token.as_bytes(), now)
        .unwrap();
    token.claims().sid.clone()
}

fn claims(person: &Person<'_>) -> latchkey_token::Claims {
    let token = &person.cookies["__Host-latchkey"];
    let now = person.place.app.now();
    let token = person
        .place
        .app
        .issuer
        .verify(token.as_bytes(), now)
        .unwrap();
    token.claims().clone()
}

#[tokio::test]
async fn a_logout_is_told_before_it_is_answered() {
    let place = Place::new().await;
    let mut person = place.person();
    person.register("ann").await;
    let sid = sid(&person);
    let mut worker = Worker::new(&place.app);
    assert!(worker.ask().await.sessions.is_empty());

    let path = worker.path();
    let router = crate::routes::internal(&place.app);
    let waiting =
        tokio::spawn(async move { Place::ask(router, Method::GET, &path, Value::Null).await });
    while place.app.polls.available_permits() == crate::app::MOST_POLLS {
        tokio::task::yield_now().await;
    }
    person.post("/v1/self/logout", json!({})).await.expect(204);
    assert_eq!(place.app.revocations.len(), 1, "published with the answer");
    let page = worker.take(&waiting.await.unwrap());
    assert_eq!(page.sessions.len(), 1);
    assert_eq!(page.sessions[0].sid.to_string(), sid);
    assert!(page.sessions[0].until >= START.0 + 3_900);

    // It was durable, and a restart tells of it under another epoch.
    let again = place.restarted().await;
    let mut later = Worker::new(&again);
    later.epoch = worker.epoch.clone();
    later.version = worker.version;
    let all = later.ask().await;
    assert_ne!(Some(all.epoch), worker.epoch);
    assert_eq!(all.sessions, page.sessions);
}

#[tokio::test]
async fn the_session_that_another_users_login_replaces_is_revoked() {
    let place = Place::new().await;
    let mut bob = place.person();
    bob.register("bob").await;
    let mut ann = place.person();
    ann.register("ann").await;
    let replaced = sid(&ann);
    // Bob signs in with his passkey in Ann's browser.
    bob.cookies = ann.cookies.clone();
    bob.log_in("bob").await;
    let page = Worker::new(&place.app).ask().await;
    assert_eq!(page.sessions[0].sid.to_string(), replaced);
    // A login of the same user goes on in the same session: nothing is revoked.
    bob.log_in("bob").await;
    assert_eq!(Worker::new(&place.app).ask().await.sessions.len(), 1);
}

#[tokio::test]
async fn a_session_that_had_to_make_room_is_revoked() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let first = sid(&ann);
    for _ in 0..crate::storage::MOST_SESSIONS {
        assert!(Worker::new(&place.app).ask().await.sessions.is_empty());
        place.later(10);
        // Another browser each time.
        ann.cookies.clear();
        ann.log_in("ann").await;
    }
    let page = Worker::new(&place.app).ask().await;
    assert_eq!(page.sessions.len(), 1);
    assert_eq!(page.sessions[0].sid.to_string(), first);
    ann.read("/userinfo").await.expect(200);
}

#[tokio::test]
async fn a_passkey_by_link_makes_room_for_its_session_as_a_login_does() {
    let place = Place::configured(super::people::ADMIN).await;
    let mut root = super::people::administrator(&place, "root").await;
    let mut ann = place.person();
    ann.register("ann").await;
    let first = sid(&ann);
    for _ in 1..crate::storage::MOST_SESSIONS {
        place.later(10);
        ann.cookies.clear();
        ann.log_in("ann").await;
    }
    assert!(Worker::new(&place.app).ask().await.sessions.is_empty());
    root.log_in("root").await;
    let path = "/v1/admin/users/ann/enrolment";
    let made = root.post(path, json!({})).await.expect(201).json();
    let mut elsewhere = place.person();
    let code = json!({ "code": made["enrolment"]["code"] });
    elsewhere.enrol(code).await.expect(200);
    let page = Worker::new(&place.app).ask().await;
    assert_eq!(page.sessions.len(), 1);
    assert_eq!(page.sessions[0].sid.to_string(), first);
    elsewhere.read("/userinfo").await.expect(200);
}

#[tokio::test(start_paused = true)]
async fn a_question_that_nothing_answers_is_answered_with_nothing_new() {
    let place = Place::new().await;
    let mut worker = Worker::new(&place.app);
    worker.ask().await;
    let begun = tokio::time::Instant::now();
    let page = worker.ask().await;
    assert_eq!(begun.elapsed(), Duration::from_secs(25));
    assert!(page.sessions.is_empty() && !page.more);
    // The program stops: at once.
    place.app.revocations.stop();
    let begun = tokio::time::Instant::now();
    worker.ask().await;
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn no_more_questions_wait_than_there_is_room_for() {
    let place = Place::new().await;
    let mut worker = Worker::new(&place.app);
    worker.ask().await;
    let most = u32::try_from(crate::app::MOST_POLLS).unwrap();
    let room = place.app.polls.try_acquire_many(most).unwrap();
    let full = place
        .internal(Method::GET, &worker.path(), Value::Null)
        .await;
    assert_eq!(full.expect(429).headers["retry-after"], "1");
    let text = place.internal(Method::GET, "/metrics", Value::Null).await;
    let text = String::from_utf8(text.body.to_vec()).unwrap();
    assert!(text.contains(&format!("latchkey_revocation_polls_waiting {most}\n")));
    drop(room);
    // Who has something to hear need not wait.
    worker.version += 0;
    place.app.end_sessions(None, None).await.unwrap();
    assert!(worker.ask().await.everyone.is_some());
}

#[tokio::test]
async fn a_question_of_another_form_is_refused() {
    let place = Place::new().await;
    for query in ["", "?nonce=x", "?nonce=AQEBAQEBAQEBAQEBAQEBAQ&version=1"] {
        let path = format!("/internal/v1/revocations{query}");
        let answer = place.internal(Method::GET, &path, Value::Null).await;
        assert_eq!(answer.expect(400).problem(), "bad-request");
    }
}

#[tokio::test]
async fn after_everyone_was_sent_away_a_login_counts_and_nothing_older_does() {
    let place = Place::new().await;
    let mut person = place.person();
    person.register("ann").await;
    let before = claims(&person);
    place.app.end_sessions(None, None).await.unwrap();
    assert_eq!(person.read("/userinfo").await.status, 401);
    let refused = person.post("/v1/self/refresh", json!({})).await;
    assert_eq!(
        (refused.status.as_u16(), &*place.reason()),
        (401, "session_ended")
    );
    let everyone = Worker::new(&place.app).ask().await.everyone.unwrap();
    assert!(before.iat < everyone);

    // In the same second.
    person.log_in("ann").await;
    let after = claims(&person);
    assert!(after.iat >= everyone && after.auth_time >= Some(everyone));
    assert_ne!(after.sid, before.sid, "the session before has ended");
    person.read("/userinfo").await.expect(200);
    // And with a clock that has stepped back.
    place.clock.set(UnixTime(START.0 - 7_200));
    person.post("/v1/self/refresh", json!({})).await.expect(200);
    assert!(claims(&person).iat >= everyone);
    person.read("/userinfo").await.expect(200);
}

#[tokio::test]
async fn a_restart_with_a_clock_behind_revokes_what_was_minted_before() {
    let place = Place::new().await;
    let mut person = place.person();
    person.register("ann").await;
    let before = claims(&person);
    place.clock.set(UnixTime(START.0 - 3_600));
    let app = place.restarted().await;
    let user = place.user("ann").await.id;
    app.end_sessions(Some(user), None).await.unwrap();
    let page = Worker::new(&app).ask().await;
    assert!(page.users[0].not_before > before.iat);
    assert!(page.users[0].until > before.exp);
}

#[tokio::test]
async fn what_has_ended_is_swept_with_the_sessions_that_it_ended() {
    let place = Place::new().await;
    let mut person = place.person();
    person.register("ann").await;
    let user = place.user("ann").await.id;
    place.app.end_sessions(Some(user), None).await.unwrap();
    assert_eq!(place.app.sweep().await.unwrap(), 1, "the session");
    for _ in 0..66 {
        place.app.sweep().await.unwrap();
    }
    assert_eq!(place.app.revocations.len(), 1);
    place.later(3_902);
    place.app.sweep().await.unwrap();
    assert!(place.app.revocations.is_empty());
    assert!(place.app.store.revocations().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_renewal_beside_a_revocation_never_ends_in_a_token_that_counts() {
    let place = Place::new().await;
    let mut person = place.person();
    person.register("ann").await;
    let user = place.user("ann").await.id;
    // Looked at before the revocation: minted before it.
    let stamp = place.app.stamp(user).await.unwrap();
    let reserved = place
        .app
        .revocations
        .reserve(crate::model::Revoked::User(user), place.app.now());
    assert!(stamp < reserved.revocation().not_before);
    // While it is being stored: the session has ended already.
    let refused = person.post("/v1/self/refresh", json!({})).await;
    assert_eq!(
        (refused.status.as_u16(), &*place.reason()),
        (401, "session_ended")
    );
}

/// One step of a future, which then waits.
async fn begun<F: Future + Unpin>(mut work: F) -> F {
    std::future::poll_fn(|context| {
        assert!(Pin::new(&mut work).poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
    work
}

#[tokio::test]
async fn a_login_in_the_middle_of_a_deletion_leaves_no_token() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let user = place.user("ann").await.id;
    let record = AuditRecord::new(place.app.now(), Actor::Operator, "user_delete");
    let deleting = begun(Box::pin(place.app.delete_user(user, &record))).await;
    ann.log_in("ann").await;
    let late = claims(&ann);
    assert!(deleting.await.unwrap());
    ann.read("/userinfo").await.expect(401);
    let page = Worker::new(&place.app).ask().await;
    let told = page.users.iter().find(|it| it.sub.to_string() == late.sub);
    assert!(
        late.iat < told.unwrap().not_before,
        "gateways take {late:?}"
    );
}

#[tokio::test]
async fn a_token_that_is_stamped_while_its_user_is_disabled_counts_no_more() {
    let place = Place::new().await;
    place.person().register("ann").await;
    let user = place.user("ann").await.id;
    let record = AuditRecord::new(place.app.now(), Actor::Operator, "user_disable");
    let disabling = begun(Box::pin(place.app.disable(user, record))).await;
    // A login that is recorded before the user is disabled.
    let stamp = place.app.stamp(user).await.unwrap();
    assert!(disabling.await.unwrap());
    let page = Worker::new(&place.app).ask().await;
    assert!(stamp.0 < page.users[0].not_before);
    assert!(place.app.revocations.refuse(user, stamp));
}
