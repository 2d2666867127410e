//! Keys and signatures that others made: OpenSSL (`vectors/make` says how) and the examples of
//! the RFCs. Runs natively and, with wasm-bindgen-test, on wasm32.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

mod issuer;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use issuer::{NOW, claims, encode, expectations, key_set};
use latchkey_token::{
    Algorithm, Claims, InProcess, SignatureVerifier as _, SigningKey, TokenError, TokenType,
    UntrustedToken, ecdsa_der,
};
use serde_json::{Value, json};

struct ByOpenSsl {
    algorithm: Algorithm,
    jwk: Value,
    spki_der: Vec<u8>,
    signing_input: String,
    signature: [u8; 64],
}

fn by_openssl() -> [ByOpenSsl; 2] {
    let all: Value = serde_json::from_str(include_str!("vectors/openssl.json")).unwrap();
    [Algorithm::Es256, Algorithm::EdDsa].map(|algorithm| {
        let one = &all[algorithm.name()];
        let text = |name: &str| one[name].as_str().unwrap();
        let signature = bytes(text("signature"));
        ByOpenSsl {
            algorithm,
            jwk: one["jwk"].clone(),
            spki_der: bytes(text("spki_der")),
            signing_input: text("signing_input").into(),
            signature: match algorithm {
                Algorithm::Es256 => p256::ecdsa::Signature::from_der(&signature)
                    .unwrap()
                    .to_bytes()
                    .into(),
                Algorithm::EdDsa => signature.try_into().unwrap(),
            },
        }
    })
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|n| u8::from_str_radix(&hex[n..n + 2], 16).unwrap())
        .collect()
}

#[test]
fn a_session_token_made_with_openssl_passes() {
    for vector in by_openssl() {
        let token = format!("{}.{}", vector.signing_input, encode(vector.signature));
        let keys = key_set(&[vector.jwk]).unwrap();
        let verified = UntrustedToken::parse(token.as_bytes(), TokenType::Session)
            .unwrap()
            .verify(&keys, &InProcess)
            .unwrap()
            .validate(&expectations(), NOW)
            .unwrap();
        let claims = verified.claims();
        assert_eq!(claims.jti, "by-openssl");
        assert_eq!(claims.aud, ["app", "other"]);
        assert_eq!(claims.preferred_username.as_deref(), Some("ada"));
    }
}

#[test]
fn no_bit_of_it_can_be_changed() {
    for vector in by_openssl() {
        let keys = key_set(&[vector.jwk]).unwrap();
        let key = keys.iter().next().unwrap();
        let message = vector.signing_input.as_bytes();
        assert!(InProcess.verify(key, message, &vector.signature));
        for bit in (0..512).step_by(7) {
            let mut signature = vector.signature;
            signature[bit / 8] ^= 1 << (bit % 8);
            assert!(!InProcess.verify(key, message, &signature), "bit {bit}");
        }
        assert!(!InProcess.verify(key, &message[1..], &vector.signature));
        assert!(!InProcess.verify(key, message, &vector.signature[..63]));
        assert!(!InProcess.verify(key, message, &[]));
    }
}

#[test]
fn another_key_does_not_do() {
    for vector in by_openssl() {
        let other = SigningKey::from_seed(vector.algorithm, &[7; 32]).unwrap();
        let mut jwk = other.public_jwk();
        jwk["kid"] = vector.jwk["kid"].clone();
        let token = format!("{}.{}", vector.signing_input, encode(vector.signature));
        let refused = UntrustedToken::parse(token.as_bytes(), TokenType::Session)
            .unwrap()
            .verify(&key_set(&[jwk]).unwrap(), &InProcess)
            .unwrap_err();
        assert_eq!(refused, TokenError::SignatureInvalid);
    }
}

#[test]
fn der_is_what_openssl_writes() {
    let all: Value = serde_json::from_str(include_str!("vectors/openssl.json")).unwrap();
    for vector in by_openssl() {
        let keys = key_set(std::slice::from_ref(&vector.jwk)).unwrap();
        let key = keys.iter().next().unwrap();
        assert_eq!(key.spki_der(), vector.spki_der);
        assert!(vector.spki_der.ends_with(key.raw()));
        if vector.algorithm == Algorithm::Es256 {
            let der = bytes(all["ES256"]["signature"].as_str().unwrap());
            assert_eq!(ecdsa_der(&vector.signature).unwrap(), der);
        }
    }
    // Numbers of every length, with and without the highest bit.
    for first in 0..32 {
        for digit in [0x01, 0x7f, 0x80, 0xf0] {
            let mut signature = [0x11; 64];
            signature[..first].fill(0);
            signature[first] = digit;
            signature[32] = digit;
            let expected = p256::ecdsa::Signature::from_slice(&signature).unwrap();
            let der = ecdsa_der(&signature).unwrap();
            assert_eq!(der, expected.to_der().as_bytes(), "{first} {digit:x}");
        }
    }
    ecdsa_der(&[0; 64]).expect_err("r and s of 0");
    ecdsa_der(&[0xff; 64]).expect_err("r and s beyond the order");
}

/// [RFC 7515 A.3](https://www.rfc-editor.org/rfc/rfc7515#appendix-A.3). The thumbprint is
/// OpenSSL's SHA-256 over the members as RFC 7638 orders them.
#[test]
fn the_es256_example_of_rfc_7515() {
    let jwk = json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    example(
        Algorithm::Es256,
        jwk,
        "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
        "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U",
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt\
         cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5d\
         jxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    );
}

/// [RFC 8037 A](https://www.rfc-editor.org/rfc/rfc8037#appendix-A), thumbprint included.
#[test]
fn the_ed25519_example_of_rfc_8037() {
    let jwk = json!({
        "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    example(
        Algorithm::EdDsa,
        jwk,
        "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-\
         09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
    );
}

#[track_caller]
fn example(algorithm: Algorithm, mut jwk: Value, secret: &str, thumbprint: &str, jws: &str) {
    let seed: [u8; 32] = URL_SAFE_NO_PAD.decode(secret).unwrap().try_into().unwrap();
    let signing_key = SigningKey::from_seed(algorithm, &seed).unwrap();
    assert_eq!(signing_key.kid(), thumbprint);
    assert_eq!(signing_key.secret_bytes().as_slice(), seed);
    for (name, value) in jwk.as_object().unwrap() {
        assert_eq!(&signing_key.public_jwk()[name], value);
    }

    jwk["kid"] = thumbprint.into();
    let keys = key_set(&[jwk]).unwrap();
    let (message, signature) = jws.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    assert!(InProcess.verify(
        keys.key(thumbprint).unwrap(),
        message.as_bytes(),
        &signature
    ));

    // As a session token the example is nothing: it has no `kid` and no `typ`.
    assert_eq!(
        UntrustedToken::parse(jws.as_bytes(), TokenType::Session).unwrap_err(),
        TokenError::KeyIdMissing
    );

    // Minting needs no random numbers, so these are the tokens whenever and wherever they are
    // made; `vectors/check-minted` shows them to OpenSSL.
    let claims: Claims = serde_json::from_value(claims()).unwrap();
    let minted: Value = serde_json::from_str(include_str!("vectors/minted.json")).unwrap();
    assert_eq!(
        signing_key.sign(&claims).unwrap(),
        minted[algorithm.name()]["token"]
    );
    let spki = URL_SAFE_NO_PAD.encode(keys.iter().next().unwrap().spki_der());
    assert_eq!(spki, minted[algorithm.name()]["spki"]);
}
