//! Lists of revocations that must not be believed, each with the reason for which they are not. The
//! same tables run natively and, with wasm-bindgen-test, on wasm32.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

mod issuer;

use issuer::{ISSUER, Issuer, NOW, encode};
use latchkey_token::{
    Algorithm, Id, InProcess, MAX_REVOCATION_ENTRIES, MAX_REVOCATIONS_BYTES, MAX_REVOKED_KEYS,
    Part, Revocations, RevokedSession, RevokedUser, SignError, SigningKey, TokenError, TokenType,
    UntrustedRevocations, UntrustedToken, VerifiedRevocations,
};
use serde_json::{Value, json};

const NONCE: &str = "b2Zmc3ByaW5nLW9mLWE";
const SESSION: &str = "0191d7a0-5d0c-7b6e-9a53-2f6f5e0c1a12";
const USER: &str = "0191d7a0-5d0c-7b6e-9a53-2f6f5e0c1a11";

fn header(issuer: &Issuer) -> Value {
    json!({"alg": issuer.key.algorithm().name(), "kid": issuer.key.kid(), "typ": "revocations+jwt"})
}

fn payload() -> Value {
    json!({
        "iss": ISSUER, "iat": NOW, "nonce": NONCE, "epoch": "e-1_A", "version": 7, "more": false,
        "sessions": [[SESSION, NOW + 600]],
        "users": [[USER, NOW, NOW + 600]],
        "everyone": NOW - 1,
        "keys": ["gone"],
    })
}

fn signed(issuer: &Issuer, payload: &Value) -> String {
    issuer.sign(&header(issuer).to_string(), &payload.to_string())
}

fn with(name: &str, value: impl Into<Value>) -> String {
    let mut payload = payload();
    payload[name] = value.into();
    signed(&es256(), &payload)
}

fn without(name: &str) -> String {
    let mut payload = payload();
    payload.as_object_mut().unwrap().remove(name);
    signed(&es256(), &payload)
}

fn es256() -> Issuer {
    Issuer::new(Algorithm::Es256)
}

fn outcome(issuer: &Issuer, page: &[u8]) -> Result<VerifiedRevocations, TokenError> {
    UntrustedRevocations::parse(page)?
        .verify(&issuer.keys(), &InProcess)?
        .validate(ISSUER, NONCE)
}

