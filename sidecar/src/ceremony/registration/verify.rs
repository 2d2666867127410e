//! The proof of a registration.

use super::{
    super::{
        CeremonyError, Conveyance, DiscoverableCredential, Mount, Policy, core_state, record,
        statement, strict::attestation_object::Format,
    },
    UntrustedRegistration,
};
use crate::attestation::Trust;
use crate::model::{Credential, UnixTime, UserId};
use uuid::Uuid;

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
    /// of `user`, under a policy of `mount`. Whether the authenticator's make is believed is
    /// `trust`'s to say.
    ///
    /// What [section 7.1] asks and is not done here or in [`super::parse()`]: presence knows no
    /// conditional mediation, since we never ask for it; policies on backup have none to evaluate
    /// yet; the statement is webauthn-rs's; extensions that were not asked for are ignored, as it
    /// permits. Its steps are named here and not numbered: the numbers have changed from draft to
    /// draft.
    ///
    /// # Errors
    /// When the policy or the specification is not met.
    ///
    /// [section 7.1]: https://www.w3.org/TR/webauthn-3/#sctn-registering-a-new-credential
    pub fn verify(
        self,
        mount: &Mount,
        policy: &Policy,
        trust: &Trust,
        challenge: &[u8],
        user: UserId,
        now: UnixTime,
    ) -> Result<NewCredential, CeremonyError> {
        let relying_party = mount.relying_party();
        // Challenge and origin.
        self.client_data.check(relying_party, challenge)?;
        // Relying party and flags.
        let data = &self.object.authenticator_data;
        data.check(relying_party, policy.at_registration())?;
        // The algorithm is one of those that the options named.
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
        let model = self.model();
        policy.check_model(model)?;
        // The attestation statement, over the hash of the client data, and most of the above once more.
        let statement = statement::verify(
            &self.object,
            self.attestation_object,
            &self.attested,
            &self.client_data.raw,
        )?;
        core_state::register(
            relying_party.verifier(),
            policy,
            challenge,
            core_state::RegistrationParts {
                id: self.envelope.id.clone(),
                client_data_json: self.client_data.raw,
                attestation_object: statement.attestation_object,
            },
        )?;
        // Trust anchors, and whether what they say is enough.
        let attested = attested(
            policy,
            trust,
            model,
            (&self.object.chain, statement.weak),
            now,
        )?;
        // The credential record.
        Ok(NewCredential {
            user_verified: data.flags.user_verified(),
            discoverable: self.discoverable,
            credential: Credential {
                id: self.envelope.id,
                user,
                mount: mount.name().to_owned(),
                record: record::write(&self.attested.cose_key, self.object.format, policy.name),
                algorithm: algorithm.cose(),
                aaguid: model,
                attested,
                transports: self.transports,
                attachment: self.envelope.attachment.map(|a| a.as_str().to_owned()),
                sign_count: data.sign_count,
                backup_eligible: Some(data.flags.backup_eligible()),
                backup_state: data.flags.backup_state(),
                label: String::new(),
                created_at: now,
                last_used_at: None,
                disabled_at: None,
                suspected_at: None,
            },
        })
    }

    /// The model, as far as the statement can vouch for it: what a U2F authenticator signs does not
    /// cover the AAGUID, so that whatever stands there counts as none.
    fn model(&self) -> Uuid {
        match self.object.format {
            Format::FidoU2f => Uuid::nil(),
            _ => self.attested.aaguid,
        }
    }
}

/// Whether the statement, which is correct, comes from an authenticator that is believed.
fn attested(
    policy: &Policy,
    trust: &Trust,
    model: Uuid,
    (chain, weak): (&[Vec<u8>], Option<CeremonyError>),
    now: UnixTime,
) -> Result<bool, CeremonyError> {
    if let Some(status) = trust.compromised(model, chain, now) {
        return Err(CeremonyError::AuthenticatorCompromised {
            aaguid: model,
            status,
        });
    }
    if policy.attestation == Conveyance::None {
        return Ok(false);
    }
    let verified = match (weak, chain) {
        (Some(weak), _) => Err(weak),
        (None, []) => Err(CeremonyError::AttestationMissing),
        (None, chain) => trust
            .verify(model, chain, now)
            .map_err(CeremonyError::AttestationUntrusted),
    };
    match verified {
        Err(refusal) if policy.attestation.is_insisted_on() => Err(refusal),
        verified => Ok(verified.is_ok()),
    }
}
