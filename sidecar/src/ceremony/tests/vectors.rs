//! The W3C's own examples: each passes, or is refused for a reason that is stated here.
//!
//! `webauthn-l3-vectors.json` holds the parts that matter here of
//! <https://www.w3.org/TR/webauthn-3/#sctn-test-vectors>, under the W3C Document licence.

use super::super::{Algorithm, Conveyance, Policy, UserVerification, challenge::Challenge};
use super::*;
use crate::attestation::Anchors;
use serde::Deserialize;
use serde_json::json;
use software_authenticator::encode;
use std::sync::Arc;

#[derive(Deserialize)]
struct Vectors {
    rp_id: String,
    origin: String,
    attestation_ca_cert: Hex,
    #[serde(rename = "vectors")]
    all: Vec<Vector>,
}

impl Vectors {
    fn mount(&self) -> Mount {
        let relying_party =
            RelyingParty::new(&self.rp_id, "Example", std::slice::from_ref(&self.origin))
                .expect("the relying party of the examples");
        Mount::new(MOUNT, relying_party, Policy::default(), None)
    }

    /// In the authority of the examples.
    fn trust(&self) -> Trust {
        let mut anchors = Anchors::default();
        anchors.add(&self.attestation_ca_cert.0).expect("a root");
        Trust::new(Arc::new(anchors), None)
    }
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    registration: Registration,
    authentication: Authentication,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Registration {
    challenge: Hex,
    #[serde(rename = "credential_id")]
    credential_id: Hex,
    #[serde(rename = "clientDataJSON")]
    client_data_json: Hex,
    attestation_object: Hex,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authentication {
    challenge: Hex,
    authenticator_data: Hex,
    #[serde(rename = "clientDataJSON")]
    client_data_json: Hex,
    signature: Hex,
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Hex(Vec<u8>);

impl TryFrom<String> for Hex {
    type Error = std::num::ParseIntError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl Vector {
    fn registration_response(&self) -> Value {
        let id = encode(&self.registration.credential_id.0);
        json!({
            "id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encode(&self.registration.client_data_json.0),
                "attestationObject": encode(&self.registration.attestation_object.0),
            },
        })
    }

    fn authentication_response(&self) -> Value {
        let id = encode(&self.registration.credential_id.0);
        json!({
            "id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encode(&self.authentication.client_data_json.0),
                "authenticatorData": encode(&self.authentication.authenticator_data.0),
                "signature": encode(&self.authentication.signature.0),
                "userHandle": encode(USER.0.as_bytes()),
            },
        })
    }

    /// The outcome of both ceremonies: `passes`, or the reason of the refusal.
    fn outcome(
        &self,
        mount: &Mount,
        trust: &Trust,
        policy: &Policy,
    ) -> (&'static str, &'static str) {
        let registered = enrol::parse(self.registration_response().to_string().as_bytes())
            .and_then(|response| {
                let challenge = &self.registration.challenge.0;
                response.verify(mount, policy, trust, challenge, USER, NOW)
            });
        let credential = match registered {
            Ok(new) => new.credential,
            Err(refused) => return (refused.reason(), "no credential"),
        };
        let challenge = Challenge::trusted(&self.authentication.challenge.0, MOUNT, policy);
        let authenticated = login::parse(self.authentication_response().to_string().as_bytes())
            .and_then(|response| {
                response.bind(
                    mount.relying_party(),
                    policy,
                    &challenge,
                    &credential,
                    owner(&name("alice")),
                )
            })
            .and_then(login::BoundAssertion::verify);
        (
            "passes",
            authenticated.map_or_else(|refused| refused.reason(), |_| "passes"),
        )
    }
}

/// With user verification only preferred, since half of the examples do without.
const EXPECTED: [(&str, &str, &str); 15] = [
    ("none-es256", "passes", "passes"),
    ("packed-self-es256", "passes", "passes"),
    // Never in a frame of another origin.
    ("none-es256-crossOrigin", "cross_origin", "no credential"),
    // It has `crossOrigin` too, which is looked at first.
    ("none-es256-topOrigin", "cross_origin", "no credential"),
    ("none-es256-long-credential-id", "passes", "passes"),
    ("packed-es256", "passes", "passes"),
    ("packed-es384", "passes", "passes"),
    // webauthn-rs-core verifies none of the next three, so they are never offered.
    ("packed-es512", "algorithm_not_offered", "no credential"),
    // A modulus of 3,488 bits: webauthn-rs-core takes 2,048, the size of every authenticator.
    ("packed-rs256", "public_key", "no credential"),
    ("packed-eddsa", "algorithm_not_offered", "no credential"),
    ("packed-ed448", "algorithm_not_offered", "no credential"),
    ("tpm-es256", "passes", "passes"),
    // The certificate says neither that the key was generated nor that it is for signing.
    (
        "android-key-es256",
        "attestation_statement",
        "no credential",
    ),
    ("apple-es256", "passes", "passes"),
    ("fido-u2f-es256", "passes", "passes"),
];

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("webauthn-l3-vectors.json")).expect("the examples")
}

