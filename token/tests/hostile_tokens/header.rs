//! Headers that want to be believed.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::issuer::{Issuer, claims, encode};
use crate::{es256, refuses};
use jwt_compact::alg::{Hs256, Hs256Key, Hs512, Hs512Key};
use jwt_compact::{AlgorithmExt as _, Header};
use latchkey_token::{Algorithm, Part, TokenError};
use serde_json::{Value, json};

#[test]
fn algorithms_that_prove_nothing() {
    let issuer = es256();
    let header = |alg: Value| {
        let mut header = issuer.header();
        header["alg"] = alg;
        header.to_string()
    };
    let unsigned =
        |alg: Value| format!("{}.{}.", encode(header(alg)), encode(claims().to_string()));
    let mut without_alg = issuer.header();
    without_alg.as_object_mut().unwrap().remove("alg");
    let unsupported = TokenError::AlgorithmUnsupported;
    refuses(
        &issuer,
        vec![
            ("none, unsigned", unsigned(json!("none")), unsupported),
            (
                "none, signed",
                issuer.with_header(&header(json!("none"))),
                unsupported,
            ),
            ("None", unsigned(json!("None")), unsupported),
            ("NONE", unsigned(json!("NONE")), unsupported),
            ("empty", unsigned(json!("")), unsupported),
            (
                "es256",
                issuer.with_header(&header(json!("es256"))),
                unsupported,
            ),
            (
                "ES256 and a space",
                issuer.with_header(&header(json!("ES256 "))),
                unsupported,
            ),
            (
                "ES384",
                issuer.with_header(&header(json!("ES384"))),
                unsupported,
            ),
            (
                "ES256K",
                issuer.with_header(&header(json!("ES256K"))),
                unsupported,
            ),
            (
                "RS256",
                issuer.with_header(&header(json!("RS256"))),
                unsupported,
            ),
            (
                "absent",
                issuer.with_header(&without_alg.to_string()),
                TokenError::AlgorithmMissing,
            ),
            (
                "null",
                issuer.with_header(&header(json!(null))),
                TokenError::AlgorithmNotText,
            ),
            (
                "array",
                issuer.with_header(&header(json!(["ES256"]))),
                TokenError::AlgorithmNotText,
            ),
            (
                "number",
                issuer.with_header(&header(json!(256))),
                TokenError::AlgorithmNotText,
            ),
            (
                "object",
                issuer.with_header(&header(json!({}))),
                TokenError::AlgorithmNotText,
            ),
        ],
    );
}

#[test]
fn hmac_keyed_with_our_public_key() {
    let issuer = es256();
    let keys = issuer.keys();
    let key = keys.key(issuer.key.kid()).unwrap();
    let spki = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, key.spki_der());
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{spki}\n-----END PUBLIC KEY-----\n");
    let encodings: [(&str, Vec<u8>); 6] = [
        ("SPKI", key.spki_der().to_vec()),
        ("raw", key.raw().to_vec()),
        ("PEM", pem.into_bytes()),
        ("base64", spki.into_bytes()),
        ("JWK", issuer.key.public_jwk().to_string().into_bytes()),
        ("kid", issuer.key.kid().as_bytes().to_vec()),
    ];
    let header = Header::empty()
        .with_key_id(issuer.key.kid())
        .with_token_type("session+jwt");
    let claims = jwt_compact::Claims::new(claims());
    let mut table = Vec::new();
    for (name, secret) in encodings {
        let token = Hs256
            .token(&header, &claims, &Hs256Key::new(&secret))
            .unwrap();
        table.push((name, token, TokenError::AlgorithmUnsupported));
        let token = Hs512
            .token(&header, &claims, &Hs512Key::new(&secret))
            .unwrap();
        table.push((name, token, TokenError::AlgorithmUnsupported));
    }
    refuses(&issuer, table);
}

