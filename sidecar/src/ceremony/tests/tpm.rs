//! Statements of TPMs, as Windows Hello makes them: one thing wrong at a time.

use super::super::{Algorithm, Conveyance, Policy, attestation_format};
use super::*;
use crate::attestation::Anchors;
use crate::attestation::tests::certificates::{Authority, CertifiedKey, at, tpm_attestation};
use rcgen::{BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa};
use software_authenticator::{Cbor, RegistrationDraft, TpmDraft, tpm_alternative_name};
use std::sync::Arc;

mod object_attributes;

const MODEL: [u8; 16] = [0x08; 16];
const STATEMENT: &str = "attestation_statement";

/// A maker of TPMs, and the attestation key of one.
struct Maker {
    root: Authority,
    below: Authority,
    key: CertifiedKey,
}

/// The wrong thing.
enum Wrong {
    Nothing,
    /// Before the attestation key signs.
    Info(fn(&mut TpmDraft)),
    /// Afterwards, in the statement.
    Statement(fn(&mut Vec<(Cbor, Cbor)>)),
    /// In the certificate of the attestation key.
    Certificate(fn(&mut CertificateParams)),
    /// In what was attested, when it has been.
    Draft(fn(&mut RegistrationDraft)),
}

impl Maker {
    fn new() -> Self {
        let root = Authority::root("TPM root", 1);
        let below = root.intermediate("TPM keys", 2);
        let key = CertifiedKey::new(3);
        Self { root, below, key }
    }

    fn trust(&self) -> Trust {
        let mut anchors = Anchors::default();
        anchors.add(&self.root.der).expect("a root");
        Trust::new(Arc::new(anchors), None)
    }

    fn attest(&self, draft: &mut RegistrationDraft, wrong: &Wrong) {
        self.attest_with(draft, wrong, |_| {});
    }

    fn attest_with(
        &self,
        draft: &mut RegistrationDraft,
        wrong: &Wrong,
        also: impl Fn(&mut TpmDraft),
    ) {
        let mut leaf = tpm_attestation(Some(MODEL));
        let mut info = TpmDraft::certifying(draft);
        also(&mut info);
        match wrong {
            Wrong::Info(change) => change(&mut info),
            Wrong::Certificate(change) => change(&mut leaf),
            _ => {}
        }
        let chain = vec![self.below.issue(&self.key, &leaf), self.below.der.clone()];
        let mut entries = info.seal(chain, |message| self.key.key.sign(message));
        if let Wrong::Statement(change) = wrong {
            change(&mut entries);
        }
        draft.format = "tpm".to_owned();
        draft.statement = Some(Cbor::Map(entries));
        if let Wrong::Draft(change) = wrong {
            change(draft);
        }
    }
}

fn policy(attestation: Conveyance) -> Policy {
    Policy {
        attestation,
        algorithms: Algorithm::ALL.to_vec(),
        ..Policy::default()
    }
}

fn draft(rsa: bool) -> RegistrationDraft {
    let mut authenticator = Authenticator::new(ORIGIN);
    authenticator.aaguid = MODEL;
    authenticator.rsa = rsa;
    authenticator.draft_registration(&creation_options(&policy(Conveyance::Direct)))
}

fn outcome(trust: &Trust, conveyance: Conveyance, draft: &RegistrationDraft) -> &'static str {
    match register_trusting(trust, &policy(conveyance), &draft.seal()) {
        Ok(new) if new.credential.attested => "attested",
        Ok(_) => "unattested",
        Err(refusal) => refusal.reason(),
    }
}

const EVERY: [Conveyance; 4] = [
    Conveyance::None,
    Conveyance::Indirect,
    Conveyance::Direct,
    Conveyance::Enterprise,
];

#[test]
fn a_tpm_attests_both_kinds_of_keys_to_whoever_trusts_its_maker() {
    let maker = Maker::new();
    for rsa in [false, true] {
        let mut draft = draft(rsa);
        maker.attest(&mut draft, &Wrong::Nothing);
        assert_eq!(
            EVERY.map(|conveyance| outcome(&maker.trust(), conveyance, &draft)),
            ["unattested", "attested", "attested", "attested"],
            "rsa: {rsa}"
        );
        let unknown = "attestation_chain_unknown_issuer";
        assert_eq!(
            EVERY.map(|conveyance| outcome(&Trust::default(), conveyance, &draft)),
            ["unattested", "unattested", unknown, unknown],
            "rsa: {rsa}"
        );
        let new = register_trusting(&maker.trust(), &policy(Conveyance::Direct), &draft.seal());
        let credential = new.expect("attested").credential;
        assert_eq!(attestation_format(&credential), Some("tpm"));
        assert_eq!(credential.aaguid, Uuid::from_bytes(MODEL));
    }
}

