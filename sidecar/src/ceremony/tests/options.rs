//! What browsers are asked.

use super::super::{
    Algorithm, Attachment, DiscoverableCredential, Policy, UserVerification,
    authentication::{AllowedCredential, DecoyKey, decoys, is_decoy},
};
use super::*;
use crate::model::CredentialId;
use serde_json::json;
use std::collections::{HashMap, HashSet};

#[test]
fn creation_options_say_what_the_policy_asks() {
    let (_, credential) = enrolled(|_| {});
    let policy = Policy {
        user_verification: UserVerification::Preferred,
        discoverable_credential: DiscoverableCredential::Discouraged,
        attachment: Some(Attachment::CrossPlatform),
        algorithms: vec![Algorithm::Es384, Algorithm::Es256],
        timeout: Some(Seconds(120)),
        ..Policy::default()
    };
    let user = (USER.0.as_bytes().as_slice(), &name("alice"), "Alice A.");
    let options =
        enrol::creation_options(&relying_party(), &policy, user, &[&credential], &[1, 2, 3]);
    assert_eq!(
        options,
        json!({
            "rp": {"id": "example.org", "name": "Example"},
            "user": {"id": "ASNFZ4mrze8BI0VniavN7w", "name": "alice", "displayName": "Alice A."},
            "challenge": "AQID",
            "pubKeyCredParams": [
                {"type": "public-key", "alg": -35},
                {"type": "public-key", "alg": -7},
            ],
            "timeout": 120_000,
            "excludeCredentials":
                [{"type": "public-key", "id": credential.id, "transports": ["internal"]}],
            "authenticatorSelection": {
                "residentKey": "discouraged",
                "requireResidentKey": false,
                "userVerification": "preferred",
                "authenticatorAttachment": "cross-platform",
            },
            "attestation": "none",
            "extensions": {"credProps": true},
        })
    );
    let options = creation_options(&Policy::default());
    assert_eq!(
        options["authenticatorSelection"],
        json!({
            "residentKey": "required",
            "requireResidentKey": true,
            "userVerification": "required",
        })
    );
}

#[test]
fn request_options_name_the_credentials() {
    let (_, credential) = enrolled(|_| {});
    let allow = [AllowedCredential::from(&credential)];
    let options = login::request_options(&relying_party(), &Policy::default(), &allow, &[1, 2, 3]);
    assert_eq!(
        options,
        json!({
            "rpId": "example.org",
            "challenge": "AQID",
            "timeout": 300_000,
            "allowCredentials":
                [{"type": "public-key", "id": credential.id, "transports": ["internal"]}],
            "userVerification": "required",
        })
    );
}

#[test]
fn decoys_are_stable_and_differ_by_name_and_key() {
    let key = DecoyKey::new([1; 32]);
    let of = |key: &DecoyKey, text: &str| decoys(key, &name(text));
    assert_eq!(of(&key, "nobody"), of(&key, "Nobody"));
    assert_ne!(of(&key, "nobody"), of(&key, "somebody"));
    assert_ne!(of(&key, "nobody"), of(&DecoyKey::new([2; 32]), "nobody"));
    assert_eq!(format!("{key:?}"), "DecoyKey(..)");
}

#[test]
fn decoys_look_like_credentials() {
    let key = DecoyKey::new([1; 32]);
    let mut counts = HashMap::new();
    let mut lengths = HashMap::new();
    let mut ids = HashSet::new();
    for number in 0..2000 {
        let decoys = decoys(&key, &name(&format!("user{number}")));
        *counts.entry(decoys.len()).or_insert(0) += 1;
        for decoy in decoys {
            *lengths.entry(decoy.id.as_bytes().len()).or_insert(0) += 1;
            assert!(!decoy.transports.is_empty());
            assert!(is_decoy(&key, &decoy.id), "it is known again by its id");
            assert!(!is_decoy(&DecoyKey::new([2; 32]), &decoy.id));
            assert!(ids.insert(decoy.id), "an id twice");
        }
    }
    // One mostly, and never none: an account without a credential would stand out.
    assert!(counts[&1] > counts[&2] && counts[&2] > counts[&3]);
    assert_eq!(counts.len(), 3);
    assert_eq!(
        lengths.keys().copied().collect::<HashSet<_>>(),
        HashSet::from([16, 20, 32, 48, 64])
    );
}

#[test]
fn nothing_else_is_taken_for_a_decoy() {
    let key = DecoyKey::new([1; 32]);
    let decoy = decoys(&key, &name("nobody")).remove(0).id;
    for at in 0..decoy.as_bytes().len() {
        let mut bytes = decoy.as_bytes().to_vec();
        bytes[at] ^= 1;
        assert!(!is_decoy(&key, &CredentialId::from_bytes(&bytes).unwrap()));
    }
    for length in [1, 2, 15, 16, 17, 32, 64, 1023] {
        let id = CredentialId::from_bytes(&vec![7; length]).unwrap();
        assert!(!is_decoy(&key, &id), "{length} bytes");
    }
    let (_, credential) = enrolled(|_| {});
    assert!(!is_decoy(&key, &credential.id));
}

#[test]
fn algorithms_have_their_registered_numbers() {
    for (algorithm, text, number) in [
        (Algorithm::Es256, "ES256", -7),
        (Algorithm::Es384, "ES384", -35),
        (Algorithm::Rs256, "RS256", -257),
    ] {
        assert_eq!(
            (algorithm.to_string().as_str(), algorithm.cose()),
            (text, number)
        );
        assert_eq!(text.parse(), Ok(algorithm));
        assert_eq!(Algorithm::from_cose(number), Some(algorithm));
    }
    assert_eq!(Algorithm::from_cose(-8), None);
    let refused = "ES512"
        .parse::<Algorithm>()
        .expect_err("it could never log in");
    assert_eq!(refused.to_string(), "expected one of ES256 ES384 RS256");
}
