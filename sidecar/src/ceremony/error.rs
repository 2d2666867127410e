//! Why a ceremony is refused.
//!
//! The reasons are for the audit log and for tests. A stranger is told only that the ceremony was
//! refused: `routes` answer all of these alike.

use super::tpm::KeyFlaw;
use crate::attestation::{Status, Untrusted};
use crate::model::UnixTime;
use uuid::Uuid;

/// Which JSON text a complaint is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The response that the page posted.
    Response,
    /// The client data inside it.
    ClientData,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Response => "response",
            Self::ClientData => "client data",
        })
    }
}

/// Why some bytes are no challenge of ours, or one that cannot be used here and now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChallengeError {
    /// Not of the length of our challenges, or of another version.
    #[error("the challenge has not the form of ours")]
    Form,
    /// The tag is not ours: forged, altered, or from before a restart.
    #[error("the challenge was not issued by this server")]
    Forged,
    /// It was issued for a ceremony of another kind.
    #[error("the challenge is for another kind of ceremony")]
    OtherKind,
    /// It was issued at another mount.
    #[error("the challenge was issued at another mount")]
    OtherMount,
    /// It came too late.
    #[error("the challenge expired at {}, it is {}", expired_at.0, now.0)]
    Expired {
        /// When it expired.
        expired_at: UnixTime,
        /// When it came.
        now: UnixTime,
    },
}

/// Why some bytes are not the CBOR that an authenticator sends (CTAP2 canonical CBOR).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CborError {
    /// It ends too early.
    #[error("the CBOR ends too early")]
    Truncated,
    /// Something follows it.
    #[error("something follows the CBOR")]
    Trailing,
    /// A map names a key twice.
    #[error("a CBOR map names a key twice")]
    DuplicateKey,
    /// A tag, a float, an indefinite length, a reserved value, or text that is not UTF-8.
    #[error("the CBOR holds an item that authenticators do not send")]
    Unsupported,
    /// Nested too deeply, or a collection with too many entries.
    #[error("the CBOR is too large")]
    Limit,
}

