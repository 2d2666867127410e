//! Sessions that are renewed or over, with a sidecar of the test's own.

use latchkey_filter_config::FilterConfig;
use latchkey_token::{Claims, InProcess, Revocations as Page, RevokedSession};
use serde_json::json;

use super::*;
use crate::{
    gate::{Decision, Outcome},
    renewal::{MAX_CALLS, Renewed},
    revocations::Which,
    test_support::{Fixed, NOW, claims, key_set, signing_key},
};

mod renewal;
mod revoked;

const NOW_MS: u64 = NOW * 1_000;
const SECRET: &str = "0191d7a0-5d0c-7b6e-9a53-2f6f5e0c1a11.c2VjcmV0";
const SET_COOKIE: &str = "__Host-latchkey=new; Secure";

fn gate_with(revocations: &serde_json::Value) -> Gate {
    let config = json!({
        "issuer": "https://app.example.com/_latchkey",
        "audiences": ["app"],
        "hosts": ["app.example.com"],
        "sidecar": {"cluster": "latchkey-internal", "public_cluster": "latchkey-public"},
        "revocations": revocations,
        "forward_token": {"header": "x-latchkey-token"},
    });
    let config = FilterConfig::parse(config.to_string().as_bytes()).unwrap();
    let mut gate = Gate::new(config, [3; 16]);
    gate.set_keys(key_set(&signing_key(1)));
    gate
}

fn gate() -> Gate {
    gate_with(&json!(null))
}

/// A gate that knows that these sessions are over.
fn gate_after(sessions: &[&str]) -> Gate {
    let mut gate = gate_with(&json!({}));
    revoke(&mut gate, sessions, &[]);
    gate
}

fn revoke(gate: &mut Gate, sessions: &[&str], keys: &[&str]) {
    let feed = &mut gate.revocations().unwrap().feed;
    let path = feed.ask(NOW_MS, [1; 16]);
    let nonce = path.split(['=', '&']).nth(1).unwrap().to_owned();
    let sessions = sessions.iter().map(|sid| RevokedSession {
        sid: sid.parse().unwrap(),
        until: NOW + 600,
    });
    let page = Page {
        iss: claims().iss,
        nonce,
        epoch: "e".into(),
        version: 1,
        sessions: sessions.collect(),
        keys: keys.iter().map(|kid| (*kid).to_owned()).collect(),
        ..Page::default()
    };
    let page = signing_key(1).sign_revocations(&page).unwrap();
    gate.take_revocations(page.as_bytes(), NOW_MS, &InProcess)
        .unwrap();
}

/// A session's claims: `left` seconds to go, of ten minutes.
fn ending(left: i64) -> Claims {
    let exp = NOW.checked_add_signed(left).unwrap();
    Claims {
        iat: exp - 600,
        exp,
        ..claims()
    }
}

fn token(claims: &Claims) -> String {
    signing_key(1).sign(claims).unwrap()
}

fn cookies(token: &str) -> String {
    format!("__Host-latchkey={token}; __Host-latchkey-refresh={SECRET}")
}

fn decide_after(gate: &mut Gate, after: After, headers: &[(&str, &str)]) -> Decision {
    decide_over(&Fixed::default(), gate, after, headers)
}

/// The same over a connection of which Envoy knows this.
fn decide_over(
    surroundings: &Fixed<'_>,
    gate: &mut Gate,
    after: After,
    headers: &[(&str, &str)],
) -> Decision {
    let mut all: Vec<(&[u8], &[u8])> = vec![
        (b":method", b"POST"),
        (b":path", b"/x"),
        (b":authority", b"app.example.com"),
    ];
    all.extend(headers.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())));
    let request = Request::new(all);
    gate.decide_again(&request, surroundings, NOW, &InProcess, after)
}

fn decide(gate: &mut Gate, cookie: &str) -> Decision {
    decide_after(gate, After::Nothing, &[("cookie", cookie)])
}

#[track_caller]
fn ask(decision: Decision) -> Ask {
    match decision.outcome {
        Outcome::Renew(ask) => ask,
        other => panic!("no call: {other:?}"),
    }
}

#[track_caller]
fn reason(decision: Decision) -> Reason {
    match decision.outcome {
        Outcome::Refuse(reason, _) => reason,
        other => panic!("not refused: {other:?}"),
    }
}

/// The token that goes on to the application.
#[track_caller]
fn passed(decision: &Decision) -> String {
    let Outcome::Forward(changes) = &decision.outcome else {
        panic!("does not pass: {:?}", decision.outcome)
    };
    let (_, value) = changes
        .set
        .iter()
        .find(|(name, _)| name == "x-latchkey-token")
        .unwrap();
    String::from_utf8(value.to_vec()).unwrap()
}

fn renewed(token: &str) -> Answer {
    Answer::Renewed(Renewed {
        token: token.to_owned(),
        set_cookie: vec![SET_COOKIE.to_owned()],
    })
}
