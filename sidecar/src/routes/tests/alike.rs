//! What a stranger, or a neighbour behind the same address, can learn or spoil by logging in.

use super::*;
use software_authenticator::AssertionDraft;
use std::time::Duration;
use tokio::time::Instant;

const WRONG: [u8; 8] = [0x30, 6, 2, 1, 1, 2, 1, 1];

/// How many signatures have been verified so far.
pub(super) fn checks(place: &Place) -> u64 {
    let text = place.app.metrics.render();
    let count = text
        .lines()
        .find_map(|line| line.strip_prefix("latchkey_signature_checks_total "));
    count.unwrap().parse().unwrap()
}

/// A wrong proof of `eve`, by any authenticator, for the first credential that the options name.
fn junk(authenticator: &mut Authenticator, options: &Value) -> Value {
    let mut anything = options.clone();
    anything["allowCredentials"] = json!([]);
    let mut draft = authenticator.draft_assertion(&anything);
    draft.signature = Some(WRONG.to_vec());
    let mut response = draft.seal();
    response["id"] = options["allowCredentials"][0]["id"].clone();
    response["rawId"] = response["id"].clone();
    response["response"]["userHandle"] = Value::Null;
    response
}

#[tokio::test(start_paused = true)]
async fn a_refusal_takes_the_same_work_and_leaves_at_the_same_time() {
    type Change = fn(&mut AssertionDraft);
    let none: Change = |draft| draft.signature = Some(WRONG.to_vec());
    let place = Place::new().await;
    let (mut ann, mut bob) = (place.person(), place.person());
    ann.register("ann").await;
    bob.register("bob").await;
    let mut eve = place.person();
    let mut refuse = async |begun_for: &str, named_by: &str, change: Change, reason: &str| {
        let options = eve.begin("login", json!({"username": begun_for})).await;
        let named = eve.begin("login", json!({"username": named_by})).await;
        let mut anything = options.clone();
        anything["allowCredentials"] = json!([]);
        let mut draft = ann.authenticator.draft_assertion(&anything);
        draft.user_handle = None;
        draft.id = named["allowCredentials"][0]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        draft.raw_id.clone_from(&draft.id);
        change(&mut draft);
        let (before, began) = (checks(&place), Instant::now());
        let answer = eve.finish("login", draft.seal()).await.expect(400);
        assert_eq!(place.reason(), reason, "{begun_for}, {named_by}");
        assert_eq!(checks(&place), before + 1, "{reason}");
        assert_eq!(began.elapsed(), Duration::from_millis(20), "{reason}");
        answer.body
    };
    let mut bodies = vec![
        refuse("ann", "ann", none, "signature").await,
        refuse("nobody", "nobody", none, "unknown_credential").await,
        refuse("bob", "ann", none, "challenge_of_other_user").await,
        refuse("bob", "nobody", none, "unknown_credential").await,
        refuse(
            "ann",
            "ann",
            |draft| draft.user_handle = Some(vec![1; 16]),
            "user_handle_mismatch",
        )
        .await,
    ];
    let mut disabled = place.user("ann").await;
    disabled.disabled = true;
    place.app.store.update_user(&disabled).await.unwrap();
    bodies.push(refuse("ann", "ann", none, "user_disabled").await);
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn options_for_a_name_leave_at_the_same_time_whoever_has_it() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    for name in ["ann", "nobody"] {
        let began = Instant::now();
        ann.begin("login", json!({"username": name})).await;
        assert_eq!(began.elapsed(), Duration::from_millis(5), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn junk_fills_no_memory_and_spoils_no_challenge() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let mut eve = place.person();
    let mut somebody = Authenticator::new(ORIGIN);
    somebody.create(&eve.begin("register", json!({"username": "x"})).await);
    // More than can be remembered of one account, from many addresses.
    for n in 0..300_u32 {
        let options = eve.begin("login", json!({"username": "ann"})).await;
        let request = eve.request(
            Method::POST,
            "/v1/auth/webauthn/login/finish",
            &junk(&mut somebody, &options),
        );
        let from = IpAddr::from((0x0a01_0000 + n).to_be_bytes());
        let answer = place.send_from(from, request).await;
        assert!(matches!(answer.status.as_u16(), 400 | 429), "{answer:?}");
        assert_eq!(place.reason(), "signature");
    }
    // A wrong proof does not use a challenge up; a good one does, once.
    let options = ann.begin("login", json!({"username": "ann"})).await;
    let good = ann.authenticator.get(&options);
    for _ in 0..3 {
        let answer = ann.finish("login", junk(&mut somebody, &options)).await;
        answer.expect(429);
    }
    ann.finish("login", good.clone()).await.expect(200);
    ann.finish("login", good).await.expect(429);
    assert_eq!(place.reason(), "challenge_spent");
}

#[tokio::test(start_paused = true)]
async fn a_counter_that_did_not_grow_uses_the_challenge_up() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    ann.log_in("ann").await;
    let options = ann.begin("login", json!({"username": "ann"})).await;
    let mut draft = ann.authenticator.draft_assertion(&options);
    draft.authenticator_data.sign_count = 1;
    let response = draft.seal();
    ann.finish("login", response.clone()).await.expect(400);
    assert_eq!(place.reason(), "sign_count");
    ann.finish("login", response).await.expect(400);
    assert_eq!(place.reason(), "challenge_spent");
}

#[tokio::test(start_paused = true)]
async fn an_account_with_its_full_share_looks_like_one_that_is_not_there() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.authenticator.counts = false;
    ann.register("ann").await;
    let share = crate::storage::bounded::Bounds::default().spent_per_account;
    // What is refused because it comes too often is a good proof all the same.
    for n in 0..share {
        let options = ann.begin("login", json!({"username": "ann"})).await;
        let response = ann.authenticator.get(&options);
        let answer = ann.finish("login", response).await;
        answer.expect(if n < 30 { 200 } else { 429 });
    }
    let mut eve = place.person();
    let mut somebody = Authenticator::new(ORIGIN);
    somebody.create(&eve.begin("register", json!({"username": "x"})).await);
    let mut bodies = Vec::new();
    for name in ["ann", "nobody"] {
        let options = eve.begin("login", json!({"username": name})).await;
        let answer = eve.finish("login", junk(&mut somebody, &options)).await;
        bodies.push(answer.expect(400).body);
    }
    assert_eq!(bodies[0], bodies[1]);
    let options = ann.begin("login", json!({"username": "ann"})).await;
    let response = ann.authenticator.get(&options);
    let answer = ann.finish("login", response).await.expect(429);
    assert_eq!(answer.problem(), "too-many");
    assert_eq!(place.reason(), "too_many_challenges");
    place.later(300);
    ann.log_in("ann").await;
}

