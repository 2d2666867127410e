//! A token as it comes; one whose header is the input; and one whose claims are, with a signature
//! that is taken for good, so that neither base64 nor cryptography hides what is behind it.
#![no_main]

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use latchkey_token::{
    Algorithm, Expectations, JwkSet, SignatureVerifier, SigningKey, TokenType, UntrustedToken,
    VerifyingKey,
};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

const NOW: u64 = 1_800_000_000;
const SKEW: u64 = 30;

static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::from_seed(Algorithm::Es256, &[7; 32]).unwrap());

static KEYS: LazyLock<JwkSet> = LazyLock::new(|| {
    let set = serde_json::json!({"keys": [KEY.public_jwk()]}).to_string();
    JwkSet::parse(set.as_bytes()).unwrap()
});

static HEADER: LazyLock<String> = LazyLock::new(|| {
    serde_json::json!({"alg": "ES256", "kid": KEY.kid(), "typ": "session+jwt"}).to_string()
});

static EXPECTED: LazyLock<Expectations> = LazyLock::new(|| Expectations {
    issuer: "i".into(),
    audiences: vec!["a".into()],
    clock_skew: SKEW,
});

struct AnySignature;

impl SignatureVerifier for AnySignature {
    fn verify(&self, _: &VerifyingKey, _: &[u8], signature: &[u8]) -> bool {
        assert_eq!(signature.len(), 64);
        true
    }
}

fn judge(token: &[u8]) {
    if let Ok(untrusted) = UntrustedToken::parse(token, TokenType::Session)
        && let Ok(signed) = untrusted.verify(&KEYS, &AnySignature)
        && let Ok(verified) = signed.validate(&EXPECTED, NOW)
    {
        let claims = verified.claims();
        assert!(claims.exp + SKEW > NOW);
        assert!(!claims.sub.is_empty());
        assert!(!claims.sub.contains(char::is_control));
        // What passes could also have been minted.
        if let Err(error) = KEY.sign(claims) {
            assert!(
                matches!(error, latchkey_token::SignError::TooLong { .. }),
                "{error}"
            );
        }
    }
}

fuzz_target!(|input: &[u8]| {
    judge(input);
    let token = |header: &[u8], claims: &[u8]| {
        [header, claims, &[1; 64]]
            .map(|part| URL_SAFE_NO_PAD.encode(part))
            .join(".")
    };
    judge(token(input, b"{}").as_bytes());
    judge(token(HEADER.as_bytes(), input).as_bytes());
});
