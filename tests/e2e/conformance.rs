//! The negative cases that relying parties are asked for (the FIDO2 server conformance list, as far
//! as it is public knowledge), over HTTP against the running program: each gets the one answer, and
//! the audit log its reason.

use latchkey_tests::{Gateway, Plan, Visitor};
use serde_json::{Value, json};
use software_authenticator::{AssertionDraft, Cbor, RegistrationDraft, cbor, encode, flag};

use crate::policies::audited;

pub(crate) fn start() -> Gateway {
    let mut plan = Plan::new();
    "[log]\nformat = \"json\"\n".clone_into(&mut plan.sidecar.more);
    plan.start()
}

/// Sends what must be refused: the one answer, no cookie, and this reason.
fn refused(
    gateway: &mut Gateway,
    visitor: &Visitor,
    ceremony: &str,
    (what, reason): (&str, &str),
    response: &Value,
) {
    let path = format!("/_latchkey/v1/auth/webauthn/{ceremony}/finish");
    let answer = visitor.script_request("POST", &path, response).send();
    assert_eq!(answer.status, 400, "{ceremony}, {what}: {}", answer.text());
    assert_eq!(
        answer.json()["type"],
        "urn:latchkey:problem:ceremony-refused",
        "{ceremony}, {what}"
    );
    assert!(answer.cookies().is_empty(), "{ceremony}, {what}");
    assert_eq!(audited(gateway), reason, "{ceremony}, {what}");
}

/// Members that must be there as text, by ceremony.
const MEMBERS: [(&str, &[&str]); 2] = [
    (
        "register",
        &[
            "/id",
            "/rawId",
            "/type",
            "/response",
            "/response/clientDataJSON",
            "/response/attestationObject",
        ],
    ),
    (
        "login",
        &[
            "/id",
            "/rawId",
            "/type",
            "/response",
            "/response/clientDataJSON",
            "/response/authenticatorData",
            "/response/signature",
        ],
    ),
];

fn without(mut response: Value, pointer: &str) -> Value {
    let (parent, member) = pointer.rsplit_once('/').expect("a pointer");
    let parent = response.pointer_mut(parent).and_then(Value::as_object_mut);
    parent.expect("an object").remove(member);
    response
}

fn with(mut response: Value, pointer: &str, value: Value) -> Value {
    *response.pointer_mut(pointer).expect("a member") = value;
    response
}

#[test]
fn members_that_are_missing_or_of_another_type_are_refused() {
    let mut gateway = start();
    let mut ann = Visitor::new(gateway.envoy.port);
    ann.register("ann");
    for (ceremony, members) in MEMBERS {
        let response = if ceremony == "login" {
            let options = ann.begin("login", &json!({"username": "ann"}));
            ann.authenticator.get(&options)
        } else {
            let options = ann.begin("register", &json!({}));
            ann.authenticator.create(&options)
        };
        for (id, reason) in [("", "credential_id_length"), ("AA=", "member_encoding")] {
            let wrong = with(response.clone(), "/id", json!(id));
            let wrong = with(wrong, "/rawId", json!(id));
            refused(&mut gateway, &ann, ceremony, ("both ids", reason), &wrong);
        }
        for member in members {
            let missing = without(response.clone(), member);
            let case = (*member, "member_missing");
            refused(&mut gateway, &ann, ceremony, case, &missing);
            for value in [json!(1), json!(true), json!(["AA"])] {
                let what = format!("{member}: {value}");
                let wrong = with(response.clone(), member, value);
                refused(&mut gateway, &ann, ceremony, (&what, "member_type"), &wrong);
            }
            if *member == "/response" {
                let wrong = with(response.clone(), member, json!("AA"));
                refused(
                    &mut gateway,
                    &ann,
                    ceremony,
                    (member, "member_type"),
                    &wrong,
                );
                continue;
            }
            let empty = with(response.clone(), member, json!(""));
            let reason = match *member {
                "/type" => "credential_type",
                "/id" | "/rawId" => "id_mismatch",
                "/response/clientDataJSON" => "client_data_not_json",
                "/response/attestationObject" => "cbor_truncated",
                "/response/authenticatorData" => "authenticator_data_too_short",
                _ => "signature",
            };
            if reason != "signature" {
                refused(&mut gateway, &ann, ceremony, (member, reason), &empty);
                let padded = match response.pointer(member).and_then(Value::as_str) {
                    _ if reason == "id_mismatch" => continue,
                    Some("public-key") => continue,
                    text => format!("{}=", text.expect("text")),
                };
                let wrong = with(response.clone(), member, json!(padded));
                refused(
                    &mut gateway,
                    &ann,
                    ceremony,
                    (&padded, "member_encoding"),
                    &wrong,
                );
            }
        }
    }
    ann.log_in("ann");
}