/// As most computers with Windows have it.
#[test]
fn an_attestation_key_of_rsa_signs_with_sha_256() {
    let maker = Maker {
        key: CertifiedKey::rsa(),
        ..Maker::new()
    };
    let rs256 = Wrong::Info(|info| info.algorithm = -257);
    let mut good = draft(true);
    maker.attest(&mut good, &rs256);
    let trust = maker.trust();
    assert_eq!(outcome(&trust, Conveyance::Direct, &good), "attested");
    // The algorithm is that of the key.
    let mut other = draft(true);
    maker.attest(&mut other, &Wrong::Nothing);
    assert_eq!(outcome(&trust, Conveyance::Direct, &other), STATEMENT);
}

/// Older TPMs of Windows Hello sign with SHA-1: their owners come in wherever nobody insists.
#[test]
fn a_statement_with_sha_1_proves_nothing_and_stands_in_nobodys_way() {
    let maker = Maker::new();
    let mut draft = draft(true);
    maker.attest(
        &mut draft,
        &Wrong::Info(|info| {
            info.algorithm = -65535;
            info.extra_data = vec![0x5a; 20];
        }),
    );
    let weak = "attestation_algorithm";
    assert_eq!(
        EVERY.map(|conveyance| outcome(&maker.trust(), conveyance, &draft)),
        ["unattested", "unattested", weak, weak]
    );
    // The key must be the TPM's all the same.
    let mut draft = self::draft(true);
    maker.attest(
        &mut draft,
        &Wrong::Info(|info| {
            info.algorithm = -65535;
            info.name = vec![0x00, 0x0b, 1];
        }),
    );
    assert_eq!(outcome(&maker.trust(), Conveyance::None, &draft), STATEMENT);
}

fn set(entries: &mut Vec<(Cbor, Cbor)>, name: &str, value: Option<Cbor>) {
    entries.retain(|(key, _)| *key != Cbor::from(name));
    entries.extend(value.map(|value| (Cbor::from(name), value)));
}

fn alternative_name(params: &mut CertificateParams, attributes: &[(u8, &str)], critical: bool) {
    params
        .custom_extensions
        .retain(|extension| extension.oid_components().collect::<Vec<_>>() != [2, 5, 29, 17]);
    if !attributes.is_empty() {
        let content = tpm_alternative_name(attributes);
        let mut name = CustomExtension::from_oid_content(&[2, 5, 29, 17], content);
        name.set_criticality(critical);
        params.custom_extensions.push(name);
    }
}

