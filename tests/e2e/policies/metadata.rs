//! The FIDO metadata in a file that changes under the running program.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use latchkey_tests::{Certificate, Gateway, Plan, Visitor, wait};
use serde_json::json;
use software_authenticator::encode;
use std::fs;
use std::time::Duration;

use super::{HELLO, Makers, WINDOWS_HELLO, attest, audited, draft_at, finish_at};
use crate::operate::order;

impl Makers {
    /// Lines for the sidecar's configuration, in which `[webauthn]` is open: metadata of a service
    /// whose certificate lies in `service`.
    fn watched(&self, webauthn: &str) -> String {
        let directory = self.directory.path();
        format!(
            "{webauthn}\n[attestation]\nmetadata = \"{}\"\nmetadata_root = \"{}\"\n\
             metadata_signer = \"mds.example.org\"\n[log]\nformat = \"json\"\n",
            directory.join("blob.jwt").display(),
            directory.join("service/tls.crt").display(),
        )
    }
}

/// Writes a blob of the FIDO metadata about the known TPM, as the metadata service would.
fn publish(makers: &Makers, service: &Certificate, number: u64, status: &str) {
    publish_due(makers, service, (number, "2099-01-01"), status);
}

/// The same, with the day on which the next one is due.
fn publish_due(makers: &Makers, service: &Certificate, (number, next): (u64, &str), status: &str) {
    let root = BASE64_STANDARD.encode(makers.known.der());
    let payload = json!({
        "legalHeader": "none", "no": number, "nextUpdate": next,
        "entries": [{
            "aaguid": HELLO,
            "metadataStatement": {"description": "A model", "attestationRootCertificates": [root]},
            "statusReports": [{"status": status, "effectiveDate": "2020-01-01"}],
            "timeOfLastStatusChange": "2020-01-01",
        }],
    });
    let chain = [BASE64_STANDARD.encode(service.der())];
    let header = json!({"alg": "ES256", "typ": "JWT", "x5c": chain});
    let [header, payload] = [header, payload].map(|part| encode(part.to_string().as_bytes()));
    let signed = format!("{header}.{payload}");
    let signature = service.sign(signed.as_bytes());
    let signature = p256::ecdsa::Signature::from_der(&signature).expect("a signature");
    let blob = format!("{signed}.{}", encode(&signature.to_bytes()));
    fs::write(makers.directory.path().join("blob.jwt"), blob).expect("a file");
}

#[test]
fn a_model_that_the_metadata_report_neither_registers_nor_signs_in() {
    let makers = Makers::new();
    let directory = makers.directory.path().join("service");
    fs::create_dir(&directory).expect("a directory");
    let service = Certificate::generate("mds.example.org", &directory);
    publish(&makers, &service, 1, "FIDO_CERTIFIED_L1");
    let mut plan = Plan::new();
    plan.sidecar.more = makers.watched("attestation = \"direct\"");
    let mut gateway = plan.start();
    let mut ann = Visitor::new(gateway.envoy.port);
    ann.authenticator.aaguid = WINDOWS_HELLO;
    // Another model's maker is no maker of this one.
    let mut draft = draft_at(&mut ann, "webauthn", "ann");
    let attested = draft.authenticator_data.attested.as_mut();
    attested.expect("there").aaguid = [7; 16];
    attest(&mut draft, &makers.known, |_| {});
    assert_eq!(finish_at(&mut ann, "webauthn", &draft).0, 400);
    assert_eq!(audited(&mut gateway), "attestation_chain_unknown_issuer");
    let mut draft = draft_at(&mut ann, "webauthn", "ann");
    attest(&mut draft, &makers.known, |_| {});
    let (status, answer) = finish_at(&mut ann, "webauthn", &draft);
    assert_eq!(status, 200, "{answer}");
    ann.log_in("ann");

    publish(&makers, &service, 2, "USER_KEY_REMOTE_COMPROMISE");
    gateway.sidecar.restart();
    let options = ann.begin("login", &json!({"username": "ann"}));
    let response = ann.authenticator.get(&options);
    let refused = ann.finish("login", &response);
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert_eq!(
        refused.json()["type"],
        "urn:latchkey:problem:ceremony-refused"
    );
    assert_eq!(audited(&mut gateway), "authenticator_compromised");
    let mut bob = Visitor::new(gateway.envoy.port);
    bob.authenticator.aaguid = WINDOWS_HELLO;
    let mut draft = draft_at(&mut bob, "webauthn", "bob");
    attest(&mut draft, &makers.known, |_| {});
    let (status, answer) = finish_at(&mut bob, "webauthn", &draft);
    assert_eq!(status, 400);
    assert_eq!(answer["type"], "urn:latchkey:problem:passkey-not-taken");

    // An older one is no way back, after a restart either.
    publish(&makers, &service, 1, "FIDO_CERTIFIED_L1");
    gateway.sidecar.restart();
    let mut draft = draft_at(&mut bob, "webauthn", "bob");
    attest(&mut draft, &makers.known, |_| {});
    assert_eq!(finish_at(&mut bob, "webauthn", &draft).0, 400);
    assert_eq!(audited(&mut gateway), "authenticator_compromised");
}

