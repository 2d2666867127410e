//! Logins that are refused: one answer for all of them, the precise reason in the audit trail.

use super::*;
use crate::ceremony::challenge;
use crate::model::{Actor, AuditRecord, CredentialId, SessionId};
use crate::storage::CredentialRemoved;
use software_authenticator::{AssertionDraft, flag};

/// What every refused ceremony is answered, to the byte.
async fn uniform(place: &Place) -> Bytes {
    let answer = place.person().finish("login", json!({})).await;
    assert_eq!(answer.problem(), "ceremony-refused");
    answer.body
}

async fn refused(place: &Place, person: &mut Person<'_>, response: Value, reason: &str) {
    let answer = person.finish("login", response).await;
    assert_eq!(place.reason(), reason);
    assert_eq!(answer.status, 400, "{reason}");
    assert_eq!(answer.body, uniform(place).await, "{reason}");
    assert!(answer.set_cookies().is_empty(), "{reason}");
    let mut names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
    names.sort_unstable();
    let mut expected = place.person().finish("login", json!([])).await.headers;
    let mut same: Vec<String> = expected
        .drain()
        .filter_map(|(name, _)| name)
        .map(|n| n.to_string())
        .collect();
    same.sort_unstable();
    assert_eq!(names, same, "{reason}");
}

#[tokio::test]
async fn what_is_wrong_with_an_assertion_is_told_to_the_audit_trail_alone() {
    type Change = fn(&mut AssertionDraft);
    let changes: [(&str, Change); 12] = [
        ("signature", |draft| {
            draft.signature = Some(vec![0x30, 6, 2, 1, 1, 2, 1, 1]);
        }),
        ("unknown_credential", |draft| {
            draft.id = software_authenticator::encode(&[9; 16]);
            draft.raw_id.clone_from(&draft.id);
        }),
        ("origin", |draft| {
            draft.client_data.origin = "https://app.example.com:444".to_owned();
        }),
        ("origin", |draft| {
            draft.client_data.origin = "https://app.example.com.evil.example".to_owned();
        }),
        ("cross_origin", |draft| {
            draft.client_data.cross_origin = Some(true);
        }),
        ("top_origin", |draft| {
            draft.client_data.top_origin = Some(ORIGIN.to_owned());
        }),
        ("rp_id_hash", |draft| {
            draft.authenticator_data.rp_id_hash = [0; 32];
        }),
        ("user_not_present", |draft| {
            draft.authenticator_data.flags &= !flag::USER_PRESENT;
        }),
        ("user_not_verified", |draft| {
            draft.authenticator_data.flags &= !flag::USER_VERIFIED;
        }),
        ("user_handle_mismatch", |draft| {
            draft.user_handle = Some(vec![1; 16]);
        }),
        ("challenge_forged", |draft| {
            let mut bytes = software_authenticator::decode(&draft.client_data.challenge);
            bytes[40] ^= 1;
            draft.client_data.challenge = software_authenticator::encode(&bytes);
        }),
        ("challenge_form", |draft| {
            draft.client_data.challenge = "AAAA".to_owned();
        }),
    ];
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    for (reason, change) in changes {
        let options = ann.begin("login", json!({"username": "ann"})).await;
        let mut draft = ann.authenticator.draft_assertion(&options);
        change(&mut draft);
        refused(&place, &mut ann, draft.seal(), reason).await;
    }
    ann.log_in("ann").await;
}

#[tokio::test]
async fn a_ceremony_is_finished_once_in_time_by_whom_it_was_begun_for() {
    let place = Place::new().await;
    let (mut ann, mut eve) = (place.person(), place.person());
    ann.register("ann").await;
    eve.register("eve").await;

    let options = ann.begin("login", json!({"username": "ann"})).await;
    let response = ann.authenticator.get(&options);
    ann.finish("login", response.clone()).await.expect(200);
    refused(&place, &mut ann, response, "challenge_spent").await;

    let options = ann.begin("login", json!({"username": "ann"})).await;
    let response = ann.authenticator.get(&options);
    place.later(299);
    ann.finish("login", response).await.expect(200);
    let options = ann.begin("login", json!({"username": "ann"})).await;
    let response = ann.authenticator.get(&options);
    place.later(300);
    refused(&place, &mut ann, response, "challenge_expired").await;

    let mut options = eve.begin("login", json!({"username": "ann"})).await;
    options["allowCredentials"] = json!([]);
    let response = eve.authenticator.get(&options);
    refused(&place, &mut eve, response, "challenge_of_other_user").await;

    // A wrong signature leaves the challenge to whoever has a good one.
    let options = ann.begin("login", json!({"username": "ann"})).await;
    let mut draft = ann.authenticator.draft_assertion(&options);
    let good = draft.seal();
    draft.signature = Some(vec![0x30, 6, 2, 1, 1, 2, 1, 1]);
    refused(&place, &mut ann, draft.seal(), "signature").await;
    ann.finish("login", good.clone()).await.expect(200);
    refused(&place, &mut ann, good, "challenge_spent").await;
}

#[tokio::test]
async fn challenges_of_another_mount_or_ceremony_are_refused() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let mut options = ann.begin("login", json!({})).await;
    let key = &place.app.challenge_key;
    let policy = place.app.default_mount.ceremonies.passwordless();
    let elsewhere = challenge::issue(key, [5; 16], "other", None, policy, UnixTime(START.0 + 60));
    options["challenge"] = software_authenticator::encode(&elsewhere).into();
    let response = ann.authenticator.get(&options);
    refused(&place, &mut ann, response, "challenge_of_other_mount").await;

    let registration = ann.begin("register", json!({})).await;
    options["challenge"] = registration["challenge"].clone();
    let response = ann.authenticator.get(&options);
    refused(&place, &mut ann, response, "challenge_form").await;

    let response = Authenticator::new(ORIGIN).create(&registration);
    let answer = ann.finish("login", response).await;
    assert_eq!(answer.expect(400).body, uniform(&place).await);

    let answer = ann.post("/v1/auth/other/login/begin", json!({})).await;
    assert_eq!(answer.expect(404).problem(), "not-found");
}

