//! Key sets that must not be believed, each with the reason for which it is not. Runs natively
//! and, with wasm-bindgen-test, on wasm32.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

mod issuer;

use issuer::{Issuer, encode, key_set};
use latchkey_token::{Algorithm, JwkError, JwkSet, JwkSetError, MAX_JWK_SET_BYTES};
use serde_json::{Value, json};

fn p256() -> Value {
    Issuer::new(Algorithm::Es256).key.public_jwk()
}

fn ed25519() -> Value {
    Issuer::new(Algorithm::EdDsa).key.public_jwk()
}

fn with(mut jwk: Value, name: &str, value: impl Into<Value>) -> Value {
    jwk[name] = value.into();
    jwk
}

fn without(mut jwk: Value, name: &str) -> Value {
    jwk.as_object_mut().unwrap().remove(name);
    jwk
}

#[track_caller]
fn refuses_keys(table: Vec<(&str, Value, JwkError)>) {
    for (name, jwk, error) in table {
        // A good key before it does not save the set.
        let good = with(
            if jwk["kty"] == "OKP" {
                ed25519()
            } else {
                p256()
            },
            "kid",
            "good",
        );
        let set = key_set(&[good, jwk]);
        assert_eq!(set, Err(JwkSetError::Key { index: 1, error }), "{name}");
    }
}

#[test]
fn good_sets_are_read() {
    for (algorithm, jwk) in [(Algorithm::Es256, p256()), (Algorithm::EdDsa, ed25519())] {
        let next = with(jwk.clone(), "kid", "next");
        let keys = key_set(&[jwk.clone(), next]).unwrap();
        assert_eq!(keys.len(), 2);
        assert_eq!(keys.algorithm(), Some(algorithm));
        assert!(keys.iter().all(|key| key.algorithm() == algorithm));
        assert_eq!(keys.key(jwk["kid"].as_str().unwrap()), keys.iter().next());
        assert_eq!(keys.key("next").unwrap().kid(), "next");
        assert_eq!(keys.key("other"), None);
    }
    let bare = without(without(p256(), "alg"), "use");
    key_set(&[bare]).expect("`alg` and `use` may be absent: the curve says it all");
    let explicit = with(with(p256(), "key_ops", json!(["verify"])), "x-unknown", 1);
    key_set(&[explicit]).expect("public members that mean nothing to us are ignored");
}

