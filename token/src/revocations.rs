//! What was revoked: the list that the sidecar signs and every gateway asks for.
//!
//! Like a session token it goes through three types: [`UntrustedRevocations`] has the right form,
//! [`SignedRevocations`] was signed by one of our keys, [`VerifiedRevocations`] is the answer to
//! the question that was asked.

use crate::{
    Id, JwkSet, SignatureVerifier, TokenError, compact::Compact, header::is_key_id, members,
    members::Members,
};
use serde_json::{Map, Value};
use std::fmt;

/// Explicit typing, as for session tokens: neither is ever taken for the other.
pub(crate) const REVOCATIONS_TYPE: &str = "revocations+jwt";

/// The most entries (sessions, users and keys together) of one page. A gateway takes a longer list
/// page by page, so that its memory, which never shrinks, has no peak.
pub const MAX_REVOCATION_ENTRIES: usize = 2_000;

/// The most keys in one page. There are never more than a few: a revoked key is forgotten when no
/// token of its can be alive any more.
pub const MAX_REVOKED_KEYS: usize = 64;

/// The longest page that is looked at: a full one has less than 200,000 bytes.
pub const MAX_REVOCATIONS_BYTES: usize = 256 * 1024;

/// The longest nonce and epoch. Ours are 128 random bits.
const MAX_WORD_BYTES: usize = 64;

/// One page of what was revoked. Times are whole Unix seconds.
///
/// On the wire `sessions` holds `[sid, until]`, `users` holds `[sub, not_before, until]`, and
/// `everyone` is left out where nobody was. Other names are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Revocations {
    /// The issuer, as in session tokens.
    pub iss: String,
    /// When the page was signed.
    pub iat: u64,
    /// What the question said, so that no answer serves for another: letters, digits, `-` and `_`.
    pub nonce: String,
    /// Which start of the sidecar `version` counts for; of the same characters.
    pub epoch: String,
    /// How far the list goes with this page.
    pub version: u64,
    /// Whether there is more to ask for already.
    pub more: bool,
    /// Sessions that are over.
    pub sessions: Vec<RevokedSession>,
    /// Users whose earlier tokens do not count.
    pub users: Vec<RevokedUser>,
    /// No token from before this counts, whoever has it.
    pub everyone: Option<u64>,
    /// Keys whose signatures do not count, by `kid`.
    pub keys: Vec<String>,
}

/// A session that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevokedSession {
    /// `sid` in its tokens.
    pub sid: Id,
    /// From when on none of its tokens is alive, so that the entry can be forgotten.
    pub until: u64,
}

/// A user whose earlier tokens do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevokedUser {
    /// `sub` in the tokens.
    pub sub: Id,
    /// Tokens with an `iat` before this one do not count.
    pub not_before: u64,
    /// From when on none of those tokens is alive, so that the entry can be forgotten.
    pub until: u64,
}

impl Revocations {
    pub(crate) fn from_members(members: Map<String, Value>) -> Result<Self, TokenError> {
        let mut members = Members::new(members);
        let revocations = Self {
            iss: members.text("iss")?,
            iat: members.time("iat")?,
            nonce: word("nonce", members.text("nonce")?)?,
            epoch: word("epoch", members.text("epoch")?)?,
            version: members.count("version")?,
            more: members.flag("more")?,
            sessions: entries("sessions", &members.list("sessions")?, session)?,
            users: entries("users", &members.list("users")?, user)?,
            everyone: members.optional_time("everyone")?,
            keys: entries("keys", &members.list("keys")?, key)?,
        };
        let entries = [
            revocations.sessions.len(),
            revocations.users.len(),
            revocations.keys.len(),
        ];
        if revocations.keys.len() > MAX_REVOKED_KEYS {
            return Err(TokenError::TooManyEntries { claim: "keys" });
        }
        if entries.into_iter().fold(0, usize::saturating_add) > MAX_REVOCATION_ENTRIES {
            return Err(TokenError::TooManyEntries { claim: "users" });
        }
        Ok(revocations)
    }

    #[cfg(feature = "sign")]
    pub(crate) fn to_members(&self) -> Map<String, Value> {
        let sessions = self
            .sessions
            .iter()
            .map(|entry| Value::from(vec![entry.sid.to_string().into(), Value::from(entry.until)]));
        let users = self.users.iter().map(|entry| {
            Value::from(vec![
                entry.sub.to_string().into(),
                Value::from(entry.not_before),
                Value::from(entry.until),
            ])
        });
        let mut members = Map::new();
        members.insert("iss".into(), self.iss.as_str().into());
        members.insert("iat".into(), self.iat.into());
        members.insert("nonce".into(), self.nonce.as_str().into());
        members.insert("epoch".into(), self.epoch.as_str().into());
        members.insert("version".into(), self.version.into());
        members.insert("more".into(), self.more.into());
        members.insert("sessions".into(), sessions.collect());
        members.insert("users".into(), users.collect());
        if let Some(not_before) = self.everyone {
            members.insert("everyone".into(), not_before.into());
        }
        members.insert("keys".into(), self.keys.as_slice().into());
        members
    }
}

