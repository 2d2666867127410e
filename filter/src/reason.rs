//! Why a request is refused.

use latchkey_token::TokenError;
use thiserror::Error;

use crate::{
    authority::BadAuthority,
    credentials::CredentialError,
    path::{Ambiguity, BadPath},
    revocations::Which,
    step_up::StepUp,
};

/// Why a request is refused: for logs, metrics and tests. A stranger sees only the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Reason {
    /// The host is missing or malformed.
    #[error(transparent)]
    Authority(#[from] BadAuthority),
    /// The path is malformed.
    #[error(transparent)]
    Path(#[from] BadPath),
    /// Servers read this path in different ways.
    #[error(transparent)]
    Ambiguous(Ambiguity),
    /// `%23` in a path that nothing guards.
    #[error("the path has an escaped fragment, and a public rule holds")]
    EscapedFragment,
    /// It asks the application for another method, and another rule is about that one.
    #[error("a header asks for a method that another rule is about")]
    MethodOverride,
    /// The sign-in has plain paths only, and Envoy routed by the raw one.
    #[error("the path lies under the sign-in, and is not in normal form")]
    SignInPath,
    /// A rule says that nobody may.
    #[error("a rule denies it")]
    Denied,
    /// No key has been fetched yet.
    #[error("no key to check tokens with")]
    NoKeys,
    /// What was revoked is not known yet.
    #[error("no list of revocations yet")]
    NoRevocations,
    /// More was revoked than there is room for.
    #[error("more was revoked than there is room for")]
    TooManyRevocations,
    /// What was revoked is not known any more, and the configuration refuses that.
    #[error("the list of revocations is too old")]
    StaleRevocations,
    /// The token has expired, and the sidecar that could give a new one is not well.
    #[error("expired, and no new token to be had at the moment")]
    NoRenewal,
    /// The token was revoked.
    #[error("revoked: {0:?}")]
    Revoked(Which),
    /// Nobody is signed in.
    #[error("no token")]
    NoCredential,
    /// It is not clear which token counts.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// Nobody is signed in, or not well enough, and the path is the sign-in's own: to send anyone there
    /// would lead back here.
    #[error("the path is the sign-in's, but Envoy does not route it to sidecar.public_cluster")]
    SignInNotRouted,
    /// The token is not valid.
    #[error("token: {0}")]
    Token(#[from] TokenError),
    /// Another site made a browser send it.
    #[error("sent by another origin")]
    CrossSite,
    /// The session is bound to a client certificate that the connection does not have.
    #[error("the session is bound to another client certificate")]
    CertificateMismatch,
    /// The rule asks for a session that is bound to a client certificate.
    #[error("the session is bound to no client certificate")]
    CertificateMissing,
    /// The rule asks for a group.
    #[error("the user is not in the groups that the rule asks for")]
    GroupMissing,
    /// The rule asks for a policy.
    #[error("the user does not have the policies that the rule asks for")]
    PolicyMissing,
    /// The rule asks for a fresher or stronger login.
    #[error("the session is too old or too weak for the rule")]
    StepUp(StepUp),
}

impl Reason {
    /// A short stable name for metrics, access logs and log lines.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Authority(_) => "bad_authority",
            Self::Path(_) => "bad_path",
            Self::Ambiguous(_) | Self::EscapedFragment => "ambiguous_path",
            Self::MethodOverride => "method_override",
            Self::SignInPath => "sign_in_path",
            Self::Denied => "denied_by_rule",
            Self::NoKeys => "no_keys",
            Self::NoRevocations => "no_revocations",
            Self::TooManyRevocations => "too_many_revocations",
            Self::StaleRevocations => "stale_revocations",
            Self::NoRenewal => "no_renewal",
            Self::Revoked(_) => "revoked",
            Self::NoCredential => "no_credential",
            Self::SignInNotRouted => "sign_in_not_routed",
            Self::Credential(error) => error.reason(),
            Self::Token(error) => error.reason(),
            Self::CrossSite => "cross_site",
            Self::CertificateMismatch => "certificate_mismatch",
            Self::CertificateMissing => "certificate_missing",
            Self::GroupMissing => "group_missing",
            Self::PolicyMissing => "policy_missing",
            Self::StepUp(lacking) => lacking.reason(),
        }
    }

    /// The status with which a program is answered.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Authority(_)
            | Self::Path(_)
            | Self::Ambiguous(_)
            | Self::EscapedFragment
            | Self::MethodOverride
            | Self::SignInPath => 400,
            Self::NoCredential
            | Self::SignInNotRouted
            | Self::Credential(_)
            | Self::Token(_)
            | Self::Revoked(_)
            | Self::CertificateMismatch
            | Self::StepUp(_) => 401,
            Self::Denied
            | Self::CrossSite
            | Self::CertificateMissing
            | Self::GroupMissing
            | Self::PolicyMissing => 403,
            Self::NoKeys
            | Self::NoRevocations
            | Self::TooManyRevocations
            | Self::StaleRevocations
            | Self::NoRenewal => 503,
        }
    }

    /// Whether a person who is signed in can only be helped by another account or session.
    #[must_use]
    pub fn is_about_account(&self) -> bool {
        matches!(
            self,
            Self::CertificateMissing | Self::GroupMissing | Self::PolicyMissing
        )
    }

    /// Whether a person is helped by signing in.
    #[must_use]
    pub fn asks_for_sign_in(&self) -> bool {
        match self {
            Self::NoCredential
            | Self::Token(_)
            | Self::Revoked(_)
            | Self::CertificateMismatch
            | Self::StepUp(_) => true,
            Self::Credential(error) => error.is_about_cookies(),
            _ => false,
        }
    }
}