#[test]
fn each_example_passes_or_is_refused_for_its_reason() {
    let vectors = vectors();
    let mount = vectors.mount();
    let policy = Policy {
        user_verification: UserVerification::Preferred,
        algorithms: Algorithm::ALL.to_vec(),
        ..Policy::default()
    };
    let outcomes: Vec<(&str, &str, &str)> = vectors
        .all
        .iter()
        .map(|vector| {
            let (registration, authentication) = vector.outcome(&mount, &Trust::default(), &policy);
            (vector.name.as_str(), registration, authentication)
        })
        .collect();
    assert_eq!(outcomes, EXPECTED);
}

#[test]
fn those_without_user_verification_are_refused_where_it_is_required() {
    let vectors = vectors();
    let mount = vectors.mount();
    for (name, expected) in [
        ("none-es256", ("user_not_verified", "no credential")),
        ("packed-self-es256", ("passes", "user_not_verified")),
        ("packed-es256", ("passes", "passes")),
    ] {
        let vector = vectors
            .all
            .iter()
            .find(|vector| vector.name == name)
            .expect("there");
        assert_eq!(
            vector.outcome(&mount, &Trust::default(), &Policy::default()),
            expected,
            "{name}"
        );
    }
}

/// A statement and its certificates are parsed by libraries, and strangers write them.
#[test]
fn one_changed_byte_never_panics() {
    let mut vectors = vectors();
    let mount = vectors.mount();
    let policy = Policy {
        user_verification: UserVerification::Preferred,
        algorithms: Algorithm::ALL.to_vec(),
        ..Policy::default()
    };
    for vector in &mut vectors.all {
        if vector.name.contains("long") {
            continue;
        }
        let bytes = vector.registration.attestation_object.0.len();
        for at in 0..bytes {
            for change in [0x01, 0x80] {
                vector.registration.attestation_object.0[at] ^= change;
                let response = vector.registration_response().to_string();
                let _ = enrol::parse(response.as_bytes()).and_then(|response| {
                    let challenge = &vector.registration.challenge.0;
                    response.verify(&mount, &policy, &Trust::default(), challenge, USER, NOW)
                });
                vector.registration.attestation_object.0[at] ^= change;
            }
        }
    }
}

/// Those whose statement has certificates lead to the authority of the examples, and are attested
/// by it and by nobody else.
#[test]
fn with_direct_conveyance_an_example_passes_when_its_chain_does() {
    let vectors = vectors();
    let (mount, trust) = (vectors.mount(), vectors.trust());
    let policy = Policy {
        user_verification: UserVerification::Preferred,
        attestation: Conveyance::Direct,
        algorithms: Algorithm::ALL.to_vec(),
        ..Policy::default()
    };
    for (name, attested, without_the_anchor) in [
        ("none-es256", "attestation_missing", "attestation_missing"),
        (
            "packed-self-es256",
            "attestation_missing",
            "attestation_missing",
        ),
        ("packed-es256", "passes", "attestation_chain_unknown_issuer"),
        ("packed-es384", "passes", "attestation_chain_unknown_issuer"),
        ("apple-es256", "passes", "attestation_chain_unknown_issuer"),
        // Its key may leave the TPM: of what a TPM says about one (0x00040000), only that it signs.
        (
            "tpm-es256",
            "attestation_key_not_fixed_tpm",
            "attestation_key_not_fixed_tpm",
        ),
        (
            "fido-u2f-es256",
            "passes",
            "attestation_chain_unknown_issuer",
        ),
    ] {
        let vector = vectors.all.iter().find(|vector| vector.name == name);
        let vector = vector.expect("there");
        assert_eq!(
            vector.outcome(&mount, &trust, &policy).0,
            attested,
            "{name}"
        );
        let nobody = vector.outcome(&mount, &Trust::default(), &policy);
        assert_eq!(nobody.0, without_the_anchor, "{name}");
    }
}
