//! Minting tokens.

use crate::{
    Algorithm, Claims, MAX_REVOCATIONS_BYTES, Revocations, TokenError, TokenType,
    revocations::REVOCATIONS_TYPE,
    signature::{SIGNATURE_BYTES, SignatureBytes},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::Signer as _;
use jwt_compact::AlgorithmExt as _;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::{borrow::Cow, convert::Infallible, fmt};
use zeroize::Zeroizing;

/// The longest token that is minted. Browsers drop a cookie of more than 4096 bytes, and count its
/// name and some of them its attributes too.
pub const MAX_MINTED_BYTES: usize = 3840;

/// A key that mints tokens. Its memory is wiped when it goes.
///
/// Signing needs no random numbers: Ed25519 never does, and ECDSA takes its nonce from key and
/// message ([RFC 6979](https://www.rfc-editor.org/rfc/rfc6979)).
pub struct SigningKey {
    kid: String,
    secret: Secret,
}

enum Secret {
    Es256(p256::ecdsa::SigningKey),
    EdDsa(Box<ed25519_dalek::SigningKey>),
}

/// These bytes are no P-256 key: zero, or not below the order of the curve. Of random bytes one
/// in four thousand million is so; draw again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the seed is no key of this curve")]
pub struct SeedError;

/// Why nothing was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// A verifier would refuse these claims.
    #[error("a verifier would refuse these claims: {0}")]
    Refused(#[source] TokenError),
    /// A token that would not fit a cookie: fewer or shorter groups, policies or names are needed.
    /// Or a list of revocations of more bytes than one page may have.
    #[error("the token would have {bytes} bytes, more than are allowed")]
    TooLong {
        /// How long it would be.
        bytes: usize,
    },
    /// The claims could not be written as JSON.
    #[error("the claims could not be written")]
    Unwritable,
}

impl SigningKey {
    /// A key from 32 secret random bytes. `kid` is the RFC 7638 thumbprint of the public half.
    ///
    /// # Errors
    /// When the bytes are no key of the curve (ES256 only, one in 2^32).
    pub fn from_seed(algorithm: Algorithm, seed: &[u8; 32]) -> Result<Self, SeedError> {
        let secret = match algorithm {
            Algorithm::Es256 => {
                Secret::Es256(p256::ecdsa::SigningKey::from_slice(seed).map_err(|_| SeedError)?)
            }
            Algorithm::EdDsa => {
                Secret::EdDsa(Box::new(ed25519_dalek::SigningKey::from_bytes(seed)))
            }
        };
        let kid = secret.thumbprint();
        Ok(Self { kid, secret })
    }

    /// The id of the key: the thumbprint of its public half.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What the key signs with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.secret.algorithm()
    }

    /// The 32 bytes that [`SigningKey::from_seed`] makes the same key from.
    #[must_use]
    pub fn secret_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(match &self.secret {
            Secret::Es256(key) => key.to_bytes().into(),
            Secret::EdDsa(key) => key.to_bytes(),
        })
    }

    /// The public half for the JWK Set, with `kid`, `alg` and `use`.
    #[must_use]
    pub fn public_jwk(&self) -> Value {
        let mut jwk = self.secret.required_members();
        if let Value::Object(members) = &mut jwk {
            members.insert("kid".into(), self.kid.as_str().into());
            members.insert("alg".into(), self.algorithm().name().into());
            members.insert("use".into(), "sig".into());
        }
        jwk
    }

    /// Mints a session token.
    ///
    /// # Errors
    /// Nothing is minted that a verifier would refuse whoever it is for.
    pub fn sign(&self, claims: &Claims) -> Result<String, SignError> {
        let Ok(Value::Object(members)) = serde_json::to_value(claims) else {
            return Err(SignError::Unwritable);
        };
        Claims::from_members(members).map_err(SignError::Refused)?;
        self.mint(TokenType::Session.name(), claims, MAX_MINTED_BYTES)
    }

    /// Signs what was revoked, for the gateways.
    ///
    /// # Errors
    /// Nothing is signed that a verifier would refuse whatever it asked.
    pub fn sign_revocations(&self, revocations: &Revocations) -> Result<String, SignError> {
        let members = revocations.to_members();
        Revocations::from_members(members.clone()).map_err(SignError::Refused)?;
        self.mint(REVOCATIONS_TYPE, &members, MAX_REVOCATIONS_BYTES)
    }

    fn mint(
        &self,
        typ: &str,
        payload: &impl Serialize,
        max_bytes: usize,
    ) -> Result<String, SignError> {
        let header = jwt_compact::Header::empty()
            .with_key_id(self.kid.as_str())
            .with_token_type(typ);
        let token = Mint(self.algorithm())
            .token(&header, &jwt_compact::Claims::new(payload), &self.secret)
            .map_err(|_| SignError::Unwritable)?;
        if token.len() > max_bytes {
            return Err(SignError::TooLong { bytes: token.len() });
        }
        Ok(token)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm())
            .finish_non_exhaustive()
    }
}

impl Secret {
    fn algorithm(&self) -> Algorithm {
        match self {
            Self::Es256(_) => Algorithm::Es256,
            Self::EdDsa(_) => Algorithm::EdDsa,
        }
    }

    /// The members that define the public key, and so its thumbprint.
    fn required_members(&self) -> Value {
        match self {
            Self::Es256(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                let encode = |half: Option<&p256::FieldBytes>| {
                    half.map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
                        .unwrap_or_default()
                };
                json!({
                    "crv": "P-256",
                    "kty": "EC",
                    "x": encode(point.x()),
                    "y": encode(point.y()),
                })
            }
            Self::EdDsa(key) => json!({
                "crv": "Ed25519",
                "kty": "OKP",
                "x": URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes()),
            }),
        }
    }

    /// [RFC 7638 3](https://www.rfc-editor.org/rfc/rfc7638#section-3): the required members in
    /// the order of their names, without white space, hashed.
    fn thumbprint(&self) -> String {
        let members = self.required_members();
        let member = |name: &str| {
            members
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let canonical = match self {
            Self::Es256(_) => format!(
                r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
                member("x"),
                member("y")
            ),
            Self::EdDsa(_) => {
                format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, member("x"))
            }
        };
        URL_SAFE_NO_PAD.encode(Sha256::digest(canonical))
    }
}

/// jwt-compact's view of a [`SigningKey`]. It cannot verify: there is no such key.
struct Mint(Algorithm);

impl jwt_compact::Algorithm for Mint {
    type SigningKey = Secret;
    type VerifyingKey = Infallible;
    type Signature = SignatureBytes;

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(self.0.name())
    }

    fn sign(&self, key: &Secret, message: &[u8]) -> SignatureBytes {
        let bytes: [u8; SIGNATURE_BYTES] = match key {
            Secret::Es256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_bytes().into()
            }
            Secret::EdDsa(key) => key.sign(message).to_bytes(),
        };
        SignatureBytes(bytes)
    }

    fn verify_signature(&self, _: &SignatureBytes, no_key: &Infallible, _: &[u8]) -> bool {
        match *no_key {}
    }
}
