//! Attestation statements with certificates: who is believed, and the FIDO2 conformance list's
//! negative cases about statements, formats and chains, as far as they are public knowledge.

use super::super::{
    CeremonyError, Conveyance, Policy, attestation_format, registration::NewCredential,
};
use super::*;
use crate::attestation::tests::blobs::{SIGNER, Service, model, payload};
use crate::attestation::tests::certificates::{
    Authority, CertifiedKey, at, attestation, tpm_attestation,
};
use crate::attestation::{Anchors, Metadata};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa,
};
use sha2::{Digest as _, Sha256};
use software_authenticator::{Cbor, RegistrationDraft, flag};
use std::sync::Arc;

const MODEL: [u8; 16] = [0xaa; 16];

/// A maker of authenticators.
struct Maker {
    root: Authority,
    below: Authority,
    key: CertifiedKey,
}

impl Maker {
    fn new() -> Self {
        let root = Authority::root("Maker", 1);
        let below = root.intermediate("Batch", 2);
        let key = CertifiedKey::new(3);
        Self { root, below, key }
    }

    fn trust(&self) -> Trust {
        let mut anchors = Anchors::default();
        anchors.add(&self.root.der).expect("a root");
        Trust::new(Arc::new(anchors), None)
    }

    /// A packed statement by a certificate of this content.
    fn packed(&self, draft: &mut RegistrationDraft, leaf: &CertificateParams) {
        let chain = vec![self.below.issue(&self.key, leaf), self.below.der.clone()];
        self.packed_with(draft, chain);
    }

    fn packed_with(&self, draft: &mut RegistrationDraft, chain: Vec<Vec<u8>>) {
        draft.format = "packed".to_owned();
        draft.statement = Some(Cbor::Map(vec![
            (Cbor::from("alg"), Cbor::from(-7)),
            (
                Cbor::from("sig"),
                Cbor::from(self.key.key.sign(&signed(draft))),
            ),
            (
                Cbor::from("x5c"),
                Cbor::Array(chain.into_iter().map(Cbor::from).collect()),
            ),
        ]));
    }
}

/// What an attestation signs.
fn signed(draft: &RegistrationDraft) -> Vec<u8> {
    let hash: [u8; 32] = Sha256::digest(draft.client_data.bytes()).into();
    [draft.authenticator_data.bytes(), hash.to_vec()].concat()
}

fn draft() -> RegistrationDraft {
    let mut authenticator = Authenticator::new(ORIGIN);
    authenticator.aaguid = MODEL;
    authenticator.draft_registration(&creation_options(&policy(Conveyance::Direct)))
}

fn policy(attestation: Conveyance) -> Policy {
    Policy {
        attestation,
        ..Policy::default()
    }
}

fn outcome(result: Result<NewCredential, CeremonyError>) -> &'static str {
    match result {
        Ok(new) if new.credential.attested => "attested",
        Ok(_) => "unattested",
        Err(refusal) => refusal.reason(),
    }
}

/// What becomes of a draft under each conveyance.
fn under(trust: &Trust, conveyance: Conveyance, draft: &RegistrationDraft) -> &'static str {
    outcome(register_trusting(trust, &policy(conveyance), &draft.seal()))
}

#[test]
fn only_a_chain_to_an_anchor_attests_and_only_where_it_was_asked_for() {
    use Conveyance::{Direct, Enterprise, Indirect, None};
    let maker = Maker::new();
    let trust = maker.trust();
    let mut full = draft();
    maker.packed(&mut full, &attestation(Some(MODEL)));
    let mut by_itself = draft();
    by_itself.format = "packed".to_owned();
    let without = draft();
    let nobody = Trust::default();
    for (name, draft, trust, expected) in [
        (
            "full",
            &full,
            &trust,
            ["unattested", "attested", "attested", "attested"],
        ),
        (
            "full, unknown maker",
            &full,
            &nobody,
            [
                "unattested",
                "unattested",
                "attestation_chain_unknown_issuer",
                "attestation_chain_unknown_issuer",
            ],
        ),
        (
            "self",
            &by_itself,
            &trust,
            [
                "unattested",
                "unattested",
                "attestation_missing",
                "attestation_missing",
            ],
        ),
        (
            "none",
            &without,
            &trust,
            [
                "unattested",
                "unattested",
                "attestation_missing",
                "attestation_missing",
            ],
        ),
    ] {
        let outcomes = [None, Indirect, Direct, Enterprise].map(|c| under(trust, c, draft));
        assert_eq!(outcomes, expected, "{name}");
    }
}

