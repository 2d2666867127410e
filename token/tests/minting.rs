//! What the sidecar mints, the filter takes.
#![cfg(feature = "sign")]

use latchkey_token::{
    Algorithm, Claims, Expectations, InProcess, JwkSet, SigningKey, TokenError, TokenType,
    UntrustedToken,
};

fn claims() -> Claims {
    Claims {
        iss: "https://app.example.com/_latchkey".into(),
        aud: vec!["app".into()],
        sub: "0191d7a0-5d0c-7b6e-9a53-2f6f5e0c1a11".into(),
        iat: 1_000,
        exp: 1_600,
        jti: "a-token".into(),
        sid: "a-session".into(),
        groups: vec!["staff".into()],
        ..Claims::default()
    }
}

#[test]
fn a_minted_token_is_taken_and_says_the_same() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        let key = SigningKey::from_seed(algorithm, &[7; 32]).unwrap();
        let token = key.sign(&claims()).unwrap();
        let keys = JwkSet::parse(
            serde_json::json!({"keys": [key.public_jwk()]})
                .to_string()
                .as_bytes(),
        )
        .unwrap();
        let expected = Expectations {
            issuer: "https://app.example.com/_latchkey".into(),
            audiences: vec!["app".into()],
            clock_skew: 30,
        };
        let signed = UntrustedToken::parse(token.as_bytes(), TokenType::Session)
            .unwrap()
            .verify(&keys, &InProcess)
            .unwrap();
        assert_eq!(
            signed.clone().validate(&expected, 1_000).unwrap().claims(),
            &claims()
        );
        assert_eq!(
            signed.validate(&expected, 1_630).unwrap_err(),
            TokenError::Expired {
                expired_at: 1_600,
                now: 1_630
            }
        );
    }
}
