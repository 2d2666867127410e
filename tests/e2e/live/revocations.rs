//! What was revoked stops counting on every worker, and nothing brings it back.

use latchkey_tests::Forge;
use latchkey_tests::internal::{AnswerFeed, Question, page, sign};
use latchkey_tests::wait;
use serde_json::{Value, json};

use super::Live;

const OTHER: &str = "5b2f1c1e-0d2b-4f5e-9f0a-0c8f3a2b1d11";

#[test]
fn a_revoked_session_stops_on_both_workers_and_stays_so() {
    let live = Live::start_with(|config| config.workers(2));
    let (ann, bob) = (
        live.forge.token(),
        live.forge.token_with("sid", OTHER.into()),
    );
    live.await_everywhere("both pass", |_| {
        live.status(&ann) == 200 && live.status(&bob) == 200
    });
    let sid = live.forge.claims()["sid"].clone();
    live.internal.revoke(sid.as_str().expect("a session"));
    live.await_everywhere("the session is over", |_| live.status(&ann) == 401);
    assert_eq!(live.status(&bob), 200, "and only that one");
    // By cookie, as a page, and with a token of the session that nobody has seen yet (case 35).
    let fresh = live.forge.token_with("jti", "fresh".into());
    assert_eq!(live.status(&fresh), 401);
    let answer = live.browser(&ann).navigate("/").send();
    assert_eq!(answer.status, 302);
    assert_eq!(live.internal.refreshes(), 0);
    assert!(live.stat("denied.revoked") > 0);
    wait::until("the entry is counted", || {
        (live.stat("revocations.entries") == 1).then_some(())
    });

    // A sidecar that starts again and knows of nothing revives nothing (case 111).
    live.internal.restart();
    let _ = live.internal.take_questions();
    live.internal.revoke(OTHER);
    live.await_everywhere("the new sidecar is heard", |_| live.status(&bob) == 401);
    assert_eq!(live.status(&ann), 401);
    // And one that goes away, neither.
    live.internal.set_down(true);
    wait::until("it is missed", || {
        (live.stat("revocations.failed") > 2).then_some(())
    });
    assert_eq!((live.status(&ann), live.status(&bob)), (401, 401));
    let other = live
        .forge
        .token_with("sid", "11111111-1111-4111-8111-111111111111".into());
    assert_eq!(live.status(&other), 200, "those who are in stay in");
}

#[test]
fn nothing_passes_before_the_first_whole_list() {
    let live = Live::launch(|_| {});
    live.internal
        .answer_feed(Some(Box::new(|_| (503, String::new()))));
    live.internal.publish(live.signer());
    let token = live.forge.token();
    wait::until("keys are there, the list is not", || {
        let _ = live.internal.take_key_fetches();
        (live.stat("denied.no_revocations") > 0 || live.status(&token) == 0).then_some(())
    });
    let answer = live.bearer(&token).send();
    assert_eq!(answer.status, 503);
    assert!(answer.header("retry-after").is_some());
    assert_eq!(live.stat("ready"), 0);
    assert_eq!(live.envoy.client().get("/public/x").send().status, 200);
    live.internal.answer_feed(None);
    live.await_ready();
    assert_eq!(live.status(&token), 200);
    assert_eq!(live.stat("ready"), 1);
}

/// Case 109: what is not the answer of our sidecar to this very question is not taken.
#[test]
fn lists_that_are_not_what_was_asked_for_change_nothing() {
    let live = Live::start();
    let token = live.forge.token();
    let sid = live.forge.claims()["sid"].clone();
    let issuer = live.forge.issuer.clone();
    let signer = move || Forge::new(&issuer, "key-1", 7);
    let revoking = move |page: &Value| {
        let mut page = page.clone();
        page["sessions"] = json!([[sid, 4_000_000_000_u64]]);
        page
    };
    let replayed = {
        let asked = Question {
            nonce: "b2xk".to_owned(),
            known: None,
        };
        let list = sign(
            &signer(),
            &revoking(&page(&signer(), &asked, "epoch-0", 900)),
        );
        (200, list)
    };
    let make = |build: fn(&Forge, &Question) -> (Forge, Value)| -> AnswerFeed {
        let (signer, revoking) = (signer.clone(), revoking.clone());
        Box::new(move |question| {
            let (by, page) = build(&signer(), question);
            (200, sign(&by, &revoking(&page)))
        })
    };
    let cases: Vec<(&str, AnswerFeed)> = vec![
        ("replayed", Box::new(move |_| replayed.clone())),
        (
            "another signer under the same name",
            make(|signer, question| {
                let stranger = Forge::new(&signer.issuer, "key-1", 9);
                let page = page(&stranger, question, "epoch-0", 900);
                (stranger, page)
            }),
        ),
        (
            "another signer",
            make(|signer, question| {
                let stranger = Forge::new(&signer.issuer, "key-9", 9);
                let page = page(&stranger, question, "epoch-0", 900);
                (stranger, page)
            }),
        ),
        (
            "a lower version",
            make(|signer, question| {
                let signer = Forge::new(&signer.issuer, "key-1", 7);
                let epoch = question.known.clone().map_or_else(String::new, |(e, _)| e);
                let page = page(&signer, question, &epoch, 0);
                (signer, page)
            }),
        ),
        (
            "another issuer",
            make(|signer, question| {
                let other = Forge::new(&format!("{}x", signer.issuer), "key-1", 7);
                let page = page(&other, question, "epoch-0", 900);
                (other, page)
            }),
        ),
        ("not well", Box::new(|_| (500, "oops".to_owned()))),
        ("a page", Box::new(|_| (200, "<!doctype html>".to_owned()))),
        (
            "without end",
            Box::new(|_| (200, "a".repeat(10 * 1024 * 1024))),
        ),
    ];
    for (what, answer) in cases {
        let before = live.stat("revocations.failed");
        let _ = live.internal.take_questions();
        live.internal.answer_feed(Some(answer));
        wait::until("it is refused twice", || {
            (live.stat("revocations.failed") > before + 1).then_some(())
        });
        assert_eq!(live.status(&token), 200, "{what}");
        // No spinning: with the pauses between them, a few questions.
        let questions = live.internal.take_questions().len();
        assert!(questions <= 12, "{what}: {questions} questions");
    }
    live.internal.answer_feed(None);
    let sid = live.forge.claims()["sid"].clone();
    live.internal.revoke(sid.as_str().expect("a session"));
    live.await_everywhere("the true list counts", |_| live.status(&token) == 401);
}

