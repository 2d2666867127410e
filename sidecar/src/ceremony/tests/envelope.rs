//! The JSON around both responses: what is refused whatever it means, and what browsers may add.

use super::super::{CeremonyError, Policy};
use super::*;
use serde_json::json;

fn registration() -> Value {
    Authenticator::new(ORIGIN).create(&creation_options(&Policy::default()))
}

fn assertion() -> Value {
    let (mut authenticator, _) = enrolled(|_| {});
    authenticator.get(&request_options(None))
}

fn refusal(body: &[u8], register: bool) -> &'static str {
    if register {
        reason(enrol::parse(body))
    } else {
        reason(login::parse(body))
    }
}

const REQUIRED: [(bool, &str); 14] = [
    (true, "/id"),
    (true, "/rawId"),
    (true, "/type"),
    (true, "/response"),
    (true, "/response/clientDataJSON"),
    (true, "/response/attestationObject"),
    (false, "/id"),
    (false, "/rawId"),
    (false, "/type"),
    (false, "/response"),
    (false, "/response/clientDataJSON"),
    (false, "/response/authenticatorData"),
    (false, "/response/signature"),
    (false, "/response/clientDataJSON"),
];

fn response(register: bool) -> Value {
    if register {
        registration()
    } else {
        assertion()
    }
}

#[test]
fn every_member_that_must_be_there_is_missed() {
    for (register, path) in REQUIRED {
        let mut response = response(register);
        let (parent, member) = path.rsplit_once('/').expect("a path");
        response
            .pointer_mut(parent)
            .and_then(Value::as_object_mut)
            .expect("there")
            .remove(member);
        assert_eq!(
            refusal(response.to_string().as_bytes(), register),
            "member_missing",
            "{path}"
        );
    }
}

#[test]
fn every_member_must_have_its_type() {
    for (register, path) in REQUIRED {
        for wrong in [
            json!(null),
            json!(1),
            json!(true),
            json!(["AA"]),
            json!({"a": "AA"}),
        ] {
            if path == "/response" && wrong.is_object() {
                continue;
            }
            let mut response = response(register);
            *response.pointer_mut(path).expect("there") = wrong.clone();
            let refused = refusal(response.to_string().as_bytes(), register);
            assert_eq!(refused, "member_type", "{path} {wrong}");
        }
    }
    for (register, path, wrong) in [
        (true, "/clientExtensionResults", json!("none")),
        (true, "/authenticatorAttachment", json!(1)),
        (true, "/response/transports", json!("usb")),
        (true, "/response/transports", json!([1])),
        (true, "/label", json!(["a"])),
        (false, "/clientExtensionResults", json!([])),
        (false, "/authenticatorAttachment", json!({})),
        (false, "/response/userHandle", json!(7)),
    ] {
        let mut response = response(register);
        let (parent, member) = path.rsplit_once('/').expect("a path");
        response.pointer_mut(parent).expect("there")[member] = wrong;
        assert_eq!(
            refusal(response.to_string().as_bytes(), register),
            "member_type",
            "{path}"
        );
    }
}

#[test]
fn base64url_has_one_spelling() {
    for (register, path) in [
        (true, "/response/clientDataJSON"),
        (true, "/response/attestationObject"),
        (false, "/response/clientDataJSON"),
        (false, "/response/authenticatorData"),
        (false, "/response/signature"),
        (false, "/response/userHandle"),
    ] {
        // Padding, the other alphabet, white space, stray bits, a lone character, not ASCII.
        for wrong in ["AA==", "+/+/", "AA AA", "\nAAAA", "AB", "AAAAA", "ÄÄÄÄ"] {
            let mut response = response(register);
            *response.pointer_mut(path).expect("there") = json!(wrong);
            let refused = refusal(response.to_string().as_bytes(), register);
            assert_eq!(refused, "member_encoding", "{path} {wrong:?}");
        }
    }
    let mut response = registration();
    response["id"] = json!("AA==");
    response["rawId"] = json!("AA==");
    assert_eq!(
        refusal(response.to_string().as_bytes(), true),
        "member_encoding"
    );
}

