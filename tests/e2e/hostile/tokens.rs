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
    for (what, token) in cases {
        // Twice: a refusal is not remembered as anything else.
        for _ in 0..2 {
            let cookie = format!("latchkey={token}");
            let cookie = gateway.stranger().get("/").header("cookie", cookie);
            gateway.assert_refused(&format!("{what}, as cookie"), &cookie, 401);
            let bearer = format!("Bearer {token}");
            let bearer = gateway.stranger().get("/").header("authorization", bearer);
            gateway.assert_refused(&format!("{what}, as bearer"), &bearer, 401);
        }
    }
    assert_eq!(gateway.member().get("/").send().status, 200);
}

type Case = (&'static str, String);

/// Tokens that the issuer never made.
fn forgeries(forge: &Forge) -> Vec<Case> {
    let issuer = forge.issuer.clone();
    let good = forge.token();
    let (signed, signature) = good.rsplit_once('.').expect("three parts");
    let (header, claims) = signed.split_once('.').expect("three parts");
    vec![
        ("nothing", String::new()),
        ("any string", "rubbish".to_owned()),
        ("one part", header.to_owned()),
        ("two parts", signed.to_owned()),
        ("four parts", format!("{good}.{signature}")),
        ("five parts", format!("{good}.{signature}.{signature}")),
        ("dots only", ".".repeat(3000)),
        ("no signature", format!("{signed}.")),
        (
            "another key under the same id",
            Forge::new(&issuer, "test-key", 9).token(),
        ),
        (
            "a key id that nobody knows",
            Forge::new(&issuer, "other", 7).token(),
        ),
        ("an algorithm none", {
            let header = BASE64URL.encode(r#"{"alg":"none","typ":"session+jwt"}"#);
            format!("{header}.{claims}.")
        }),
        (
            "another algorithm",
            forge.token_with_header("alg", "EdDSA".into()),
        ),
        ("HMAC", forge.token_with_header("alg", "HS256".into())),
        ("no key id", forge.token_with_header("kid", json!(null))),
        ("another type", forge.token_with_header("typ", "JWT".into())),
        ("no type", forge.token_with_header("typ", json!(null))),
        (
            "an embedded key",
            forge.token_with_header("jwk", forge.jwk()),
        ),
        (
            "a key elsewhere",
            forge.token_with_header("jku", "http://127.0.0.1:1/".into()),
        ),
        (
            "a critical extension",
            forge.token_with_header("crit", json!(["b64"])),
        ),
        ("claims of someone else", {
            let claims = BASE64URL.encode(forge.claims().to_string().replace("ann", "eve"));
            format!("{header}.{claims}.{signature}")
        }),
        ("padding", format!("{good}==")),
    ]
}

/// Tokens that are signed as they should be and say what they should not.
fn wrong_claims(forge: &Forge) -> Vec<Case> {
    let issuer = forge.issuer.clone();
    let now = unix_now();
    vec![
        (
            "another issuer",
            forge.token_with("iss", "http://evil.example/_latchkey".into()),
        ),
        (
            "an issuer with a slash",
            forge.token_with("iss", format!("{issuer}/").into()),
        ),
        ("another audience", forge.token_with("aud", "other".into())),
        ("no audience", forge.token_with("aud", json!(null))),
        ("expired", forge.token_with("exp", json!(now - 100))),
        ("no end", forge.token_with("exp", json!(null))),
        (
            "an end that is text",
            forge.token_with("exp", json!((now + 600).to_string())),
        ),
        ("an absurd end", forge.token_with("exp", json!(1e300))),
        ("not yet", forge.token_with("nbf", json!(now + 100))),
        ("absurdly early", forge.token_with("nbf", json!(i64::MIN))),
        (
            "a line break for a header",
            forge.token_with("email", "a@b\r\nx-admin: 1".into()),
        ),
        ("an empty subject", forge.token_with("sub", "".into())),
        ("a name given twice", {
            let claims = forge
                .claims()
                .to_string()
                .replacen('{', r#"{"sub":"eve","#, 1);
            forge.sign_text(&forge.header().to_string(), &claims)
        }),
        ("deep JSON", {
            let claims = forge.claims().to_string();
            let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
            let claims = claims.replacen('{', &format!(r#"{{"x":{deep},"#), 1);
            forge.sign_text(&forge.header().to_string(), &claims)
        }),
        (
            "too long",
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
