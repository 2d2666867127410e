//! Blobs, good and bad, and what they say.

use super::super::{Anchors, BlobError, Metadata, Status, Trust, Untrusted};
use super::NOW;
use super::blobs::{SIGNER, Service, model, payload};
use super::certificates::{Authority, CertifiedKey, attestation, host};
use crate::model::UnixTime;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use crypto_glue::sha1::Sha1;
use crypto_glue::traits::Digest as _;
use rcgen::PublicKeyData as _;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

const MODEL: [u8; 16] = [0xaa; 16];

fn roots(service: &Service) -> Anchors {
    let mut roots = Anchors::default();
    roots.add(&service.root.der).expect("a root");
    roots
}

fn verify(service: &Service, blob: &str) -> Result<Metadata, BlobError> {
    Metadata::verify_blob(blob.as_bytes(), &roots(service), SIGNER, NOW)
}

fn refusal(service: &Service, blob: &str) -> BlobError {
    verify(service, blob).map(|_| ()).expect_err("a refusal")
}

/// Trust in nothing but a blob with these entries.
fn trust(entries: &[Value]) -> Trust {
    let service = Service::new();
    let metadata = verify(&service, &service.blob(&payload(1, entries))).expect("a good blob");
    Trust::new(Arc::default(), Some(Arc::new(metadata)))
}

#[test]
fn a_good_blob_is_read() {
    let service = Service::new();
    let root = Authority::root("Maker", 1);
    let entry = model(MODEL, &root.der, "FIDO_CERTIFIED_L1", "2020-01-01");
    let metadata = verify(&service, &service.blob(&payload(12, &[entry]))).expect("a good blob");
    assert_eq!((metadata.number(), metadata.len()), (12, 1));
    assert!(!metadata.is_stale(NOW));
}

#[test]
fn a_blob_that_openssl_signed_with_rs256_is_read() {
    let mut roots = Anchors::default();
    let root = include_bytes!("openssl/blob-root.pem");
    roots.add_file(root).expect("a root");
    let blob = include_bytes!("openssl/blob.jwt");
    let metadata = Metadata::verify_blob(blob, &roots, SIGNER, NOW).expect("a good blob");
    assert_eq!(metadata.number(), 7);
}

#[test]
fn a_blob_is_refused_for_its_reason() {
    let service = Service::new();
    let content = payload(1, &[]);
    let good = service.blob(&content);

    let other = service.blob(&payload(2, &[]));
    let (head, _) = good.rsplit_once('.').expect("a JWS");
    let (_, signature) = other.rsplit_once('.').expect("a JWS");
    assert_eq!(
        refusal(&service, &format!("{head}.{signature}")),
        BlobError::Signature
    );
    assert_eq!(
        refusal(&service, &format!("{head}.AAAA")),
        BlobError::Signature
    );
    assert_eq!(refusal(&service, head), BlobError::Form);
    assert_eq!(refusal(&service, ""), BlobError::Form);
    assert_eq!(refusal(&service, &format!("{good}=")), BlobError::Form);

    for (member, value, expected) in [
        ("alg", json!("none"), BlobError::Algorithm),
        ("alg", json!("HS256"), BlobError::Algorithm),
        // The certificate's key is not RSA.
        ("alg", json!("RS256"), BlobError::Signature),
        ("alg", Value::Null, BlobError::Form),
        ("x5c", Value::Null, BlobError::Chain),
        ("x5c", json!([]), BlobError::Chain),
        ("x5c", json!(["!"]), BlobError::Chain),
        (
            "x5c",
            json!(["AAAA"]),
            BlobError::Untrusted(Untrusted::Form),
        ),
        ("crit", json!(["exp"]), BlobError::Chain),
    ] {
        let mut header = service.header();
        header[member] = value.clone();
        let blob = service.sign(&header, &content);
        assert_eq!(refusal(&service, &blob), expected, "{member}: {value}");
    }

    for wrong in [
        json!({}),
        json!({"no": 1, "nextUpdate": "soon", "entries": []}),
        json!({"no": 1, "nextUpdate": "2099-02-30", "entries": []}),
        json!({"no": -1, "nextUpdate": "2099-01-01", "entries": []}),
        json!({"no": 1, "nextUpdate": "2099-01-01", "entries": [{}]}),
        json!({"no": 1, "nextUpdate": "2099-01-01", "entries": [{"aaguid": "x", "statusReports": []}]}),
    ] {
        assert_eq!(
            refusal(&service, &service.blob(&wrong)),
            BlobError::Payload,
            "{wrong}"
        );
    }
}