type Registration = (&'static str, &'static str, fn(&mut RegistrationDraft));

/// The COSE key with one parameter changed, or left out.
fn key_with(draft: &mut RegistrationDraft, label: i64, value: Option<Cbor>) {
    let mut key = draft.key.cose();
    key.retain(|(name, _)| *name != Cbor::from(label));
    key.extend(value.map(|value| (Cbor::from(label), value)));
    set_key(draft, cbor(&Cbor::Map(key)));
}

fn set_key(draft: &mut RegistrationDraft, bytes: Vec<u8>) {
    draft
        .authenticator_data
        .attested
        .as_mut()
        .expect("there")
        .cose_key = bytes;
}

/// The attestation object with a member changed, or left out.
fn object_with(draft: &mut RegistrationDraft, name: &str, value: Option<Cbor>) {
    let mut members = vec![
        (Cbor::from("fmt"), Cbor::from("none")),
        (Cbor::from("attStmt"), Cbor::Map(Vec::new())),
        (
            Cbor::from("authData"),
            Cbor::from(draft.authenticator_data.bytes()),
        ),
    ];
    members.retain(|(key, _)| *key != Cbor::from(name));
    members.extend(value.map(|value| (Cbor::from(name), value)));
    draft.attestation_object = Some(cbor(&Cbor::Map(members)));
}