/// What is said about the metadata in use: by the log, by the gauges, and to administrators.
struct Said {
    number: u64,
    refused: bool,
    stale: bool,
    warnings: String,
}

impl Said {
    fn by(gateway: &Gateway) -> Self {
        let metrics = gateway.sidecar.internal().get("/metrics").send().text();
        let gauge = |name: &str| -> u64 {
            let name = format!("latchkey_fido_metadata_{name} ");
            let mut lines = metrics.lines();
            let value = lines.find_map(|line| line.strip_prefix(&name));
            value.and_then(|value| value.parse().ok()).expect("a gauge")
        };
        let shown = order(gateway, &["mounts", "show", "webauthn", "-o", "json"]);
        let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
        Self {
            number: gauge("number"),
            refused: gauge("refused") == 1,
            stale: gauge("stale") == 1,
            warnings: shown["warnings"].to_string(),
        }
    }
}

/// The file is looked at every minute, so this takes some.
#[test]
fn a_bad_or_stale_file_changes_nothing_but_what_is_said() {
    let makers = Makers::new();
    let directory = makers.directory.path().join("service");
    fs::create_dir(&directory).expect("a directory");
    let service = Certificate::generate("mds.example.org", &directory);
    publish(&makers, &service, 5, "USER_KEY_REMOTE_COMPROMISE");
    let mut plan = Plan::new();
    plan.sidecar.more = makers.watched("attestation = \"indirect\"");
    let mut gateway = plan.start();
    let said = Said::by(&gateway);
    assert_eq!((said.number, said.refused, said.stale), (5, false, false));
    assert!(!said.warnings.contains("metadata"), "{}", said.warnings);
    // Whatever lies there: the model stays a compromised one.
    let refused = |gateway: &mut Gateway, name: &str| {
        let mut visitor = Visitor::new(gateway.envoy.port);
        visitor.authenticator.aaguid = WINDOWS_HELLO;
        let draft = draft_at(&mut visitor, "webauthn", name);
        assert_eq!(finish_at(&mut visitor, "webauthn", &draft).0, 400);
        assert_eq!(audited(gateway), "authenticator_compromised");
    };
    refused(&mut gateway, "ann");

    let blob = makers.directory.path().join("blob.jwt");
    let good = fs::read_to_string(&blob).expect("a file");
    // A good one that was changed by one letter on its way.
    let middle = good.find('.').expect("a JWS") + 20;
    let mut bad = good.clone();
    let letter = if bad.as_bytes()[middle] == b'A' {
        "B"
    } else {
        "A"
    };
    bad.replace_range(middle..=middle, letter);
    bad.push('\n');
    fs::write(&blob, bad).expect("a file");
    let looked_at = Duration::from_secs(150);
    wait::within(looked_at, || Said::by(&gateway).refused.then_some(())).expect("it is looked at");
    let said = Said::by(&gateway);
    assert_eq!((said.number, said.stale), (5, false));
    assert!(
        said.warnings.contains("number 5, the last good one"),
        "{}",
        said.warnings
    );
    let log = gateway.sidecar.process().log();
    assert!(
        log.contains("the FIDO metadata are refused, what was good stays in use"),
        "{log}"
    );
    assert!(log.contains("the blob's signature is wrong"), "{log}");
    refused(&mut gateway, "bob");

    // A restart in this state, as when a pod moves with the bad file mounted.
    gateway.sidecar.restart();
    let said = Said::by(&gateway);
    assert_eq!((said.number, said.refused, said.stale), (5, true, false));
    refused(&mut gateway, "cyd");

    // A later one that is overdue already, which takes nothing back. A restart looks at once.
    publish_due(&makers, &service, (6, "2026-01-01"), "FIDO_CERTIFIED_L1");
    gateway.sidecar.restart();
    let said = Said::by(&gateway);
    assert_eq!((said.number, said.refused, said.stale), (5, true, false));
    assert!(
        said.warnings.contains("stale, the one in use is not"),
        "{}",
        said.warnings
    );
    refused(&mut gateway, "dan");
}

/// Where there is nothing better, what is overdue is better than nothing, and says so.
#[test]
fn metadata_that_are_overdue_are_used_and_said_to_be() {
    let makers = Makers::new();
    let directory = makers.directory.path().join("service");
    fs::create_dir(&directory).expect("a directory");
    let service = Certificate::generate("mds.example.org", &directory);
    publish_due(&makers, &service, (6, "2026-01-01"), "FIDO_CERTIFIED_L1");
    let mut plan = Plan::new();
    plan.sidecar.more = makers.watched("attestation = \"direct\"");
    let mut gateway = plan.start();
    let said = Said::by(&gateway);
    assert_eq!((said.number, said.refused, said.stale), (6, false, true));
    assert!(said.warnings.contains("stale"), "{}", said.warnings);
    let log = gateway.sidecar.process().log();
    assert!(log.contains("the FIDO metadata are stale"), "{log}");
    let mut ann = Visitor::new(gateway.envoy.port);
    ann.authenticator.aaguid = WINDOWS_HELLO;
    let mut draft = draft_at(&mut ann, "webauthn", "ann");
    attest(&mut draft, &makers.known, |_| {});
    let (status, answer) = finish_at(&mut ann, "webauthn", &draft);
    assert_eq!(status, 200, "{answer}");
}
