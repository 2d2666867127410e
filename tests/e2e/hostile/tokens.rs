//! Tokens at the running gateway. What makes a token good is tested in full where it is decided;
//! here stands that the gateway asks, and that nothing reaches the application.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use latchkey_tests::wait::unix_now;
use latchkey_tests::{Forge, Guarded};
use serde_json::json;

#[test]
fn forged_expired_and_foreign_tokens_are_refused() {
    let gateway = Guarded::start();
    let cases = forgeries(&gateway.forge)
        .into_iter()
        .chain(wrong_claims(&gateway.forge));
    for (what, reason, token) in cases {
        // Twice: a refusal is not remembered as anything else.
        for _ in 0..2 {
            let cookie = format!("latchkey={token}");
            let cookie = gateway.stranger().get("/").header("cookie", cookie);
            gateway.assert_refused(&format!("{what}, as cookie"), &cookie, 401, reason);
            let bearer = format!("Bearer {token}");
            let bearer = gateway.stranger().get("/").header("authorization", bearer);
            gateway.assert_refused(&format!("{what}, as bearer"), &bearer, 401, reason);
        }
    }
    assert_eq!(gateway.member().get("/").send().status, 200);
}

/// What it is, why it is refused, and the token itself.
type Case = (&'static str, &'static str, String);

