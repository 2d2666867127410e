//! What is remembered of tokens, and what is not.

use latchkey_token::VerifyingKey;

use super::*;

struct Counting(std::cell::Cell<u32>);

impl SignatureVerifier for Counting {
    fn verify(&self, key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
        self.0.set(self.0.get() + 1);
        InProcess.verify(key, message, signature)
    }
}

#[test]
fn a_signature_is_checked_once_and_the_time_each_time() {
    let mut gate = gate();
    let verifier = Counting(std::cell::Cell::new(0));
    let cookie = format!("{COOKIE}={}", token());
    let headers: Vec<(&[u8], &[u8])> = vec![
        (b":method", b"GET"),
        (b":path", b"/x"),
        (b":authority", b"app.example.com"),
        (b"cookie", cookie.as_bytes()),
    ];
    let request = Request::new(headers);
    let mut at = |now| gate.decide(&request, &Fixed::default(), now, &verifier);
    assert_eq!(at(NOW).cache_hit, Some(false));
    assert_eq!(at(NOW + 1).cache_hit, Some(true));
    let last = claims().exp + 29;
    assert_eq!(at(last).cache_hit, Some(true));
    assert_eq!(verifier.0.get(), 1);
    let (expired_at, now) = (claims().exp, last + 1);
    let expected = Reason::Token(TokenError::Expired { expired_at, now });
    for _ in 0..2 {
        assert_eq!(refused(&at(last + 1)), expected);
    }
}

#[test]
fn a_key_that_is_gone_vouches_for_nothing() {
    let mut gate = gate();
    let cookie = format!("{COOKIE}={}", token());
    let cookie = [("cookie", cookie.as_str())];
    changes(decide(&mut gate, "GET", "/x", &cookie));
    gate.set_keys(key_set(&signing_key(1)));
    assert_eq!(
        decide(&mut gate, "GET", "/x", &cookie).cache_hit,
        Some(true)
    );
    gate.set_keys(key_set(&signing_key(2)));
    let reason = refused(&decide(&mut gate, "GET", "/x", &cookie));
    assert_eq!(reason, Reason::Token(TokenError::KeyIdUnknown));
}

#[test]
fn forged_tokens_are_not_remembered() {
    let gate = &mut gate();
    let forged = signing_key(2).sign(&claims()).unwrap();
    let cookie = format!("{COOKIE}={forged}");
    for _ in 0..2 {
        let decision = decide(gate, "GET", "/x", &[("cookie", &cookie)]);
        assert_eq!(decision.cache_hit, Some(false));
        assert_eq!(refused(&decision), Reason::Token(TokenError::KeyIdUnknown));
    }
}
