use latchkey_token::{Claims, InProcess, TokenError};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    credentials::CredentialError,
    path::{Ambiguity, BadPath},
    test_support::{Fixed, NOW, claims, config_and, config_with, key_set, signing_key},
};

mod access;
mod any_bytes;
mod known_tokens;
mod other_origins;
mod paths;
mod requirements;
mod shadow;
mod what_goes_on;

const COOKIE: &str = "__Host-latchkey";

fn rules() -> serde_json::Value {
    json!([
        {"match": {"paths": ["/public/**"]}, "allow": "public"},
        {"match": {"paths": ["/closed/**"]}, "allow": "deny"},
        {"match": {"paths": ["/files/**"]}, "allow": "authenticated",
            "refuse_ambiguous_paths": false, "same_site_origins": ["https://pay.example.com"]},
    ])
}

fn gate() -> Gate {
    let mut gate = Gate::new(config_with(&rules()), [3; 16]);
    gate.set_keys(key_set(&signing_key(1)));
    gate
}

fn token() -> String {
    signing_key(1).sign(&claims()).unwrap()
}

/// A request to `app.example.com`, as bytes.
fn decide_raw(gate: &mut Gate, method: &str, path: &[u8], headers: &[(&str, &[u8])]) -> Decision {
    let mut all: Vec<(&[u8], &[u8])> = vec![(b":method", method.as_bytes()), (b":path", path)];
    if !headers.iter().any(|(name, _)| *name == ":authority") {
        all.push((b":authority", b"app.example.com"));
    }
    all.extend(
        headers
            .iter()
            .map(|(name, value)| (name.as_bytes(), *value)),
    );
    let surroundings = Fixed {
        cluster: Some("app"),
        ..Fixed::default()
    };
    gate.decide(&Request::new(all), &surroundings, NOW, &InProcess)
}

fn decide(gate: &mut Gate, method: &str, path: &str, headers: &[(&str, &str)]) -> Decision {
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()))
        .collect();
    decide_raw(gate, method, path.as_bytes(), &headers)
}

#[track_caller]
fn refused(decision: &Decision) -> Reason {
    match &decision.outcome {
        Outcome::Refuse(reason, _) => *reason,
        Outcome::Forward(changes) => panic!("goes on: {changes:?}"),
        Outcome::Renew(ask) => panic!("waits: {ask:?}"),
    }
}

#[track_caller]
fn changes(decision: Decision) -> Changes {
    match decision.outcome {
        Outcome::Forward(changes) => changes,
        Outcome::Refuse(reason, _) => panic!("refused: {reason}"),
        Outcome::Renew(ask) => panic!("waits: {ask:?}"),
    }
}

fn removed(changes: &Changes, name: &str) -> bool {
    changes
        .remove
        .iter()
        .any(|removed| removed == name.as_bytes())
}

fn set<'a>(changes: &'a Changes, name: &str) -> Option<&'a str> {
    let found = changes.set.iter().find(|(is, _)| is == name)?;
    Some(std::str::from_utf8(&found.1).unwrap())
}

fn guarded(rule: &serde_json::Value) -> Gate {
    gate_of(&json!({"rules": [rule]}))
}

fn gate_of(config: &serde_json::Value) -> Gate {
    let mut gate = Gate::new(config_and(config), [3; 16]);
    gate.set_keys(key_set(&signing_key(1)));
    gate
}

fn cookie_of(claims: &Claims) -> String {
    format!("{COOKIE}={}", signing_key(1).sign(claims).unwrap())
}

#[track_caller]
fn response(decision: &Decision) -> &Response {
    match &decision.outcome {
        Outcome::Refuse(_, response) => response,
        other => panic!("not refused: {other:?}"),
    }
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    let found = response.headers.iter().find(|(is, _)| *is == name)?;
    Some(&found.1)
}