/// A page of the right form. Anybody can have made it: it shows which key it claims to be signed
/// with, and no more.
pub struct UntrustedRevocations<'a> {
    compact: Compact<'a>,
}

impl<'a> UntrustedRevocations<'a> {
    /// Checks everything that needs neither key nor payload.
    ///
    /// # Errors
    /// The first thing that is wrong, in the same order as for a session token.
    pub fn parse(page: &'a [u8]) -> Result<Self, TokenError> {
        let compact = Compact::parse(page, REVOCATIONS_TYPE, MAX_REVOCATIONS_BYTES, None)?;
        Ok(Self { compact })
    }

    /// The key that the page names.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.compact.kid()
    }

    /// Checks the signature with the key that `kid` names, and then the form of the list. No other
    /// key is tried.
    ///
    /// # Errors
    /// [`TokenError::KeyIdUnknown`] (a newer key set may know it), `AlgorithmMismatch`,
    /// `SignatureOutOfRange` or `SignatureInvalid`; then the first thing that is wrong with the list.
    pub fn verify<V: SignatureVerifier + ?Sized>(
        self,
        keys: &JwkSet,
        verifier: &V,
    ) -> Result<SignedRevocations, TokenError> {
        let members = self.compact.verify(keys, verifier)?;
        Revocations::from_members(members).map(SignedRevocations)
    }
}

impl fmt::Debug for UntrustedRevocations<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UntrustedRevocations")
            .field("kid", &self.kid())
            .finish_non_exhaustive()
    }
}

/// A page that one of our keys has signed. Whether it answers our question is still open.
#[derive(Debug, Clone)]
pub struct SignedRevocations(Revocations);

impl SignedRevocations {
    /// Checks that `issuer` answers the question that `nonce` was drawn for.
    ///
    /// # Errors
    /// [`TokenError::IssuerWrong`] or `NonceWrong`.
    pub fn validate(self, issuer: &str, nonce: &str) -> Result<VerifiedRevocations, TokenError> {
        if self.0.iss != issuer {
            return Err(TokenError::IssuerWrong);
        }
        if self.0.nonce != nonce {
            return Err(TokenError::NonceWrong);
        }
        Ok(VerifiedRevocations(self.0))
    }
}

/// A page that was signed by our key as the answer to our question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedRevocations(Revocations);

impl VerifiedRevocations {
    /// What the page says.
    #[must_use]
    pub fn revocations(&self) -> &Revocations {
        &self.0
    }
}

/// Of characters that need no escape in a URL or in JSON.
fn word(claim: &'static str, word: String) -> Result<String, TokenError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if word.len() <= MAX_WORD_BYTES && word.bytes().all(is_plain) {
        Ok(word)
    } else {
        Err(TokenError::ClaimMalformed { claim })
    }
}

fn entries<T>(
    claim: &'static str,
    values: &[Value],
    read: fn(&'static str, &Value) -> Result<T, TokenError>,
) -> Result<Vec<T>, TokenError> {
    if values.len() > MAX_REVOCATION_ENTRIES {
        return Err(TokenError::TooManyEntries { claim });
    }
    values.iter().map(|value| read(claim, value)).collect()
}

fn session(claim: &'static str, value: &Value) -> Result<RevokedSession, TokenError> {
    match value.as_array().map(Vec::as_slice) {
        Some([sid, until]) => Ok(RevokedSession {
            sid: id(claim, sid)?,
            until: members::time(claim, until)?,
        }),
        _ => Err(TokenError::ClaimWrongType { claim }),
    }
}

fn user(claim: &'static str, value: &Value) -> Result<RevokedUser, TokenError> {
    match value.as_array().map(Vec::as_slice) {
        Some([sub, not_before, until]) => Ok(RevokedUser {
            sub: id(claim, sub)?,
            not_before: members::time(claim, not_before)?,
            until: members::time(claim, until)?,
        }),
        _ => Err(TokenError::ClaimWrongType { claim }),
    }
}

fn key(claim: &'static str, value: &Value) -> Result<String, TokenError> {
    let kid = value.as_str().ok_or(TokenError::ClaimWrongType { claim })?;
    if is_key_id(kid) {
        Ok(kid.to_owned())
    } else {
        Err(TokenError::ClaimMalformed { claim })
    }
}

fn id(claim: &'static str, value: &Value) -> Result<Id, TokenError> {
    value
        .as_str()
        .ok_or(TokenError::ClaimWrongType { claim })?
        .parse()
        .map_err(|_| TokenError::ClaimMalformed { claim })
}