#[test]
fn a_blob_must_come_from_the_service() {
    let mut service = Service::new();
    // A root of the public web has issued certificates to others, too.
    service.chain = vec![service.root.issue(&service.key, &host("evil.example.org"))];
    let blob = service.blob(&payload(1, &[]));
    assert_eq!(refusal(&service, &blob), BlobError::Signer);

    let stranger = Authority::root("Stranger", 3);
    service.chain = vec![stranger.issue(&service.key, &host(SIGNER)), stranger.der];
    let blob = service.blob(&payload(1, &[]));
    assert_eq!(
        refusal(&service, &blob),
        BlobError::Untrusted(Untrusted::UnknownIssuer)
    );

    let mut expired = host(SIGNER);
    expired.not_after = super::certificates::at(-1);
    service.chain = vec![service.root.issue(&service.key, &expired)];
    let blob = service.blob(&payload(1, &[]));
    assert!(matches!(
        refusal(&service, &blob),
        BlobError::Untrusted(Untrusted::Expired { .. })
    ));
}

#[test]
fn a_blob_is_stale_when_the_day_of_the_next_one_is_over() {
    let service = Service::new();
    let due = |date: &str| {
        let mut content = payload(1, &[]);
        content["nextUpdate"] = date.into();
        verify(&service, &service.blob(&content)).expect("a good blob")
    };
    // 1,800,000,000 is 2027-01-15.
    assert!(due("2027-01-14").is_stale(NOW));
    assert!(!due("2027-01-15").is_stale(NOW));
    assert!(due("2027-01-15").is_stale(UnixTime(NOW.0 + 86_400)));
}

#[test]
fn each_status_of_a_compromise_counts_from_its_date() {
    let root = Authority::root("Maker", 1);
    let asked = |status: &str, from: &str| {
        let trust = trust(&[model(MODEL, &root.der, status, from)]);
        trust.compromised(Uuid::from_bytes(MODEL), &[], NOW)
    };
    for (status, expected) in [
        ("REVOKED", Some(Status::Revoked)),
        (
            "USER_VERIFICATION_BYPASS",
            Some(Status::UserVerificationBypass),
        ),
        (
            "ATTESTATION_KEY_COMPROMISE",
            Some(Status::AttestationKeyCompromise),
        ),
        (
            "USER_KEY_REMOTE_COMPROMISE",
            Some(Status::UserKeyRemoteCompromise),
        ),
        (
            "USER_KEY_PHYSICAL_COMPROMISE",
            Some(Status::UserKeyPhysicalCompromise),
        ),
        ("UPDATE_AVAILABLE", None),
        ("FIDO_CERTIFIED_L3plus", None),
        ("SELF_ASSERTION_SUBMITTED", None),
    ] {
        assert_eq!(asked(status, "2027-01-15"), expected, "{status}");
        assert_eq!(asked(status, "2027-01-16"), None, "{status}");
        // A date that cannot be read holds nothing back.
        assert_eq!(asked(status, "some day"), expected, "{status}");
    }
    let other = trust(&[model(MODEL, &root.der, "REVOKED", "2020-01-01")]);
    assert_eq!(other.compromised(Uuid::from_u128(1), &[], NOW), None);
    assert_eq!(
        Trust::default().compromised(Uuid::from_bytes(MODEL), &[], NOW),
        None
    );
}

#[test]
fn one_of_two_entries_about_a_model_does_not_hide_what_the_other_reports() {
    let (one, two) = (Authority::root("One", 1), Authority::root("Two", 2));
    let revoked = model(MODEL, &one.der, "REVOKED", "2020-01-01");
    let good = model(MODEL, &two.der, "FIDO_CERTIFIED", "2020-01-01");
    for entries in [[revoked.clone(), good.clone()], [good, revoked]] {
        let trust = trust(&entries);
        let aaguid = Uuid::from_bytes(MODEL);
        assert_eq!(trust.compromised(aaguid, &[], NOW), Some(Status::Revoked));
        for root in [&one, &two] {
            let chain = [root.issue(&CertifiedKey::new(3), &attestation(None))];
            assert_eq!(trust.verify(aaguid, &chain, NOW), Ok(()));
        }
    }
}