#[tokio::test(start_paused = true)]
async fn a_neighbour_with_many_wrong_proofs_locks_nobody_out() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let mut eve = place.person();
    let mut somebody = Authenticator::new(ORIGIN);
    somebody.create(&eve.begin("register", json!({"username": "x"})).await);
    for _ in 0..700 {
        let options = eve.begin("login", json!({"username": "ann"})).await;
        let answer = eve.finish("login", junk(&mut somebody, &options)).await;
        assert!(matches!(answer.status.as_u16(), 400 | 429), "{answer:?}");
    }
    // The same address.
    ann.log_in("ann").await;
    // While another one of that address is looked at, they wait; others do not.
    let address = IpAddr::from([192, 0, 2, 7]);
    let turn = place.app.proofs.turn_of(address).await;
    let (options, elsewhere) = (
        ann.begin("login", json!({"username": "ann"})).await,
        ann.begin("login", json!({"username": "ann"})).await,
    );
    let response = ann.authenticator.get(&options);
    let before = checks(&place);
    let path = "/v1/auth/webauthn/login/finish";
    let request = ann.request(Method::POST, path, &response);
    let waiting = tokio::time::timeout(Duration::from_secs(5), place.send(request));
    assert!(waiting.await.is_err());
    assert_eq!(checks(&place), before);
    let response = ann.authenticator.get(&elsewhere);
    let request = ann.request(Method::POST, path, &response);
    place
        .send_from([192, 0, 2, 8].into(), request)
        .await
        .expect(200);
    drop(turn);
    ann.log_in("ann").await;
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_made_up_is_as_taken_as_a_real_one() {
    let place = Place::new().await;
    let (mut ann, mut eve) = (place.person(), place.person());
    ann.register("ann").await;
    eve.register("eve").await;
    let mut refused = Vec::new();
    for (known, name) in [(true, "ann"), (false, "nobody"), (false, "somebody")] {
        let options = eve.begin("login", json!({"username": name})).await;
        let id = options["allowCredentials"][0]["id"].as_str().unwrap();
        let bytes = software_authenticator::decode(id);
        assert_eq!(known, bytes == ann.authenticator.credentials[0].id);
        for own in [true, false] {
            let account = if own {
                json!({})
            } else {
                json!({"username": format!("new-{name}")})
            };
            let options = eve.begin("register", account).await;
            let mut draft = Authenticator::new(ORIGIN).draft_registration(&options);
            draft.id = id.to_owned();
            draft.raw_id.clone_from(&draft.id);
            let attested = draft.authenticator_data.attested.as_mut().unwrap();
            attested.credential_id.clone_from(&bytes);
            let began = Instant::now();
            let answer = eve.finish("register", draft.seal()).await.expect(400);
            assert_eq!(place.reason(), "credential_taken", "{name}");
            assert_eq!(began.elapsed(), Duration::from_millis(20));
            refused.push(answer.body);
        }
    }
    refused.dedup();
    assert_eq!(refused.len(), 1);
    eve.add(&mut Authenticator::new(ORIGIN)).await.expect(200);
}
