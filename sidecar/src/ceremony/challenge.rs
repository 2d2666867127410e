//! Login challenges that the server need not remember.
//!
//! A challenge says itself what it is for, under a MAC of the server. `login/begin` stores
//! nothing; what is stored is the nonce of a challenge that came back, so that it is used once.
//!
//! ```text
//! version 1 | kind 1 | nonce 16 | expiry 8 | mount 16 | policy 8 | user 32 | tag 32   = 114 bytes
//! ```
//!
//! `mount` and `user` are hashes; a login without a user name has zeros for `user`.

use super::{ChallengeError, Policy, PolicyTag};
use crate::model::{ChallengeId, UnixTime, UserName};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

const VERSION: u8 = 1;
const KIND_LOGIN: u8 = 1;
const USER_NONE: [u8; 32] = [0; 32];
const BODY_BYTES: usize = 1 + 1 + 16 + 8 + 16 + 8 + 32;
/// Bytes of a challenge.
pub const CHALLENGE_BYTES: usize = BODY_BYTES + 32;
/// Keeps this use of the key apart from every other.
const CONTEXT: &[u8] = b"latchkey login challenge\0";

/// The key under which login challenges are issued: new at each start, so that a restart revives
/// none that was spent before it.
#[derive(Clone)]
pub struct ChallengeKey([u8; 32]);

impl ChallengeKey {
    /// Takes 32 bytes of entropy.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    fn mac(&self, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = super::strict::hmac(&self.0);
        mac.update(CONTEXT);
        mac.update(body);
        mac
    }
}

impl std::fmt::Debug for ChallengeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChallengeKey(..)")
    }
}

/// A challenge that this server issued, for this mount, and that has not expired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    id: ChallengeId,
    expires_at: UnixTime,
    mount: String,
    policy: PolicyTag,
    user: Option<[u8; 32]>,
    bytes: Vec<u8>,
}

impl Challenge {
    /// What is spent when the login is finished.
    #[must_use]
    pub fn id(&self) -> ChallengeId {
        self.id
    }

    /// Until when the nonce must be remembered as spent.
    #[must_use]
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// The mount it was issued at.
    #[must_use]
    pub fn mount(&self) -> &str {
        &self.mount
    }

    /// What stands for the user name that the login was begun with.
    #[must_use]
    pub fn user(&self) -> Option<&[u8; 32]> {
        self.user.as_ref()
    }

    /// Whether the login was begun with a user name.
    #[must_use]
    pub fn names_a_user(&self) -> bool {
        self.user.is_some()
    }

    /// Whether the login was begun for this user, or for nobody in particular.
    #[must_use]
    pub fn is_for(&self, name: &UserName) -> bool {
        self.user.is_none_or(|hash| hash == user_hash(name))
    }

    /// Whether the login was begun under a policy that asks the same.
    #[must_use]
    pub fn is_under(&self, policy: &Policy) -> bool {
        self.policy == policy.tag()
    }

    /// As it was issued.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Issues a login challenge. `nonce` comes from the entropy source; `user` is the folded name that
/// the login was begun with, whether or not there is such a user.
#[must_use]
pub fn issue(
    key: &ChallengeKey,
    nonce: [u8; 16],
    mount: &str,
    user: Option<&UserName>,
    policy: &Policy,
    expires_at: UnixTime,
) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(CHALLENGE_BYTES);
    bytes.extend([VERSION, KIND_LOGIN]);
    bytes.extend(nonce);
    bytes.extend(expires_at.0.to_be_bytes());
    bytes.extend(mount_hash(mount));
    bytes.extend(policy.tag().0);
    bytes.extend(user.map_or(USER_NONE, user_hash));
    let tag: [u8; 32] = key.mac(&bytes).finalize().into_bytes().into();
    bytes.extend(tag);
    bytes
}

/// Reads a challenge that came back in a login.
///
/// # Errors
/// When it is not ours, or not for this mount, or has expired at `now`. The tag is compared in
/// constant time and before anything else is believed.
pub fn open(
    key: &ChallengeKey,
    bytes: &[u8],
    mount: &str,
    now: UnixTime,
) -> Result<Challenge, ChallengeError> {
    if bytes.len() != CHALLENGE_BYTES {
        return Err(ChallengeError::Form);
    }
    let (body, tag) = bytes.split_at(BODY_BYTES);
    key.mac(body)
        .verify_slice(tag)
        .map_err(|_| ChallengeError::Forged)?;

    let mut rest = body;
    let [version, kind] = take(&mut rest)?;
    let id = ChallengeId(take(&mut rest)?);
    let expires_at = UnixTime(u64::from_be_bytes(take(&mut rest)?));
    let issued_at_mount: [u8; 16] = take(&mut rest)?;
    let policy = PolicyTag(take(&mut rest)?);
    let user: [u8; 32] = take(&mut rest)?;
    if version != VERSION {
        return Err(ChallengeError::Form);
    }
    if kind != KIND_LOGIN {
        return Err(ChallengeError::OtherKind);
    }
    if issued_at_mount != mount_hash(mount) {
        return Err(ChallengeError::OtherMount);
    }
    if now >= expires_at {
        return Err(ChallengeError::Expired {
            expired_at: expires_at,
            now,
        });
    }
    Ok(Challenge {
        id,
        expires_at,
        mount: mount.to_owned(),
        policy,
        user: (user != USER_NONE).then_some(user),
        bytes: bytes.to_vec(),
    })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], ChallengeError> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or(ChallengeError::Form)?;
    *rest = tail;
    Ok(*head)
}

fn mount_hash(mount: &str) -> [u8; 16] {
    let digest: [u8; 32] = Sha256::digest(mount.as_bytes()).into();
    let mut short = [0; 16];
    short.copy_from_slice(&digest[..16]);
    short
}

fn user_hash(name: &UserName) -> [u8; 32] {
    Sha256::digest(name.as_str().as_bytes()).into()
}

#[cfg(test)]
impl Challenge {
    /// A challenge of any bytes, for examples that come with their own.
    pub(super) fn trusted(bytes: &[u8], mount: &str, policy: &Policy) -> Self {
        Self {
            id: ChallengeId([0; 16]),
            expires_at: UnixTime(u64::MAX),
            mount: mount.to_owned(),
            policy: policy.tag(),
            user: None,
            bytes: bytes.to_vec(),
        }
    }
}
