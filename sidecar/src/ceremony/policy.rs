//! What a mount asks of authenticators.

use super::{
    Algorithm, Attachment, CeremonyError, Conveyance, DiscoverableCredential, Hint,
    UserVerification,
};
use crate::model::{PolicyName, Seconds};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// No ceremony lives longer, whatever the browser allows: spent challenges are remembered this
/// long, so it is bounded.
pub const LONGEST_CEREMONY: Seconds = Seconds(600);

/// What a mount asks of authenticators. All of it is offered to browsers, and enforced here as far
/// as a server can see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Which of the mount's policies this is.
    pub name: PolicyName,
    /// User verification.
    pub user_verification: UserVerification,
    /// User verification at registration, where it differs.
    pub registration_user_verification: Option<UserVerification>,
    /// Discoverable credentials, at registration.
    pub discoverable_credential: DiscoverableCredential,
    /// The only attachment that can be registered, where one is set.
    pub attachment: Option<Attachment>,
    /// The algorithms that are offered, preferred ones first; not empty.
    pub algorithms: Vec<Algorithm>,
    /// How long a ceremony may take; `None` leaves it to the browser.
    pub timeout: Option<Seconds>,
    /// Attestation, at registration.
    pub attestation: Conveyance,
    /// Whether a passkey of a model that was reported as compromised since signs in no more.
    pub refuse_compromised: bool,
    /// Whether browsers are told the account's credentials, so that no authenticator gets a second
    /// one. Only the browser can see whether it would.
    pub avoid_same_authenticator: bool,
    /// The only models that can be registered; any where empty.
    pub acceptable_aaguids: Vec<Uuid>,
    /// Models that cannot be registered.
    pub forbidden_aaguids: Vec<Uuid>,
    /// What the browser should suggest first, in this order.
    pub hints: Vec<Hint>,
}

impl Policy {
    /// The strict one.
    #[must_use]
    pub fn passwordless() -> Self {
        Self {
            name: PolicyName::Passwordless,
            user_verification: UserVerification::Required,
            registration_user_verification: None,
            discoverable_credential: DiscoverableCredential::Required,
            attachment: None,
            // RS256 is what Windows Hello has on many machines.
            algorithms: vec![Algorithm::Es256, Algorithm::Rs256],
            timeout: Some(Seconds(300)),
            attestation: Conveyance::None,
            refuse_compromised: true,
            avoid_same_authenticator: true,
            acceptable_aaguids: Vec::new(),
            forbidden_aaguids: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// The looser one, for a passkey as second factor.
    #[must_use]
    pub fn two_factor() -> Self {
        Self {
            name: PolicyName::TwoFactor,
            user_verification: UserVerification::Discouraged,
            discoverable_credential: DiscoverableCredential::Discouraged,
            ..Self::passwordless()
        }
    }

    /// User verification at registration.
    #[must_use]
    pub fn at_registration(&self) -> UserVerification {
        self.registration_user_verification
            .unwrap_or(self.user_verification)
    }

    /// How long a ceremony lives on this side.
    #[must_use]
    pub fn ceremony_life(&self) -> Seconds {
        self.timeout
            .unwrap_or(LONGEST_CEREMONY)
            .min(LONGEST_CEREMONY)
    }

    /// Whether a login without a user name is possible.
    #[must_use]
    pub fn is_loginless(&self) -> bool {
        self.name == PolicyName::Passwordless
    }

    /// Whether a credential that was registered under the policy `registered` can be used: a
    /// credential of the looser policy never takes the place of one of the strict.
    #[must_use]
    pub fn takes(&self, registered: PolicyName) -> bool {
        self.name == PolicyName::TwoFactor || registered == PolicyName::Passwordless
    }

    /// The lists of models. All zeros name no model, so they match neither.
    pub(super) fn check_model(&self, aaguid: Uuid) -> Result<(), CeremonyError> {
        let named = !aaguid.is_nil();
        if named && self.forbidden_aaguids.contains(&aaguid) {
            return Err(CeremonyError::AaguidForbidden { aaguid });
        }
        let any = self.acceptable_aaguids.is_empty();
        if any || named && self.acceptable_aaguids.contains(&aaguid) {
            Ok(())
        } else {
            Err(CeremonyError::AaguidNotAcceptable { aaguid })
        }
    }

    /// What both kinds of options have in common, where it is set.
    pub(super) fn write_common(&self, options: &mut Value) {
        let Some(options) = options.as_object_mut() else {
            return;
        };
        if let Some(timeout) = self.timeout {
            let milliseconds = timeout.0.saturating_mul(1000);
            options.insert("timeout".to_owned(), milliseconds.into());
        }
        if !self.hints.is_empty() {
            let hints = self
                .hints
                .iter()
                .map(|hint| hint.as_str())
                .collect::<Vec<_>>();
            options.insert("hints".to_owned(), hints.into());
        }
    }

    /// The tag of what a login is asked to prove.
    #[must_use]
    pub fn tag(&self) -> PolicyTag {
        let digest: [u8; 32] = Sha256::new()
            .chain_update(b"latchkey login policy 2\0")
            .chain_update(self.name.as_str())
            .chain_update(b"\0")
            .chain_update(self.user_verification.as_str())
            .finalize()
            .into();
        let mut tag = [0; 8];
        tag.copy_from_slice(&digest[..8]);
        PolicyTag(tag)
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::passwordless()
    }
}

/// A short name of a policy's content. A challenge carries it, so that a login begun under one
/// policy cannot be finished under another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyTag(pub(super) [u8; 8]);