/// Tokens that the issuer never made.
fn forgeries(forge: &Forge) -> Vec<Case> {
    let issuer = forge.issuer.clone();
    let good = forge.token();
    let (signed, signature) = good.rsplit_once('.').expect("three parts");
    let (header, claims) = signed.split_once('.').expect("three parts");
    vec![
        ("any string", "wrong_number_of_parts", "rubbish".to_owned()),
        ("one part", "wrong_number_of_parts", header.to_owned()),
        ("two parts", "wrong_number_of_parts", signed.to_owned()),
        (
            "four parts",
            "wrong_number_of_parts",
            format!("{good}.{signature}"),
        ),
        (
            "five parts",
            "wrong_number_of_parts",
            format!("{good}.{signature}.{signature}"),
        ),
        ("dots only", "wrong_number_of_parts", ".".repeat(3000)),
        ("no signature", "signature_length", format!("{signed}.")),
        (
            "another key under the same id",
            "signature_invalid",
            Forge::new(&issuer, "test-key", 9).token(),
        ),
        (
            "a key id that nobody knows",
            "key_id_unknown",
            Forge::new(&issuer, "other", 7).token(),
        ),
        ("an algorithm none", "algorithm_unsupported", {
            let header = BASE64URL.encode(r#"{"alg":"none","typ":"session+jwt"}"#);
            format!("{header}.{claims}.")
        }),
        (
            "another algorithm",
            "algorithm_mismatch",
            forge.token_with_header("alg", "EdDSA".into()),
        ),
        (
            "HMAC",
            "algorithm_unsupported",
            forge.token_with_header("alg", "HS256".into()),
        ),
        (
            "no key id",
            "key_id_missing",
            forge.token_with_header("kid", json!(null)),
        ),
        (
            "another type",
            "type_wrong",
            forge.token_with_header("typ", "JWT".into()),
        ),
        (
            "no type",
            "type_missing",
            forge.token_with_header("typ", json!(null)),
        ),
        (
            "an embedded key",
            "header_carries_key",
            forge.token_with_header("jwk", forge.jwk()),
        ),
        (
            "a key elsewhere",
            "header_carries_key",
            forge.token_with_header("jku", "http://127.0.0.1:1/".into()),
        ),
        (
            "a critical extension",
            "header_critical",
            forge.token_with_header("crit", json!(["b64"])),
        ),
        ("claims of someone else", "signature_invalid", {
            let claims = BASE64URL.encode(forge.claims().to_string().replace("ann", "eve"));
            format!("{header}.{claims}.{signature}")
        }),
        ("padding", "not_base64url", format!("{good}==")),
    ]
}

/// Tokens that are signed as they should be and say what they should not.
fn wrong_claims(forge: &Forge) -> Vec<Case> {
    let issuer = forge.issuer.clone();
    let now = unix_now();
    vec![
        (
            "another issuer",
            "issuer_wrong",
            forge.token_with("iss", "http://evil.example/_latchkey".into()),
        ),
        (
            "an issuer with a slash",
            "issuer_wrong",
            forge.token_with("iss", format!("{issuer}/").into()),
        ),
        (
            "another audience",
            "audience_wrong",
            forge.token_with("aud", "other".into()),
        ),
        (
            "no audience",
            "claim_missing",
            forge.token_with("aud", json!(null)),
        ),
        (
            "expired",
            "expired",
            forge.token_with("exp", json!(now - 100)),
        ),
        (
            "no end",
            "claim_missing",
            forge.token_with("exp", json!(null)),
        ),
        (
            "an end that is text",
            "claim_wrong_type",
            forge.token_with("exp", json!((now + 600).to_string())),
        ),
        (
            "an absurd end",
            "claim_wrong_type",
            forge.token_with("exp", json!(1e300)),
        ),
        (
            "not yet",
            "not_yet_valid",
            forge.token_with("nbf", json!(now + 100)),
        ),
        (
            "absurdly early",
            "claim_out_of_range",
            forge.token_with("nbf", json!(i64::MIN)),
        ),
        (
            "a line break for a header",
            "claim_forbidden_character",
            forge.token_with("email", "a@b\r\nx-admin: 1".into()),
        ),
        (
            "an empty subject",
            "claim_empty",
            forge.token_with("sub", "".into()),
        ),
        ("a name given twice", "duplicate_name", {
            let claims = forge
                .claims()
                .to_string()
                .replacen('{', r#"{"sub":"eve","#, 1);
            forge.sign_text(&forge.header().to_string(), &claims)
        }),
        ("deep JSON", "too_deep", {
            let claims = forge.claims().to_string();
            let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
            let claims = claims.replacen('{', &format!(r#"{{"x":{deep},"#), 1);
            forge.sign_text(&forge.header().to_string(), &claims)
        }),
        (
            "too long",
            "too_long",
            forge.token_with("name", "x".repeat(8000).into()),
        ),
    ]
}

#[test]
fn the_edge_of_the_allowed_clock_skew_is_where_it_is_said_to_be() {
    let gateway = Guarded::start();
    // A few seconds of room on each side, because real time passes while the test runs.
    for (ago, status) in [(20, 200), (40, 401)] {
        let token = gateway.forge.token_with("exp", json!(unix_now() - ago));
        let answer = gateway
            .stranger()
            .get("/")
            .header("cookie", format!("latchkey={token}"));
        assert_eq!(answer.send().status, status, "expired {ago} s ago");
    }
}

#[test]
fn a_cached_token_ends_when_it_expires() {
    let gateway = Guarded::start_with(|config| {
        config.edit_filter(|filter| filter["clock_skew"] = "0s".into());
    });
    let token = gateway.forge.token_with("exp", json!(unix_now() + 3));
    let request = gateway
        .stranger()
        .get("/")
        .header("cookie", format!("latchkey={token}"));
    assert_eq!(request.send().status, 200);
    assert_eq!(request.send().status, 200, "from the cache");
    latchkey_tests::wait::until("the token has expired", || {
        (request.send().status == 401).then_some(())
    });
}

#[test]
fn an_api_call_is_told_what_is_wrong_in_the_fields_own_terms() {
    let gateway = Guarded::start();
    let answer = gateway
        .stranger()
        .get("/api")
        .header("accept", "application/json")
        .send();
    assert_eq!(answer.status, 401);
    assert_eq!(answer.header("location"), None);
    let challenge = answer.header("www-authenticate").expect("a challenge");
    assert!(challenge.starts_with("Bearer"), "{challenge}");
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(answer.json()["status"], 401);
    assert_eq!(answer.header("cache-control"), Some("no-store"));

    let expired = gateway.forge.token_with("exp", json!(unix_now() - 100));
    let answer = gateway
        .stranger()
        .get("/api")
        .header("authorization", format!("Bearer {expired}"))
        .send();
    assert_eq!(answer.status, 401);
    let challenge = answer
        .header("www-authenticate")
        .expect("a challenge")
        .to_owned();
    assert!(challenge.contains("invalid_token"), "{challenge}");
}