#[test]
fn a_credential_keeps_how_it_was_attested() {
    let maker = Maker::new();
    let mut draft = draft();
    draft.transports = vec!["usb".to_owned(), "nfc".to_owned()];
    maker.packed(&mut draft, &attestation(Some(MODEL)));
    let direct = policy(Conveyance::Direct);
    let new = register_trusting(&maker.trust(), &direct, &draft.seal()).expect("attested");
    let credential = new.credential;
    assert!(credential.attested);
    assert_eq!(credential.aaguid, Uuid::from_bytes(MODEL));
    assert_eq!(attestation_format(&credential), Some("packed"));
    assert_eq!(credential.transports, ["nfc", "usb"]);
}

#[test]
fn a_chain_is_refused_for_its_reason() {
    let maker = Maker::new();
    let trust = maker.trust();
    let refused = |prepare: &dyn Fn(&mut RegistrationDraft)| {
        let mut draft = draft();
        prepare(&mut draft);
        under(&trust, Conveyance::Direct, &draft)
    };
    let of_leaf = |change: &dyn Fn(&mut CertificateParams)| {
        refused(&|draft| {
            let mut leaf = attestation(Some(MODEL));
            change(&mut leaf);
            maker.packed(draft, &leaf);
        })
    };
    assert_eq!(of_leaf(&|_| {}), "attested");
    assert_eq!(
        of_leaf(&|leaf| leaf.not_after = at(-1)),
        "attestation_chain_expired"
    );
    assert_eq!(
        of_leaf(&|leaf| leaf.not_before = at(1)),
        "attestation_chain_not_yet_valid"
    );
    // What section 8.2.1 asks of the certificate.
    let statement = "attestation_statement";
    assert_eq!(
        of_leaf(&|leaf| *leaf = attestation(Some([1; 16]))),
        statement
    );
    assert_eq!(
        of_leaf(&|leaf| leaf.custom_extensions[0].set_criticality(true)),
        statement
    );
    assert_eq!(
        of_leaf(&|leaf| leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)),
        statement
    );
    assert_eq!(of_leaf(&|leaf| leaf.is_ca = IsCa::NoCa), statement);
    for part in [
        DnType::CountryName,
        DnType::OrganizationName,
        DnType::OrganizationalUnitName,
        DnType::CommonName,
    ] {
        let without = of_leaf(&|leaf| {
            leaf.distinguished_name.remove(part.clone());
        });
        assert_eq!(without, statement, "{part:?}");
    }
    assert_eq!(
        of_leaf(&|leaf| leaf
            .distinguished_name
            .push(DnType::OrganizationalUnitName, "Sales")),
        statement
    );
    // The order and the links.
    let leaf = || maker.below.issue(&maker.key, &attestation(Some(MODEL)));
    assert_eq!(
        refused(&|draft| maker.packed_with(draft, vec![leaf()])),
        "attestation_chain_unknown_issuer"
    );
    assert_eq!(
        refused(&|draft| maker.packed_with(draft, vec![maker.below.der.clone(), leaf()])),
        statement
    );
    assert_eq!(
        refused(&|draft| {
            let forged = Authority::root("Batch", 9).issue(&maker.key, &attestation(Some(MODEL)));
            maker.packed_with(draft, vec![forged, maker.below.der.clone()]);
        }),
        "attestation_chain_signature"
    );
    assert_eq!(
        refused(&|draft| maker.packed_with(draft, vec![leaf(); 9])),
        "attestation_chain_too_long"
    );
}

/// One thing wrong in a packed statement with certificates: the reason, and the change.
type Case = (&'static str, &'static str, fn(&mut Vec<(Cbor, Cbor)>));

fn set(entries: &mut Vec<(Cbor, Cbor)>, name: &str, value: Option<Cbor>) {
    entries.retain(|(key, _)| *key != Cbor::from(name));
    entries.extend(value.map(|value| (Cbor::from(name), value)));
}

