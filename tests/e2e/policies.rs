//! What an administrator asks of passkeys, against the running program: over HTTP through the
//! gateway, and on the page.

mod asked;
mod metadata;

use latchkey_tests::{Certificate, Gateway, Plan, Visitor};
use serde_json::{Value, json};
use software_authenticator::{Cbor, RegistrationDraft, TpmDraft};
use std::fs;
use tempfile::TempDir;

use crate::conformance::assert_no_error;
use crate::operate::order;

/// The model of Windows Hello's own key store with a TPM.
const WINDOWS_HELLO: [u8; 16] = [
    0x08, 0x98, 0x70, 0x58, 0xca, 0xdc, 0x4b, 0x81, 0xb6, 0xe1, 0x30, 0xde, 0x50, 0xdc, 0xbe, 0x96,
];

const HELLO: &str = "08987058-cadc-4b81-b6e1-30de50dcbe96";

/// Makes something of a registration.
type Change = fn(&mut RegistrationDraft);
type ByMakers = fn(&mut RegistrationDraft, &Makers);
type ByTpm = fn(&mut TpmDraft);

/// A TPM whose attestation key the administrator trusts, one that nobody knows, and the directory of
/// anchors.
pub(crate) struct Makers {
    known: Certificate,
    unknown: Certificate,
    directory: TempDir,
}

impl Makers {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let make = |name: &str| {
            let path = directory.path().join(name);
            fs::create_dir(&path).expect("a directory");
            Certificate::of_a_tpm(&path)
        };
        let (known, unknown) = (make("known"), make("unknown"));
        let anchors = directory.path().join("anchors");
        fs::create_dir(&anchors).expect("a directory");
        fs::write(anchors.join("tpm.der"), known.der()).expect("an anchor");
        Self {
            known,
            unknown,
            directory,
        }
    }

    /// Lines for the sidecar's configuration, in which `[webauthn]` is open.
    pub(crate) fn believed(&self, webauthn: &str) -> String {
        let anchors = self.directory.path().join("anchors");
        let anchors = anchors.display();
        format!("{webauthn}\n[attestation]\nanchors = \"{anchors}\"\n[log]\nformat = \"json\"\n")
    }
}

/// Puts a statement of a TPM into a registration.
fn attest(draft: &mut RegistrationDraft, certificate: &Certificate, change: fn(&mut TpmDraft)) {
    let mut info = TpmDraft::certifying(draft);
    change(&mut info);
    let statement = info.seal(vec![certificate.der()], |message| certificate.sign(message));
    "tpm".clone_into(&mut draft.format);
    draft.statement = Some(Cbor::Map(statement));
}

fn sha_1(info: &mut TpmDraft) {
    info.algorithm = -65535;
    info.extra_data = vec![0x5a; 20];
}

/// As Windows Hello has it, but for `fixedTPM`.
fn movable(info: &mut TpmDraft) {
    info.describe_the_key(0x0006_0470);
}

/// The reason that the audit line of the last ceremony gives.
pub(crate) fn audited(gateway: &mut Gateway) -> String {
    let log = gateway.sidecar.process().log();
    let lines = log.lines().rev();
    let mut lines = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let audit = lines.find(|line| line["target"] == "audit");
    let audit = audit.unwrap_or_default();
    audit["reason"].as_str().unwrap_or_default().to_owned()
}

