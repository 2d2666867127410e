//! Which connections are remembered, and when they are over.

use latchkey_token::{InProcess, Revocations as Page, RevokedSession};
use serde_json::{Value, json};

use super::*;
use crate::test_support::{Fixed, NOW, claims, config_and, key_set, signing_key};

const NOW_MS: u64 = NOW * 1_000;

/// A gate with a list, on which this session is.
fn gate_after(more: &Value, revoked: &str) -> Gate {
    gate_without(more, revoked, &[])
}

/// The same, with these keys on it.
fn gate_without(more: &Value, revoked: &str, keys: &[&str]) -> Gate {
    let mut config = json!({
        "revocations": {},
        "rules": [
            {"match": {"paths": ["/public"]}, "allow": "public"},
            {"match": {"paths": ["/denied"]}, "allow": "deny"},
        ],
    });
    let members = more.as_object().unwrap().clone();
    config.as_object_mut().unwrap().extend(members);
    let mut gate = Gate::new(config_and(&config), [3; 16]);
    gate.set_keys(key_set(&signing_key(1)));
    if let Some(revocations) = gate.revocations() {
        let question = revocations.feed.ask(NOW_MS, [1; 16]);
        let page = Page {
            iss: claims().iss,
            nonce: question.split(['=', '&']).nth(1).unwrap().to_owned(),
            epoch: "e".into(),
            version: 1,
            sessions: vec![RevokedSession {
                sid: revoked.parse().unwrap(),
                until: NOW + 600,
            }],
            keys: keys.iter().map(|kid| (*kid).to_owned()).collect(),
            ..Page::default()
        };
        let page = signing_key(1).sign_revocations(&page).unwrap();
        gate.take_revocations(page.as_bytes(), NOW_MS, &InProcess)
            .unwrap();
    }
    gate
}

const OTHER: &str = "5b2f1c1e-0d2b-4f5e-9f0a-0c8f3a2b1d11";

/// What is remembered of a request with a good token.
fn opened(gate: &mut Gate, path: &str, headers: &[(&str, &str)]) -> Option<Opened> {
    let token = signing_key(1).sign(&claims()).unwrap();
    let bearer = format!("Bearer {token}");
    let all = [
        (":method", "GET"),
        (":authority", "app.example.com"),
        (":path", path),
        ("authorization", &bearer),
    ];
    let all = all.iter().chain(headers);
    let all = all.map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let request = Request::new(all.collect());
    let decision = gate.decide(&request, &Fixed::default(), NOW, &InProcess);
    gate.opened(&request, &decision)
}

const SOCKET: &[(&str, &str)] = &[("connection", "upgrade"), ("upgrade", "websocket")];

#[test]
fn a_connection_is_over_when_its_session_is_revoked() {
    let mut gate = gate_after(&json!({}), OTHER);
    for socket in [SOCKET, &[(":protocol", "websocket")]] {
        let opened = opened(&mut gate, "/x", socket).unwrap();
        assert!(!gate.is_over(&opened));
        assert!(gate_after(&json!({}), &claims().sid).is_over(&opened));
    }
}

#[test]
fn a_connection_is_over_when_its_key_is_revoked() {
    let mut gate = gate_after(&json!({}), OTHER);
    let opened = opened(&mut gate, "/x", SOCKET).unwrap();
    for (seed, is_over) in [(1, true), (2, false)] {
        let kid = signing_key(seed).kid().to_owned();
        let gate = gate_without(&json!({}), OTHER, &[&kid]);
        assert_eq!(gate.is_over(&opened), is_over, "{seed}");
    }
}

#[test]
fn nothing_is_remembered_of_what_ends_by_itself_or_is_nobodys() {
    let mut gate = gate_after(&json!({}), OTHER);
    assert_eq!(opened(&mut gate, "/x", &[]), None, "an ordinary request");
    assert_eq!(opened(&mut gate, "/public", SOCKET), None, "nobody's");
    assert_eq!(opened(&mut gate, "/denied", SOCKET), None, "refused");
    for config in [json!({"enforce": false}), json!({"revocations": null})] {
        let mut gate = gate_after(&config, OTHER);
        assert_eq!(opened(&mut gate, "/x", SOCKET), None, "{config}");
    }
}
