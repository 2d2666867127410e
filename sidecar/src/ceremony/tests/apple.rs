//! Apple anonymous attestation (WebAuthn Level 3, section 8.8): one thing wrong at a time.

use super::super::{Conveyance, Policy, attestation_format};
use super::*;
use crate::attestation::Anchors;
use crate::attestation::tests::certificates::{Authority, CertifiedKey, at, attestation};
use rcgen::{BasicConstraints, CertificateParams, CustomExtension, IsCa};
use sha2::{Digest as _, Sha256};
use software_authenticator::{Cbor, Key, RegistrationDraft};
use std::sync::Arc;

const STATEMENT: &str = "attestation_statement";
const NONCE: &[u64] = &[1, 2, 840, 113_635, 100, 8, 2];

/// The statement as it is to be: each part can be made wrong.
struct Apple {
    /// What the certificate is about.
    key: Key,
    /// The extension's content.
    nonce: Option<Vec<u8>>,
    leaf: CertificateParams,
    /// Members of the statement beside the chain.
    members: Vec<(Cbor, Cbor)>,
    /// Whether the authority between root and key is sent along.
    below: bool,
}

type Change = fn(&mut Apple, &RegistrationDraft);

/// `SEQUENCE { [1] { OCTET STRING } }`.
fn extension(nonce: &[u8]) -> Vec<u8> {
    let wrap = |tag: u8, content: &[u8]| {
        let [.., length] = content.len().to_be_bytes();
        [&[tag, length][..], content].concat()
    };
    wrap(0x30, &wrap(0xa1, &wrap(0x04, nonce)))
}

/// What the nonce must be.
fn nonce_of(draft: &RegistrationDraft) -> Vec<u8> {
    let hash = Sha256::digest(draft.client_data.bytes());
    Sha256::digest([draft.authenticator_data.bytes(), hash.to_vec()].concat()).to_vec()
}

fn draft() -> RegistrationDraft {
    Authenticator::new(ORIGIN).draft_registration(&creation_options(&policy(Conveyance::Direct)))
}

fn policy(attestation: Conveyance) -> Policy {
    Policy {
        attestation,
        ..Policy::default()
    }
}

fn attest(draft: &mut RegistrationDraft, change: Change) -> Trust {
    let root = Authority::root("Apple", 1);
    let below = root.intermediate("Apple CA 1", 2);
    let mut apple = Apple {
        key: draft.key.clone(),
        nonce: Some(extension(&nonce_of(draft))),
        leaf: attestation(None),
        members: Vec::new(),
        below: true,
    };
    change(&mut apple, draft);
    let mut leaf = apple.leaf;
    if let Some(nonce) = apple.nonce {
        let nonce = CustomExtension::from_oid_content(NONCE, nonce);
        leaf.custom_extensions.push(nonce);
    }
    let mut chain = vec![below.issue(&CertifiedKey::of(apple.key), &leaf)];
    chain.extend(apple.below.then_some(below.der));
    let chain = chain.into_iter().map(Cbor::from).collect();
    let mut statement = apple.members;
    statement.push((Cbor::from("x5c"), Cbor::Array(chain)));
    draft.format = "apple".to_owned();
    draft.statement = Some(Cbor::Map(statement));
    let mut anchors = Anchors::default();
    anchors.add(&root.der).expect("a root");
    Trust::new(Arc::new(anchors), None)
}

fn outcome(trust: &Trust, conveyance: Conveyance, draft: &RegistrationDraft) -> &'static str {
    match register_trusting(trust, &policy(conveyance), &draft.seal()) {
        Ok(new) if new.credential.attested => "attested",
        Ok(_) => "unattested",
        Err(refusal) => refusal.reason(),
    }
}

#[test]
fn a_phone_attests_the_key_that_its_certificate_is_about() {
    let mut draft = draft();
    let trust = attest(&mut draft, |_, _| {});
    let all = [
        Conveyance::None,
        Conveyance::Indirect,
        Conveyance::Direct,
        Conveyance::Enterprise,
    ];
    assert_eq!(
        all.map(|conveyance| outcome(&trust, conveyance, &draft)),
        ["unattested", "attested", "attested", "attested"]
    );
    let unknown = "attestation_chain_unknown_issuer";
    assert_eq!(
        all.map(|conveyance| outcome(&Trust::default(), conveyance, &draft)),
        ["unattested", "unattested", unknown, unknown]
    );
    let new = register_trusting(&trust, &policy(Conveyance::Direct), &draft.seal());
    let credential = new.expect("attested").credential;
    assert_eq!(attestation_format(&credential), Some("apple"));
}

