//! The proof of a registration.

use super::{
    super::{CeremonyError, DiscoverableCredential, Policy, RelyingParty, core_state, record},
    UntrustedRegistration,
};
use crate::model::{Credential, UnixTime, UserId};

/// A credential that was verified and is not stored yet.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCredential {
    /// To be stored; its `label` is empty.
    pub credential: Credential,
    /// UV flag of the registration.
    pub user_verified: bool,
    /// Whether the browser says that the credential is discoverable; not all say.
    pub discoverable: Option<bool>,
}

impl UntrustedRegistration {
    /// Verifies the response against `challenge`, the one that this server kept for the ceremony
    /// of `user` at `mount`.
    ///
    /// Steps of [section 7.1] that are not done here or in [`super::parse()`]: 15 knows no
    /// conditional mediation, since we never ask for it; 18 and 19 (policies on backup) have none
    /// to evaluate yet; 21 and 22 (statement) are webauthn-rs's; 23 and 24 (trust anchors) are
    /// skipped, because attestation is not asked for, so every statement counts as none; 28
    /// ignores extensions that were not asked for, as it permits.
    ///
    /// # Errors
    /// When the policy or the specification is not met.
    ///
    /// [section 7.1]: https://www.w3.org/TR/webauthn-3/#sctn-registering-a-new-credential
    pub fn verify(
        self,
        relying_party: &RelyingParty,
        policy: &Policy,
        challenge: &[u8],
        user: UserId,
        mount: &str,
        now: UnixTime,
    ) -> Result<NewCredential, CeremonyError> {
        // Steps 8 and 9.
        self.client_data.check(relying_party, challenge)?;
        // Steps 14 to 17.
        let data = &self.object.authenticator_data;
        data.check(relying_party, policy)?;
        // Step 20.
        let algorithm = self.attested.public_key.algorithm();
        if !policy.algorithms.contains(&algorithm) {
            return Err(CeremonyError::AlgorithmNotOffered {
                algorithm: algorithm.cose(),
            });
        }
        // Not in the specification: what the options asked for, as far as the browser tells.
        if policy.attachment.is_some() && self.envelope.attachment != policy.attachment {
            return Err(CeremonyError::Attachment);
        }
        if policy.discoverable_credential == DiscoverableCredential::Required
            && self.discoverable == Some(false)
        {
            return Err(CeremonyError::NotDiscoverable);
        }
        // Steps 12, 21 and 22, and most of the above once more.
        core_state::register(
            relying_party.verifier(),
            policy,
            challenge,
            core_state::RegistrationParts {
                id: self.envelope.id.clone(),
                client_data_json: self.client_data.raw,
                attestation_object: self.attestation_object,
            },
        )?;
        // Step 27.
        Ok(NewCredential {
            user_verified: data.flags.user_verified(),
            discoverable: self.discoverable,
            credential: Credential {
                id: self.envelope.id,
                user,
                mount: mount.to_owned(),
                record: record::write(&self.attested.cose_key),
                algorithm: algorithm.cose(),
                aaguid: self.attested.aaguid,
                attested: false,
                transports: self.transports,
                attachment: self.envelope.attachment.map(|a| a.as_str().to_owned()),
                sign_count: data.sign_count,
                backup_eligible: data.flags.backup_eligible(),
                backup_state: data.flags.backup_state(),
                label: String::new(),
                created_at: now,
                last_used_at: None,
                disabled_at: None,
            },
        })
    }
}