#[rustfmt::skip]
const REGISTRATIONS: &[Registration] = &[
    ("type of a login", "client_data_type", |d| "webauthn.get".clone_into(&mut d.client_data.type_)),
    ("an empty type", "client_data_type", |d| d.client_data.type_ = String::new()),
    ("an empty challenge", "unknown_ceremony", |d| d.client_data.challenge = String::new()),
    ("another challenge", "unknown_ceremony", |d| d.client_data.challenge = encode(&[7; 32])),
    ("a padded challenge", "member_encoding", |d| d.client_data.challenge.push('=')),
    ("another origin", "origin", |d| "http://localhost:1".clone_into(&mut d.client_data.origin)),
    ("an empty origin", "origin", |d| d.client_data.origin = String::new()),
    ("a frame", "cross_origin", |d| d.client_data.cross_origin = Some(true)),
    ("client data of no JSON", "client_data_not_json", |d| d.client_data.raw = Some(b"{".to_vec())),
    ("client data with a list", "client_data_not_json", |d| d.client_data.raw = Some(b"[]".to_vec())),
    ("an origin of a number", "member_type", |d| { d.client_data.extra.insert("origin".to_owned(), json!(1)); }),
    ("a type of a number", "member_type", |d| { d.client_data.extra.insert("type".to_owned(), json!(1)); }),
    ("a challenge of null", "member_type", |d| { d.client_data.extra.insert("challenge".to_owned(), Value::Null); }),
    ("another id", "id_mismatch", |d| d.id = encode(&[9; 32])),
    ("id and rawId of another credential", "attested_credential_id", |d| { d.id = encode(&[9; 32]); d.raw_id.clone_from(&d.id); }),
    ("another credential type", "credential_type", |d| "password".clone_into(&mut d.type_)),
    ("no fmt", "attestation_object", |d| object_with(d, "fmt", None)),
    ("fmt of another type", "attestation_object", |d| object_with(d, "fmt", Some(Cbor::from(1)))),
    ("no attStmt", "attestation_object", |d| object_with(d, "attStmt", None)),
    ("attStmt of another type", "attestation_object", |d| object_with(d, "attStmt", Some(Cbor::from("none")))),
    ("no authData", "attestation_object", |d| object_with(d, "authData", None)),
    ("authData of another type", "attestation_object", |d| object_with(d, "authData", Some(Cbor::from("authData")))),
    ("an empty authData", "authenticator_data_too_short", |d| object_with(d, "authData", Some(Cbor::Bytes(Vec::new())))),
    ("an attestation object of bad CBOR", "cbor_unsupported", |d| d.attestation_object = Some(vec![0xff; 64])),
    ("none with a statement", "none_with_statement", |d| {
        d.statement = Some(Cbor::Map(vec![(Cbor::from("alg"), Cbor::from(-7))]));
    }),
    ("another rpIdHash", "rp_id_hash", |d| d.authenticator_data.rp_id_hash = [0; 32]),
    ("UP=0", "user_not_present", |d| d.authenticator_data.flags &= !flag::USER_PRESENT),
    ("UV=0", "user_not_verified", |d| d.authenticator_data.flags &= !flag::USER_VERIFIED),
    ("BS without BE", "backup_state_without_eligibility", |d| d.authenticator_data.flags |= flag::BACKUP_STATE),
    ("AT without data", "authenticator_data_too_short", |d| d.authenticator_data.attested = None),
    ("data without AT", "authenticator_data_trailing", |d| d.authenticator_data.flags &= !flag::ATTESTED_CREDENTIAL_DATA),
    ("ED without extensions", "cbor_truncated", |d| d.authenticator_data.flags |= flag::EXTENSION_DATA),
    ("bytes left over", "authenticator_data_trailing", |d| d.authenticator_data.trailing = vec![0]),
    ("a key of no kty", "public_key", |d| key_with(d, 1, None)),
    ("a key of no alg", "public_key", |d| key_with(d, 3, None)),
    ("an alg that was not offered", "algorithm_not_offered", |d| key_with(d, 3, Some(Cbor::from(-8)))),
    ("an alg that nobody knows", "algorithm_not_offered", |d| key_with(d, 3, Some(Cbor::from(-4711)))),
    ("a key of no curve", "public_key", |d| key_with(d, -1, None)),
    ("another curve", "public_key", |d| key_with(d, -1, Some(Cbor::from(2)))),
    ("a key of no y", "public_key", |d| key_with(d, -3, None)),
    ("a short y", "public_key", |d| key_with(d, -3, Some(Cbor::from(vec![1; 31])))),
    ("no point of the curve", "public_key", |d| key_with(d, -3, Some(Cbor::from(vec![1; 32])))),
    ("one parameter more", "public_key", |d| key_with(d, -4, Some(Cbor::from(vec![1; 32])))),
    ("a parameter twice", "cbor_duplicate_key", |d| {
        let mut key = d.key.cose();
        key.push((Cbor::from(1), Cbor::from(2)));
        set_key(d, cbor(&Cbor::Map(key)));
    }),
    ("a key of bad CBOR", "cbor_unsupported", |d| set_key(d, vec![0xff; 77])),
    ("packed, self, another alg", "attestation_statement", |d| {
        "packed".clone_into(&mut d.format);
        d.statement = Some(Cbor::Map(vec![(Cbor::from("alg"), Cbor::from(-257)), (Cbor::from("sig"), Cbor::from(vec![1; 70]))]));
    }),
    ("packed, self, another signature", "attestation_statement", |d| {
        "packed".clone_into(&mut d.format);
        let sig = d.key.sign(b"something else");
        d.statement = Some(Cbor::Map(vec![(Cbor::from("alg"), Cbor::from(-7)), (Cbor::from("sig"), Cbor::from(sig))]));
    }),
    ("packed, no certificate", "attestation_statement", |d| {
        "packed".clone_into(&mut d.format);
        let x5c = Cbor::Array(vec![Cbor::from(vec![0x30, 0])]);
        d.statement = Some(Cbor::Map(vec![(Cbor::from("alg"), Cbor::from(-7)), (Cbor::from("sig"), Cbor::from(vec![1; 70])), (Cbor::from("x5c"), x5c)]));
    }),
    ("packed, an empty x5c", "attestation_statement", |d| {
        "packed".clone_into(&mut d.format);
        d.statement = Some(Cbor::Map(vec![(Cbor::from("alg"), Cbor::from(-7)), (Cbor::from("sig"), Cbor::from(vec![1; 70])), (Cbor::from("x5c"), Cbor::Array(Vec::new()))]));
    }),
    ("fido-u2f without a statement", "attestation_statement", |d| "fido-u2f".clone_into(&mut d.format)),
    ("tpm without a statement", "attestation_statement", |d| "tpm".clone_into(&mut d.format)),
    ("android-key without a statement", "attestation_statement", |d| "android-key".clone_into(&mut d.format)),
    ("apple without a statement", "attestation_statement", |d| "apple".clone_into(&mut d.format)),
];