/// Why a ceremony is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CeremonyError {
    /// The posted response is larger than any browser's.
    #[error("the response has {bytes} bytes, at most {most} are read")]
    ResponseTooLarge {
        /// What came.
        bytes: usize,
        /// What is read.
        most: usize,
    },
    /// Not a JSON object.
    #[error("the {0} is not a JSON object")]
    NotJson(Part),
    /// A name stands twice in one object.
    #[error("the {0} names a member twice")]
    DuplicateMember(Part),
    /// A member that must be there is not.
    #[error("{member} is missing")]
    MemberMissing {
        /// Which.
        member: &'static str,
    },
    /// A member has another JSON type than it must have.
    #[error("{member} has the wrong type")]
    MemberType {
        /// Which.
        member: &'static str,
    },
    /// A member is not exact unpadded base64url.
    #[error("{member} is not unpadded base64url")]
    MemberEncoding {
        /// Which.
        member: &'static str,
    },
    /// A member is longer than it can be.
    #[error("{member} is too long")]
    MemberTooLarge {
        /// Which.
        member: &'static str,
    },
    /// `id` and `rawId` differ.
    #[error("id and rawId differ")]
    IdMismatch,
    /// `type` is not `public-key`.
    #[error("the credential type is not public-key")]
    CredentialType,
    /// A credential id of no byte, or of more than 1023.
    #[error("a credential id of {bytes} bytes")]
    CredentialIdLength {
        /// How many.
        bytes: usize,
    },

    /// The client data is of another ceremony than this.
    #[error("the client data type is not {expected}")]
    ClientDataType {
        /// What it must be.
        expected: &'static str,
    },
    /// The client data is for another challenge.
    #[error("the client data is for another challenge")]
    ChallengeMismatch,
    /// The ceremony took place at an origin that is not ours.
    #[error("the origin is not one of the relying party's")]
    Origin,
    /// The ceremony took place in a frame of another origin.
    #[error("the ceremony took place in a frame of another origin")]
    CrossOrigin,
    /// The client data names a top origin.
    #[error("the client data names a top origin")]
    TopOrigin,
    /// The challenge cannot be used.
    #[error(transparent)]
    Challenge(#[from] ChallengeError),
    /// The login was begun for another user.
    #[error("the challenge was issued for another user")]
    ChallengeOfOtherUser,
    /// The login was begun under another policy.
    #[error("the challenge was issued under another policy")]
    ChallengeOfOtherPolicy,

    /// The attestation object or something in it is not the CBOR that it must be.
    #[error(transparent)]
    Cbor(#[from] CborError),
    /// The attestation object has not exactly `fmt`, `attStmt` and `authData` of the right types.
    #[error("the attestation object has not the form of one")]
    AttestationObject,
    /// The authenticator data is shorter than its fixed part, or than it says.
    #[error("the authenticator data is too short")]
    AuthenticatorDataTooShort,
    /// Bytes are left over after the authenticator data.
    #[error("{bytes} bytes are left over after the authenticator data")]
    AuthenticatorDataTrailing {
        /// How many.
        bytes: usize,
    },
    /// A registration without attested credential data.
    #[error("the attested credential data is missing")]
    AttestedCredentialDataMissing,
    /// A login with attested credential data.
    #[error("an assertion holds no attested credential data")]
    AttestedCredentialDataUnexpected,
    /// The extension outputs are not a map with text keys.
    #[error("the extension outputs are not a map of names")]
    Extensions,
    /// The authenticator answered for another relying party.
    #[error("the authenticator answered for another relying party")]
    RpIdHash,
    /// The UP flag is not set.
    #[error("the user was not present")]
    UserNotPresent,
    /// The UV flag is not set though it is required.
    #[error("the user was not verified")]
    UserNotVerified,
    /// BS without BE.
    #[error("the credential is backed up but not eligible for backup")]
    BackupStateWithoutEligibility,
    /// BE is not what it was at registration.
    #[error("the backup eligibility has changed since registration")]
    BackupEligibilityChanged,

    /// The attested credential id is not the one that the response names.
    #[error("the attested credential id is not the id of the response")]
    AttestedCredentialId,
    /// The public key's algorithm was not offered.
    #[error("the algorithm {algorithm} was not offered")]
    AlgorithmNotOffered {
        /// Its COSE number.
        algorithm: i64,
    },
    /// The public key is not a COSE key of its algorithm.
    #[error("the public key has not the form that its algorithm needs")]
    PublicKey,
    /// `fmt: none` with a statement.
    #[error("the attestation format none has no statement")]
    NoneWithStatement,
    /// A format that is not known here.
    #[error("the attestation format is not supported")]
    AttestationFormat,
    /// The statement is not a correct one of its format.
    #[error("the attestation statement could not be verified")]
    AttestationStatement,
    /// The statement is signed with an algorithm that proves nothing any more: SHA-1, as some TPMs
    /// still sign.
    #[error("the attestation is signed with algorithm {algorithm}, which is not taken")]
    AttestationAlgorithm {
        /// Its COSE number.
        algorithm: i64,
    },
    /// The statement is right, and says that the key is not the authenticator's alone.
    #[error("the attested key proves nothing: {0}")]
    AttestationKey(KeyFlaw),
    /// The policy wants a statement with certificates, and there is none.
    #[error("the authenticator's make is not attested")]
    AttestationMissing,
    /// The statement's certificates do not lead to a trust anchor.
    #[error("the attestation is not trusted: {0}")]
    AttestationUntrusted(Untrusted),
    /// The metadata say that the model is compromised or revoked.
    #[error("the FIDO metadata say {} about the authenticator {aaguid}", status.as_str())]
    AuthenticatorCompromised {
        /// The model.
        aaguid: Uuid,
        /// What they say.
        status: Status,
    },
    /// The policy has a list of models, and this one is not on it (all zeros never are).
    #[error("the authenticator {aaguid} is not among the acceptable ones")]
    AaguidNotAcceptable {
        /// The model.
        aaguid: Uuid,
    },
    /// The policy forbids the model.
    #[error("the authenticator {aaguid} is forbidden")]
    AaguidForbidden {
        /// The model.
        aaguid: Uuid,
    },
    /// The authenticator is attached in another way than the policy asks, or the browser does not
    /// say how.
    #[error("the authenticator is not attached as the policy asks")]
    Attachment,
    /// The browser says that the credential is not discoverable, which the policy requires.
    #[error("the credential is not discoverable")]
    NotDiscoverable,

    /// The login named no user and the response does neither.
    #[error("neither the challenge nor the response names a user")]
    UserHandleMissing,
    /// The response names another user than the credential's.
    #[error("the user handle is another user's")]
    UserHandleMismatch,
    /// The credential was registered at another mount.
    #[error("the credential belongs to another mount")]
    CredentialOfOtherMount,
    /// The credential was registered under the looser policy, the login is under the strict one.
    #[error("the credential was registered as a second factor")]
    CredentialOfOtherPolicy,
    /// A login without a user name under the policy of second factors.
    #[error("a second factor needs a user name")]
    LoginlessUnderTwoFactor,
    /// The response was made with another credential than the one it is checked against.
    #[error("the response was made with another credential")]
    OtherCredential,
    /// The signature is not the credential's.
    #[error("the signature is wrong")]
    Signature,
    /// The signature counter did not grow: the authenticator may have been cloned.
    #[error("the signature counter went from {stored} to {received}")]
    SignCount {
        /// As of the last login.
        stored: u32,
        /// In this response.
        received: u32,
    },

    /// The stored record of the credential is damaged.
    #[error("the stored credential is damaged")]
    StoredRecord,
    /// webauthn-rs refused what the strict check let through.
    #[error("the verifier refused the response")]
    Verifier,
}

impl CeremonyError {
    /// Whether the response may be a good one and the policy takes no authenticator of its kind: no
    /// second try helps, and another authenticator may.
    #[must_use]
    pub fn is_of_the_policy(&self) -> bool {
        matches!(
            self,
            Self::AttestationFormat
                | Self::AttestationMissing
                | Self::AttestationAlgorithm { .. }
                | Self::AttestationKey(_)
                | Self::AttestationUntrusted(_)
                | Self::AuthenticatorCompromised { .. }
                | Self::AaguidNotAcceptable { .. }
                | Self::AaguidForbidden { .. }
                | Self::Attachment
                | Self::NotDiscoverable
        )
    }

    /// A stable name for logs and metrics.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::ResponseTooLarge { .. } => "response_too_large",
            Self::NotJson(Part::Response) => "response_not_json",
            Self::NotJson(Part::ClientData) => "client_data_not_json",
            Self::DuplicateMember(Part::Response) => "response_duplicate_member",
            Self::DuplicateMember(Part::ClientData) => "client_data_duplicate_member",
            Self::MemberMissing { .. } => "member_missing",
            Self::MemberType { .. } => "member_type",
            Self::MemberEncoding { .. } => "member_encoding",
            Self::MemberTooLarge { .. } => "member_too_large",
            Self::IdMismatch => "id_mismatch",
            Self::CredentialType => "credential_type",
            Self::CredentialIdLength { .. } => "credential_id_length",
            Self::ClientDataType { .. } => "client_data_type",
            Self::ChallengeMismatch => "challenge_mismatch",
            Self::Origin => "origin",
            Self::CrossOrigin => "cross_origin",
            Self::TopOrigin => "top_origin",
            Self::Challenge(ChallengeError::Form) => "challenge_form",
            Self::Challenge(ChallengeError::Forged) => "challenge_forged",
            Self::Challenge(ChallengeError::OtherKind) => "challenge_of_other_kind",
            Self::Challenge(ChallengeError::OtherMount) => "challenge_of_other_mount",
            Self::Challenge(ChallengeError::Expired { .. }) => "challenge_expired",
            Self::ChallengeOfOtherUser => "challenge_of_other_user",
            Self::ChallengeOfOtherPolicy => "challenge_of_other_policy",
            Self::Cbor(CborError::Truncated) => "cbor_truncated",
            Self::Cbor(CborError::Trailing) => "cbor_trailing",
            Self::Cbor(CborError::DuplicateKey) => "cbor_duplicate_key",
            Self::Cbor(CborError::Unsupported) => "cbor_unsupported",
            Self::Cbor(CborError::Limit) => "cbor_limit",
            Self::AttestationObject => "attestation_object",
            Self::AuthenticatorDataTooShort => "authenticator_data_too_short",
            Self::AuthenticatorDataTrailing { .. } => "authenticator_data_trailing",
            Self::AttestedCredentialDataMissing => "attested_credential_data_missing",
            Self::AttestedCredentialDataUnexpected => "attested_credential_data_unexpected",
            Self::Extensions => "extensions",
            Self::RpIdHash => "rp_id_hash",
            Self::UserNotPresent => "user_not_present",
            Self::UserNotVerified => "user_not_verified",
            Self::BackupStateWithoutEligibility => "backup_state_without_eligibility",
            Self::BackupEligibilityChanged => "backup_eligibility_changed",
            Self::AttestedCredentialId => "attested_credential_id",
            Self::AlgorithmNotOffered { .. } => "algorithm_not_offered",
            Self::PublicKey => "public_key",
            Self::NoneWithStatement => "none_with_statement",
            Self::AttestationFormat => "attestation_format",
            Self::AttestationStatement => "attestation_statement",
            Self::AttestationAlgorithm { .. } => "attestation_algorithm",
            Self::AttestationKey(flaw) => flaw.reason(),
            Self::AttestationMissing => "attestation_missing",
            Self::AttestationUntrusted(untrusted) => untrusted.reason(),
            Self::AuthenticatorCompromised { .. } => "authenticator_compromised",
            Self::AaguidNotAcceptable { .. } => "aaguid_not_acceptable",
            Self::AaguidForbidden { .. } => "aaguid_forbidden",
            Self::Attachment => "attachment",
            Self::NotDiscoverable => "not_discoverable",
            Self::UserHandleMissing => "user_handle_missing",
            Self::UserHandleMismatch => "user_handle_mismatch",
            Self::CredentialOfOtherMount => "credential_of_other_mount",
            Self::CredentialOfOtherPolicy => "credential_of_other_policy",
            Self::LoginlessUnderTwoFactor => "loginless_under_two_factor",
            Self::OtherCredential => "other_credential",
            Self::Signature => "signature",
            Self::SignCount { .. } => "sign_count",
            Self::StoredRecord => "stored_record",
            Self::Verifier => "verifier",
        }
    }
}
