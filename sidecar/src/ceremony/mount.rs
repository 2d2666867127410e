//! A mount: a relying party and what it asks.

use super::{Policy, RelyingParty, challenge::Challenge};
use crate::model::PolicyName;

/// What answers under `/v1/auth/<name>/...`.
#[derive(Debug, Clone)]
pub struct Mount {
    name: String,
    relying_party: RelyingParty,
    passwordless: Policy,
    two_factor: Option<Policy>,
}

impl Mount {
    /// Takes its name, whom its credentials are for, the strict policy, and the looser one where
    /// there is one. Each policy gets its name here, whatever it had.
    #[must_use]
    pub fn new(
        name: &str,
        relying_party: RelyingParty,
        passwordless: Policy,
        two_factor: Option<Policy>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            relying_party,
            passwordless: Policy {
                name: PolicyName::Passwordless,
                ..passwordless
            },
            two_factor: two_factor.map(|policy| Policy {
                name: PolicyName::TwoFactor,
                ..policy
            }),
        }
    }

    /// The `<mount>` in the paths.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whom its credentials are for.
    #[must_use]
    pub fn relying_party(&self) -> &RelyingParty {
        &self.relying_party
    }

    /// The strict policy.
    #[must_use]
    pub fn passwordless(&self) -> &Policy {
        &self.passwordless
    }

    /// The looser policy, where it is switched on.
    #[must_use]
    pub fn two_factor(&self) -> Option<&Policy> {
        self.two_factor.as_ref()
    }

    /// The policy of this name; the looser one only where it is switched on.
    #[must_use]
    pub fn policy(&self, name: PolicyName) -> Option<&Policy> {
        match name {
            PolicyName::Passwordless => Some(&self.passwordless),
            PolicyName::TwoFactor => self.two_factor.as_ref(),
        }
    }

    /// The policy that a login was begun under, where it is still there.
    #[must_use]
    pub fn policy_of(&self, challenge: &Challenge) -> Option<&Policy> {
        [Some(&self.passwordless), self.two_factor.as_ref()]
            .into_iter()
            .flatten()
            .find(|policy| challenge.is_under(policy))
    }
}