#[test]
fn the_root_of_one_model_is_no_root_for_another() {
    let (one, two) = (Authority::root("One", 1), Authority::root("Two", 2));
    let entries = [
        model([1; 16], &one.der, "FIDO_CERTIFIED", "2020-01-01"),
        model([2; 16], &two.der, "FIDO_CERTIFIED", "2020-01-01"),
    ];
    let trust = trust(&entries);
    let chain = [one.issue(&CertifiedKey::new(3), &attestation(None))];
    let ask = |aaguid: [u8; 16]| trust.verify(Uuid::from_bytes(aaguid), &chain, NOW);
    assert_eq!(ask([1; 16]), Ok(()));
    assert_eq!(ask([2; 16]), Err(Untrusted::UnknownIssuer));
    assert_eq!(ask([3; 16]), Err(Untrusted::UnknownIssuer));
    assert_eq!(ask([0; 16]), Err(Untrusted::UnknownIssuer));
}

#[test]
fn a_u2f_authenticator_is_found_by_the_key_of_its_certificate() {
    let root = Authority::root("Maker", 1);
    let key = CertifiedKey::new(3);
    let identifier = crypto_glue::hex::encode(Sha1::digest(key.der_bytes()));
    let chain = [root.issue(&key, &attestation(None))];
    let entry = |status: &str| {
        json!({
            "attestationCertificateKeyIdentifiers": [identifier],
            "metadataStatement": {"attestationRootCertificates": [STANDARD.encode(&root.der)]},
            "statusReports": [{"status": status}],
        })
    };
    let good = trust(&[entry("FIDO_CERTIFIED")]);
    assert_eq!(good.verify(Uuid::nil(), &chain, NOW), Ok(()));
    assert_eq!(good.compromised(Uuid::nil(), &chain, NOW), None);
    let revoked = trust(&[entry("REVOKED")]);
    assert_eq!(
        revoked.compromised(Uuid::nil(), &chain, NOW),
        Some(Status::Revoked)
    );
    let other = [root.issue(&CertifiedKey::new(4), &attestation(None))];
    assert_eq!(revoked.compromised(Uuid::nil(), &other, NOW), None);
    assert!(good.verify(Uuid::nil(), &other, NOW).is_err());
}

#[test]
fn a_root_that_cannot_be_read_is_trusted_for_nothing() {
    let root = Authority::root("Maker", 1);
    let mut entry = model(MODEL, &root.der, "FIDO_CERTIFIED", "2020-01-01");
    let chain = [root.issue(&CertifiedKey::new(3), &attestation(None))];
    let roots = &mut entry["metadataStatement"]["attestationRootCertificates"];
    // Blobs break lines inside certificates.
    let broken = format!(" {}\n", roots[0].as_str().expect("a root"));
    *roots = json!(["AAAA", "!", broken]);
    let ok = trust(&[entry.clone()]).verify(Uuid::from_bytes(MODEL), &chain, NOW);
    assert_eq!(ok, Ok(()));
    entry["metadataStatement"]["attestationRootCertificates"] = json!(["AAAA"]);
    let none = trust(&[entry]).verify(Uuid::from_bytes(MODEL), &chain, NOW);
    assert_eq!(none, Err(Untrusted::UnknownIssuer));
}

#[test]
fn a_model_is_called_what_its_maker_calls_it_as_far_as_that_can_be_shown() {
    let called = |description: Value| {
        let root = Authority::root("Maker", 1);
        let mut entry = model(MODEL, &root.der, "FIDO_CERTIFIED_L1", "2020-01-01");
        entry["metadataStatement"]["description"] = description;
        let name = trust(&[entry]).model_name(Uuid::from_bytes(MODEL));
        name.map(|name| name.to_string())
    };
    let name = |text: &str| called(json!(text));
    assert_eq!(name(" A  key\n"), Some("A key".to_owned()));
    assert_eq!(name("A\u{202e} key \u{200b}x"), Some("key".to_owned()));
    assert_eq!(name(" \u{feff}"), None);
    assert_eq!(called(Value::Null), None);
    let long = name(&"word ".repeat(40)).unwrap();
    assert_eq!((long.len(), long.ends_with("word")), (64, true), "{long}");
    let metadata = trust(&[]);
    assert_eq!(metadata.model_name(Uuid::from_bytes(MODEL)), None);
    assert_eq!(Trust::default().model_name(Uuid::from_bytes(MODEL)), None);
}
