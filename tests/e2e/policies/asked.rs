//! What browsers are asked, and how long a ceremony lives on this side: hints, `timeout`, and
//! attestation `enterprise`.

use latchkey_tests::{Gateway, Plan, Visitor, programs, wait};
use serde_json::{Value, json};
use std::process::Command;

use super::{HELLO, Makers, WINDOWS_HELLO, attest, audited, draft_at, finish_at, passkey_of};
use crate::operate::order;

/// A mount for this test, with one field that is not the default.
fn mount(gateway: &Gateway, name: &str, field: &str) {
    order(
        gateway,
        &["mounts", "set", name, field, "auto_registration=true"],
    );
}

/// What both ceremonies ask of a browser at a mount.
fn asked(visitor: &mut Visitor, mount: &str) -> [Value; 2] {
    let bodies = [
        ("register", json!({"username": "ann"})),
        ("login", json!({})),
    ];
    bodies.map(|(ceremony, body)| {
        let path = format!("/_latchkey/v1/auth/{mount}/{ceremony}/begin");
        let answer = visitor.call("POST", &path, &body);
        assert_eq!(answer.status, 200, "{mount}: {}", answer.text());
        answer.json()["publicKey"].clone()
    })
}

#[test]
fn hints_and_timeout_are_asked_at_both_ceremonies() {
    let gateway = Gateway::start();
    let mut ann = Visitor::new(gateway.envoy.port);
    for (name, field, member, told) in [
        ("usual", "hints=", "hints", None),
        ("usual", "hints=", "timeout", Some(json!(300_000))),
        (
            "keys",
            "hints=security-key,hybrid",
            "hints",
            Some(json!(["security-key", "hybrid"])),
        ),
        (
            "device",
            "hints=client-device",
            "hints",
            Some(json!(["client-device"])),
        ),
        ("least", "timeout=30", "timeout", Some(json!(30_000))),
        ("longer", "timeout=90s", "timeout", Some(json!(90_000))),
        ("longest", "timeout=10m", "timeout", Some(json!(600_000))),
        ("browsers", "timeout=0", "timeout", None),
    ] {
        mount(&gateway, name, field);
        for options in asked(&mut ann, name) {
            assert_eq!(options.get(member), told.as_ref(), "{field}: {options}");
        }
    }
    for (field, said) in [
        ("timeout=29", "expected 30s to 10m"),
        ("timeout=601", "expected 30s to 10m"),
        ("hints=telephone", "hints[0]"),
        ("hints=hybrid,hybrid", "expected each hint once"),
    ] {
        let refused = Command::new(programs::sidecar())
            .args(["mounts", "set", "wrong", field, "--config"])
            .arg(gateway.dir().join("latchkey.toml"))
            .output()
            .expect("the program runs");
        assert!(!refused.status.success(), "{field}");
        let text = String::from_utf8_lossy(&refused.stderr);
        assert!(text.contains(said), "{field}: {text}");
    }
}

/// The shortest timeout there is. Whoever looks at the clock for the browser may lie; the answers
/// come to a server that looks at its own.
#[test]
fn a_ceremony_ends_with_its_timeout_on_this_side() {
    let mut plan = Plan::new();
    "[log]\nformat = \"json\"\n".clone_into(&mut plan.sidecar.more);
    let mut gateway = plan.start();
    mount(&gateway, "short", "timeout=30");
    let mut ann = Visitor::new(gateway.envoy.port);
    let mut bob = Visitor::new(gateway.envoy.port);
    let draft = draft_at(&mut ann, "short", "ann");
    assert_eq!(finish_at(&mut ann, "short", &draft).0, 200);
    let registration_too_late = draft_at(&mut bob, "short", "bob");
    let path = "/_latchkey/v1/auth/short/login/begin";
    let options = ann.call("POST", path, &json!({"username": "ann"})).json();
    let late_login = ann.authenticator.get(&options["publicKey"]);
    let begun = wait::unix_now();
    wait::until("the timeout is over", || {
        (wait::unix_now() > begun + 30).then_some(())
    });
    let finish = "/_latchkey/v1/auth/short/login/finish";
    let answer = ann.call("POST", finish, &late_login);
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert_eq!(audited(&mut gateway), "challenge_expired");
    let (status, answer) = finish_at(&mut bob, "short", &registration_too_late);
    assert_eq!(status, 400, "{answer}");
    assert_eq!(audited(&mut gateway), "unknown_ceremony");

    // In time, the same two are taken.
    let options = ann.call("POST", path, &json!({"username": "ann"})).json();
    let login = ann.authenticator.get(&options["publicKey"]);
    assert_eq!(ann.call("POST", finish, &login).status, 200);
    let draft = draft_at(&mut bob, "short", "bob");
    assert_eq!(finish_at(&mut bob, "short", &draft).0, 200);
}

/// `enterprise` asks a managed browser for which single authenticator it is, and insists on a maker
/// that is known as `direct` does.
#[test]
fn enterprise_attestation_is_asked_for_and_insisted_on() {
    let makers = Makers::new();
    let mut plan = Plan::new();
    plan.sidecar.more = makers.believed("");
    let mut gateway = plan.start();
    mount(&gateway, "managed", "attestation=enterprise");
    let mut ann = Visitor::new(gateway.envoy.port);
    let [registration, login] = asked(&mut ann, "managed");
    assert_eq!(registration["attestation"], "enterprise");
    assert_eq!(login.get("attestation"), None, "{login}");

    ann.authenticator.aaguid = WINDOWS_HELLO;
    let draft = draft_at(&mut ann, "managed", "ann");
    let (status, answer) = finish_at(&mut ann, "managed", &draft);
    assert_eq!(status, 400, "{answer}");
    assert_eq!(audited(&mut gateway), "attestation_missing");
    let mut draft = draft_at(&mut ann, "managed", "ann");
    attest(&mut draft, &makers.unknown, |_| {});
    let (status, answer) = finish_at(&mut ann, "managed", &draft);
    assert_eq!(status, 400, "{answer}");
    assert_eq!(audited(&mut gateway), "attestation_chain_signature");
    let mut draft = draft_at(&mut ann, "managed", "ann");
    attest(&mut draft, &makers.known, |_| {});
    let (status, answer) = finish_at(&mut ann, "managed", &draft);
    assert_eq!(status, 200, "{answer}");
    let passkey = passkey_of(&gateway, "ann");
    assert_eq!(passkey["attested"], true, "{passkey}");
    assert_eq!(passkey["aaguid"], HELLO);
}