const CASES: &[(&str, &str, Wrong)] = &[
    ("nothing", "attested", Wrong::Nothing),
    (
        "no ver",
        STATEMENT,
        Wrong::Statement(|s| set(s, "ver", None)),
    ),
    (
        "another ver",
        STATEMENT,
        Wrong::Statement(|s| set(s, "ver", Some(Cbor::from("1.2")))),
    ),
    (
        "ver of another type",
        STATEMENT,
        Wrong::Statement(|s| set(s, "ver", Some(Cbor::from(2)))),
    ),
    (
        "no alg",
        STATEMENT,
        Wrong::Statement(|s| set(s, "alg", None)),
    ),
    (
        "alg of another type",
        STATEMENT,
        Wrong::Statement(|s| set(s, "alg", Some(Cbor::from("ES256")))),
    ),
    (
        "an unknown alg",
        STATEMENT,
        Wrong::Statement(|s| set(s, "alg", Some(Cbor::from(-1000)))),
    ),
    (
        "alg of another key",
        STATEMENT,
        Wrong::Statement(|s| set(s, "alg", Some(Cbor::from(-257)))),
    ),
    (
        "no sig",
        STATEMENT,
        Wrong::Statement(|s| set(s, "sig", None)),
    ),
    (
        "an empty sig",
        STATEMENT,
        Wrong::Statement(|s| set(s, "sig", Some(Cbor::Bytes(Vec::new())))),
    ),
    (
        "a sig of text",
        STATEMENT,
        Wrong::Statement(|s| set(s, "sig", Some(Cbor::from("sig")))),
    ),
    (
        "another sig",
        STATEMENT,
        Wrong::Statement(|s| {
            set(
                s,
                "sig",
                Some(Cbor::from(CertifiedKey::new(9).key.sign(b"something else"))),
            );
        }),
    ),
    (
        "no x5c",
        STATEMENT,
        Wrong::Statement(|s| set(s, "x5c", None)),
    ),
    (
        "an empty x5c",
        STATEMENT,
        Wrong::Statement(|s| set(s, "x5c", Some(Cbor::Array(Vec::new())))),
    ),
    (
        "x5c of no certificate",
        STATEMENT,
        Wrong::Statement(|s| {
            set(
                s,
                "x5c",
                Some(Cbor::Array(vec![Cbor::from(vec![0x30, 0x00])])),
            );
        }),
    ),
    (
        "no pubArea",
        STATEMENT,
        Wrong::Statement(|s| set(s, "pubArea", None)),
    ),
    (
        "an empty pubArea",
        STATEMENT,
        Wrong::Statement(|s| set(s, "pubArea", Some(Cbor::Bytes(Vec::new())))),
    ),
    (
        "no certInfo",
        STATEMENT,
        Wrong::Statement(|s| set(s, "certInfo", None)),
    ),
    (
        "an empty certInfo",
        STATEMENT,
        Wrong::Statement(|s| set(s, "certInfo", Some(Cbor::Bytes(Vec::new())))),
    ),
    (
        "alg twice",
        "cbor_duplicate_key",
        Wrong::Statement(|s| s.push((Cbor::from("alg"), Cbor::from(-7)))),
    ),
    (
        "not made by a TPM",
        STATEMENT,
        Wrong::Info(|i| i.magic = 0xff54_4348),
    ),
    (
        "a quote instead of a certification",
        STATEMENT,
        Wrong::Info(|i| i.kind = 0x8018),
    ),
    (
        "about something else",
        STATEMENT,
        Wrong::Info(|i| i.extra_data[0] ^= 1),
    ),
    (
        "about nothing",
        STATEMENT,
        Wrong::Info(|i| i.extra_data.clear()),
    ),
    (
        "another object's name",
        STATEMENT,
        Wrong::Info(|i| i.name[2] ^= 1),
    ),
    (
        "a name by another algorithm",
        STATEMENT,
        Wrong::Info(|i| i.name[1] = 0x0c),
    ),
    (
        "bytes after certInfo",
        STATEMENT,
        Wrong::Info(|i| i.trailing.push(0)),
    ),
    (
        "bytes after pubArea",
        STATEMENT,
        Wrong::Info(|i| {
            i.public_area.push(0);
            i.name_the_key();
        }),
    ),
    (
        "a shortened pubArea",
        STATEMENT,
        Wrong::Info(|i| {
            i.public_area.pop();
            i.name_the_key();
        }),
    ),
    (
        "another key",
        STATEMENT,
        Wrong::Info(|i| {
            let last = i.public_area.len() - 1;
            i.public_area[last] ^= 1;
            i.name_the_key();
        }),
    ),
    (
        "another curve",
        STATEMENT,
        Wrong::Info(|i| {
            let curve = i.public_area.len() - 71;
            i.public_area[curve] = 4;
            i.name_the_key();
        }),
    ),
    (
        "another type of key",
        STATEMENT,
        Wrong::Info(|i| {
            i.public_area[1] = 0x08;
            i.name_the_key();
        }),
    ),
    (
        "a name with SHA-1",
        STATEMENT,
        Wrong::Info(|i| {
            i.public_area[3] = 0x04;
            i.name_the_key();
        }),
    ),
    (
        "a subject",
        STATEMENT,
        Wrong::Certificate(|c| {
            c.distinguished_name.push(DnType::CommonName, "TPM");
        }),
    ),
    (
        "no alternative name",
        STATEMENT,
        Wrong::Certificate(|c| alternative_name(c, &[], true)),
    ),
    (
        "a name that is not critical",
        STATEMENT,
        Wrong::Certificate(|c| {
            alternative_name(c, &[(1, "id:FFFFF1D0"), (2, "model"), (3, "id:1")], false);
        }),
    ),
    (
        "no manufacturer",
        STATEMENT,
        Wrong::Certificate(|c| alternative_name(c, &[(2, "model"), (3, "id:1")], true)),
    ),
    (
        "no model",
        STATEMENT,
        Wrong::Certificate(|c| alternative_name(c, &[(1, "id:FFFFF1D0"), (3, "id:1")], true)),
    ),
    (
        "no version",
        STATEMENT,
        Wrong::Certificate(|c| alternative_name(c, &[(1, "id:FFFFF1D0"), (2, "model")], true)),
    ),
    (
        "an empty model",
        STATEMENT,
        Wrong::Certificate(|c| {
            alternative_name(c, &[(1, "id:FFFFF1D0"), (2, ""), (3, "id:1")], true);
        }),
    ),
    (
        "a manufacturer that is none",
        STATEMENT,
        Wrong::Certificate(|c| {
            alternative_name(c, &[(1, "Maker"), (2, "model"), (3, "id:1")], true);
        }),
    ),
    (
        "no extended key usage",
        STATEMENT,
        Wrong::Certificate(|c| c.extended_key_usages.clear()),
    ),
    (
        "another extended key usage",
        STATEMENT,
        Wrong::Certificate(|c| {
            c.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        }),
    ),
    (
        "an authority",
        STATEMENT,
        Wrong::Certificate(|c| c.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)),
    ),
    (
        "no basic constraints",
        STATEMENT,
        Wrong::Certificate(|c| c.is_ca = IsCa::NoCa),
    ),
    (
        "another model",
        STATEMENT,
        Wrong::Certificate(|c| *c = tpm_attestation(Some([1; 16]))),
    ),
    (
        "no model in the certificate",
        "attested",
        Wrong::Certificate(|c| *c = tpm_attestation(None)),
    ),
    (
        "expired",
        "attestation_chain_expired",
        Wrong::Certificate(|c| c.not_after = at(-1)),
    ),
    (
        "not valid yet",
        "attestation_chain_not_yet_valid",
        Wrong::Certificate(|c| c.not_before = at(1)),
    ),
    (
        "the counter was changed",
        STATEMENT,
        Wrong::Draft(|d| d.authenticator_data.sign_count += 1),
    ),
    (
        "the model was changed",
        STATEMENT,
        Wrong::Draft(|d| {
            d.authenticator_data
                .attested
                .as_mut()
                .expect("there")
                .aaguid = [9; 16];
        }),
    ),
    (
        "another challenge was signed",
        STATEMENT,
        Wrong::Draft(|d| d.client_data.cross_origin = None),
    ),
];

