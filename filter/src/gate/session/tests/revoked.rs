//! What was revoked.

use super::*;

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