/// Case 110.
#[test]
fn a_sidecar_that_is_away_is_not_asked_all_the_time_and_is_found_when_it_is_back() {
    let live = Live::start_with(|config| config.workers(2));
    let token = live.forge.token();
    live.internal.set_down(true);
    let _ = live.internal.take_connections();
    let failed = || live.stat("revocations.failed") + live.stat("jwks.failed");
    let before = failed();
    let start = wait::unix_now();
    wait::until("ten seconds pass", || {
        assert_eq!(live.status(&token), 200);
        (wait::unix_now() > start + 10).then_some(())
    });
    let seconds = wait::unix_now() - start + 1;
    let failures = failed() - before;
    // Two workers; a pause of 250 ms at first, of 2 s in the end.
    assert!(failures <= 2 * (4 + seconds), "{failures} in {seconds} s");
    let connections = live.internal.take_connections();
    assert!(connections <= 60, "{connections} connections");
    live.internal.set_down(false);
    let sid = live.forge.claims()["sid"].clone();
    live.internal.revoke(sid.as_str().expect("a session"));
    live.await_everywhere("it is back", |_| live.status(&token) == 401);
}

#[test]
fn a_revoked_key_stops_even_while_it_is_published() {
    let live = Live::start();
    let next = || Forge::new(&live.forge.issuer, "key-2", 9);
    live.internal
        .publish_keys(json!({"keys": [live.forge.jwk(), next().jwk()]}));
    let (old, new) = (live.forge.token(), next().token());
    assert_eq!((live.status(&old), live.status(&new)), (200, 200));
    live.internal.revoke_key("key-1");
    live.await_everywhere("its tokens stop", |_| live.status(&old) == 401);
    assert_eq!(live.status(&new), 200);
    // Unknown keys bring fetches, which still list it.
    for number in 0..10 {
        let forged = live
            .forge
            .token_with_header("kid", format!("made-up-{number}").into());
        assert_eq!(live.status(&forged), 401);
    }
    let fresh = live.forge.token_with("jti", "fresh".into());
    assert_eq!((live.status(&old), live.status(&fresh)), (401, 401));
}

#[test]
fn a_list_that_is_too_old_closes_where_that_is_asked_for() {
    let live = Live::start_with(|config| {
        config.edit_filter(|filter| {
            filter["revocations"] = json!({"max_age": "30s", "when_stale": "refuse"});
        });
    });
    let token = live.forge.token();
    assert_eq!(live.status(&token), 200);
    live.internal.set_down(true);
    wait::until("it closes", || (live.status(&token) == 503).then_some(()));
    assert!(live.stat("denied.stale_revocations") > 0);
    assert_eq!(live.envoy.client().get("/public/x").send().status, 200);
    live.internal.set_down(false);
    wait::until("it opens", || (live.status(&token) == 200).then_some(()));
}

#[test]
fn a_list_that_is_too_old_goes_on_counting_where_nothing_else_is_asked_for() {
    let live = Live::start_with(|config| {
        config.edit_filter(|filter| {
            filter["revocations"] = json!({"max_age": "30s", "when_stale": "allow"});
        });
    });
    let (ann, bob) = (
        live.forge.token(),
        live.forge.token_with("sid", OTHER.into()),
    );
    live.internal.revoke(OTHER);
    live.await_everywhere("his session is over", |_| live.status(&bob) == 401);
    live.internal.set_down(true);
    wait::until("the list is too old", || {
        (live.stat("revocations.age_ms") > 31_000).then_some(())
    });
    assert_eq!((live.status(&ann), live.status(&bob)), (200, 401));
    assert_eq!(live.stat("denied.stale_revocations"), 0);
}