/// Begins a registration at a mount, and leaves the draft for a change.
fn draft_at(visitor: &mut Visitor, mount: &str, name: &str) -> RegistrationDraft {
    let path = format!("/_latchkey/v1/auth/{mount}/register/begin");
    let answer = visitor.call("POST", &path, &json!({"username": name}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let options = answer.json()["publicKey"].clone();
    visitor.authenticator.draft_registration(&options)
}

fn finish_at(visitor: &mut Visitor, mount: &str, draft: &RegistrationDraft) -> (u16, Value) {
    let path = format!("/_latchkey/v1/auth/{mount}/register/finish");
    let answer = visitor.call("POST", &path, &draft.seal());
    (answer.status, answer.json())
}

fn passkey_of(gateway: &Gateway, name: &str) -> Value {
    let listed = order(gateway, &["users", "passkeys", name, "-o", "json"]);
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    listed["passkeys"][0].clone()
}

#[test]
fn windows_hello_comes_in_with_its_tpm_where_attestation_is_insisted_on() {
    let makers = Makers::new();
    let mut plan = Plan::new();
    plan.sidecar.more = makers.believed("attestation = \"direct\"");
    let mut gateway = plan.start();
    let mut ann = Visitor::new(gateway.envoy.port);
    ann.authenticator.aaguid = WINDOWS_HELLO;
    ann.authenticator.rsa = true;
    let mut draft = draft_at(&mut ann, "webauthn", "ann");
    attest(&mut draft, &makers.known, |_| {});
    let (status, answer) = finish_at(&mut ann, "webauthn", &draft);
    assert_eq!(status, 200, "{answer}");
    let passkey = passkey_of(&gateway, "ann");
    assert_eq!(passkey["attested"], true, "{passkey}");
    assert_eq!(passkey["aaguid"], HELLO);
    ann.log_in("ann");

    // Everything else is told what is wrong, as far as the person can do something about it.
    let refused: [(&str, &str, &str, ByMakers); 7] = [
        (
            "no statement",
            "passkey-not-taken",
            "attestation_missing",
            |_, _| {},
        ),
        (
            "a TPM that nobody knows",
            "passkey-not-taken",
            // Its certificate names no other authority than the known one: none.
            "attestation_chain_signature",
            |draft, makers| attest(draft, &makers.unknown, |_| {}),
        ),
        (
            "a TPM that signs with SHA-1",
            "passkey-not-taken",
            "attestation_algorithm",
            |draft, makers| attest(draft, &makers.known, sha_1),
        ),
        (
            "a TPM with a key that can leave it",
            "passkey-not-taken",
            "attestation_key_not_fixed_tpm",
            |draft, makers| attest(draft, &makers.known, movable),
        ),
        (
            "a TPM that speaks of another key",
            "ceremony-refused",
            "attestation_statement",
            |draft, makers| attest(draft, &makers.known, |info| info.name[2] ^= 1),
        ),
        (
            "a packed statement with a signature of nobody's",
            "ceremony-refused",
            "attestation_statement",
            |draft, makers| {
                let signature = makers.known.sign(b"something else");
                let chain = vec![Cbor::from(makers.known.der())];
                "packed".clone_into(&mut draft.format);
                draft.statement = Some(Cbor::Map(vec![
                    (Cbor::from("alg"), Cbor::from(-7)),
                    (Cbor::from("sig"), Cbor::from(signature)),
                    (Cbor::from("x5c"), Cbor::Array(chain)),
                ]));
            },
        ),
        (
            "a format that nobody knows",
            "passkey-not-taken",
            "attestation_format",
            |draft, _| "compound".clone_into(&mut draft.format),
        ),
    ];
    for (what, problem, reason, change) in refused {
        let mut bob = Visitor::new(gateway.envoy.port);
        let mut draft = draft_at(&mut bob, "webauthn", "bob");
        change(&mut draft, &makers);
        let (status, answer) = finish_at(&mut bob, "webauthn", &draft);
        assert_eq!(status, 400, "{what}: {answer}");
        let expected = format!("urn:latchkey:problem:{problem}");
        assert_eq!(answer["type"], expected, "{what}");
        assert_eq!(audited(&mut gateway), reason, "{what}");
        assert!(bob.cookies.is_empty(), "{what}");
    }
    assert_no_error(&mut gateway);
}

/// A policy written while the program runs, at a mount of its own.
#[test]
fn a_weak_statement_stands_in_nobodys_way_where_nobody_insists() {
    let makers = Makers::new();
    let mut plan = Plan::new();
    plan.sidecar.more = makers.believed("");
    let gateway = plan.start();
    order(
        &gateway,
        &[
            "mounts",
            "set",
            "staff",
            "attestation=indirect",
            "auto_registration=true",
        ],
    );
    let people: [(&str, bool, ByTpm); 3] = [
        ("ann", true, |_| {}),
        ("bob", false, sha_1),
        ("cyd", false, movable),
    ];
    for (name, attested, change) in people {
        let mut visitor = Visitor::new(gateway.envoy.port);
        let mut draft = draft_at(&mut visitor, "staff", name);
        attest(&mut draft, &makers.known, change);
        let (status, answer) = finish_at(&mut visitor, "staff", &draft);
        assert_eq!(status, 200, "{name}: {answer}");
        assert_eq!(passkey_of(&gateway, name)["attested"], attested, "{name}");
    }
}

#[test]
fn each_choice_of_a_policy_is_offered_and_enforced() {
    let mut plan = Plan::new();
    "[log]\nformat = \"json\"\n".clone_into(&mut plan.sidecar.more);
    let mut gateway = plan.start();
    let nothing: Change = |_| {};
    // Fields of the mount, where the options say so, a change that keeps to them, and one that does not.
    let acceptable = format!("acceptable_aaguids={HELLO}");
    let forbidden = format!("forbidden_aaguids={HELLO}");
    let is_hello: Change = |draft| {
        draft
            .authenticator_data
            .attested
            .as_mut()
            .expect("there")
            .aaguid = WINDOWS_HELLO;
    };
    #[rustfmt::skip]
    let policies: [(&str, &str, Value, Change, Change, &str); 7] = [
        ("algorithms=ES384,RS256", "/pubKeyCredParams/1/alg", json!(-257), nothing, nothing, "algorithm_not_offered"),
        (&acceptable, "/attestation", json!("none"), is_hello, nothing, "aaguid_not_acceptable"),
        (&forbidden, "/attestation", json!("none"), nothing, is_hello, "aaguid_forbidden"),
        ("authenticator_attachment=platform", "/authenticatorSelection/authenticatorAttachment", json!("platform"),
         nothing, |draft| draft.attachment = Some("cross-platform".to_owned()), "attachment"),
        ("discoverable_credential=required", "/authenticatorSelection/residentKey", json!("required"),
         nothing, |draft| draft.client_extension_results = json!({"credProps": {"rk": false}}), "not_discoverable"),
        ("user_verification=required", "/authenticatorSelection/userVerification", json!("required"),
         nothing, |draft| draft.authenticator_data.flags &= !0x04, "user_not_verified"),
        ("user_verification=preferred", "/authenticatorSelection/userVerification", json!("preferred"),
         |draft| draft.authenticator_data.flags &= !0x04, |draft| draft.authenticator_data.flags &= !0x01, "user_not_present"),
    ];
    for (at, (field, pointer, told, keeps, breaks, reason)) in policies.into_iter().enumerate() {
        let mount = format!("mount{at}");
        order(
            &gateway,
            &["mounts", "set", &mount, field, "auto_registration=true"],
        );
        let mut visitor = Visitor::new(gateway.envoy.port);
        let path = format!("/_latchkey/v1/auth/{mount}/register/begin");
        let begin = json!({"username": format!("person{at}")});
        let options = visitor.call("POST", &path, &begin).json()["publicKey"].clone();
        assert_eq!(options.pointer(pointer), Some(&told), "{field}: {options}");
        let mut draft = visitor.authenticator.draft_registration(&options);
        breaks(&mut draft);
        let (status, answer) = finish_at(&mut visitor, &mount, &draft);
        assert_eq!(
            (status, audited(&mut gateway).as_str()),
            (400, reason),
            "{field}: {answer}"
        );

        visitor.authenticator.rsa = field.contains("ES384");
        let mut draft = draft_at(&mut visitor, &mount, &format!("person{at}"));
        keeps(&mut draft);
        let (status, answer) = finish_at(&mut visitor, &mount, &draft);
        assert_eq!(status, 200, "{field}: {answer}");
    }
}

#[test]
fn a_second_factor_needs_a_name_and_never_meets_the_strict_policy() {
    let mut plan = Plan::new();
    plan.sidecar.more =
        "[webauthn.two_factor]\nenabled = true\n[log]\nformat = \"json\"\n".to_owned();
    let mut gateway = plan.start();
    let mut ann = Visitor::new(gateway.envoy.port);
    ann.register("ann");
    let options = ann.begin("register", &json!({"policy": "two_factor"}));
    assert_eq!(
        options["authenticatorSelection"]["residentKey"],
        "discouraged"
    );
    ann.authenticator.flags = 0x01;
    let response = ann.authenticator.create(&options);
    assert_eq!(ann.finish("register", &response).status, 200);
    // The second factor is the newest, so it is the one that signs in.
    let loose = json!({"username": "ann", "policy": "two_factor"});
    let options = ann.begin("login", &loose);
    let response = ann.authenticator.get(&options);
    assert_eq!(ann.finish("login", &response).status, 200);
    let begin = "/_latchkey/v1/auth/webauthn/login/begin";
    let nameless = ann.call("POST", begin, &json!({"policy": "two_factor"}));
    assert_eq!(nameless.status, 400, "{}", nameless.text());
    // By name under the strict policy it is not even offered; forced, it is refused.
    let strict = ann.begin("login", &json!({"username": "ann"}));
    let mut forced = options.clone();
    forced["challenge"] = strict["challenge"].clone();
    ann.authenticator.flags = 0x05;
    let response = ann.authenticator.get(&forced);
    assert_eq!(ann.finish("login", &response).status, 400);
    assert_eq!(audited(&mut gateway), "credential_of_other_policy");
}

#[test]
fn related_origins_and_declared_mounts_are_as_the_file_says() {
    let mut plan = Plan::new();
    let own = format!("http://localhost:{}", plan.port);
    plan.sidecar.more =
        format!("rp_origins = [{own:?}, \"https://localhost:8443\"]\n[admin]\nenabled = true\n");
    let gateway = plan.start();
    let related = gateway.client().get("/.well-known/webauthn").send();
    assert_eq!(related.status, 200, "{}", related.text());
    assert_eq!(
        related.json()["origins"],
        json!([own, "https://localhost:8443"])
    );
    let refused = std::process::Command::new(latchkey_tests::programs::sidecar())
        .args(["mounts", "set", "webauthn", "timeout=60", "--config"])
        .arg(gateway.dir().join("latchkey.toml"))
        .output()
        .expect("the program runs");
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("configuration file"), "{said}");
}
