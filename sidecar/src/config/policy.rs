//! The keys of a policy, the same in `[webauthn]`, `[mounts.<name>]` and their `two_factor`.

use super::{ConfigError, duration};
use crate::ceremony::{
    Algorithm, Attachment, Conveyance, DiscoverableCredential, Hint, LONGEST_CEREMONY, Policy,
    UserVerification,
};
use crate::model::{Reason, ReasonCode as Code, Seconds};
use serde::Deserialize;
use uuid::Uuid;

const SHORTEST_TIMEOUT: Seconds = Seconds(30);
/// Each is compared with at every registration; there are some hundred models in all.
const MOST_AAGUIDS: usize = 1000;

/// As it is written: what is absent is as in the policy that it is laid over.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Raw {
    user_verification: Option<UserVerification>,
    registration_user_verification: Option<UserVerification>,
    discoverable_credential: Option<DiscoverableCredential>,
    attachment: Option<Attachment>,
    algorithms: Option<Vec<Algorithm>>,
    #[serde(deserialize_with = "duration::optional")]
    timeout: Option<Seconds>,
    attestation: Option<Conveyance>,
    refuse_compromised: Option<bool>,
    avoid_same_authenticator: Option<bool>,
    acceptable_aaguids: Option<Vec<Uuid>>,
    forbidden_aaguids: Option<Vec<Uuid>>,
    hints: Option<Vec<Hint>>,
}

impl Raw {
    /// Lays it over `base`; errors name keys of `section`.
    pub(super) fn check(self, section: &str, base: Policy) -> Result<Policy, ConfigError> {
        let policy = Policy {
            name: base.name,
            user_verification: self.user_verification.unwrap_or(base.user_verification),
            registration_user_verification: self.registration_user_verification,
            discoverable_credential: self
                .discoverable_credential
                .unwrap_or(base.discoverable_credential),
            attachment: self.attachment,
            algorithms: self.algorithms.unwrap_or(base.algorithms),
            timeout: self
                .timeout
                .map_or(base.timeout, |span| (span.0 > 0).then_some(span)),
            attestation: self.attestation.unwrap_or(base.attestation),
            refuse_compromised: self.refuse_compromised.unwrap_or(base.refuse_compromised),
            avoid_same_authenticator: self
                .avoid_same_authenticator
                .unwrap_or(base.avoid_same_authenticator),
            acceptable_aaguids: self.acceptable_aaguids.unwrap_or_default(),
            forbidden_aaguids: self.forbidden_aaguids.unwrap_or_default(),
            hints: self.hints.unwrap_or_default(),
        };
        check(section, &policy)?;
        Ok(policy)
    }
}

fn check(section: &str, policy: &Policy) -> Result<(), ConfigError> {
    let refuse = |key: &str, code: Code, problem: String| {
        let reason = Reason::new(code, problem);
        Err(ConfigError::Value(reason.at(key).at(section)))
    };
    if policy.algorithms.is_empty() || has_twice(&policy.algorithms) {
        return refuse(
            "algorithms",
            Code::NotAsExpected,
            "expected at least one of ES256, ES384, RS256, each once".to_owned(),
        );
    }
    if let Some(timeout) = policy.timeout
        && !(SHORTEST_TIMEOUT..=LONGEST_CEREMONY).contains(&timeout)
    {
        let problem = format!(
            "expected {SHORTEST_TIMEOUT} to {LONGEST_CEREMONY}, or 0s for the browser's choice, found {timeout}"
        );
        return refuse("timeout", Code::OutOfRange, problem);
    }
    if has_twice(&policy.hints) {
        let problem = "expected each hint once".to_owned();
        return refuse("hints", Code::NotAsExpected, problem);
    }
    for (key, list) in [
        ("acceptable_aaguids", &policy.acceptable_aaguids),
        ("forbidden_aaguids", &policy.forbidden_aaguids),
    ] {
        if list.len() > MOST_AAGUIDS {
            let problem = format!("expected at most {MOST_AAGUIDS}");
            let reason = Reason::new(Code::TooMany, problem).with("most", MOST_AAGUIDS);
            return Err(ConfigError::Value(reason.at(key).at(section)));
        }
        if list.iter().any(Uuid::is_nil) {
            let problem = "expected models; all zeros name none: it is what browsers send that \
                           hide the model";
            return refuse(key, Code::ModelHidden, problem.to_owned());
        }
    }
    let both = |aaguid: &&Uuid| policy.acceptable_aaguids.contains(aaguid);
    if let Some(aaguid) = policy.forbidden_aaguids.iter().find(both) {
        let problem =
            format!("expected none of {section}.acceptable_aaguids, found {aaguid} in both");
        let reason = Reason::new(Code::ModelInBoth, problem).with("found", aaguid);
        return Err(ConfigError::Value(
            reason.at("forbidden_aaguids").at(section),
        ));
    }
    Ok(())
}

fn has_twice<T: PartialEq>(items: &[T]) -> bool {
    items
        .iter()
        .enumerate()
        .any(|(at, item)| items.iter().take(at).any(|other| other == item))
}
