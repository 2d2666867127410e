//! The FIDO metadata in a file that changes under the running program.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use latchkey_tests::{Certificate, Plan, Visitor};
use serde_json::json;
use software_authenticator::encode;
use std::fs;

use super::{HELLO, Makers, WINDOWS_HELLO, attest, audited, draft_at, finish_at};

/// Writes a blob of the FIDO metadata about the known TPM, as the metadata service would.
fn publish(makers: &Makers, service: &Certificate, number: u64, status: &str) {
    let root = BASE64_STANDARD.encode(makers.known.der());
    let payload = json!({
        "legalHeader": "none", "no": number, "nextUpdate": "2099-01-01",
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
    plan.sidecar.more = format!(
        "attestation = \"direct\"\n[attestation]\nmetadata = {:?}\nmetadata_root = {:?}\n\
         metadata_signer = \"mds.example.org\"\n[log]\nformat = \"json\"\n",
        makers.directory.path().join("blob.jwt"),
        directory.join("tls.crt"),
    );
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

    // An older one is no way back, and the log says why none is in use.
    publish(&makers, &service, 1, "FIDO_CERTIFIED_L1");
    gateway.sidecar.restart();
    let mut draft = draft_at(&mut bob, "webauthn", "bob");
    attest(&mut draft, &makers.known, |_| {});
    assert_eq!(finish_at(&mut bob, "webauthn", &draft).0, 400);
    assert_eq!(audited(&mut gateway), "attestation_chain_unknown_issuer");
    let log = gateway.sidecar.process().log();
    assert!(log.contains("metadata"), "{log}");
}
