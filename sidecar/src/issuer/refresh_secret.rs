//! The refresh secret: what the browser holds to renew its session. Only its hash is stored.

use crate::entropy::{Entropy, random};
use crate::model::{SecretHash, Session, SessionId};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

const ID_BYTES: usize = 16;
const SECRET_BYTES: usize = 32;

/// 256 random bits together with the session that they belong to. The session id is there to find
/// the record, so that no index over secrets is needed; it proves nothing.
#[derive(Clone)]
pub struct RefreshSecret {
    session: SessionId,
    secret: Zeroizing<[u8; SECRET_BYTES]>,
}

impl RefreshSecret {
    pub(super) fn draw(session: SessionId, entropy: &(impl Entropy + ?Sized)) -> Self {
        Self {
            session,
            secret: Zeroizing::new(random(entropy)),
        }
    }

    pub(super) fn moved_to(self, session: SessionId) -> Self {
        Self { session, ..self }
    }

    /// Reads a cookie's value; `None` for anything but what [`Self::cookie_value`] writes.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(value).ok()?);
        let (id, secret) = bytes.split_first_chunk::<ID_BYTES>()?;
        let secret: [u8; SECRET_BYTES] = secret.try_into().ok()?;
        Some(Self {
            session: SessionId(uuid::Uuid::from_bytes(*id)),
            secret: Zeroizing::new(secret),
        })
    }

    /// The session that it claims to renew.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Whether it is the secret of this session, compared in constant time.
    #[must_use]
    pub fn opens(&self, session: &Session) -> bool {
        self.session == session.id && bool::from(self.hash().0.ct_eq(&session.secret.0))
    }

    /// What the store keeps. A secret of 256 random bits needs no slow hash.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.secret.as_slice()).into())
    }

    /// What the browser keeps.
    #[must_use]
    pub fn cookie_value(&self) -> Zeroizing<String> {
        let bytes = Zeroizing::new([self.session.0.as_bytes(), self.secret.as_slice()].concat());
        Zeroizing::new(URL_SAFE_NO_PAD.encode(&*bytes))
    }
}

impl std::fmt::Debug for RefreshSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshSecret")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SequenceEntropy;
    use uuid::Uuid;

    fn secret() -> RefreshSecret {
        RefreshSecret::draw(SessionId(Uuid::from_u128(5)), &SequenceEntropy::default())
    }

    #[test]
    fn a_cookie_value_reads_back_to_the_same_hash() {
        let value = secret().cookie_value();
        let read = RefreshSecret::parse(value.as_bytes()).unwrap();
        assert_eq!(read.hash(), secret().hash());
        assert_eq!(read.session(), secret().session());
    }

    #[test]
    fn anything_else_is_no_secret() {
        let value = secret().cookie_value();
        assert!(RefreshSecret::parse(b"").is_none());
        assert!(RefreshSecret::parse(&value.as_bytes()[1..]).is_none());
        assert!(RefreshSecret::parse(format!("{}A", *value).as_bytes()).is_none());
        assert!(RefreshSecret::parse(format!("{}==", *value).as_bytes()).is_none());
        assert!(RefreshSecret::parse(b"\xff").is_none());
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let shown = format!("{:?}", secret());
        assert!(shown.contains("RefreshSecret"));
        assert!(!shown.contains("secret:"), "{shown}");
    }
}