#[test]
fn one_wrong_thing_refuses_a_tpms_statement() {
    let maker = Maker::new();
    for (name, expected, wrong) in CASES {
        let mut draft = draft(false);
        maker.attest(&mut draft, wrong);
        let got = outcome(&maker.trust(), Conveyance::Direct, &draft);
        assert_eq!(got, *expected, "{name}");
        if *expected == STATEMENT {
            // What comes without having been asked for must be right, too.
            let got = outcome(&maker.trust(), Conveyance::None, &draft);
            assert_eq!(got, STATEMENT, "{name}, under none");
        }
    }
}

/// Strangers write these, too.
#[test]
fn one_changed_or_missing_byte_never_panics() {
    let maker = Maker::new();
    let mut good = draft(true);
    maker.attest(&mut good, &Wrong::Nothing);
    let info = TpmDraft::certifying(&good);
    for part in ["certInfo", "pubArea"] {
        let bytes = match part {
            "certInfo" => info.cert_info(),
            _ => info.public_area.clone(),
        };
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x80;
            for wrong in [flipped, bytes[..at].to_vec()] {
                let mut draft = good.clone();
                if let Some(Cbor::Map(entries)) = &mut draft.statement {
                    set(entries, part, Some(Cbor::from(wrong)));
                }
                let got = outcome(&maker.trust(), Conveyance::Direct, &draft);
                assert_eq!(got, STATEMENT, "{part} at {at}");
            }
        }
    }
}