const STATEMENT: &str = "attestation_statement";
const WRONG_STATEMENTS: &[Case] = &[
    ("no alg", STATEMENT, |s| set(s, "alg", None)),
    ("alg of another type", STATEMENT, |s| {
        set(s, "alg", Some(Cbor::from("ES256")));
    }),
    ("an unknown alg", STATEMENT, |s| {
        set(s, "alg", Some(Cbor::from(-1000)));
    }),
    ("alg of another kind of key", STATEMENT, |s| {
        set(s, "alg", Some(Cbor::from(-257)));
    }),
    ("alg of another curve", STATEMENT, |s| {
        set(s, "alg", Some(Cbor::from(-35)));
    }),
    ("SHA-1", STATEMENT, |s| {
        set(s, "alg", Some(Cbor::from(-65535)));
    }),
    ("no sig", STATEMENT, |s| set(s, "sig", None)),
    ("sig of another type", STATEMENT, |s| {
        set(s, "sig", Some(Cbor::from("sig")));
    }),
    ("an empty sig", STATEMENT, |s| {
        set(s, "sig", Some(Cbor::Bytes(Vec::new())));
    }),
    ("x5c of another type", STATEMENT, |s| {
        set(s, "x5c", Some(Cbor::from("x5c")));
    }),
    ("an empty x5c", STATEMENT, |s| {
        set(s, "x5c", Some(Cbor::Array(Vec::new())));
    }),
    ("x5c of texts", STATEMENT, |s| {
        set(s, "x5c", Some(Cbor::Array(vec![Cbor::from("certificate")])));
    }),
    ("x5c of no certificate", STATEMENT, |s| {
        set(
            s,
            "x5c",
            Some(Cbor::Array(vec![Cbor::from(vec![0x30, 0x00])])),
        );
    }),
    // Then it is a self attestation, which this signature is none of.
    ("no x5c", STATEMENT, |s| set(s, "x5c", None)),
    ("ecdaaKeyId in its place", "attestation_format", |s| {
        set(s, "x5c", None);
        set(s, "ecdaaKeyId", Some(Cbor::from(vec![1])));
    }),
    ("alg twice", "cbor_duplicate_key", |s| {
        s.push((Cbor::from("alg"), Cbor::from(-7)));
    }),
];

#[test]
fn one_wrong_thing_refuses_a_statement_whether_it_is_asked_for_or_not() {
    let maker = Maker::new();
    let trust = maker.trust();
    for (name, expected, change) in WRONG_STATEMENTS {
        let mut draft = draft();
        maker.packed(&mut draft, &attestation(Some(MODEL)));
        let Some(Cbor::Map(entries)) = &mut draft.statement else {
            panic!("a statement is a map");
        };
        change(entries);
        for conveyance in [Conveyance::None, Conveyance::Direct] {
            assert_eq!(under(&trust, conveyance, &draft), *expected, "{name}");
        }
    }
}

#[test]
fn a_statement_covers_the_authenticator_data_and_the_client_data() {
    let maker = Maker::new();
    let trust = maker.trust();
    let mut changed = draft();
    maker.packed(&mut changed, &attestation(None));
    changed.authenticator_data.sign_count += 1;
    assert_eq!(under(&trust, Conveyance::Direct, &changed), STATEMENT);
    let mut changed = draft();
    maker.packed(&mut changed, &attestation(None));
    changed.authenticator_data.flags |= flag::BACKUP_ELIGIBLE;
    assert_eq!(under(&trust, Conveyance::Direct, &changed), STATEMENT);
    // Another model than the one that was attested, where the certificate does not name it.
    let mut changed = draft();
    maker.packed(&mut changed, &attestation(None));
    changed
        .authenticator_data
        .attested
        .as_mut()
        .expect("there")
        .aaguid = [1; 16];
    assert_eq!(under(&trust, Conveyance::Direct, &changed), STATEMENT);
}

#[test]
fn a_format_is_one_of_those_that_can_be_verified() {
    let trust = Maker::new().trust();
    for (format, expected) in [
        ("android-safetynet", "attestation_format"),
        ("compound", "attestation_format"),
        ("packed ", "attestation_format"),
        ("Packed", "attestation_format"),
        ("", "attestation_format"),
        // Their statements are empty.
        ("fido-u2f", STATEMENT),
        ("apple", STATEMENT),
        ("android-key", STATEMENT),
        ("tpm", STATEMENT),
    ] {
        let mut draft = draft();
        draft.format = format.to_owned();
        assert_eq!(
            under(&trust, Conveyance::Direct, &draft),
            expected,
            "{format}"
        );
    }
}

/// A U2F statement: what it signs holds neither the model nor the flags.
fn u2f(maker: &Maker, draft: &mut RegistrationDraft) {
    u2f_with(maker, draft, &attestation(None));
}

fn u2f_with(maker: &Maker, draft: &mut RegistrationDraft, leaf: &CertificateParams) {
    let (x, y) = draft.key.coordinates();
    let id = software_authenticator::decode(&draft.id);
    let hash: [u8; 32] = Sha256::digest(draft.client_data.bytes()).into();
    let rp_id = draft.authenticator_data.rp_id_hash;
    let signed = [&[0][..], &rp_id, &hash, &id, &[4], &x, &y].concat();
    let leaf = maker.root.issue(&maker.key, leaf);
    draft.format = "fido-u2f".to_owned();
    draft.statement = Some(Cbor::Map(vec![
        (Cbor::from("sig"), Cbor::from(maker.key.key.sign(&signed))),
        (Cbor::from("x5c"), Cbor::Array(vec![Cbor::from(leaf)])),
    ]));
}

