//! Tokens that are ours, but not for us or not now.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::issuer::{ISSUER, NOW, SKEW, claims, expectations};
use crate::{es256, refuses};
use latchkey_token::{InProcess, TokenError, TokenType, UntrustedToken};
use serde_json::{Value, json};

#[test]
fn the_second_in_which_a_token_ends() {
    let issuer = es256();
    let expired_at = NOW + 600;
    let token = issuer.good();
    let at = |now| issuer.outcome_at(token.as_bytes(), now);
    at(expired_at).expect("at `exp`, within the skew");
    let kept = at(expired_at + SKEW - 1).expect("the last second within the skew");
    let now = expired_at + SKEW;
    assert_eq!(
        at(now).unwrap_err(),
        TokenError::Expired { expired_at, now }
    );
    let now = expired_at + SKEW + 1;
    assert_eq!(
        at(now).unwrap_err(),
        TokenError::Expired { expired_at, now }
    );
    let now = u64::MAX;
    assert_eq!(
        at(now).unwrap_err(),
        TokenError::Expired { expired_at, now }
    );

    // The same for a token that was verified before and kept.
    assert_eq!(kept.expires_at(), expired_at);
    kept.still_valid(expired_at + SKEW - 1, SKEW).unwrap();
    kept.still_valid(expired_at - 1, 0).unwrap();
    let now = expired_at;
    assert_eq!(
        kept.still_valid(now, 0).unwrap_err(),
        TokenError::Expired { expired_at, now }
    );
    kept.still_valid(u64::MAX - 1, u64::MAX)
        .expect("an absurd skew does not overflow");
}

#[test]
fn the_second_in_which_a_token_begins() {
    let issuer = es256();
    let nbf = |value: Value| issuer.with_claim("nbf", value);
    issuer.outcome(nbf(json!(NOW)).as_bytes()).unwrap();
    issuer.outcome(nbf(json!(0)).as_bytes()).unwrap();
    issuer
        .outcome(nbf(json!(NOW + SKEW)).as_bytes())
        .expect("the last second within the skew");
    issuer
        .outcome(issuer.with_claim("iat", NOW + 3600).as_bytes())
        .expect("`iat` is no limit: an issuer that revoked may mint ahead of the clock");
    let not_before = NOW + SKEW + 1;
    let latest = 253_402_300_799_u64;
    let out_of_range = TokenError::ClaimOutOfRange { claim: "nbf" };
    let wrong_type = TokenError::ClaimWrongType { claim: "nbf" };
    refuses(
        &issuer,
        vec![
            (
                "one second beyond the skew",
                nbf(json!(not_before)),
                TokenError::NotYetValid {
                    not_before,
                    now: NOW,
                },
            ),
            (
                "in the year 9999",
                nbf(json!(latest)),
                TokenError::NotYetValid {
                    not_before: latest,
                    now: NOW,
                },
            ),
            ("the minimum", nbf(json!(i64::MIN)), out_of_range),
            ("negative", nbf(json!(-1)), out_of_range),
            ("the maximum", nbf(json!(i64::MAX)), out_of_range),
            ("a string", nbf(json!("0")), wrong_type),
            ("null", nbf(json!(null)), wrong_type),
            (
                "iat, a string",
                issuer.with_claim("iat", "0"),
                TokenError::ClaimWrongType { claim: "iat" },
            ),
            (
                "auth_time, negative",
                issuer.with_claim("auth_time", -1),
                TokenError::ClaimOutOfRange { claim: "auth_time" },
            ),
        ],
    );
}

#[test]
fn tokens_of_others_and_for_others() {
    let issuer = es256();
    let iss = |value: Value| issuer.with_claim("iss", value);
    let aud = |value: Value| issuer.with_claim("aud", value);
    issuer
        .outcome(aud(json!(["other", "app"])).as_bytes())
        .expect("one of several audiences");
    let wrong_type = |claim| TokenError::ClaimWrongType { claim };
    refuses(
        &issuer,
        vec![
            (
                "iss, a beginning of ours",
                iss(json!(&ISSUER[..20])),
                TokenError::IssuerWrong,
            ),
            (
                "iss, ours and more",
                iss(json!(format!("{ISSUER}x"))),
                TokenError::IssuerWrong,
            ),
            (
                "iss, a slash more",
                iss(json!(format!("{ISSUER}/"))),
                TokenError::IssuerWrong,
            ),
            (
                "iss, another case",
                iss(json!(ISSUER.to_uppercase())),
                TokenError::IssuerWrong,
            ),
            (
                "iss, another",
                iss(json!("https://evil.example")),
                TokenError::IssuerWrong,
            ),
            ("iss, an array", iss(json!([ISSUER])), wrong_type("iss")),
            ("iss, null", iss(json!(null)), wrong_type("iss")),
            (
                "iss, empty",
                iss(json!("")),
                TokenError::ClaimEmpty { claim: "iss" },
            ),
            (
                "aud, another",
                aud(json!("other")),
                TokenError::AudienceWrong,
            ),
            (
                "aud, a part of ours",
                aud(json!("ap")),
                TokenError::AudienceWrong,
            ),
            (
                "aud, ours and more",
                aud(json!("app2")),
                TokenError::AudienceWrong,
            ),
            (
                "aud, two in one",
                aud(json!("app other")),
                TokenError::AudienceWrong,
            ),
            ("aud, no one", aud(json!([])), TokenError::AudienceWrong),
            (
                "aud, others",
                aud(json!(["a", "b"])),
                TokenError::AudienceWrong,
            ),
            (
                "aud, an object",
                aud(json!({"app": true})),
                wrong_type("aud"),
            ),
            (
                "aud, an array in an array",
                aud(json!([["app"]])),
                wrong_type("aud"),
            ),
            (
                "aud, with a number",
                aud(json!(["app", 1])),
                wrong_type("aud"),
            ),
            ("aud, a number", aud(json!(1)), wrong_type("aud")),
        ],
    );

    let nobody = latchkey_token::Expectations {
        audiences: vec![],
        ..expectations()
    };
    let signed = UntrustedToken::parse(issuer.good().as_bytes(), TokenType::Session)
        .unwrap()
        .verify(&issuer.keys(), &InProcess)
        .unwrap();
    assert_eq!(
        signed.validate(&nobody, NOW).unwrap_err(),
        TokenError::AudienceWrong
    );
}

#[test]
fn an_expired_token_of_others_is_not_called_expired() {
    let issuer = es256();
    let mut foreign = claims();
    foreign["iss"] = "https://evil.example".into();
    foreign["exp"] = 1.into();
    let token = issuer.with_claims(&foreign.to_string());
    assert_eq!(
        issuer.outcome(token.as_bytes()).unwrap_err(),
        TokenError::IssuerWrong
    );
}
