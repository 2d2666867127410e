//! Credentials: one public key of one user (WebAuthn Level 3, section 4, "credential record").

use super::{PolicyName, UnixTime, UserId};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A credential id: 1 to 1023 bytes (WebAuthn Level 3, section 7.1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CredentialId(Vec<u8>);

/// Why some bytes are no credential id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialIdError {
    /// It is empty.
    #[error("a credential id cannot be empty")]
    Empty,
    /// It is longer than 1023 bytes.
    #[error("a credential id has at most 1023 bytes, this one {0}")]
    TooLong(usize),
    /// It is not unpadded base64url.
    #[error("a credential id is written in unpadded base64url")]
    Encoding,
}

impl CredentialId {
    /// The longest id that an authenticator may choose.
    pub const MAX_BYTES: usize = 1023;

    /// Takes the raw bytes of an id.
    ///
    /// # Errors
    /// When there are none, or more than [`Self::MAX_BYTES`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CredentialIdError> {
        match bytes.len() {
            0 => Err(CredentialIdError::Empty),
            n if n > Self::MAX_BYTES => Err(CredentialIdError::TooLong(n)),
            _ => Ok(Self(bytes.to_vec())),
        }
    }

    /// Reads the form that JSON and URLs carry: unpadded base64url.
    ///
    /// # Errors
    /// As [`Self::from_bytes`], and when the text is not exact base64url.
    pub fn parse(text: &str) -> Result<Self, CredentialIdError> {
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| CredentialIdError::Encoding)?;
        Self::from_bytes(&bytes)
    }

    /// The raw bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Display for CredentialId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl Serialize for CredentialId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CredentialId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// A stored credential.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Credential {
    /// Chosen by the authenticator; one id belongs to one account.
    pub id: CredentialId,
    /// Whose it is.
    pub user: UserId,
    /// The mount (relying party) that it was registered at.
    pub mount: String,
    /// The verifier's own record (public key, registration flags), opaque to everything but
    /// `ceremony`.
    pub record: serde_json::Value,
    /// The COSE algorithm of the public key (-7 `ES256`, -35 `ES384`, -257 `RS256`).
    pub algorithm: i64,
    /// The authenticator's model; all zeros where the browser hides it.
    pub aaguid: uuid::Uuid,
    /// Whether an attestation statement was verified against a trust anchor.
    pub attested: bool,
    /// As the browser told them (`usb`, `nfc`, `ble`, `hybrid`, `internal`), known values only.
    pub transports: Vec<String>,
    /// `platform` or `cross-platform`, as the browser told it.
    pub attachment: Option<String>,
    /// Signature counter as of the last assertion; 0 where the authenticator keeps none.
    pub sign_count: u32,
    /// BE flag; fixed at registration. Not known of a credential that comes from where it was not
    /// kept: the first assertion tells it then, under the authenticator's signature.
    pub backup_eligible: Option<bool>,
    /// BS flag as of the last assertion.
    pub backup_state: bool,
    /// The name that its owner gave it.
    pub label: String,
    /// When it was registered.
    pub created_at: UnixTime,
    /// When it last signed in.
    pub last_used_at: Option<UnixTime>,
    /// Since when it cannot sign in any more: its counter went back, so there may be a copy of it
    /// (WebAuthn Level 3, section 6.1.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<UnixTime>,
    /// When its counter did not grow the last time, and it was refused for that: there may be a copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspected_at: Option<UnixTime>,
}

impl Credential {
    /// Where the record names the policy.
    pub const POLICY: &'static str = "policy";

    /// The policy that it was registered under. Records from before there were two have none: there
    /// was only the strict one.
    #[must_use]
    pub fn registered_under(&self) -> PolicyName {
        match self.record.get(Self::POLICY).and_then(Value::as_str) {
            None | Some("passwordless") => PolicyName::Passwordless,
            // Whatever it is, it is not the strict one.
            Some(_) => PolicyName::TwoFactor,
        }
    }

    /// Whether somebody could still sign in who has it alone.
    #[must_use]
    pub fn is_way_in(&self) -> bool {
        self.disabled_at.is_none() && self.is_strict()
    }

    /// Whether it is what a user has to register who must: a passkey that signs in alone.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        self.registered_under() == PolicyName::Passwordless
    }
}