#[tokio::test]
async fn an_empty_user_handle_is_as_good_as_none_with_a_name_and_not_enough_without() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let options = ann.begin("login", json!({"username": "ann"})).await;
    let mut draft = ann.authenticator.draft_assertion(&options);
    draft.user_handle = Some(Vec::new());
    ann.finish("login", draft.seal()).await.expect(200);
    let options = ann.begin("login", json!({})).await;
    let mut draft = ann.authenticator.draft_assertion(&options);
    draft.user_handle = None;
    refused(&place, &mut ann, draft.seal(), "user_handle_missing").await;
}

#[tokio::test]
async fn a_counter_that_does_not_grow_is_refused_and_none_at_all_passes() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.authenticator.counts = true;
    ann.register("ann").await;
    ann.log_in("ann").await;
    let options = ann.begin("login", json!({"username": "ann"})).await;
    let mut draft = ann.authenticator.draft_assertion(&options);
    draft.authenticator_data.sign_count = 1;
    refused(&place, &mut ann, draft.seal(), "sign_count").await;

    let mut bob = place.person();
    bob.authenticator.counts = false;
    bob.register("bob").await;
    bob.log_in("bob").await;
    bob.log_in("bob").await;
}

#[tokio::test]
async fn who_is_removed_during_the_ceremony_does_not_get_in() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;

    let options = ann.begin("login", json!({"username": "ann"})).await;
    let response = ann.authenticator.get(&options);
    let mut user = place.user("ann").await;
    user.disabled = true;
    assert!(place.app.store.update_user(&user).await.unwrap());
    refused(&place, &mut ann, response, "user_disabled").await;
    user.disabled = false;
    assert!(place.app.store.update_user(&user).await.unwrap());

    let options = ann.begin("login", json!({"username": "ann"})).await;
    let response = ann.authenticator.get(&options);
    let id = CredentialId::from_bytes(&ann.authenticator.credentials[0].id).unwrap();
    let session = SessionId(ann.session_id().parse().unwrap());
    let record = AuditRecord::new(START, Actor::Operator, "passkey_remove");
    let minted = place.app.revocations.minted(user.id, START);
    let removed = place
        .app
        .store
        .remove_credential(user.id, &id, false, minted, &record)
        .await
        .unwrap();
    assert_eq!(removed, CredentialRemoved::Removed(vec![session]));
    refused(&place, &mut ann, response, "unknown_credential").await;
}

#[tokio::test]
async fn a_response_of_any_other_form_is_refused_alike() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let options = ann.begin("login", json!({"username": "ann"})).await;
    let good = ann.authenticator.get(&options);
    let uniform = uniform(&place).await;
    let others = [
        json!(""),
        json!(null),
        json!(1),
        json!([]),
        json!({}),
        json!("A+/="),
    ];
    for pointer in [
        "/id",
        "/rawId",
        "/type",
        "/response",
        "/response/clientDataJSON",
        "/response/authenticatorData",
        "/response/signature",
    ] {
        // An empty signature is a wrong one: proving that takes the challenge.
        let skip = usize::from(pointer == "/response/signature");
        for other in &others[skip..] {
            let mut response = good.clone();
            *response.pointer_mut(pointer).unwrap() = other.clone();
            let answer = ann.finish("login", response).await;
            assert_eq!(answer.status, 400, "{pointer} = {other}");
            assert_eq!(answer.body, uniform, "{pointer} = {other}");
        }
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let mut response = good.clone();
        response
            .pointer_mut(parent)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .remove(name);
        assert_eq!(
            ann.finish("login", response).await.expect(400).body,
            uniform,
            "no {pointer}"
        );
    }
    // None of them has used the challenge up.
    ann.finish("login", good).await.expect(200);
}

#[tokio::test(start_paused = true)]
async fn the_limit_does_not_tell_real_credentials_from_made_up_ones() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let mut told = Vec::new();
    for (name, again) in [
        ("ann", false),
        ("ann", true),
        ("nobody", false),
        ("nobody", true),
    ] {
        place.later(600);
        let mut eve = place.person();
        let mut options = eve.begin("login", json!({"username": name})).await;
        let mut answers = Vec::new();
        for _ in 0..160 {
            if !again {
                options = eve.begin("login", json!({"username": name})).await;
            }
            let mut anything = options.clone();
            anything["allowCredentials"] = json!([]);
            let mut draft = ann.authenticator.draft_assertion(&anything);
            draft.signature = Some(vec![0x30, 6, 2, 1, 1, 2, 1, 1]);
            let mut response = draft.seal();
            response["id"] = options["allowCredentials"][0]["id"].clone();
            response["rawId"] = response["id"].clone();
            let answer = eve.finish("login", response).await;
            let wait = answer.headers.get("retry-after");
            let wait = wait.map(|it| it.to_str().unwrap().parse::<u64>().unwrap());
            answers.push((answer.status.as_u16(), wait));
        }
        told.push(answers);
    }
    assert_eq!(told[0][99], (400, None));
    assert_eq!(
        (told[0][100], told[0][159]),
        ((429, Some(1)), (429, Some(4)))
    );
    assert!(told[0].is_sorted_by_key(|(_, wait)| *wait), "it grows");
    told.dedup();
    assert_eq!(told.len(), 1);
    // Its owner is told nothing of it, not even from the same address.
    ann.log_in("ann").await;
}
