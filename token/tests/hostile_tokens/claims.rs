//! Claims of the wrong type, and text that must not end in a header.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::issuer::{NOW, claims, encode};
use crate::{es256, refuses};
use latchkey_token::{Part, TokenError};
use serde_json::{Value, json};

#[test]
fn expiries_that_are_no_time() {
    let issuer = es256();
    let exp = |value: &str| {
        let claims = claims().to_string();
        issuer.with_claims(&claims.replacen(
            &format!(r#""exp":{}"#, NOW + 600),
            &format!(r#""exp":{value}"#),
            1,
        ))
    };
    let mut without = claims();
    without.as_object_mut().unwrap().remove("exp");
    let wrong_type = TokenError::ClaimWrongType { claim: "exp" };
    let out_of_range = TokenError::ClaimOutOfRange { claim: "exp" };
    issuer
        .outcome(exp("253402300799").as_bytes())
        .expect("the last second of the year 9999");
    refuses(
        &issuer,
        vec![
            (
                "absent",
                issuer.with_claims(&without.to_string()),
                TokenError::ClaimMissing { claim: "exp" },
            ),
            ("a string", exp(r#""1800000600""#), wrong_type),
            ("null", exp("null"), wrong_type),
            ("true", exp("true"), wrong_type),
            ("an array", exp("[1800000600]"), wrong_type),
            ("1e300", exp("1e300"), wrong_type),
            ("an exponent", exp("18e8"), wrong_type),
            ("a fraction", exp("1800000600.5"), wrong_type),
            ("a fraction of zero", exp("1800000600.0"), wrong_type),
            ("minus zero", exp("-0"), wrong_type),
            ("2^64", exp("18446744073709551616"), wrong_type),
            ("negative", exp("-1"), out_of_range),
            ("-2^63", exp("-9223372036854775808"), out_of_range),
            ("2^63", exp("9223372036854775808"), out_of_range),
            ("2^64 - 1", exp("18446744073709551615"), out_of_range),
            ("the year 10000", exp("253402300800"), out_of_range),
            (
                "0",
                exp("0"),
                TokenError::Expired {
                    expired_at: 0,
                    now: NOW,
                },
            ),
            (
                "not a number",
                exp("NaN"),
                TokenError::NotJson { part: Part::Claims },
            ),
        ],
    );
}

#[test]
fn claims_that_must_not_end_in_a_header() {
    let issuer = es256();
    let mut table = Vec::new();
    for claim in [
        "sub",
        "email",
        "preferred_username",
        "name",
        "acr",
        "jti",
        "sid",
        "iss",
    ] {
        let forbidden = TokenError::ClaimForbiddenCharacter { claim };
        let mut add =
            |value: Value, reason| table.push((claim, issuer.with_claim(claim, value), reason));
        add(json!(""), TokenError::ClaimEmpty { claim });
        for text in TEXTS_FOR_NO_HEADER {
            add(json!(text), forbidden);
        }
        for value in [json!(null), json!(1), json!(["ada"]), json!({"a": 1})] {
            add(value, TokenError::ClaimWrongType { claim });
        }
    }
    for claim in ["groups", "policies", "amr", "aud"] {
        let forbidden = TokenError::ClaimForbiddenCharacter { claim };
        for text in TEXTS_FOR_NO_HEADER {
            table.push((
                claim,
                issuer.with_claim(claim, json!(["app", text])),
                forbidden,
            ));
        }
        table.push((
            claim,
            issuer.with_claim(claim, json!([""])),
            TokenError::ClaimEmpty { claim },
        ));
        for value in [
            json!(null),
            json!({"a": "b"}),
            json!([null]),
            json!(["app", 1]),
        ] {
            table.push((
                claim,
                issuer.with_claim(claim, value),
                TokenError::ClaimWrongType { claim },
            ));
        }
    }
    for claim in ["groups", "policies", "amr"] {
        table.push((
            claim,
            issuer.with_claim(claim, "admins"),
            TokenError::ClaimWrongType { claim },
        ));
    }
    table.push((
        "a group that reads as two",
        issuer.with_claim("groups", json!(["staff,admins"])),
        TokenError::ClaimForbiddenCharacter { claim: "groups" },
    ));
    for claim in ["sub", "jti", "sid", "iss", "aud", "iat"] {
        let mut without = claims();
        without.as_object_mut().unwrap().remove(claim);
        let token = issuer.with_claims(&without.to_string());
        table.push((claim, token, TokenError::ClaimMissing { claim }));
    }
    refuses(&issuer, table);
    issuer
        .outcome(
            issuer
                .with_claim("name", "Ada Lovelace, 伯爵夫人 O’Neill")
                .as_bytes(),
        )
        .unwrap();
}

#[test]
fn authenticators_and_bindings_that_say_nothing() {
    let issuer = es256();
    let authn = json!({
        "aaguid": "00000000-0000-0000-0000-000000000000",
        "attested": false, "uv": true, "be": false, "bs": false, "attachment": "platform",
    });
    let with_authn = |name: &str, value: Value| {
        let mut authn = authn.clone();
        authn[name] = value;
        issuer.with_claim("authn", authn)
    };
    let wrong_type = |claim| TokenError::ClaimWrongType { claim };
    let thumbprint = encode([1; 32]);
    let good = issuer
        .outcome(issuer.with_claim("authn", authn.clone()).as_bytes())
        .unwrap();
    assert!(good.claims().authn.as_ref().unwrap().uv);
    let bound = issuer.with_claim("cnf", json!({"x5t#S256": thumbprint}));
    let bound = issuer.outcome(bound.as_bytes()).unwrap();
    assert_eq!(
        bound.claims().cnf.as_ref().unwrap().certificate_thumbprint,
        thumbprint
    );
    refuses(
        &issuer,
        vec![
            (
                "authn, null",
                issuer.with_claim("authn", json!(null)),
                wrong_type("authn"),
            ),
            (
                "authn, text",
                issuer.with_claim("authn", "yes"),
                wrong_type("authn"),
            ),
            (
                "uv, a string",
                with_authn("uv", json!("true")),
                wrong_type("uv"),
            ),
            ("uv, 1", with_authn("uv", json!(1)), wrong_type("uv")),
            (
                "aaguid, null",
                with_authn("aaguid", json!(null)),
                wrong_type("aaguid"),
            ),
            (
                "authn, empty",
                issuer.with_claim("authn", json!({})),
                TokenError::ClaimMissing { claim: "aaguid" },
            ),
            (
                "cnf, null",
                issuer.with_claim("cnf", json!(null)),
                wrong_type("cnf"),
            ),
            (
                "cnf, empty",
                issuer.with_claim("cnf", json!({})),
                TokenError::ClaimMissing { claim: "x5t#S256" },
            ),
            (
                "cnf, of a kind that we cannot check",
                issuer.with_claim("cnf", json!({"jkt": thumbprint})),
                TokenError::ClaimMissing { claim: "x5t#S256" },
            ),
            (
                "cnf, two kinds",
                issuer.with_claim("cnf", json!({"x5t#S256": thumbprint, "jkt": thumbprint})),
                wrong_type("cnf"),
            ),
            (
                "cnf, a number",
                issuer.with_claim("cnf", json!({"x5t#S256": 1})),
                wrong_type("x5t#S256"),
            ),
            (
                "email_verified, a string",
                issuer.with_claim("email_verified", "true"),
                wrong_type("email_verified"),
            ),
        ],
    );
}

const TEXTS_FOR_NO_HEADER: [&str; 16] = [
    "ada\r\nx-auth-request-groups: admins",
    "ada\n",
    "ada\r",
    "ada\0",
    "a\tda",
    "a\u{7f}da",
    "a\u{85}da",
    "\u{202e}nimda",
    "ada\u{2066}x\u{2069}",
    "a\u{200e}da",
    "a\u{200f}da",
    "a\u{61c}da",
    "a\u{2028}da",
    "a\u{feff}da",
    " ada",
    "ada\u{a0}",
];
