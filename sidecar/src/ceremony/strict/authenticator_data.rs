//! Authenticator data (WebAuthn Level 3, section 6.1): what the authenticator signs.

use super::super::{CeremonyError, RelyingParty, UserVerification};
use super::{cbor, cose::PublicKey, envelope};
use crate::model::CredentialId;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The flags of the authenticator data. Reserved bits are left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flags(u8);

impl Flags {
    pub(crate) fn user_present(self) -> bool {
        self.0 & 0x01 != 0
    }
    pub(crate) fn user_verified(self) -> bool {
        self.0 & 0x04 != 0
    }
    pub(crate) fn backup_eligible(self) -> bool {
        self.0 & 0x08 != 0
    }
    pub(crate) fn backup_state(self) -> bool {
        self.0 & 0x10 != 0
    }
    fn attested_credential_data(self) -> bool {
        self.0 & 0x40 != 0
    }
    fn extensions(self) -> bool {
        self.0 & 0x80 != 0
    }
}

/// Authenticator data that ends where it says.
#[derive(Debug, Clone)]
pub(crate) struct AuthenticatorData {
    rp_id_hash: [u8; 32],
    pub(crate) flags: Flags,
    pub(crate) sign_count: u32,
    pub(crate) attested: Option<AttestedCredentialData>,
}

/// What a new credential is (section 6.5.1).
#[derive(Debug, Clone)]
pub(crate) struct AttestedCredentialData {
    pub(crate) aaguid: Uuid,
    pub(crate) credential_id: CredentialId,
    pub(crate) public_key: PublicKey,
    /// The COSE key as it came.
    pub(crate) cose_key: Vec<u8>,
}

impl AuthenticatorData {
    /// SHA-256 of the relying party's id, as it came.
    pub(crate) fn rp_id_hash(&self) -> &[u8] {
        &self.rp_id_hash
    }

    /// Reads the whole of `bytes`. A backup state without eligibility is no form that there is.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, CeremonyError> {
        let mut rest = bytes;
        let rp_id_hash = take(&mut rest)?;
        let [flags] = take(&mut rest)?;
        let flags = Flags(flags);
        // No authenticator sends it, whoever the user is.
        if flags.backup_state() && !flags.backup_eligible() {
            return Err(CeremonyError::BackupStateWithoutEligibility);
        }
        let sign_count = u32::from_be_bytes(take(&mut rest)?);
        let attested = if flags.attested_credential_data() {
            Some(AttestedCredentialData::read(&mut rest)?)
        } else {
            None
        };
        if flags.extensions() {
            let (extensions, after) = cbor::first(rest)?;
            rest = after;
            let entries = extensions.entries().ok_or(CeremonyError::Extensions)?;
            if entries.iter().any(|(name, _)| name.text().is_none()) {
                return Err(CeremonyError::Extensions);
            }
        }
        if !rest.is_empty() {
            return Err(CeremonyError::AuthenticatorDataTrailing { bytes: rest.len() });
        }
        Ok(Self {
            rp_id_hash,
            flags,
            sign_count,
            attested,
        })
    }

    /// Relying party, presence and verification, as asked by
    /// [registration] and [authentication].
    ///
    /// [registration]: https://www.w3.org/TR/webauthn-3/#sctn-registering-a-new-credential
    /// [authentication]: https://www.w3.org/TR/webauthn-3/#sctn-verifying-assertion
    pub(crate) fn check(
        &self,
        relying_party: &RelyingParty,
        user_verification: UserVerification,
    ) -> Result<(), CeremonyError> {
        let expected: [u8; 32] = Sha256::digest(relying_party.id().as_bytes()).into();
        if self.rp_id_hash != expected {
            return Err(CeremonyError::RpIdHash);
        }
        if !self.flags.user_present() {
            return Err(CeremonyError::UserNotPresent);
        }
        if user_verification == UserVerification::Required && !self.flags.user_verified() {
            return Err(CeremonyError::UserNotVerified);
        }
        Ok(())
    }
}

impl AttestedCredentialData {
    fn read(rest: &mut &[u8]) -> Result<Self, CeremonyError> {
        let aaguid = Uuid::from_bytes(take(rest)?);
        let id_bytes = usize::from(u16::from_be_bytes(take(rest)?));
        let (id, after) = rest
            .split_at_checked(id_bytes)
            .ok_or(CeremonyError::AuthenticatorDataTooShort)?;
        let credential_id = envelope::credential_id(id)?;
        let (key, after_key) = cbor::first(after)?;
        let public_key = PublicKey::from_cose(&key)?;
        let key_bytes = after.len().saturating_sub(after_key.len());
        let cose_key = after.get(..key_bytes).unwrap_or_default().to_vec();
        *rest = after_key;
        Ok(Self {
            aaguid,
            credential_id,
            public_key,
            cose_key,
        })
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], CeremonyError> {
    let (head, tail) = rest
        .split_first_chunk::<N>()
        .ok_or(CeremonyError::AuthenticatorDataTooShort)?;
    *rest = tail;
    Ok(*head)
}
