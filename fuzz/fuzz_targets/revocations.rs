//! A page of revocations as it comes, and one whose payload is the input, with a signature that is
//! taken for good, so that neither base64 nor cryptography hides what is behind it.
#![no_main]

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use latchkey_token::{
    Algorithm, JwkSet, MAX_REVOCATION_ENTRIES, SignatureVerifier, SigningKey, TokenType,
    UntrustedRevocations, UntrustedToken, VerifyingKey,
};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::from_seed(Algorithm::Es256, &[7; 32]).unwrap());

static KEYS: LazyLock<JwkSet> = LazyLock::new(|| {
    let set = serde_json::json!({"keys": [KEY.public_jwk()]}).to_string();
    JwkSet::parse(set.as_bytes()).unwrap()
});

static HEADER: LazyLock<String> = LazyLock::new(|| {
    serde_json::json!({"alg": "ES256", "kid": KEY.kid(), "typ": "revocations+jwt"}).to_string()
});

struct AnySignature;

impl SignatureVerifier for AnySignature {
    fn verify(&self, _: &VerifyingKey, _: &[u8], signature: &[u8]) -> bool {
        assert_eq!(signature.len(), 64);
        true
    }
}

fn judge(page: &[u8]) {
    if let Ok(untrusted) = UntrustedRevocations::parse(page) {
        assert!(UntrustedToken::parse(page, TokenType::Session).is_err());
        if let Ok(signed) = untrusted.verify(&KEYS, &AnySignature)
            && let Ok(verified) = signed.validate("i", "n")
        {
            let page = verified.revocations();
            let entries = page.sessions.len() + page.users.len() + page.keys.len();
            assert!(entries <= MAX_REVOCATION_ENTRIES);
            KEY.sign_revocations(page).unwrap();
        }
    }
}

fuzz_target!(|input: &[u8]| {
    judge(input);
    let parts: [&[u8]; 3] = [HEADER.as_bytes(), input, &[1; 64]];
    judge(
        parts
            .map(|part| URL_SAFE_NO_PAD.encode(part))
            .join(".")
            .as_bytes(),
    );
});