#[test]
fn one_wrong_thing_refuses_a_registration() {
    let mut gateway = start();
    let mut ann = Visitor::new(gateway.envoy.port);
    ann.register("ann");
    for (what, reason, change) in REGISTRATIONS {
        let options = ann.begin("register", &json!({}));
        let good = ann.authenticator.draft_registration(&options);
        let mut draft = good.clone();
        change(&mut draft);
        refused(
            &mut gateway,
            &ann,
            "register",
            (what, reason),
            &draft.seal(),
        );
        // What has not even the form of a response leaves the ceremony under way, and there can
        // only be so many: this ends it.
        let mut last = good;
        last.authenticator_data.rp_id_hash = [0; 32];
        assert_eq!(ann.finish("register", &last.seal()).status, 400);
    }
    let kept = ann.request("GET", "/_latchkey/v1/self/passkeys").send();
    let kept = kept.json()["passkeys"].as_array().map(Vec::len);
    assert_eq!(kept, Some(1), "none was kept");
    let options = ann.begin("register", &json!({}));
    let response = ann.authenticator.create(&options);
    assert_eq!(
        ann.finish("register", &response).status,
        200,
        "a good one is"
    );
    assert_no_error(&mut gateway);
}

/// What strangers send is no error, here or in a library: one line in the audit log is all.
pub(crate) fn assert_no_error(gateway: &mut Gateway) {
    let log = gateway.sidecar.process().log();
    let lines = log.lines();
    let errors: Vec<&str> = lines.filter(|line| line.contains("\"ERROR\"")).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

type Login = (&'static str, &'static str, fn(&mut AssertionDraft));

#[rustfmt::skip]
const LOGINS: &[Login] = &[
    ("type of a registration", "client_data_type", |d| "webauthn.create".clone_into(&mut d.client_data.type_)),
    ("an empty challenge", "challenge_form", |d| d.client_data.challenge = String::new()),
    ("another origin", "origin", |d| "http://localhost:1".clone_into(&mut d.client_data.origin)),
    ("a frame", "cross_origin", |d| d.client_data.cross_origin = Some(true)),
    ("a top origin", "top_origin", |d| d.client_data.top_origin = Some(d.client_data.origin.clone())),
    ("client data of no JSON", "client_data_not_json", |d| d.client_data.raw = Some(b"{".to_vec())),
    ("another credential", "unknown_credential", |d| { d.id = encode(&[9; 32]); d.raw_id.clone_from(&d.id); }),
    ("id of another rawId", "id_mismatch", |d| d.id = encode(&[9; 32])),
    ("another rpIdHash", "rp_id_hash", |d| d.authenticator_data.rp_id_hash = [0; 32]),
    ("UP=0", "user_not_present", |d| d.authenticator_data.flags &= !flag::USER_PRESENT),
    ("UV=0", "user_not_verified", |d| d.authenticator_data.flags &= !flag::USER_VERIFIED),
    ("BS without BE", "backup_state_without_eligibility", |d| d.authenticator_data.flags |= flag::BACKUP_STATE),
    ("another BE", "backup_eligibility_changed", |d| d.authenticator_data.flags |= flag::BACKUP_ELIGIBLE),
    ("bytes left over", "authenticator_data_trailing", |d| d.authenticator_data.trailing = vec![0]),
    ("ED without extensions", "cbor_truncated", |d| d.authenticator_data.flags |= flag::EXTENSION_DATA),
    ("another user's handle", "user_handle_mismatch", |d| d.user_handle = Some(vec![1; 16])),
    ("another signature", "signature", |d| d.signature = Some(vec![0x30, 6, 2, 1, 1, 2, 1, 1])),
    ("an empty signature", "signature", |d| d.signature = Some(Vec::new())),
    ("BS without BE of nobody's", "backup_state_without_eligibility", |d| {
        d.id = encode(&[9; 32]);
        d.raw_id.clone_from(&d.id);
        d.authenticator_data.flags |= flag::BACKUP_STATE;
    }),
];

#[test]
fn one_wrong_thing_refuses_a_login() {
    let mut gateway = start();
    let mut ann = Visitor::new(gateway.envoy.port);
    ann.register("ann");
    for (what, reason, change) in LOGINS {
        let options = ann.begin("login", &json!({"username": "ann"}));
        let mut draft = ann.authenticator.draft_assertion(&options);
        change(&mut draft);
        refused(&mut gateway, &ann, "login", (what, reason), &draft.seal());
    }
    ann.log_in("ann");
    assert_no_error(&mut gateway);
}