/// Refuses every page of the table, for its own reason; names those that differ.
#[track_caller]
fn refuses(table: Vec<(&str, String, TokenError)>) {
    let issuer = es256();
    outcome(&issuer, signed(&issuer, &payload()).as_bytes()).expect("the good page passes");
    let wrong: Vec<String> = table
        .into_iter()
        .map(|(name, page, reason)| (name, outcome(&issuer, page.as_bytes()).err(), reason))
        .filter(|(_, outcome, reason)| outcome.as_ref() != Some(reason))
        .map(|(name, outcome, reason)| format!("{name}: {outcome:?}, expected {reason:?}"))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_is_signed_says_the_same_when_it_comes_back() {
    let page = Revocations {
        iss: ISSUER.into(),
        iat: NOW,
        nonce: NONCE.into(),
        epoch: "e-1_A".into(),
        version: u64::MAX,
        more: true,
        sessions: vec![RevokedSession {
            sid: SESSION.parse().unwrap(),
            until: NOW + 600,
        }],
        users: vec![RevokedUser {
            sub: USER.parse().unwrap(),
            not_before: NOW,
            until: NOW + 600,
        }],
        everyone: Some(NOW),
        keys: vec!["gone".into()],
    };
    let empty = Revocations {
        iss: ISSUER.into(),
        nonce: NONCE.into(),
        epoch: "e".into(),
        ..Revocations::default()
    };
    for issuer in [es256(), Issuer::new(Algorithm::EdDsa)] {
        for page in [&page, &empty] {
            let text = issuer.key.sign_revocations(page).unwrap();
            let verified = outcome(&issuer, text.as_bytes()).unwrap();
            assert_eq!(verified.revocations(), page);
        }
    }
}

/// Case 13: neither can be used as the other, whatever it says.
#[test]
fn a_list_is_no_session_token_and_the_reverse() {
    let issuer = es256();
    let both = {
        let mut claims = issuer::claims();
        let members = claims.as_object_mut().unwrap();
        members.extend(payload().as_object().unwrap().clone());
        claims.to_string()
    };
    let as_session = issuer.with_claims(&both);
    let as_list = issuer.sign(&header(&issuer).to_string(), &both);
    issuer.outcome(as_session.as_bytes()).unwrap();
    outcome(&issuer, as_list.as_bytes()).unwrap();

    let wrong = TokenError::TypeWrong;
    assert_eq!(outcome(&issuer, as_session.as_bytes()).unwrap_err(), wrong);
    assert_eq!(issuer.outcome(as_list.as_bytes()).unwrap_err(), wrong);
    let parsed = UntrustedToken::parse(as_list.as_bytes(), TokenType::Session);
    assert_eq!(parsed.unwrap_err(), wrong);
}

#[test]
fn another_form_or_header() {
    let issuer = es256();
    let good = signed(&issuer, &payload());
    let [head, _, signature] = <[&str; 3]>::try_from(good.split('.').collect::<Vec<_>>()).unwrap();
    let with_header = |name: &str, value: Value| {
        let mut header = header(&issuer);
        header[name] = value;
        issuer.sign(&header.to_string(), &payload().to_string())
    };
    let mut later = payload();
    later["version"] = 8.into();
    refuses(vec![
        (
            "empty",
            String::new(),
            TokenError::WrongNumberOfParts { parts: 1 },
        ),
        (
            "over the limit",
            "!".repeat(MAX_REVOCATIONS_BYTES + 1),
            TokenError::TooLong {
                bytes: MAX_REVOCATIONS_BYTES + 1,
            },
        ),
        (
            "a JWE",
            format!("{good}.."),
            TokenError::WrongNumberOfParts { parts: 5 },
        ),
        (
            "padding",
            format!("{good}="),
            TokenError::NotBase64url {
                part: Part::Signature,
            },
        ),
        (
            "JSON, as a careless sidecar would answer",
            json!({"sessions": []}).to_string(),
            TokenError::WrongNumberOfParts { parts: 1 },
        ),
        (
            "another payload under the signature",
            format!("{head}.{}.{signature}", encode(later.to_string())),
            TokenError::SignatureInvalid,
        ),
        (
            "no signature",
            with_header("alg", json!("none")),
            TokenError::AlgorithmUnsupported,
        ),
        (
            "typ in other case",
            with_header("typ", json!("Revocations+JWT")),
            TokenError::TypeWrong,
        ),
        (
            "plain JWT",
            with_header("typ", json!("JWT")),
            TokenError::TypeWrong,
        ),
        (
            "crit",
            with_header("crit", json!(["exp"])),
            TokenError::HeaderCritical,
        ),
        (
            "its own key",
            with_header("jwk", issuer.key.public_jwk()),
            TokenError::HeaderCarriesKey,
        ),
        (
            "unknown key",
            with_header("kid", json!("other")),
            TokenError::KeyIdUnknown,
        ),
        (
            "the algorithm of another key",
            with_header("alg", json!("EdDSA")),
            TokenError::AlgorithmMismatch,
        ),
    ]);
}

/// Case 109: signed by somebody else under our key's name.
#[test]
fn another_signer() {
    let issuer = es256();
    let stranger = Issuer {
        key: SigningKey::from_seed(Algorithm::Es256, &[8; 32]).unwrap(),
    };
    let page = stranger.sign(&header(&issuer).to_string(), &payload().to_string());
    refuses(vec![("stranger", page, TokenError::SignatureInvalid)]);
}

#[test]
fn an_answer_to_another_question() {
    refuses(vec![
        ("nonce", with("nonce", "other"), TokenError::NonceWrong),
        (
            "longer nonce",
            with("nonce", format!("{NONCE}A")),
            TokenError::NonceWrong,
        ),
        (
            "case of the nonce",
            with("nonce", NONCE.to_uppercase()),
            TokenError::NonceWrong,
        ),
        (
            "issuer",
            with("iss", format!("{ISSUER}/")),
            TokenError::IssuerWrong,
        ),
    ]);
}

#[test]
fn members_that_are_not_what_they_must_be() {
    let wrong = |claim| TokenError::ClaimWrongType { claim };
    let malformed = |claim| TokenError::ClaimMalformed { claim };
    let range = |claim| TokenError::ClaimOutOfRange { claim };
    let mut table = Vec::new();
    for claim in ["iss", "iat", "nonce", "epoch", "version", "more"] {
        table.push((
            "missing",
            without(claim),
            TokenError::ClaimMissing { claim },
        ));
        table.push(("null", with(claim, Value::Null), wrong(claim)));
        table.push(("array", with(claim, json!([1])), wrong(claim)));
    }
    for claim in ["sessions", "users", "keys"] {
        table.push(("null list", with(claim, Value::Null), wrong(claim)));
        table.push(("object", with(claim, json!({})), wrong(claim)));
        table.push(("number in it", with(claim, json!([1])), wrong(claim)));
        table.push(("array in it", with(claim, json!([[]])), wrong(claim)));
    }
    for (name, value, reason) in [
        ("everyone", Value::Null, wrong("everyone")),
        ("everyone", json!("1"), wrong("everyone")),
        ("everyone", json!(1.5), wrong("everyone")),
        ("everyone", json!(-1), range("everyone")),
        ("version", json!(-1), wrong("version")),
        ("version", json!(1e300), wrong("version")),
        ("more", json!(1), wrong("more")),
        ("nonce", json!("a b"), malformed("nonce")),
        ("nonce", json!("a".repeat(65)), malformed("nonce")),
        ("epoch", json!("a&b"), malformed("epoch")),
        (
            "epoch",
            json!(""),
            TokenError::ClaimEmpty { claim: "epoch" },
        ),
        ("sessions", json!([[SESSION]]), wrong("sessions")),
        ("sessions", json!([[SESSION, 1, 1]]), wrong("sessions")),
        ("sessions", json!([[SESSION, "1"]]), wrong("sessions")),
        ("sessions", json!([[1, 1]]), wrong("sessions")),
        ("sessions", json!([[SESSION, -1]]), range("sessions")),
        ("sessions", json!([[SESSION, u64::MAX]]), range("sessions")),
        ("sessions", json!([["", 1]]), malformed("sessions")),
        ("users", json!([[USER, 1]]), wrong("users")),
        ("users", json!([[USER, null, 1]]), wrong("users")),
        ("keys", json!([""]), malformed("keys")),
        ("keys", json!(["a b"]), malformed("keys")),
        ("keys", json!(["a".repeat(129)]), malformed("keys")),
    ] {
        table.push((name, with(name, value), reason));
    }
    for id in [
        SESSION.to_uppercase(),
        SESSION.replace('-', ""),
        format!("{SESSION}0"),
        format!("{{{SESSION}}}"),
        SESSION.replace('-', "0"),
        SESSION.replacen('0', "g", 1),
        SESSION[..35].to_owned(),
        SESSION.replacen("1d7a0-", "1d7a-0", 1),
        SESSION.replacen('0', "é", 1),
    ] {
        let page = with("sessions", json!([[id, 1]]));
        table.push(("an id in another form", page, malformed("sessions")));
    }
    let twice = payload().to_string().replacen('{', r#"{"version":1,"#, 1);
    table.push((
        "a name twice",
        es256().sign(&header(&es256()).to_string(), &twice),
        TokenError::DuplicateName { part: Part::Claims },
    ));
    refuses(table);
}

#[test]
fn a_page_is_as_long_as_allowed_and_no_longer() {
    let full = Revocations {
        iss: ISSUER.into(),
        nonce: NONCE.into(),
        epoch: "e".into(),
        users: vec![
            RevokedUser {
                sub: Id::from_bytes([0xab; 16]),
                not_before: 253_402_300_799,
                until: 253_402_300_799,
            };
            MAX_REVOCATION_ENTRIES - MAX_REVOKED_KEYS
        ],
        keys: vec!["k".repeat(128); MAX_REVOKED_KEYS],
        ..Revocations::default()
    };
    let issuer = es256();
    let text = issuer.key.sign_revocations(&full).unwrap();
    assert!(text.len() < MAX_REVOCATIONS_BYTES * 4 / 5, "{}", text.len());
    outcome(&issuer, text.as_bytes()).unwrap();

    let refused = |page: &Revocations, claim| {
        assert_eq!(
            issuer.key.sign_revocations(page).unwrap_err(),
            SignError::Refused(TokenError::TooManyEntries { claim })
        );
    };
    let mut one_more = full.clone();
    one_more.sessions.push(RevokedSession {
        sid: Id::from_bytes([1; 16]),
        until: 1,
    });
    refused(&one_more, "users");
    one_more.users.clear();
    one_more.keys.push("one".into());
    refused(&one_more, "keys");

    let many = |entry: Value| Value::from(vec![entry; MAX_REVOCATION_ENTRIES + 1]);
    let too_many = |claim| TokenError::TooManyEntries { claim };
    refuses(vec![
        (
            "sessions",
            with("sessions", many(json!([SESSION, 1]))),
            too_many("sessions"),
        ),
        (
            "users",
            with("users", many(json!([USER, 1, 1]))),
            too_many("users"),
        ),
        ("keys", with("keys", many(json!("k"))), too_many("keys")),
    ]);
}

#[test]
fn an_id_has_one_text() {
    let id: Id = USER.parse().unwrap();
    assert_eq!(id.to_string(), USER);
    assert_eq!(id, Id::from_bytes(*id.as_bytes()));
    assert_eq!(id.as_bytes()[..6], [0x01, 0x91, 0xd7, 0xa0, 0x5d, 0x0c]);
}
