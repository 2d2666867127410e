//! An issuer that signs whatever it is given, so that each hostile token has just one fault.
#![allow(dead_code, reason = "each test program takes what it needs")]

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use latchkey_token::{
    Algorithm, Expectations, InProcess, JwkSet, SigningKey, TokenError, TokenType, UntrustedToken,
    VerifiedToken,
};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://app.example.com/_latchkey";
pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const SKEW: u64 = 30;

pub(crate) struct Issuer {
    pub(crate) key: SigningKey,
}

impl Issuer {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        Self {
            key: SigningKey::from_seed(algorithm, &[7; 32]).unwrap(),
        }
    }

    pub(crate) fn keys(&self) -> JwkSet {
        key_set(&[self.key.public_jwk()]).unwrap()
    }

    /// The header that our tokens have.
    pub(crate) fn header(&self) -> Value {
        json!({"alg": self.key.algorithm().name(), "kid": self.key.kid(), "typ": "session+jwt"})
    }

    /// A signature in the form of JWS.
    pub(crate) fn signature(&self, message: &[u8]) -> [u8; 64] {
        let secret = self.key.secret_bytes();
        match self.key.algorithm() {
            Algorithm::Es256 => {
                use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
                let key = SigningKey::from_slice(secret.as_slice()).unwrap();
                let signature: Signature = key.sign(message);
                signature.to_bytes().into()
            }
            Algorithm::EdDsa => {
                use ed25519_dalek::{Signer as _, SigningKey};
                SigningKey::from_bytes(&secret).sign(message).to_bytes()
            }
        }
    }

    /// A token of exactly these bytes, rightly signed.
    pub(crate) fn sign(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", encode(header), encode(claims));
        let signature = self.signature(message.as_bytes());
        format!("{message}.{}", encode(signature))
    }

    /// A token with the usual claims and this header.
    pub(crate) fn with_header(&self, header: &str) -> String {
        self.sign(header, &claims().to_string())
    }

    /// A token with the usual header and these claims.
    pub(crate) fn with_claims(&self, claims: &str) -> String {
        self.sign(&self.header().to_string(), claims)
    }

    /// A token with the usual claims, but this one.
    pub(crate) fn with_claim(&self, name: &str, value: impl Into<Value>) -> String {
        let mut claims = claims();
        claims[name] = value.into();
        self.with_claims(&claims.to_string())
    }

    /// A token in which nothing is wrong.
    pub(crate) fn good(&self) -> String {
        self.with_claims(&claims().to_string())
    }

    /// What a gateway would say to it at [`NOW`].
    pub(crate) fn outcome(&self, token: &[u8]) -> Result<VerifiedToken, TokenError> {
        self.outcome_at(token, NOW)
    }

    pub(crate) fn outcome_at(&self, token: &[u8], now: u64) -> Result<VerifiedToken, TokenError> {
        UntrustedToken::parse(token, TokenType::Session)?
            .verify(&self.keys(), &InProcess)?
            .validate(&expectations(), now)
    }
}

pub(crate) fn expectations() -> Expectations {
    Expectations {
        issuer: ISSUER.into(),
        audiences: vec!["app".into()],
        clock_skew: SKEW,
    }
}

pub(crate) fn claims() -> Value {
    json!({
        "iss": ISSUER,
        "aud": "app",
        "sub": "0191d7a0-5d0c-7b6e-9a53-2f6f5e0c1a11",
        "iat": NOW,
        "exp": NOW + 600,
        "jti": "01J8ZQ4Z3N",
        "sid": "01J8ZQ4Z3M",
        "auth_time": NOW,
        "acr": "phr",
        "amr": ["hwk", "user"],
        "preferred_username": "ada",
        "email": "ada@example.com",
        "groups": ["staff", "admins"],
    })
}

pub(crate) fn key_set(keys: &[Value]) -> Result<JwkSet, latchkey_token::JwkSetError> {
    JwkSet::parse(json!({"keys": keys}).to_string().as_bytes())
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
