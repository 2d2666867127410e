//! Keys that a TPM holds without being the only place where they can be.

use super::*;

/// As Windows Hello has its keys made, and the bits of it that count.
const WINDOWS_HELLO: u32 = 0x0006_0472;
const FIXED_TPM: u32 = 0x0000_0002;
const FIXED_PARENT: u32 = 0x0000_0010;
const SENSITIVE_DATA_ORIGIN: u32 = 0x0000_0020;
const RESTRICTED: u32 = 0x0001_0000;
const DECRYPT: u32 = 0x0002_0000;
const SIGN: u32 = 0x0004_0000;

/// The outcome under each conveyance of a statement that is right, about a key with these attributes.
fn outcomes(maker: &Maker, rsa: bool, attributes: u32) -> [&'static str; 4] {
    let mut draft = draft(rsa);
    maker.attest_with(&mut draft, &Wrong::Nothing, |info| {
        info.describe_the_key(attributes);
    });
    EVERY.map(|conveyance| outcome(&maker.trust(), conveyance, &draft))
}

#[test]
fn a_key_that_is_not_the_tpms_alone_is_not_attested() {
    let maker = Maker::new();
    for (attributes, reason) in [
        (WINDOWS_HELLO & !FIXED_TPM, "attestation_key_not_fixed_tpm"),
        (
            WINDOWS_HELLO & !FIXED_PARENT,
            "attestation_key_not_fixed_parent",
        ),
        (
            WINDOWS_HELLO & !SENSITIVE_DATA_ORIGIN,
            "attestation_key_made_outside",
        ),
        (WINDOWS_HELLO & !SIGN, "attestation_key_not_for_signing"),
        (WINDOWS_HELLO | RESTRICTED, "attestation_key_restricted"),
        (0, "attestation_key_not_fixed_tpm"),
        (u32::MAX, "attestation_key_restricted"),
    ] {
        for rsa in [false, true] {
            assert_eq!(
                outcomes(&maker, rsa, attributes),
                ["unattested", "unattested", reason, reason],
                "{attributes:#010x}, rsa: {rsa}"
            );
        }
    }
}

#[test]
fn what_else_a_key_may_do_does_not_matter() {
    let maker = Maker::new();
    let least = FIXED_TPM | FIXED_PARENT | SENSITIVE_DATA_ORIGIN | SIGN;
    for attributes in [WINDOWS_HELLO, WINDOWS_HELLO & !DECRYPT, least, least | 0x40] {
        assert_eq!(
            outcomes(&maker, false, attributes),
            ["unattested", "attested", "attested", "attested"],
            "{attributes:#010x}"
        );
    }
}

/// Attributes other than those that were certified are another key.
#[test]
fn attributes_that_were_changed_afterwards_refuse_the_statement() {
    let maker = Maker::new();
    let mut draft = draft(false);
    maker.attest_with(&mut draft, &Wrong::Nothing, |info| {
        info.describe_the_key(WINDOWS_HELLO & !FIXED_TPM);
    });
    let good = TpmDraft::certifying(&draft).public_area;
    if let Some(Cbor::Map(entries)) = &mut draft.statement {
        set(entries, "pubArea", Some(Cbor::from(good)));
    }
    assert_eq!(
        EVERY.map(|conveyance| outcome(&maker.trust(), conveyance, &draft)),
        [STATEMENT; 4]
    );
}
