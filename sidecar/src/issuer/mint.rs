//! Minting session tokens, and checking those that come back to the sidecar's own endpoints.

use super::key_ring::{KeyRing, KeyRingError, KeyState, RevokeError, RotateError, Succession};
use super::seal::KeyEncryptionKey;
use crate::entropy::{Entropy, random};
use crate::model::{Seconds, Session, SigningKeyRecord, UnixTime, User};
use latchkey_token::cookie::refresh_hash;
use latchkey_token::{
    Authn, Claims, Confirmation, Expectations, InProcess, JwkSet, JwkSetError, SignError,
    SigningKey, TokenError, TokenType, UntrustedToken, VerifiedToken,
};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Clock skew against ourselves: none, but an instance that was restarted may be a little behind.
const OWN_CLOCK_SKEW: u64 = 30;

/// What goes into every token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSettings {
    /// `iss`: the public URL.
    pub issuer: String,
    /// `aud`.
    pub audiences: Vec<String>,
    /// How long a token lives; its session can end it sooner.
    pub ttl: Seconds,
    /// The only groups that tokens name; `None` means all of the user's.
    pub groups: Option<Vec<String>>,
}

/// Why the issuer cannot work.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// There is no key to sign with.
    #[error("there is no signing key")]
    NoKey,
    /// The ring cannot be opened or renewed.
    #[error(transparent)]
    KeyRing(#[from] KeyRingError),
    /// The next key is not known well enough.
    #[error(transparent)]
    Rotate(#[from] RotateError),
    /// A key cannot be revoked.
    #[error(transparent)]
    Revoke(#[from] RevokeError),
    /// Verifiers would refuse the key set.
    #[error("the published key set would be refused: {0}")]
    KeySet(#[from] JwkSetError),
    /// What the user record holds makes no token that verifiers would take.
    #[error("no token can be minted: {0}")]
    Sign(#[from] SignError),
}

/// A token and what a client needs to know of it.
pub struct MintedToken {
    /// The compact JWS: a secret.
    pub token: String,
    /// Its `exp`.
    pub expires_at: UnixTime,
}

/// A ring with what verifiers see of it: one that they take.
pub struct Publishable {
    ring: KeyRing,
    jwks: Vec<u8>,
    set: JwkSet,
}

/// Signs tokens with the ring's current key.
pub struct Issuer {
    settings: TokenSettings,
    succession: Succession,
    sealing: KeyEncryptionKey,
    expectations: Expectations,
    published: RwLock<Arc<Publishable>>,
    /// How many rings there have been: a token that is handed out again must be of this one.
    rings: AtomicU64,
}

impl Issuer {
    /// An issuer with a ring that is stored already.
    ///
    /// # Errors
    /// When the ring is empty, or its public half is one that verifiers would refuse.
    pub fn new(
        settings: TokenSettings,
        succession: Succession,
        sealing: KeyEncryptionKey,
        ring: KeyRing,
    ) -> Result<Self, IssuerError> {
        let expectations = Expectations {
            issuer: settings.issuer.clone(),
            audiences: own_audiences(&settings),
            clock_skew: OWN_CLOCK_SKEW,
        };
        let published = RwLock::new(Arc::new(publish(ring)?));
        Ok(Self {
            settings,
            succession,
            sealing,
            expectations,
            published,
            rings: AtomicU64::new(0),
        })
    }

    /// The ring as it should be at `now`, where that differs: to be stored, then [`Self::install`]ed.
    ///
    /// # Errors
    /// When a new key cannot be sealed, or verifiers would refuse the ring.
    pub fn due(
        &self,
        entropy: &(impl Entropy + ?Sized),
        now: UnixTime,
    ) -> Result<Option<Publishable>, IssuerError> {
        let published = self.published();
        let due = published
            .ring
            .maintained(&self.succession, &self.sealing, entropy, now)?;
        due.map(publish).transpose()
    }

    /// The ring after a rotation at `now`: to be stored, then [`Self::install`]ed.
    ///
    /// # Errors
    /// As [`KeyRing::rotated`], or when verifiers would refuse the ring.
    pub fn rotated(
        &self,
        entropy: &(impl Entropy + ?Sized),
        now: UnixTime,
        at_once: bool,
    ) -> Result<Publishable, IssuerError> {
        let published = self.published();
        let (succession, sealing) = (&self.succession, &self.sealing);
        publish(
            published
                .ring
                .rotated(succession, sealing, entropy, now, at_once)?,
        )
    }

    /// The ring without one of its keys: to be stored, then [`Self::install`]ed.
    ///
    /// # Errors
    /// As [`KeyRing::without`].
    pub fn without(
        &self,
        kid: &str,
        entropy: &(impl Entropy + ?Sized),
        now: UnixTime,
    ) -> Result<Publishable, IssuerError> {
        let published = self.published();
        let (succession, sealing) = (&self.succession, &self.sealing);
        publish(
            published
                .ring
                .without(kid, succession, sealing, entropy, now)?,
        )
    }

    /// Uses this ring from now on.
    pub fn install(&self, ring: Publishable) {
        *self
            .published
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
        self.rings.fetch_add(1, Ordering::SeqCst);
    }

    /// Changes with every ring that is installed. What was minted after it was read, and is kept,
    /// is not to be handed out once it differs: its key may have been revoked.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.rings.load(Ordering::SeqCst)
    }

    /// The keys as operators see them.
    #[must_use]
    pub fn keys(&self, now: UnixTime) -> Vec<KeyState> {
        self.published().ring.states(now)
    }

    /// How long a key is published before it signs.
    #[must_use]
    pub fn publish_before(&self) -> Seconds {
        self.succession.publish_before
    }

    /// How long a token lives where nothing shortens that.
    #[must_use]
    pub fn token_ttl(&self) -> Seconds {
        self.settings.ttl
    }

    /// A token for this user's session, never living longer than the session does.
    ///
    /// # Errors
    /// When there is no key to sign with, or verifiers would refuse the token, for its size too.
    pub fn mint(
        &self,
        user: &User,
        session: &Session,
        entropy: &(impl Entropy + ?Sized),
        now: UnixTime,
    ) -> Result<MintedToken, IssuerError> {
        let session_end = session.idle_until.min(session.expires_at);
        let own = user.limits.token_ttl.unwrap_or(self.settings.ttl);
        let ttl = self.settings.ttl.min(own);
        let expires_at = now.plus(ttl).min(session_end);
        let jti = uuid::Builder::from_random_bytes(random(entropy)).into_uuid();
        let claims = self.claims(user, session, jti, now, expires_at);
        let published = self.published();
        let key = published.ring.signing_key(now).ok_or(IssuerError::NoKey)?;
        Ok(MintedToken {
            token: key.sign(&claims)?,
            expires_at,
        })
    }

    /// Signs something else than a token with the key that signs at `now`.
    ///
    /// # Errors
    /// When there is no key, or as `sign` says.
    pub fn sign_with<T>(
        &self,
        now: UnixTime,
        sign: impl FnOnce(&SigningKey) -> Result<T, SignError>,
    ) -> Result<T, IssuerError> {
        let published = self.published();
        let key = published.ring.signing_key(now).ok_or(IssuerError::NoKey)?;
        Ok(sign(key)?)
    }

    /// The JWK Set that verifiers fetch.
    #[must_use]
    pub fn jwks(&self) -> Vec<u8> {
        self.published().jwks.clone()
    }

    /// Checks a token of our own.
    ///
    /// # Errors
    /// As the token crate says.
    pub fn verify(&self, token: &[u8], now: UnixTime) -> Result<VerifiedToken, TokenError> {
        UntrustedToken::parse(token, TokenType::Session)?
            .verify(&self.published().set, &InProcess)?
            .validate(&self.expectations, now.0)
    }

    /// `iss`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.issuer
    }

    /// How long tokens live when their session does.
    #[must_use]
    pub fn ttl(&self) -> Seconds {
        self.settings.ttl
    }

    fn published(&self) -> Arc<Publishable> {
        self.published
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn claims(
        &self,
        user: &User,
        session: &Session,
        jti: uuid::Uuid,
        now: UnixTime,
        expires_at: UnixTime,
    ) -> Claims {
        let authn = &session.authn;
        Claims {
            iss: self.settings.issuer.clone(),
            aud: self.audiences(user, session),
            sub: user.id.0.to_string(),
            iat: now.0,
            exp: expires_at.0,
            nbf: None,
            jti: jti.to_string(),
            sid: session.id.0.to_string(),
            auth_time: Some(session.auth_time.0),
            acr: Some(session.acr.clone()),
            amr: session.amr.clone(),
            preferred_username: Some(user.name.as_str().to_owned()),
            name: (!user.display_name.is_empty()).then(|| user.display_name.clone()),
            email: user.email.clone(),
            // The model holds only addresses that are verified or set by an administrator.
            email_verified: user.email.as_ref().map(|_| true),
            groups: self.groups_of(user),
            policies: user.policies.clone(),
            authn: Some(Authn {
                aaguid: authn.aaguid.to_string(),
                attested: authn.attested,
                uv: authn.uv,
                be: authn.be,
                bs: authn.bs,
                attachment: authn.attachment.clone(),
            }),
            cnf: session
                .certificate
                .clone()
                .map(|certificate_thumbprint| Confirmation {
                    certificate_thumbprint,
                }),
            rt_hash: Some(refresh_hash(&session.secret.0)),
        }
    }

    /// A session that is good for registering a passkey only has tokens that no application and no
    /// gateway takes: they are for this program.
    fn audiences(&self, user: &User, session: &Session) -> Vec<String> {
        if session.is_restricted(user) {
            vec![self.settings.issuer.clone()]
        } else {
            self.settings.audiences.clone()
        }
    }

    fn groups_of(&self, user: &User) -> Vec<String> {
        match &self.settings.groups {
            None => user.groups.clone(),
            Some(named) => user
                .groups
                .iter()
                .filter(|group| named.contains(group))
                .cloned()
                .collect(),
        }
    }
}

/// What tokens may be for that come back here: see [`Issuer::audiences`].
fn own_audiences(settings: &TokenSettings) -> Vec<String> {
    let mut audiences = settings.audiences.clone();
    audiences.push(settings.issuer.clone());
    audiences
}

impl Publishable {
    /// What the store keeps.
    #[must_use]
    pub fn records(&self) -> Vec<SigningKeyRecord> {
        self.ring.records()
    }
}

fn publish(ring: KeyRing) -> Result<Publishable, IssuerError> {
    let jwks = ring.jwks().to_string().into_bytes();
    let set = JwkSet::parse(&jwks)?;
    Ok(Publishable { ring, jwks, set })
}

#[cfg(test)]
mod tests;