/// What there is of U2F is on P-256 (section 8.6).
#[test]
fn a_u2f_statement_is_signed_on_p256_alone() {
    let mut maker = Maker::new();
    maker.key = CertifiedKey::rsa();
    let mut draft = draft();
    u2f(&maker, &mut draft);
    assert_eq!(under(&maker.trust(), Conveyance::Direct, &draft), STATEMENT);
}

/// A key that an app on a phone, or a TPM, has had certified signs about nobody but itself, whomever
/// the administrator trusts.
#[test]
fn a_certificate_of_another_format_signs_no_statement() {
    let maker = Maker::new();
    let direct = |draft: &RegistrationDraft| under(&maker.trust(), Conveyance::Direct, draft);
    let extension = |oid: &[u64]| {
        let mut leaf = attestation(None);
        let content = vec![0x30, 0x00];
        let extension = CustomExtension::from_oid_content(oid, content);
        leaf.custom_extensions.push(extension);
        leaf
    };
    let usage = |oid: &[u64]| {
        let mut leaf = attestation(None);
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(oid.to_vec())];
        leaf
    };
    for (name, leaf, expected) in [
        (
            "any other",
            extension(&[1, 3, 6, 1, 4, 1, 99999]),
            "attested",
        ),
        (
            "another usage",
            usage(&[1, 3, 6, 1, 4, 1, 99999]),
            "attested",
        ),
        (
            "Android",
            extension(&[1, 3, 6, 1, 4, 1, 11129, 2, 1, 17]),
            STATEMENT,
        ),
        (
            "Apple",
            extension(&[1, 2, 840, 113_635, 100, 8, 2]),
            STATEMENT,
        ),
        ("TPM", usage(&[2, 23, 133, 8, 3]), STATEMENT),
        ("TPM, as it is", tpm_attestation(None), STATEMENT),
    ] {
        let mut draft = self::draft();
        u2f_with(&maker, &mut draft, &leaf);
        assert_eq!(direct(&draft), expected, "{name}, in U2F");
        let mut draft = self::draft();
        maker.packed(&mut draft, &leaf);
        assert_eq!(direct(&draft), expected, "{name}, packed");
    }
}

#[test]
fn a_u2f_statement_vouches_for_no_model() {
    let maker = Maker::new();
    let mut draft = draft();
    u2f(&maker, &mut draft);
    let direct = policy(Conveyance::Direct);
    let new = register_trusting(&maker.trust(), &direct, &draft.seal()).expect("attested");
    assert!(new.credential.attested);
    assert_eq!(new.credential.aaguid, Uuid::nil());
    let listed = Policy {
        acceptable_aaguids: vec![Uuid::from_bytes(MODEL)],
        ..direct
    };
    assert_eq!(
        outcome(register_trusting(&maker.trust(), &listed, &draft.seal())),
        "aaguid_not_acceptable"
    );
}

#[test]
fn a_compromised_model_is_refused_attested_or_not() {
    let maker = Maker::new();
    let service = Service::new();
    let mut roots = Anchors::default();
    roots.add(&service.root.der).expect("a root");
    let with_status = |status: &str| {
        let entry = model(MODEL, &maker.root.der, status, "2020-01-01");
        let blob = service.blob(&payload(1, &[entry]));
        let metadata = Metadata::verify_blob(blob.as_bytes(), &roots, SIGNER, NOW);
        Trust::new(
            Arc::default(),
            Some(Arc::new(metadata.expect("a good blob"))),
        )
    };
    let mut full = draft();
    maker.packed(&mut full, &attestation(Some(MODEL)));
    let good = with_status("FIDO_CERTIFIED_L1");
    assert_eq!(under(&good, Conveyance::Direct, &full), "attested");
    for status in [
        "REVOKED",
        "USER_VERIFICATION_BYPASS",
        "ATTESTATION_KEY_COMPROMISE",
    ] {
        let bad = with_status(status);
        for conveyance in [Conveyance::None, Conveyance::Indirect, Conveyance::Direct] {
            assert_eq!(under(&bad, conveyance, &full), "authenticator_compromised");
        }
        assert_eq!(
            under(&bad, Conveyance::None, &draft()),
            "authenticator_compromised"
        );
    }
}
