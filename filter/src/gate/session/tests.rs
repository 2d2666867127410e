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
    let mut all: Vec<(&[u8], &[u8])> = vec![
        (b":method", b"POST"),
        (b":path", b"/x"),
        (b":authority", b"app.example.com"),
    ];
    all.extend(headers.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())));
    let request = Request::new(all);
    gate.decide_again(&request, &Fixed::default(), NOW, &InProcess, after)
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

fn is_expired(reason: Reason) -> bool {
    matches!(reason, Reason::Token(TokenError::Expired { .. }))
}

#[test]
fn an_expired_session_waits_for_a_new_token_and_goes_on_with_it() {
    let (old, new) = (token(&ending(-100)), token(&ending(600)));
    let mut gate = gate();
    let ask = ask(decide(&mut gate, &cookies(&old)));
    assert_eq!(ask.body(), format!(r#"{{"refresh":"{SECRET}"}}"#));
    gate.start_renewal(&ask, NOW_MS).unwrap();
    let after = gate.finish_renewal(&ask, renewed(&new), NOW_MS, &InProcess);
    assert_eq!(after, Some(After::Renewal));
    let cookies = cookies(&old);
    let decision = decide_after(&mut gate, After::Renewal, &[("cookie", &cookies)]);
    assert_eq!(passed(&decision), new);
    assert_eq!(decision.set_cookie, [SET_COOKIE]);
    // Those who still send the old one make no call, and get the new cookie too.
    let decision = decide(&mut gate, &cookies);
    assert_eq!(passed(&decision), new);
    assert_eq!(decision.set_cookie, [SET_COOKIE]);
    assert_eq!(gate.renewals.in_flight(), 0);
}

#[test]
fn what_is_remembered_is_for_the_same_refresh_cookie_only() {
    let (old, new) = (token(&ending(-100)), token(&ending(600)));
    let mut gate = gate();
    let first = ask(decide(&mut gate, &cookies(&old)));
    gate.finish_renewal(&first, renewed(&new), NOW_MS, &InProcess);
    let bare = format!("__Host-latchkey={old}");
    assert!(
        is_expired(reason(decide(&mut gate, &bare))),
        "a token alone"
    );
    let other = format!("{bare}; __Host-latchkey-refresh=other");
    assert_ne!(ask(decide(&mut gate, &other)), first);
}

#[test]
fn without_a_signed_token_by_cookie_and_a_refresh_cookie_no_call_is_made() {
    let expired = token(&ending(-100));
    let forged = signing_key(2).sign(&ending(-100)).unwrap();
    let (_, signature) = forged.rsplit_once('.').unwrap();
    let (signed, _) = expired.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{signature}");
    let elsewhere = token(&Claims {
        aud: vec!["other".into()],
        ..ending(-100)
    });
    let mut gate = gate();
    for (what, cookie) in [
        ("nothing", String::new()),
        (
            "a secret alone",
            format!("__Host-latchkey-refresh={SECRET}"),
        ),
        ("a token alone", format!("__Host-latchkey={expired}")),
        ("rubbish", cookies("a.b.c")),
        ("forged", cookies(&forged)),
        ("of another application", cookies(&elsewhere)),
        (
            "two secrets",
            format!("{}; __Host-latchkey-refresh=a", cookies(&expired)),
        ),
        (
            "a secret with a quote",
            format!("__Host-latchkey={expired}; __Host-latchkey-refresh=a\"b"),
        ),
        (
            "an endless secret",
            format!(
                "__Host-latchkey={expired}; __Host-latchkey-refresh={}",
                "a".repeat(257)
            ),
        ),
    ] {
        let outcome = decide(&mut gate, &cookie).outcome;
        assert!(
            matches!(outcome, Outcome::Refuse(..)),
            "{what}: {outcome:?}"
        );
    }
    let headers = [
        ("authorization", &*format!("Bearer {expired}")),
        ("cookie", &*format!("__Host-latchkey-refresh={SECRET}")),
    ];
    assert!(is_expired(reason(decide_after(
        &mut gate,
        After::Nothing,
        &headers
    ))));
    let cookies = cookies(&expired);
    let foreign = [
        ("cookie", &*cookies),
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example"),
    ];
    let decision = decide_after(&mut gate, After::Nothing, &foreign);
    assert_eq!(reason(decision), Reason::CrossSite);
}

#[test]
fn a_token_that_is_about_to_end_is_replaced_but_goes_on_if_it_cannot_be() {
    let mut gate = gate();
    let long = cookies(&token(&ending(61)));
    passed(&decide(&mut gate, &long));
    let old = token(&ending(59));
    let cookies = cookies(&old);
    let waits = ask(decide(&mut gate, &cookies));
    gate.start_renewal(&waits, NOW_MS).unwrap();
    // Others of the session do not wait.
    assert_eq!(gate.start_renewal(&waits, NOW_MS), Err(NoCall::NotNeeded));
    let header = [("cookie", &*cookies)];
    let decision = decide_after(&mut gate, After::Renewal, &header);
    assert_eq!((passed(&decision), decision.set_cookie.len()), (old, 0));
    // The sidecar fails: it goes on. The session is over: so is the token.
    assert_eq!(
        gate.finish_renewal(&waits, Answer::Failed, NOW_MS, &InProcess),
        None
    );
    passed(&decide_after(&mut gate, After::Renewal, &header));
    let decision = decide_after(&mut gate, After::SessionOver, &header);
    assert!(is_expired(reason(decision)));
}

#[test]
fn a_token_with_a_short_life_is_not_replaced_by_every_request() {
    let claims = Claims {
        iat: NOW - 10,
        exp: NOW + 40,
        ..claims()
    };
    passed(&decide(&mut gate(), &cookies(&token(&claims))));
}

#[test]
fn a_sidecar_that_is_not_well_means_a_short_refusal_for_the_expired() {
    let mut gate = gate();
    let cookies = cookies(&token(&ending(-100)));
    let header = [("cookie", &*cookies)];
    let mut now = NOW_MS;
    for pause in [125, 250, 500, 1_000, 1_000] {
        let ask = ask(decide(&mut gate, &cookies));
        gate.start_renewal(&ask, now).unwrap();
        assert_eq!(
            gate.finish_renewal(&ask, Answer::Failed, now, &InProcess),
            None
        );
        let decision = decide_after(&mut gate, After::Renewal, &header);
        let Outcome::Refuse(Reason::NoRenewal, response) = decision.outcome else {
            panic!("{:?}", decision.outcome)
        };
        assert_eq!(response.status, 503);
        assert!(
            response
                .headers
                .iter()
                .any(|(name, _)| *name == "retry-after")
        );
        assert_eq!(
            gate.start_renewal(&ask, now + pause - 1),
            Err(NoCall::Paused),
            "{pause}"
        );
        now += pause;
    }
    let ask = ask(decide(&mut gate, &cookies));
    gate.start_renewal(&ask, now).unwrap();
    let over = gate.finish_renewal(&ask, Answer::Over, now, &InProcess);
    assert_eq!(over, Some(After::SessionOver));
    let decision = decide_after(&mut gate, After::SessionOver, &header);
    assert!(is_expired(reason(decision)));
    gate.start_renewal(&ask, now).unwrap();
}

#[test]
fn calls_in_flight_are_capped_and_those_of_clients_who_went_away_count_no_more() {
    let mut gate = gate();
    let ask = ask(decide(&mut gate, &cookies(&token(&ending(-100)))));
    for _ in 0..MAX_CALLS {
        gate.start_renewal(&ask, NOW_MS).unwrap();
    }
    assert_eq!(gate.start_renewal(&ask, NOW_MS), Err(NoCall::Capped));
    gate.drop_renewal(&ask);
    gate.start_renewal(&ask, NOW_MS).unwrap();
    assert_eq!(gate.start_renewal(&ask, NOW_MS), Err(NoCall::Capped));
}

#[test]
fn a_new_token_is_judged_like_any_other() {
    let good = ending(600);
    let other = |edit: &dyn Fn(&mut Claims)| {
        let mut claims = good.clone();
        edit(&mut claims);
        renewed(&token(&claims))
    };
    for (what, answer) in [
        ("of another user", other(&|claims| claims.sub = "b".into())),
        (
            "of another session",
            other(&|claims| claims.sid = "b".into()),
        ),
        ("for others", other(&|claims| claims.aud = vec!["b".into()])),
        ("expired", other(&|claims| claims.exp = NOW - 100)),
        ("rubbish", renewed("rubbish")),
        (
            "by another signer",
            renewed(&signing_key(2).sign(&good).unwrap()),
        ),
    ] {
        let mut gate = gate();
        let cookies = cookies(&token(&ending(-100)));
        let ask = ask(decide(&mut gate, &cookies));
        let after = gate.finish_renewal(&ask, answer, NOW_MS, &InProcess);
        assert_eq!(after, None, "{what}");
        let decision = decide_after(&mut gate, After::Renewal, &[("cookie", &cookies)]);
        assert_eq!(reason(decision), Reason::NoRenewal, "{what}");
    }
}

#[test]
fn nothing_passes_before_the_first_whole_list() {
    let mut gate = gate_with(&json!({}));
    assert!(!gate.is_ready() && gate.has_keys());
    let cookie = format!("__Host-latchkey={}", token(&claims()));
    assert_eq!(reason(decide(&mut gate, &cookie)), Reason::NoRevocations);
    revoke(&mut gate, &[], &[]);
    assert!(gate.is_ready());
    passed(&decide(&mut gate, &cookie));
}

#[test]
fn a_session_that_is_over_is_refused_and_never_renewed() {
    let sid = claims().sid;
    let by_session = Reason::Revoked(Which::Session);
    for left in [600, 59, -100] {
        let cookies = cookies(&token(&ending(left)));
        let mut gate = gate_after(&[]);
        let before = decide(&mut gate, &cookies);
        assert!(!matches!(before.outcome, Outcome::Refuse(..)), "{left}");
        // Known or not, and remembered renewals too.
        if let Outcome::Renew(ask) = before.outcome {
            let new = token(&ending(700));
            gate.finish_renewal(&ask, renewed(&new), NOW_MS, &InProcess);
            passed(&decide(&mut gate, &cookies));
        }
        revoke(&mut gate, &[&sid], &[]);
        assert_eq!(reason(decide(&mut gate, &cookies)), by_session, "{left}");
        let mut fresh = gate_after(&[&sid]);
        assert_eq!(reason(decide(&mut fresh, &cookies)), by_session, "{left}");
    }
}

#[test]
fn a_revoked_key_vouches_for_nothing_whoever_publishes_it() {
    let mut gate = gate_after(&[]);
    let cookie = format!("__Host-latchkey={}", token(&claims()));
    passed(&decide(&mut gate, &cookie));
    let key = signing_key(1);
    revoke(&mut gate, &[], &[key.kid()]);
    let unknown = Reason::Token(TokenError::KeyIdUnknown);
    assert_eq!(reason(decide(&mut gate, &cookie)), unknown, "known before");
    gate.set_keys(key_set(&key));
    assert_eq!(reason(decide(&mut gate, &cookie)), unknown, "published");
    gate.set_keys(key_set(&signing_key(2)));
    let other = signing_key(2).sign(&claims()).unwrap();
    passed(&decide(&mut gate, &format!("__Host-latchkey={other}")));
}

#[test]
fn answers_are_read_strictly() {
    let read = |status: &[u8], body: &str| Answer::read(status, body.as_bytes());
    let good = r#"{"token":"t","set_cookie":["a=b; Secure"]}"#;
    assert!(matches!(read(b"200", good), Answer::Renewed(r) if r.token == "t"));
    assert!(matches!(read(b"401", ""), Answer::Over));
    let many = json!({"token": "t", "set_cookie": vec!["a=b"; 5]}).to_string();
    for (status, body) in [
        (&b"504"[..], good),
        (b"403", ""),
        (b"200", ""),
        (b"200", "upstream request timeout"),
        (b"200", r#"{"token":"t"}"#),
        (b"200", r#"{"token":1,"set_cookie":[]}"#),
        (b"200", r#"{"token":"t","token":"u","set_cookie":[]}"#),
        (b"200", r#"{"token":"t","set_cookie":["a\r\nb"]}"#),
        (b"200", r#"{"token":"t","set_cookie":"a"}"#),
        (b"200", &many),
    ] {
        assert!(matches!(read(status, body), Answer::Failed), "{body}");
    }
}