#[test]
fn what_is_no_key_set() {
    let set = |text: &str| JwkSet::parse(text.as_bytes()).unwrap_err();
    assert_eq!(
        set("<html><body>502 Bad Gateway</body></html>"),
        JwkSetError::NotJson
    );
    assert_eq!(set(""), JwkSetError::NotJson);
    assert_eq!(set("null"), JwkSetError::NoKeysArray);
    assert_eq!(set("[]"), JwkSetError::NoKeysArray);
    assert_eq!(set("{}"), JwkSetError::NoKeysArray);
    assert_eq!(set(r#"{"keys":{}}"#), JwkSetError::NoKeysArray);
    assert_eq!(set(r#"{"keys":[]}"#), JwkSetError::Empty);
    assert_eq!(set(r#"{"keys":[],"keys":[]}"#), JwkSetError::DuplicateName);
    assert_eq!(set(&p256().to_string()), JwkSetError::NoKeysArray);

    let good = json!({"keys": [p256()]}).to_string();
    JwkSet::parse(good.as_bytes()).unwrap();
    for end in 0..good.len() {
        assert_eq!(set(&good[..end]), JwkSetError::NotJson, "cut off at {end}");
    }
    assert_eq!(set(&format!("{good}x")), JwkSetError::NotJson);
    let twice = good.replacen(r#""kty""#, r#""kty":"EC","kty""#, 1);
    assert_eq!(set(&twice), JwkSetError::DuplicateName);
    let deep = format!(r#"{{"keys":[{}{}]}}"#, "[".repeat(200), "]".repeat(200));
    assert_eq!(set(&deep), JwkSetError::TooDeep);
    assert_eq!(
        JwkSet::parse(b"{\"keys\":[\xff]}").unwrap_err(),
        JwkSetError::NotJson,
        "not even text"
    );

    let padding = MAX_JWK_SET_BYTES - good.len();
    JwkSet::parse(format!("{good}{}", " ".repeat(padding)).as_bytes()).expect("at the limit");
    assert_eq!(
        set(&format!("{good}{}", " ".repeat(padding + 1))),
        JwkSetError::TooLong {
            bytes: MAX_JWK_SET_BYTES + 1
        }
    );
    let ten_megabytes = vec![b'['; 10 << 20];
    assert_eq!(
        JwkSet::parse(&ten_megabytes).unwrap_err(),
        JwkSetError::TooLong { bytes: 10 << 20 }
    );
}

#[test]
fn sets_whose_keys_do_not_go_together() {
    let p256 = |kid: &str| with(p256(), "kid", kid);
    let ed25519 = |kid: &str| with(ed25519(), "kid", kid);
    assert_eq!(
        key_set(&[p256("a"), p256("b"), p256("a")]).unwrap_err(),
        JwkSetError::DuplicateKeyId { index: 2 }
    );
    assert_eq!(
        key_set(&[p256("a"), ed25519("b")]).unwrap_err(),
        JwkSetError::MixedAlgorithms { index: 1 }
    );
    assert_eq!(
        key_set(&[ed25519("a"), ed25519("b"), p256("c")]).unwrap_err(),
        JwkSetError::MixedAlgorithms { index: 2 }
    );
    let many: Vec<Value> = (0..33).map(|n| p256(&n.to_string())).collect();
    assert_eq!(
        key_set(&many).unwrap_err(),
        JwkSetError::TooManyKeys { keys: 33 }
    );
    key_set(&many[..32]).expect("as many as allowed");
}

#[test]
fn keys_for_something_else() {
    let rsa = json!({"kty": "RSA", "kid": "rsa", "n": "AQAB", "e": "AQAB"});
    let shared = json!({"kty": "oct", "kid": "oct", "k": encode([1; 32])});
    refuses_keys(vec![
        ("RSA", rsa, JwkError::KeyType),
        ("a shared secret", shared, JwkError::PrivateMember),
        ("P-384", with(p256(), "crv", "P-384"), JwkError::KeyType),
        (
            "secp256k1",
            with(p256(), "crv", "secp256k1"),
            JwkError::KeyType,
        ),
        ("no curve", without(p256(), "crv"), JwkError::KeyType),
        ("no type", without(p256(), "kty"), JwkError::KeyType),
        ("another case", with(p256(), "kty", "ec"), JwkError::KeyType),
        (
            "X25519",
            with(ed25519(), "crv", "X25519"),
            JwkError::KeyType,
        ),
        ("Ed448", with(ed25519(), "crv", "Ed448"), JwkError::KeyType),
        (
            "P-256 as OKP",
            with(p256(), "kty", "OKP"),
            JwkError::KeyType,
        ),
        (
            "alg EdDSA on P-256",
            with(p256(), "alg", "EdDSA"),
            JwkError::Algorithm,
        ),
        (
            "alg ES256 on Ed25519",
            with(ed25519(), "alg", "ES256"),
            JwkError::Algorithm,
        ),
        ("alg none", with(p256(), "alg", "none"), JwkError::Algorithm),
        (
            "alg HS256",
            with(p256(), "alg", "HS256"),
            JwkError::Algorithm,
        ),
        (
            "alg null",
            with(p256(), "alg", Value::Null),
            JwkError::Algorithm,
        ),
        ("use enc", with(p256(), "use", "enc"), JwkError::Use),
        ("use empty", with(p256(), "use", ""), JwkError::Use),
        ("use null", with(p256(), "use", Value::Null), JwkError::Use),
        (
            "may sign",
            with(p256(), "key_ops", json!(["verify", "sign"])),
            JwkError::KeyOps,
        ),
        (
            "may encrypt",
            with(p256(), "key_ops", json!(["encrypt"])),
            JwkError::KeyOps,
        ),
        (
            "may nothing",
            with(p256(), "key_ops", json!([])),
            JwkError::KeyOps,
        ),
        (
            "verify, no array",
            with(p256(), "key_ops", "verify"),
            JwkError::KeyOps,
        ),
        (
            "private, P-256",
            with(p256(), "d", encode([7; 32])),
            JwkError::PrivateMember,
        ),
        (
            "private, Ed25519",
            with(ed25519(), "d", encode([7; 32])),
            JwkError::PrivateMember,
        ),
        ("no id", without(p256(), "kid"), JwkError::KeyId),
        ("id empty", with(p256(), "kid", ""), JwkError::KeyId),
        (
            "id with a space",
            with(p256(), "kid", "a key"),
            JwkError::KeyId,
        ),
        (
            "id of 129 bytes",
            with(p256(), "kid", "k".repeat(129)),
            JwkError::KeyId,
        ),
        ("id a number", with(p256(), "kid", 1), JwkError::KeyId),
        ("a string", json!("key"), JwkError::NotAnObject),
        ("null", Value::Null, JwkError::NotAnObject),
    ]);
}

#[test]
fn points_that_are_no_key() {
    let coordinate = |bytes: &[u8]| Value::String(encode(bytes));
    refuses_keys(vec![
        ("no x", without(p256(), "x"), JwkError::Coordinate),
        ("no y", without(p256(), "y"), JwkError::Coordinate),
        (
            "x, 31 bytes",
            with(p256(), "x", coordinate(&[1; 31])),
            JwkError::Coordinate,
        ),
        (
            "x, 33 bytes",
            with(p256(), "x", coordinate(&[1; 33])),
            JwkError::Coordinate,
        ),
        (
            "x, no base64url",
            with(p256(), "x", "+".repeat(43)),
            JwkError::Coordinate,
        ),
        (
            "x, padded",
            with(p256(), "x", encode([1; 32]) + "="),
            JwkError::Coordinate,
        ),
        ("x, a number", with(p256(), "x", 1), JwkError::Coordinate),
        (
            "off the curve",
            with(p256(), "x", coordinate(&[1; 32])),
            JwkError::NotOnCurve,
        ),
        (
            "at infinity",
            with(
                with(p256(), "x", coordinate(&[0; 32])),
                "y",
                coordinate(&[0; 32]),
            ),
            JwkError::NotOnCurve,
        ),
        (
            "x beyond the field",
            with(p256(), "x", coordinate(&[0xff; 32])),
            JwkError::NotOnCurve,
        ),
        (
            "Ed25519, no x",
            without(ed25519(), "x"),
            JwkError::Coordinate,
        ),
        (
            "Ed25519, 31 bytes",
            with(ed25519(), "x", coordinate(&[1; 31])),
            JwkError::Coordinate,
        ),
        (
            "Ed25519, no point",
            with(ed25519(), "x", coordinate(&with_first(2))),
            JwkError::NotOnCurve,
        ),
    ]);
}

fn with_first(byte: u8) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[0] = byte;
    bytes
}

/// Under these keys anybody can make signatures that a lax verifier takes. All eight points of
/// small order, and the encodings of y that are not reduced, of which some are also of small
/// order ([Taming the many EdDSAs](https://eprint.iacr.org/2020/1244), table 1).
#[test]
fn ed25519_keys_that_prove_nothing() {
    let minus_one = "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";
    let order_8 = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a";
    let order_8_too = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05";
    let negative = |hex: &str| {
        let last = u8::from_str_radix(&hex[62..], 16).unwrap() | 0x80;
        format!("{}{last:02x}", &hex[..62])
    };
    let zero = "00".repeat(32);
    let one = format!("01{}", "00".repeat(31));
    // y + p, still below 2^255: y is 0 and 1.
    let zero_not_reduced = "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";
    let one_not_reduced = "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";
    // y is 3, a point of large order, in its second form.
    let three_not_reduced = "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";
    let encodings = [
        zero.clone(),
        negative(&zero),
        one.clone(),
        minus_one.into(),
        order_8.into(),
        negative(order_8),
        order_8_too.into(),
        negative(order_8_too),
        zero_not_reduced.into(),
        negative(zero_not_reduced),
        one_not_reduced.into(),
        three_not_reduced.into(),
    ];
    refuses_keys(
        encodings
            .iter()
            .map(|hex| {
                let bytes: Vec<u8> = (0..32)
                    .map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap())
                    .collect();
                (
                    hex.as_str(),
                    with(ed25519(), "x", encode(bytes)),
                    JwkError::WeakPoint,
                )
            })
            .collect(),
    );
    let three = with_first(3);
    key_set(&[with(ed25519(), "x", encode(three))]).expect("its first form is a fine point");
}
