//! A gate that begins with what another one has learned.

use latchkey_filter_config::FilterConfig;
use latchkey_token::{InProcess, Revocations as Page, RevokedSession};
use serde_json::{Value, json};

use super::*;
use crate::{
    reason::Reason,
    test_support::{NOW, claims, config_and, key_set, signing_key},
};

const NOW_MS: u64 = NOW * 1_000;

fn config(more: &Value) -> FilterConfig {
    let mut config = json!({"revocations": {"max_age": "60s", "when_stale": "refuse"}});
    let members = more.as_object().unwrap().clone();
    config.as_object_mut().unwrap().extend(members);
    config_and(&config)
}

fn gate(more: &Value) -> Gate {
    Gate::new(config(more), [3; 16])
}

/// A gate that knows one key, that another is revoked, and that the session of `claims` is over.
fn informed() -> Gate {
    let mut gate = gate(&json!({}));
    gate.set_keys(key_set(&signing_key(1)));
    let feed = &mut gate.revocations().unwrap().feed;
    let question = feed.ask(NOW_MS, [1; 16]);
    let page = Page {
        iss: claims().iss,
        nonce: question.split(['=', '&']).nth(1).unwrap().to_owned(),
        epoch: "e".into(),
        version: 7,
        sessions: vec![RevokedSession {
            sid: claims().sid.parse().unwrap(),
            until: NOW + 600,
        }],
        keys: vec![signing_key(2).kid().to_owned()],
        ..Page::default()
    };
    let page = signing_key(1).sign_revocations(&page).unwrap();
    gate.take_revocations(page.as_bytes(), NOW_MS, &InProcess)
        .unwrap();
    gate
}

#[test]
fn a_successor_knows_the_keys_and_what_was_revoked() {
    let mut gate = gate(&json!({"rules": [{"allow": "authenticated"}]}));
    assert!(gate.succeed(&informed()));
    assert!(gate.is_ready());
    let revocations = gate.revocations().unwrap();
    assert!(matches!(
        revocations.check(&claims()),
        Err(Reason::Revoked(_))
    ));
    // It asks on from there, at once, and the list is as old as it is.
    assert!(revocations.feed.is_due(NOW_MS));
    let question = revocations.feed.ask(NOW_MS, [2; 16]);
    assert!(question.ends_with("&epoch=e&version=7"), "{question}");
    assert_eq!(revocations.check_ready(NOW + 60), Ok(()));
    let stale = revocations.check_ready(NOW + 61);
    assert_eq!(stale, Err(Reason::StaleRevocations));
    // A key that was revoked stays so, whoever publishes it.
    gate.set_keys(key_set(&signing_key(2)));
    let keys = gate.tokens.keys().unwrap();
    assert!(keys.key(signing_key(2).kid()).is_none());
}

#[test]
fn what_is_of_another_source_is_not_taken_over() {
    let keys = json!({"keys": [signing_key(1).public_jwk()]});
    for other in [
        json!({"issuer": "https://other.example/_latchkey"}),
        json!({"sidecar": {"cluster": "other", "public_cluster": "latchkey-public"}}),
        json!({"sidecar": {"cluster": "latchkey-internal", "public_cluster": "latchkey-public",
            "authority": "other"}}),
    ] {
        let mut gate = gate(&other);
        assert!(!gate.succeed(&informed()), "{other}");
        assert!(!gate.has_keys() && !gate.is_ready(), "{other}");
    }
    let inline = json!({"jwks": {"inline": keys}});
    let mut with_inline = gate(&inline);
    with_inline.set_keys(key_set(&signing_key(1)));
    assert!(!with_inline.succeed(&informed()));
    assert!(!with_inline.revocations().unwrap().feed.is_complete());
    let mut fetching = gate(&json!({}));
    assert!(!fetching.succeed(&with_inline) && !fetching.has_keys());
}

#[test]
fn what_was_not_known_is_not_known_afterwards() {
    let mut nothing = gate(&json!({}));
    assert!(!nothing.succeed(&gate(&json!({}))));
    // Keys without a list.
    let mut before = gate(&json!({"revocations": null}));
    before.set_keys(key_set(&signing_key(1)));
    assert!(nothing.succeed(&before));
    assert!(nothing.has_keys() && !nothing.is_ready());
    let ready = nothing.revocations().unwrap().check_ready(NOW);
    assert_eq!(ready, Err(Reason::NoRevocations));
    let mut half = gate(&json!({}));
    half.set_keys(key_set(&signing_key(1)));
    let mut after = gate(&json!({}));
    assert!(after.succeed(&half));
    assert!(!after.is_ready());
}
