//! What is minted, and what is not. Runs natively and, with wasm-bindgen-test, on wasm32.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

mod issuer;

use issuer::{NOW, expectations, key_set};
use latchkey_token::{
    Algorithm, Claims, InProcess, MAX_MINTED_BYTES, SeedError, SignError, SigningKey, TokenError,
    TokenType, UntrustedToken,
};

fn claims() -> Claims {
    serde_json::from_value(issuer::claims()).unwrap()
}

fn key(algorithm: Algorithm) -> SigningKey {
    SigningKey::from_seed(algorithm, &[7; 32]).unwrap()
}

#[test]
fn a_minted_token_passes_and_says_the_same() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        let key = key(algorithm);
        let token = key.sign(&claims()).unwrap();
        let parsed = UntrustedToken::parse(token.as_bytes(), TokenType::Session).unwrap();
        assert_eq!(parsed.kid(), key.kid());
        let verified = parsed
            .verify(&key_set(&[key.public_jwk()]).unwrap(), &InProcess)
            .unwrap()
            .validate(&expectations(), NOW)
            .unwrap();
        assert_eq!(verified.claims(), &claims());
    }
}

#[test]
fn the_same_seed_makes_the_same_key() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        let first = key(algorithm);
        let again = SigningKey::from_seed(algorithm, &first.secret_bytes()).unwrap();
        assert_eq!(again.kid(), first.kid());
        assert_eq!(again.algorithm(), algorithm);
        assert_eq!(again.sign(&claims()), first.sign(&claims()));
        let other = SigningKey::from_seed(algorithm, &[8; 32]).unwrap();
        assert_ne!(other.kid(), first.kid());
    }
}

#[test]
fn seeds_that_are_no_p256_key_are_refused() {
    for seed in [[0; 32], [0xff; 32]] {
        assert_eq!(
            SigningKey::from_seed(Algorithm::Es256, &seed).unwrap_err(),
            SeedError
        );
        SigningKey::from_seed(Algorithm::EdDsa, &seed).unwrap();
    }
}

#[test]
fn what_a_gateway_would_refuse_is_not_minted() {
    let refused = |change: fn(&mut Claims)| {
        let mut claims = claims();
        change(&mut claims);
        key(Algorithm::Es256).sign(&claims).unwrap_err()
    };
    assert_eq!(
        refused(|claims| claims.sub.clear()),
        SignError::Refused(TokenError::ClaimEmpty { claim: "sub" })
    );
    assert_eq!(
        refused(|claims| claims.name = Some("Ada\r\nx-auth-request-groups: admins".into())),
        SignError::Refused(TokenError::ClaimForbiddenCharacter { claim: "name" })
    );
    assert_eq!(
        refused(|claims| claims.groups = vec!["staff,admins".into()]),
        SignError::Refused(TokenError::ClaimForbiddenCharacter { claim: "groups" })
    );
    assert_eq!(
        refused(|claims| claims.exp = u64::MAX),
        SignError::Refused(TokenError::ClaimOutOfRange { claim: "exp" })
    );
}

#[test]
fn a_token_that_fits_no_cookie_is_not_minted() {
    let mut claims = claims();
    claims.groups = (0..200)
        .map(|n| format!("a-group-with-a-long-name-{n}"))
        .collect();
    let error = key(Algorithm::Es256).sign(&claims).unwrap_err();
    assert!(
        matches!(error, SignError::TooLong { bytes } if bytes > MAX_MINTED_BYTES),
        "{error:?}"
    );
}

#[test]
fn the_secret_is_in_nothing_that_is_shown() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        let key = key(algorithm);
        let jwk = key.public_jwk();
        let mut names: Vec<&str> = jwk
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        names.sort_unstable();
        match algorithm {
            Algorithm::Es256 => assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x", "y"]),
            Algorithm::EdDsa => assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x"]),
        }
        let shown = format!("{key:?}");
        assert!(!shown.contains("7, 7"), "{shown}");
        assert!(!shown.contains("0707"), "{shown}");
    }
}
