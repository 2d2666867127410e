//! What a TPM's certification says about where a key lives (`TPMA_OBJECT`, TPMv2-Part2, section 8.3).
//!
//! A TPM certifies whatever object is loaded into it: also a key that was made outside and
//! imported, and one that may be duplicated to another place. WebAuthn leaves these bits alone. Such
//! a statement is correct; but "attested" would say of a key in a file that it is in hardware.

/// Why a key is not the TPM's alone, or not one that signs what it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFlaw {
    /// `fixedTPM` is clear: the key can be duplicated to another TPM, or out of any.
    #[error("it can leave the TPM")]
    NotFixedTpm,
    /// `fixedParent` is clear: the key can be put under another parent, which may be anybody's.
    #[error("it can be put under another parent")]
    NotFixedParent,
    /// `sensitiveDataOrigin` is clear: the private key came from outside.
    #[error("its private part was not made by the TPM")]
    MadeOutside,
    /// `sign` is clear: it never makes an assertion.
    #[error("it is not for signing")]
    NotForSigning,
    /// `restricted`: it signs statements of the TPM, as an attestation key does.
    #[error("it signs only what the TPM itself has made")]
    Restricted,
}

impl KeyFlaw {
    /// A stable name for logs and metrics.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotFixedTpm => "attestation_key_not_fixed_tpm",
            Self::NotFixedParent => "attestation_key_not_fixed_parent",
            Self::MadeOutside => "attestation_key_made_outside",
            Self::NotForSigning => "attestation_key_not_for_signing",
            Self::Restricted => "attestation_key_restricted",
        }
    }
}

const FIXED_TPM: u32 = 1 << 1;
const FIXED_PARENT: u32 = 1 << 4;
const SENSITIVE_DATA_ORIGIN: u32 = 1 << 5;
const RESTRICTED: u32 = 1 << 16;
const SIGN: u32 = 1 << 18;

/// The first thing that is wrong. Not asked for: that it does not decrypt as well, since the keys
/// that Windows Hello makes (0x00060472) may do both.
pub(super) fn flaw(object_attributes: u32) -> Option<KeyFlaw> {
    let clear = |bit: u32| object_attributes & bit == 0;
    let flaws = [
        (clear(FIXED_TPM), KeyFlaw::NotFixedTpm),
        (clear(FIXED_PARENT), KeyFlaw::NotFixedParent),
        (clear(SENSITIVE_DATA_ORIGIN), KeyFlaw::MadeOutside),
        (clear(SIGN), KeyFlaw::NotForSigning),
        (!clear(RESTRICTED), KeyFlaw::Restricted),
    ];
    let mut flaws = flaws.into_iter();
    flaws.find_map(|(there, flaw)| there.then_some(flaw))
}