#[test]
fn what_is_no_json_object_is_refused() {
    for body in [
        "",
        "null",
        "[]",
        "\"{}\"",
        "{",
        "{}{}",
        "{\"id\":}",
        "\u{feff}{}",
        "{\"a\":NaN}",
    ] {
        assert_eq!(
            refusal(body.as_bytes(), true),
            "response_not_json",
            "{body:?}"
        );
        assert_eq!(
            refusal(body.as_bytes(), false),
            "response_not_json",
            "{body:?}"
        );
    }
    assert_eq!(refusal(b"{\"a\":\"\xff\"}", false), "response_not_json");
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
    assert_eq!(refusal(deep.as_bytes(), false), "response_not_json");
}

#[test]
fn a_name_twice_is_refused_at_every_level() {
    for (register, at) in [
        (true, "{"),
        (true, "\"response\":{"),
        (false, "{"),
        (false, "\"response\":{"),
    ] {
        let text = response(register).to_string();
        let member = if at == "{" {
            "\"type\":\"public-key\","
        } else {
            "\"clientDataJSON\":\"e30\","
        };
        let twice = text.replacen(at, &format!("{at}{member}"), 1);
        assert_eq!(
            refusal(twice.as_bytes(), register),
            "response_duplicate_member"
        );
        // The same name, written differently.
        let escaped = twice.replacen("\"type\"", "\"\\u0074ype\"", 1);
        assert_eq!(
            refusal(escaped.as_bytes(), register),
            "response_duplicate_member"
        );
    }
}

#[test]
fn a_response_has_a_size() {
    let mut response = assertion();
    response["padding"] = json!("x".repeat(64 * 1024));
    let refused = login::parse(response.to_string().as_bytes()).expect_err("too large");
    assert!(matches!(
        refused,
        CeremonyError::ResponseTooLarge { most: 65_536, .. }
    ));
    response["padding"] = json!("x".repeat(60 * 1024));
    login::parse(response.to_string().as_bytes()).expect("a large one");
}

#[test]
fn what_browsers_add_is_no_obstacle() {
    let (mut authenticator, credential) = enrolled(|_| {});
    let mut draft = authenticator.draft_assertion(&request_options(None));
    for (member, value) in [
        (
            "other_keys_can_be_added_here",
            json!("do not compare clientDataJSON against a template"),
        ),
        ("androidPackageName", json!("com.android.chrome")),
        ("hashAlgorithm", json!("SHA-256")),
        ("clientExtensions", json!({})),
        ("tokenBinding", json!({"status": "supported"})),
    ] {
        draft.client_data.extra.insert(member.to_owned(), value);
    }
    draft.client_data.cross_origin = None;
    let mut response = draft.seal();
    response["clientExtensionResults"] =
        json!({"appid": true, "prf": {"results": {"first": "AA"}}});
    response["authenticatorAttachment"] = json!(null);
    response["extra"] = json!([{"a": null}, 1.5, -1, u64::MAX]);
    response["response"]["attestationObject"] = json!(null);
    log_in(&Policy::default(), &credential, &response).expect("only what counts counts");

    let mut response = registration();
    response["authenticatorAttachment"] = json!("implanted");
    response["response"]["publicKey"] = json!("MFkw");
    response["response"]["publicKeyAlgorithm"] = json!(-7);
    response["response"]["transports"] = json!(null);
    response["clientExtensionResults"]["largeBlob"] = json!({"supported": false});
    response["label"] = json!("Blue key");
    let parsed = enrol::parse(response.to_string().as_bytes()).expect("a good form");
    assert_eq!(parsed.label(), Some("Blue key"));
    assert_eq!(parsed.challenge(), CHALLENGE);
    let new = register(&Policy::default(), &response).expect("only what counts counts");
    assert_eq!(new.credential.attachment, None);

    // Clients that predate toJSON() send less.
    let mut response = registration();
    let members = response.as_object_mut().expect("an object");
    members.remove("clientExtensionResults");
    members.remove("authenticatorAttachment");
    response["response"] = json!({
        "clientDataJSON": response["response"]["clientDataJSON"],
        "attestationObject": response["response"]["attestationObject"],
    });
    register(&Policy::default(), &response).expect("only what counts counts");
}