const CASES: &[(&str, &str, Change)] = &[
    ("no nonce", STATEMENT, |a, _| a.nonce = None),
    ("another nonce", STATEMENT, |a, draft| {
        let mut nonce = nonce_of(draft);
        nonce[0] ^= 1;
        a.nonce = Some(extension(&nonce));
    }),
    ("half of a nonce", STATEMENT, |a, draft| {
        a.nonce = Some(extension(&nonce_of(draft)[..16]));
    }),
    ("an empty nonce", STATEMENT, |a, _| {
        a.nonce = Some(extension(&[]));
    }),
    ("a nonce and more", STATEMENT, |a, draft| {
        a.nonce = Some(extension(&[&nonce_of(draft)[..], &[0]].concat()));
    }),
    ("a nonce without its wrapping", STATEMENT, |a, draft| {
        a.nonce = Some(nonce_of(draft));
    }),
    ("an empty extension", STATEMENT, |a, _| {
        a.nonce = Some(Vec::new());
    }),
    (
        "a nonce over the authenticator data alone",
        STATEMENT,
        |a, draft| {
            let nonce = Sha256::digest(draft.authenticator_data.bytes());
            a.nonce = Some(extension(&nonce));
        },
    ),
    ("a nonce that was not hashed", STATEMENT, |a, draft| {
        let hash = Sha256::digest(draft.client_data.bytes());
        a.nonce = Some(extension(&hash));
    }),
    // The first one counts, whatever follows.
    ("two nonces, the first one wrong", STATEMENT, |a, draft| {
        let wrong = CustomExtension::from_oid_content(NONCE, extension(&[0; 32]));
        a.leaf.custom_extensions.push(wrong);
        a.nonce = Some(extension(&nonce_of(draft)));
    }),
    ("another key", STATEMENT, |a, _| {
        a.key = Key::from_seed([9; 32]);
    }),
    (
        "without what is between",
        "attestation_chain_unknown_issuer",
        |a, _| {
            a.below = false;
        },
    ),
    ("expired", "attestation_chain_expired", |a, _| {
        a.leaf.not_after = at(-1);
    }),
    (
        "not valid yet",
        "attestation_chain_not_yet_valid",
        |a, _| {
            a.leaf.not_before = at(1);
        },
    ),
    ("an authority", "attestation_chain_constraint", |a, _| {
        a.leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }),
    // Not in the specification's syntax, and of no meaning.
    ("a signature beside it", "attested", |a, _| {
        a.members.push((Cbor::from("sig"), Cbor::from(vec![0])));
    }),
];

#[test]
fn one_wrong_thing_refuses_a_phones_statement() {
    for (name, expected, change) in CASES {
        let mut draft = draft();
        let trust = attest(&mut draft, *change);
        let got = outcome(&trust, Conveyance::Direct, &draft);
        assert_eq!(got, *expected, "{name}");
        if *expected == STATEMENT {
            let got = outcome(&trust, Conveyance::None, &draft);
            assert_eq!(got, STATEMENT, "{name}, under none");
        }
    }
}

/// Of a statement that was made, nothing can be changed afterwards.
#[test]
fn the_nonce_covers_the_authenticator_data_and_the_client_data() {
    let changes: [fn(&mut RegistrationDraft); 5] = [
        |draft| draft.authenticator_data.sign_count += 1,
        |draft| draft.authenticator_data.flags |= 0x08,
        |draft| draft.client_data.cross_origin = None,
        |draft| {
            let attested = draft.authenticator_data.attested.as_mut();
            attested.expect("there").aaguid = [1; 16];
        },
        |draft| {
            if let Some(Cbor::Map(members)) = &mut draft.statement {
                members.clear();
            }
        },
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let mut draft = draft();
        let trust = attest(&mut draft, |_, _| {});
        change(&mut draft);
        let got = outcome(&trust, Conveyance::Direct, &draft);
        assert_eq!(got, STATEMENT, "{at}");
    }
}

/// A statement about one key says nothing about the passkey of somebody else who has seen it.
#[test]
fn somebody_elses_statement_is_refused() {
    let mut theirs = draft();
    let trust = attest(&mut theirs, |_, _| {});
    let mut mine = Authenticator::new(ORIGIN);
    mine.aaguid = [7; 16];
    let options = creation_options(&policy(Conveyance::Direct));
    let mut mine = mine.draft_registration(&options);
    mine.key = Key::from_seed([9; 32]);
    mine.format = "apple".to_owned();
    mine.statement.clone_from(&theirs.statement);
    assert_eq!(outcome(&trust, Conveyance::Direct, &mine), STATEMENT);
}
