//! Why a token was refused.

use std::fmt;

/// One of the three parts of a compact JWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The protected header.
    Header,
    /// The payload.
    Claims,
    /// The signature.
    Signature,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Claims => "claims",
            Self::Signature => "signature",
        })
    }
}

/// Why a token was refused. For logs, metrics and tests: a stranger learns only that it was.
///
/// No variant holds text of the token, so an error can go into a log as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Longer than [`MAX_TOKEN_BYTES`](crate::MAX_TOKEN_BYTES), or, for a list of revocations,
    /// [`MAX_REVOCATIONS_BYTES`](crate::MAX_REVOCATIONS_BYTES). Found before anything is decoded.
    #[error("the token has {bytes} bytes, more than are allowed")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Not three parts: an unsecured or detached form, a five-part JWE, or no token at all.
    #[error("the token has {parts} parts, expected 3")]
    WrongNumberOfParts {
        /// How many there are.
        parts: usize,
    },
    /// Not exactly base64url: padding, another alphabet, white space, bits left over.
    #[error("the {part} is not base64url")]
    NotBase64url {
        /// Which part.
        part: Part,
    },
    /// Not JSON.
    #[error("the {part} is not JSON")]
    NotJson {
        /// Which part.
        part: Part,
    },
    /// JSON, but no object.
    #[error("the {part} is not a JSON object")]
    NotAnObject {
        /// Which part.
        part: Part,
    },
    /// The same name twice in one object, at any depth.
    #[error("the {part} has the same name twice")]
    DuplicateName {
        /// Which part.
        part: Part,
    },
    /// Nested deeper than [`MAX_JSON_DEPTH`](crate::json::MAX_JSON_DEPTH).
    #[error("the {part} is nested too deep")]
    TooDeep {
        /// Which part.
        part: Part,
    },

    /// `crit` in the header: we know no extensions.
    #[error("the header has `crit`")]
    HeaderCritical,
    /// `b64` in the header ([RFC 7797](https://www.rfc-editor.org/rfc/rfc7797)).
    #[error("the header has `b64`")]
    HeaderUnencodedPayload,
    /// `jwk`, `jku`, `x5c`, `x5u`, `x5t` or `x5t#S256`: the token brings or names its own key.
    #[error("the header brings its own key")]
    HeaderCarriesKey,
    /// A header member that our tokens never have.
    #[error("the header has an unknown member")]
    HeaderMemberUnknown,
    /// No `alg`.
    #[error("the header has no `alg`")]
    AlgorithmMissing,
    /// `alg` is no string.
    #[error("`alg` is not a string")]
    AlgorithmNotText,
    /// `alg` is neither ES256 nor `EdDSA`; `none` and every HMAC end here.
    #[error("`alg` is not supported")]
    AlgorithmUnsupported,
    /// No `kid`.
    #[error("the header has no `kid`")]
    KeyIdMissing,
    /// `kid` is no string, empty, too long, or has a character outside visible ASCII.
    #[error("`kid` is malformed")]
    KeyIdMalformed,
    /// No `typ`.
    #[error("the header has no `typ`")]
    TypeMissing,
    /// `typ` says that this is a token for something else.
    #[error("`typ` is not the expected one")]
    TypeWrong,
    /// A signature that is not 64 bytes long.
    #[error("the signature has {bytes} bytes, expected 64")]
    SignatureLength {
        /// Its length.
        bytes: usize,
    },

    /// No key of this id in the set.
    #[error("`kid` names no known key")]
    KeyIdUnknown,
    /// The key of this id is for another algorithm.
    #[error("`alg` is not the algorithm of the key")]
    AlgorithmMismatch,
    /// ECDSA with r or s of zero, or not below the order of the curve.
    #[error("the signature is out of range")]
    SignatureOutOfRange,
    /// The signature does not match.
    #[error("the signature is wrong")]
    SignatureInvalid,

    /// A required claim is not there.
    #[error("claim `{claim}` is missing")]
    ClaimMissing {
        /// Its name.
        claim: &'static str,
    },
    /// A claim of another JSON type than it must have, `null` included.
    #[error("claim `{claim}` has the wrong type")]
    ClaimWrongType {
        /// Its name.
        claim: &'static str,
    },
    /// A time before 1970 or after the year 9999.
    #[error("claim `{claim}` is out of range")]
    ClaimOutOfRange {
        /// Its name.
        claim: &'static str,
    },
    /// An empty string.
    #[error("claim `{claim}` is empty")]
    ClaimEmpty {
        /// Its name.
        claim: &'static str,
    },
    /// A string that must not end in a header: see [`Claims`](crate::Claims).
    #[error("claim `{claim}` has a forbidden character")]
    ClaimForbiddenCharacter {
        /// Its name.
        claim: &'static str,
    },

    /// An id that is no UUID, or a nonce or epoch of a form that ours do not have.
    #[error("claim `{claim}` is malformed")]
    ClaimMalformed {
        /// Its name.
        claim: &'static str,
    },
    /// More entries than a list of revocations may have.
    #[error("claim `{claim}` has too many entries")]
    TooManyEntries {
        /// Its name.
        claim: &'static str,
    },

    /// `iss` is another one.
    #[error("`iss` is not the expected one")]
    IssuerWrong,
    /// `nonce` is not the one of the question: an answer to somebody else, or an old one.
    #[error("`nonce` is not the expected one")]
    NonceWrong,
    /// None of the expected audiences is in `aud`.
    #[error("`aud` names none of the expected audiences")]
    AudienceWrong,
    /// `nbf` is still to come.
    #[error("not valid before {not_before}, and now is {now}")]
    NotYetValid {
        /// `nbf`.
        not_before: u64,
        /// The time of the check.
        now: u64,
    },
    /// `exp` has passed. Everything else held, so this is a token that can be renewed.
    #[error("expired at {expired_at}, and now is {now}")]
    Expired {
        /// `exp`.
        expired_at: u64,
        /// The time of the check.
        now: u64,
    },
}

