//! One-time links: who gets in with one, and how often.

use super::people::{ADMIN, administrator, made};
use super::*;
use crate::issuer::EnrolmentCode;
use crate::model::{Actor, AuditRecord, Enrolment, EnrolmentPurpose};

#[tokio::test]
async fn of_twenty_who_redeem_one_link_one_gets_in() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    let code = made(&mut root, "alice").await;
    let mut racers: Vec<_> = (0..20).map(|_| place.person()).collect();
    let mut responses = Vec::new();
    // Everyone begins before anyone finishes.
    for racer in racers.iter_mut().take(8) {
        let options = racer.begin("register", json!({ "code": code })).await;
        responses.push(racer.authenticator.create(&options));
    }
    let mut let_in = 0;
    let finishes = racers.iter_mut().zip(responses).map(|(racer, response)| {
        let request = racer.request(Method::POST, "/v1/auth/webauthn/register/finish", &response);
        place.send(request)
    });
    for answer in futures_all(finishes).await {
        match answer.status.as_u16() {
            200 => let_in += 1,
            _ => assert_eq!(answer.expect(400).problem(), "code-refused"),
        }
    }
    assert_eq!(let_in, 1);
    let user = place.user("alice").await;
    let passkeys = place.app.store.credentials_of(user.id).await.unwrap();
    assert_eq!(passkeys.len(), 1);
}

async fn futures_all<F: Future<Output = Answer>>(all: impl Iterator<Item = F>) -> Vec<Answer> {
    let mut all: Vec<_> = all.map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|context| {
        all.retain_mut(|one| match one.as_mut().poll(context) {
            std::task::Poll::Ready(answer) => {
                done.push(answer);
                false
            }
            std::task::Poll::Pending => true,
        });
        if all.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    done
}

#[tokio::test]
async fn a_link_ends_when_it_is_replaced_withdrawn_or_old() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    let first = made(&mut root, "alice").await;
    let path = "/v1/admin/users/alice/enrolment";
    let refused = async |code: &str| {
        let begin = "/v1/auth/webauthn/register/begin";
        let answer = place.person().post(begin, json!({ "code": code })).await;
        assert_eq!(answer.expect(400).problem(), "code-refused");
    };
    let new = |answer: Answer| {
        let code = answer.expect(201).json()["enrolment"]["code"].clone();
        code.as_str().unwrap().to_owned()
    };
    let second = new(root.post(path, json!({})).await);
    refused(&first).await;
    root.delete(path).await.expect(204);
    root.delete(path).await.expect(404);
    refused(&second).await;
    let third = new(root.post(path, json!({ "expires_in": 60 })).await);
    place.later(60);
    refused(&third).await;
    refused("").await;
    refused("nonsense").await;
    for wrong in [
        json!({ "expires_in": 1 }),
        json!({ "expires_in": 99_999_999 }),
        json!({ "x": 1 }),
    ] {
        root.post(path, wrong).await.expect(400);
    }
}

#[tokio::test]
async fn opening_a_link_spends_nothing_and_a_ceremony_is_the_users_own() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    let code = made(&mut root, "alice").await;
    for path in ["/enroll", &format!("/enroll?code={code}")] {
        let mut preview = place.person();
        preview.browser = false;
        preview.read(path).await.expect(200);
    }
    // Nor does a form post, or a request of another site.
    let mut alice = place.person();
    let begin = json!({ "code": code });
    let mut foreign = alice.request(Method::POST, "/v1/auth/webauthn/register/begin", &begin);
    foreign
        .headers_mut()
        .insert("origin", "https://evil.example".parse().unwrap());
    assert_eq!(
        place.send(foreign).await.expect(403).problem(),
        "cross-site"
    );
    // Beginning spends nothing either: only a passkey does.
    alice.begin("register", json!({ "code": code })).await;
    let both = json!({ "code": code, "username": "mallory" });
    let answer = alice.post("/v1/auth/webauthn/register/begin", both).await;
    assert_eq!(answer.expect(400).problem(), "code-refused");
    alice.enrol(json!({ "code": code })).await.expect(200);
    assert_eq!(place.user("alice").await.name.as_str(), "alice");
    assert!(!place.log.text().contains(&code), "never in a log");
}

#[tokio::test]
async fn a_strangers_registration_does_not_take_a_waiting_account() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    made(&mut root, "alice").await;
    let mut eve = place.person();
    let begin = "/v1/auth/webauthn/register/begin";
    for name in ["alice", "ALICE", "\u{ff41}lice"] {
        let answer = eve.post(begin, json!({ "username": name })).await;
        assert_eq!(answer.expect(409).problem(), "name-taken", "{name}");
    }
}

#[tokio::test]
async fn a_code_that_is_no_administrators_makes_no_administrator() {
    let place = Place::configured(ADMIN).await;
    administrator(&place, "root").await;
    // As one that was made for a user of an earlier import, who has the id that stands for nobody.
    for purpose in [EnrolmentPurpose::Enrol, EnrolmentPurpose::Recover] {
        let (code, enrolment) = EnrolmentCode::draw(
            (Enrolment::NOBODY, "webauthn"),
            purpose,
            "root",
            Seconds(600),
            &*place.app.entropy,
            place.app.now(),
        );
        let record = AuditRecord::new(place.app.now(), Actor::Operator, "enrolment_create");
        let put = place.app.store.put_enrolment(&enrolment, &record).await;
        assert!(put.unwrap());
        let begin = "/v1/auth/webauthn/register/begin";
        let body = json!({ "code": code.text().as_str(), "username": "mallory" });
        let answer = place.person().post(begin, body).await;
        assert_eq!(answer.expect(400).problem(), "code-refused");
    }
}
