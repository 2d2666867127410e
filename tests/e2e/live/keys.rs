//! New keys are known when they are needed.

use latchkey_tests::{Forge, wait};
use serde_json::json;

use super::Live;

/// Case 27.
#[test]
fn a_request_with_a_new_key_waits_for_it_and_passes() {
    let live = Live::start();
    let _ = live.internal.take_key_fetches();
    let next = Forge::new(&live.forge.issuer, "key-2", 9);
    live.internal
        .publish_keys(json!({"keys": [live.forge.jwk(), next.jwk()]}));
    assert_eq!(live.status(&next.token()), 200);
    assert_eq!(live.internal.take_key_fetches(), 1);
    assert_eq!(live.status(&live.forge.token()), 200);
    // Case 26: after the overlap the old one counts no more.
    live.internal.publish_keys(next.jwks());
    let third = Forge::new(&live.forge.issuer, "key-3", 11);
    assert_eq!(live.status(&third.token()), 401);
    assert_eq!(live.status(&live.forge.token()), 401);
    assert_eq!(live.status(&next.token()), 200);
}

/// Case 94.
#[test]
fn made_up_keys_cause_few_fetches() {
    let live = Live::start();
    let _ = live.internal.take_key_fetches();
    let start = wait::unix_now();
    for number in 0..200 {
        let forged = live
            .forge
            .token_with_header("kid", format!("made-up-{number}").into());
        assert_eq!(live.status(&forged), 401);
    }
    let seconds = usize::try_from(wait::unix_now() - start).unwrap_or(0) + 1;
    let fetches = live.internal.take_key_fetches();
    assert!(
        fetches <= 6 * (1 + seconds / 10),
        "{fetches} fetches in {seconds} s"
    );
}

/// The feed is signed with a key that the worker does not know yet.
#[test]
fn a_list_signed_with_a_new_key_brings_the_key() {
    let live = Live::start();
    let token = live.forge.token();
    assert_eq!(live.status(&token), 200);
    let before = live.stat("revocations.failed");
    live.internal
        .publish(Forge::new(&live.forge.issuer, "key-2", 9));
    let sid = live.forge.claims()["sid"].clone();
    live.internal.revoke(sid.as_str().expect("a session"));
    // Not by the count of entries, which Envoy's main thread may have told first.
    wait::until("the new list counts", || {
        (live.status(&token) == 401).then_some(())
    });
    // It is not left to the timer: the main thread's VM and the worker's miss the key once or twice.
    let missed = live.stat("revocations.failed") - before;
    assert!(missed <= 4, "{missed} answers could not be read");
}