impl TokenError {
    /// A short stable name for a metric label or a log field.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "too_long",
            Self::WrongNumberOfParts { .. } => "wrong_number_of_parts",
            Self::NotBase64url { .. } => "not_base64url",
            Self::NotJson { .. } => "not_json",
            Self::NotAnObject { .. } => "not_an_object",
            Self::DuplicateName { .. } => "duplicate_name",
            Self::TooDeep { .. } => "too_deep",
            Self::HeaderCritical => "header_critical",
            Self::HeaderUnencodedPayload => "header_unencoded_payload",
            Self::HeaderCarriesKey => "header_carries_key",
            Self::HeaderMemberUnknown => "header_member_unknown",
            Self::AlgorithmMissing => "algorithm_missing",
            Self::AlgorithmNotText => "algorithm_not_text",
            Self::AlgorithmUnsupported => "algorithm_unsupported",
            Self::KeyIdMissing => "key_id_missing",
            Self::KeyIdMalformed => "key_id_malformed",
            Self::TypeMissing => "type_missing",
            Self::TypeWrong => "type_wrong",
            Self::SignatureLength { .. } => "signature_length",
            Self::KeyIdUnknown => "key_id_unknown",
            Self::AlgorithmMismatch => "algorithm_mismatch",
            Self::SignatureOutOfRange => "signature_out_of_range",
            Self::SignatureInvalid => "signature_invalid",
            Self::ClaimMissing { .. } => "claim_missing",
            Self::ClaimWrongType { .. } => "claim_wrong_type",
            Self::ClaimOutOfRange { .. } => "claim_out_of_range",
            Self::ClaimEmpty { .. } => "claim_empty",
            Self::ClaimForbiddenCharacter { .. } => "claim_forbidden_character",
            Self::ClaimMalformed { .. } => "claim_malformed",
            Self::TooManyEntries { .. } => "too_many_entries",
            Self::NonceWrong => "nonce_wrong",
            Self::IssuerWrong => "issuer_wrong",
            Self::AudienceWrong => "audience_wrong",
            Self::NotYetValid { .. } => "not_yet_valid",
            Self::Expired { .. } => "expired",
        }
    }
}
