//! Android key attestation (WebAuthn Level 3, section 8.4): one thing wrong at a time.

use super::super::{Conveyance, Policy};
use super::*;
use crate::attestation::Anchors;
use crate::attestation::tests::certificates::{Authority, CertifiedKey, attestation};
use rcgen::CustomExtension;
use sha2::{Digest as _, Sha256};
use software_authenticator::{Cbor, Key, RegistrationDraft};
use std::sync::Arc;

const STATEMENT: &str = "attestation_statement";
const EXTENSION: &[u64] = &[1, 3, 6, 1, 4, 1, 11129, 2, 1, 17];

/// What the certificate says about the key.
struct Description {
    challenge: Vec<u8>,
    all_applications: bool,
    origin: u8,
    purpose: Option<u8>,
    /// 1 is the trusted execution environment.
    level: u8,
}

fn der(tag: &[u8], content: &[u8]) -> Vec<u8> {
    let [.., length] = content.len().to_be_bytes();
    assert!(length < 128, "short form");
    [tag, &[length], content].concat()
}

impl Description {
    /// `KeyDescription` in DER.
    fn bytes(&self) -> Vec<u8> {
        let mut enforced = Vec::new();
        if let Some(purpose) = self.purpose {
            let purposes = der(&[0x31], &der(&[0x02], &[purpose]));
            enforced.extend(der(&[0xa1], &purposes));
        }
        if self.all_applications {
            enforced.extend(der(&[0xbf, 0x84, 0x58], &[0x05, 0x00]));
        }
        enforced.extend(der(&[0xbf, 0x85, 0x3e], &der(&[0x02], &[self.origin])));
        let content = [
            der(&[0x02], &[3]),
            der(&[0x0a], &[self.level]),
            der(&[0x02], &[4]),
            der(&[0x0a], &[self.level]),
            der(&[0x04], &self.challenge),
            der(&[0x04], &[]),
            der(&[0x30], &[]),
            der(&[0x30], &enforced),
        ];
        der(&[0x30], &content.concat())
    }
}

/// The wrong thing.
enum Wrong {
    Nothing,
    Description(fn(&mut Description)),
    /// The certificate is of another key, which signs.
    Key,
    /// The certificate describes nothing.
    NoDescription,
    Signature,
}

fn outcome(wrong: &Wrong) -> &'static str {
    let root = Authority::root("Maker of phones", 1);
    let mut anchors = Anchors::default();
    anchors.add(&root.der).expect("a root");
    let trust = Trust::new(Arc::new(anchors), None);
    let policy = Policy {
        attestation: Conveyance::Direct,
        ..Policy::default()
    };
    let mut draft = Authenticator::new(ORIGIN).draft_registration(&creation_options(&policy));
    attest(&mut draft, &root, wrong);
    match register_trusting(&trust, &policy, &draft.seal()) {
        Ok(new) if new.credential.attested => "attested",
        Ok(_) => "unattested",
        Err(refusal) => refusal.reason(),
    }
}

fn attest(draft: &mut RegistrationDraft, root: &Authority, wrong: &Wrong) {
    let hash = Sha256::digest(draft.client_data.bytes()).to_vec();
    let mut description = Description {
        challenge: hash.clone(),
        all_applications: false,
        origin: 0,
        purpose: Some(2),
        level: 1,
    };
    if let Wrong::Description(change) = wrong {
        change(&mut description);
    }
    let key = match wrong {
        Wrong::Key => Key::from_seed([9; 32]),
        _ => draft.key.clone(),
    };
    let mut leaf = attestation(None);
    if !matches!(wrong, Wrong::NoDescription) {
        let extension = CustomExtension::from_oid_content(EXTENSION, description.bytes());
        leaf.custom_extensions.push(extension);
    }
    let leaf = root.issue(&CertifiedKey::of(key.clone()), &leaf);
    let mut signed = [draft.authenticator_data.bytes(), hash].concat();
    if matches!(wrong, Wrong::Signature) {
        signed.push(0);
    }
    draft.format = "android-key".to_owned();
    draft.statement = Some(Cbor::Map(vec![
        (Cbor::from("alg"), Cbor::from(-7)),
        (Cbor::from("sig"), Cbor::from(key.sign(&signed))),
        (Cbor::from("x5c"), Cbor::Array(vec![Cbor::from(leaf)])),
    ]));
}

#[test]
fn a_phone_attests_a_key_that_it_made_for_this_ceremony() {
    assert_eq!(outcome(&Wrong::Nothing), "attested");
    for (name, wrong) in [
        ("another key", Wrong::Key),
        ("no description of the key", Wrong::NoDescription),
        ("another signature", Wrong::Signature),
        (
            "another ceremony",
            Wrong::Description(|it| it.challenge[0] ^= 1),
        ),
        (
            "a key of every application",
            Wrong::Description(|it| it.all_applications = true),
        ),
        (
            "a key that was brought in",
            Wrong::Description(|it| it.origin = 2),
        ),
        (
            "a key for nothing",
            Wrong::Description(|it| it.purpose = None),
        ),
        (
            "a key for decryption",
            Wrong::Description(|it| it.purpose = Some(1)),
        ),
    ] {
        assert_eq!(outcome(&wrong), STATEMENT, "{name}");
    }
}
