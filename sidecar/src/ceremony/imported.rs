//! Credentials that were registered elsewhere, for the same relying party id. Nobody proves them
//! here before their first login: whoever brings them vouches for them. So they are checked for what
//! can be checked, and the mount's policy holds as it does at registration.

use super::strict::{attestation_object::Format, cbor, cose::PublicKey};
use super::{CeremonyError, Mount, core_state, record};
use crate::attestation::Trust;
use crate::model::{PolicyName, UnixTime};
use serde_json::Value;
use uuid::Uuid;

/// What the policy has to know of such a credential.
#[derive(Debug, Clone, Copy)]
pub struct Imported<'a> {
    /// The COSE key.
    pub public_key: &'a [u8],
    /// The format of the attestation statement, where it was kept.
    pub format: Option<&'a str>,
    /// The policy it was registered under.
    pub policy: PolicyName,
    /// The model.
    pub aaguid: Uuid,
    /// Whether it was attested where it comes from.
    pub attested: bool,
}

/// Why a credential cannot be used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    /// The mount has no such policy.
    #[error(
        "the mount has no {} policy, under which this passkey was registered; switch it on first",
        .0.as_str()
    )]
    NoPolicy(PolicyName),
    /// Its policy refuses it, or it is no key.
    #[error(transparent)]
    Ceremony(#[from] CeremonyError),
}

impl Imported<'_> {
    /// The record for [`crate::model::Credential::record`], and the algorithm.
    ///
    /// # Errors
    /// When the key is none that could ever sign in, or the mount would not have registered it.
    pub fn admit(
        self,
        mount: &Mount,
        trust: &Trust,
        now: UnixTime,
    ) -> Result<(Value, i64), NotAdmitted> {
        let policy = mount.policy(self.policy);
        let policy = policy.ok_or(NotAdmitted::NoPolicy(self.policy))?;
        let key = cbor::whole(self.public_key).map_err(CeremonyError::from)?;
        let key = PublicKey::from_cose(&key)?;
        core_state::check_key(&key)?;
        let algorithm = key.algorithm();
        if !policy.algorithms.contains(&algorithm) {
            return Err(CeremonyError::AlgorithmNotOffered {
                algorithm: algorithm.cose(),
            }
            .into());
        }
        policy.check_model(self.aaguid)?;
        if let Some(status) = trust.compromised(self.aaguid, &[], now) {
            return Err(CeremonyError::AuthenticatorCompromised {
                aaguid: self.aaguid,
                status,
            }
            .into());
        }
        if policy.attestation.is_insisted_on() && !self.attested {
            return Err(CeremonyError::AttestationMissing.into());
        }
        let format = self.format.and_then(Format::named).unwrap_or(Format::None);
        let record = record::write(self.public_key, format, self.policy);
        Ok((record, algorithm.cose()))
    }
}