#[test]
fn headers_that_bring_their_own_key() {
    let issuer = es256();
    let attacker = latchkey_token::SigningKey::from_seed(Algorithm::Es256, &[9; 32]).unwrap();
    let attacker = Issuer { key: attacker };
    let with = |name: &str, value: Value| {
        let mut header = attacker.header();
        header[name] = value;
        attacker.with_header(&header.to_string())
    };
    let carries = TokenError::HeaderCarriesKey;
    refuses(
        &issuer,
        vec![
            (
                "nothing but another key",
                attacker.good(),
                TokenError::KeyIdUnknown,
            ),
            ("jwk", with("jwk", attacker.key.public_jwk()), carries),
            (
                "jku",
                with("jku", json!("https://evil.example/jwks.json")),
                carries,
            ),
            (
                "x5u",
                with("x5u", json!("https://evil.example/cert.pem")),
                carries,
            ),
            ("x5c", with("x5c", json!(["MIIB"])), carries),
            (
                "x5t",
                with("x5t", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAA")),
                carries,
            ),
            (
                "x5t#S256",
                with("x5t#S256", json!(encode([0; 32]))),
                carries,
            ),
            ("jwk, null", with("jwk", json!(null)), carries),
        ],
    );
}

#[test]
fn key_ids_that_name_no_key() {
    let issuer = es256();
    let with = |kid: Value| {
        let mut header = issuer.header();
        header["kid"] = kid;
        issuer.with_header(&header.to_string())
    };
    let mut without = issuer.header();
    without.as_object_mut().unwrap().remove("kid");
    let huge = with(json!("k".repeat(64 * 1024)));
    let huge_bytes = huge.len();
    let own = issuer.key.kid();
    let (malformed, unknown) = (TokenError::KeyIdMalformed, TokenError::KeyIdUnknown);
    refuses(
        &issuer,
        vec![
            (
                "absent",
                issuer.with_header(&without.to_string()),
                TokenError::KeyIdMissing,
            ),
            ("a path", with(json!("../../../dev/null")), unknown),
            ("SQL", with(json!("' OR '1'='1")), malformed),
            ("SQL without spaces", with(json!("'OR/**/'1'='1")), unknown),
            ("a NUL in it", with(json!(format!("{own}\0"))), malformed),
            (
                "a line break in it",
                with(json!(format!("{own}\r\n"))),
                malformed,
            ),
            ("64 KB", huge, TokenError::TooLong { bytes: huge_bytes }),
            ("129 bytes", with(json!("k".repeat(129))), malformed),
            ("128 bytes", with(json!("k".repeat(128))), unknown),
            ("a number", with(json!(1)), malformed),
            ("null", with(json!(null)), malformed),
            ("an array", with(json!([own])), malformed),
            ("empty", with(json!("")), malformed),
            ("not ASCII", with(json!("schlüssel")), malformed),
            (
                "another case",
                with(json!(own.to_ascii_uppercase())),
                unknown,
            ),
            (
                "the beginning of ours",
                with(json!(&own[..own.len() - 1])),
                unknown,
            ),
        ],
    );
}

#[test]
fn header_members_that_change_the_rules() {
    let issuer = es256();
    let with = |name: &str, value: Value| {
        let mut header = issuer.header();
        header[name] = value;
        issuer.with_header(&header.to_string())
    };
    let with_text = |member: &str| {
        let header = issuer.header().to_string();
        issuer.with_header(&format!("{},{member}}}", header.strip_suffix('}').unwrap()))
    };
    let (critical, unencoded, unknown) = (
        TokenError::HeaderCritical,
        TokenError::HeaderUnencodedPayload,
        TokenError::HeaderMemberUnknown,
    );
    refuses(
        &issuer,
        vec![
            ("crit, unknown", with("crit", json!(["exp"])), critical),
            ("crit, empty", with("crit", json!([])), critical),
            ("crit, null", with("crit", json!(null)), critical),
            (
                "crit naming a name twice",
                with("crit", json!(["exp", "exp"])),
                critical,
            ),
            (
                "crit twice",
                with_text(r#""crit":[],"crit":[]"#),
                TokenError::DuplicateName { part: Part::Header },
            ),
            ("b64 false", with("b64", json!(false)), unencoded),
            ("b64 true", with("b64", json!(true)), unencoded),
            (
                "b64 with crit",
                with_text(r#""b64":false,"crit":["b64"]"#),
                unencoded,
            ),
            ("zip", with("zip", json!("DEF")), unknown),
            ("enc", with("enc", json!("A256GCM")), unknown),
            ("cty", with("cty", json!("JWT")), unknown),
            ("anything", with("x", json!(1)), unknown),
        ],
    );
}

#[test]
fn tokens_for_something_else() {
    let issuer = es256();
    let with = |typ: Value| {
        let mut header = issuer.header();
        header["typ"] = typ;
        issuer.with_header(&header.to_string())
    };
    let mut without = issuer.header();
    without.as_object_mut().unwrap().remove("typ");
    let names = [
        "JWT",
        "at+jwt",
        "ceremony+jwt",
        "enrolment+jwt",
        "revocation+jwt",
        "session+JWT",
        "SESSION+JWT",
        "application/session+jwt",
        "session+jwt ",
        "",
    ];
    let mut table: Vec<_> = names
        .into_iter()
        .map(|name| (name, with(json!(name)), TokenError::TypeWrong))
        .collect();
    table.push(("null", with(json!(null)), TokenError::TypeWrong));
    table.push(("array", with(json!(["session+jwt"])), TokenError::TypeWrong));
    table.push((
        "absent",
        issuer.with_header(&without.to_string()),
        TokenError::TypeMissing,
    ));
    refuses(&issuer, table);
}
