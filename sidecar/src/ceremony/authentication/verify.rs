//! What an assertion claims against what the server knows, and then its proof.

use super::{
    super::{
        Attachment, CeremonyError, Policy, RelyingParty, challenge::Challenge, core_state, record,
        strict::cose::PublicKey,
    },
    UntrustedAssertion,
};
use crate::model::{Credential, User, UserHandle, UserName};

/// An assertion in which all is right that needs no cryptography.
#[derive(Debug)]
pub struct BoundAssertion<'a> {
    assertion: UntrustedAssertion,
    public_key: PublicKey,
    relying_party: &'a RelyingParty,
    policy: &'a Policy,
    credential: &'a Credential,
}

/// An assertion that was made with the credential, now, for this server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedAssertion {
    /// The signature counter, to be stored.
    pub sign_count: u32,
    /// BE flag, the same as at registration.
    pub backup_eligible: bool,
    /// BS flag, to be stored.
    pub backup_state: bool,
    /// UV flag.
    pub user_verified: bool,
    /// How the authenticator was attached this time, where the browser told it.
    pub attachment: Option<Attachment>,
}

/// Whose credential it is, as far as an assertion can claim it.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    /// The user's name.
    pub name: &'a UserName,
    /// The user's handle, where it is not the id's bytes.
    pub handle: Option<&'a UserHandle>,
}

impl<'a> From<&'a User> for Owner<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            name: &user.name,
            handle: user.handle.as_ref(),
        }
    }
}

impl UntrustedAssertion {
    /// Checks what the response claims: the challenge that was opened, the credential that is
    /// stored under its id, and the credential's user (`owner`).
    ///
    /// Owner, challenge, origin, relying party and flags as [section 7.2] asks. The options named
    /// every credential of the user, so it is enough that this is one of them.
    ///
    /// # Errors
    /// When one of them does not belong to the others.
    ///
    /// [section 7.2]: https://www.w3.org/TR/webauthn-3/#sctn-verifying-assertion
    pub fn bind<'a>(
        self,
        relying_party: &'a RelyingParty,
        policy: &'a Policy,
        challenge: &Challenge,
        credential: &'a Credential,
        owner: Owner<'_>,
    ) -> Result<BoundAssertion<'a>, CeremonyError> {
        if !challenge.is_under(policy) {
            return Err(CeremonyError::ChallengeOfOtherPolicy);
        }
        if self.envelope.id != credential.id {
            return Err(CeremonyError::OtherCredential);
        }
        if credential.mount != challenge.mount() {
            return Err(CeremonyError::CredentialOfOtherMount);
        }
        if !policy.takes(record::registered_under(credential)) {
            return Err(CeremonyError::CredentialOfOtherPolicy);
        }
        if !challenge.names_a_user() && !policy.is_loginless() {
            return Err(CeremonyError::LoginlessUnderTwoFactor);
        }
        // The owner.
        if !challenge.is_for(owner.name) {
            return Err(CeremonyError::ChallengeOfOtherUser);
        }
        match self.user_handle() {
            Some(handle) if handle != UserHandle::bytes_of(&credential.user, owner.handle) => {
                return Err(CeremonyError::UserHandleMismatch);
            }
            None if !challenge.names_a_user() => return Err(CeremonyError::UserHandleMissing),
            _ => {}
        }
        // Challenge and origin.
        self.client_data
            .check(relying_party, challenge.as_bytes())?;
        // Relying party and flags.
        self.authenticator_data
            .check(relying_party, policy.user_verification)?;
        // Backup eligibility never changes.
        let eligible = self.authenticator_data.flags.backup_eligible();
        if credential
            .backup_eligible
            .is_some_and(|known| known != eligible)
        {
            return Err(CeremonyError::BackupEligibilityChanged);
        }
        let public_key = record::read(credential)?;
        Ok(BoundAssertion {
            assertion: self,
            public_key,
            relying_party,
            policy,
            credential,
        })
    }
}

impl BoundAssertion<'_> {
    /// Verifies the signature, and then that the counter has grown.
    ///
    /// Extensions that were not asked for are ignored, as [section 7.2] permits. The store compares the counter once more in the step that updates it.
    ///
    /// # Errors
    /// When the signature is wrong, or the counter has not grown.
    ///
    /// [section 7.2]: https://www.w3.org/TR/webauthn-3/#sctn-verifying-assertion
    pub fn verify(self) -> Result<VerifiedAssertion, CeremonyError> {
        let Self {
            assertion,
            public_key,
            relying_party,
            policy,
            credential,
        } = self;
        let flags = assertion.authenticator_data.flags;
        let attachment = assertion.envelope.attachment;
        let (stored, received) = (
            credential.sign_count,
            assertion.authenticator_data.sign_count,
        );
        check_signature(assertion, &public_key, relying_party, policy, credential)?;
        if (stored > 0 || received > 0) && received <= stored {
            return Err(CeremonyError::SignCount { stored, received });
        }
        Ok(VerifiedAssertion {
            sign_count: received,
            backup_eligible: flags.backup_eligible(),
            backup_state: flags.backup_state(),
            user_verified: flags.user_verified(),
            attachment,
        })
    }
}

/// The work that is the same for every credential, whoever has it.
pub(super) fn check_signature(
    assertion: UntrustedAssertion,
    public_key: &PublicKey,
    relying_party: &RelyingParty,
    policy: &Policy,
    credential: &Credential,
) -> Result<(), CeremonyError> {
    let challenge = assertion.client_data.challenge;
    core_state::authenticate(
        relying_party.verifier(),
        policy,
        &challenge,
        core_state::AssertionParts {
            id: &credential.id,
            public_key,
            // What was never kept cannot have changed.
            backup_eligible: credential
                .backup_eligible
                .unwrap_or(assertion.authenticator_data.flags.backup_eligible()),
            backup_state: credential.backup_state,
            client_data_json: assertion.client_data.raw,
            authenticator_data: assertion.raw_authenticator_data,
            signature: assertion.signature,
        },
    )
}
