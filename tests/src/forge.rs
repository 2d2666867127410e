//! Makes tokens, good ones and bad ones, without any code of the product: what is tested is what
//! goes over the wire.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};

use crate::wait::unix_now;

/// Someone with a signing key (ES256): the issuer itself, or an impostor.
pub struct Forge {
    key: SigningKey,
    /// The id under which the key is published.
    pub kid: String,
    /// The issuer that its tokens name.
    pub issuer: String,
}

impl Forge {
    /// A forge with the key that follows from `seed`, which is not 0.
    ///
    /// # Panics
    /// When the seed is 0.
    #[must_use]
    pub fn new(issuer: &str, kid: &str, seed: u8) -> Self {
        let key = SigningKey::from_slice(&[seed; 32]).expect("a seed that is not 0");
        Self {
            key,
            kid: kid.to_owned(),
            issuer: issuer.to_owned(),
        }
    }

    /// Its public key as a JWK Set.
    #[must_use]
    pub fn jwks(&self) -> Value {
        json!({"keys": [self.jwk()]})
    }

    /// Its public key.
    ///
    /// # Panics
    /// Never: the key is a point of the curve.
    #[must_use]
    pub fn jwk(&self) -> Value {
        let point = self.key.verifying_key().to_sec1_point(false);
        let half =
            |bytes: Option<&p256::FieldBytes>| BASE64URL.encode(bytes.expect("not infinity"));
        json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.kid,
               "x": half(point.x()), "y": half(point.y())})
    }

    /// The header of a good token.
    #[must_use]
    pub fn header(&self) -> Value {
        json!({"alg": "ES256", "kid": self.kid, "typ": "session+jwt"})
    }

    /// The claims of a good token of a user called Ann.
    #[must_use]
    pub fn claims(&self) -> Value {
        let now = unix_now();
        json!({
            "iss": self.issuer, "aud": "app", "sub": "7f8a1d5e-5f5b-4a55-9d7c-0a4b9c1d2e3f",
            "iat": now, "exp": now + 600, "jti": "token-1", "sid": "0b9e1d6c-6c1f-4f0a-8d3a-6a0f2f1c7e22",
            "auth_time": now, "acr": "phr", "preferred_username": "ann",
            "email": "ann@example.com", "groups": ["staff", "admins"],
        })
    }

    /// A good token.
    #[must_use]
    pub fn token(&self) -> String {
        self.sign(&self.header(), &self.claims())
    }

    /// A good token but for one claim; `null` removes it.
    #[must_use]
    pub fn token_with(&self, claim: &str, value: Value) -> String {
        let mut claims = self.claims();
        set(&mut claims, claim, value);
        self.sign(&self.header(), &claims)
    }

    /// A good token but for one member of its header; `null` removes it.
    #[must_use]
    pub fn token_with_header(&self, member: &str, value: Value) -> String {
        let mut header = self.header();
        set(&mut header, member, value);
        self.sign(&header, &self.claims())
    }

    /// Signs whatever it is given.
    #[must_use]
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    /// Signs texts that need not even be JSON.
    #[must_use]
    pub fn sign_text(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", BASE64URL.encode(header), BASE64URL.encode(claims));
        let signature: Signature = self.key.sign(message.as_bytes());
        format!("{message}.{}", BASE64URL.encode(signature.to_bytes()))
    }
}

fn set(object: &mut Value, name: &str, value: Value) {
    let Some(members) = object.as_object_mut() else {
        return;
    };
    if value.is_null() {
        members.remove(name);
    } else {
        members.insert(name.to_owned(), value);
    }
}
