//! Tokens, good and forged, made without any code of the product.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use ed25519_dalek::Signer as _;
use p256::ecdsa::Signature;
use serde_json::{Value, json};

/// Who issues the tokens.
pub(crate) const ISSUER: &str = "https://app.example.com/_latchkey";
/// How long they live: longer than any run.
const LIFE_SECONDS: u64 = 3_600;

/// Who signs.
pub(crate) enum Signer {
    /// ES256.
    Es256(Box<p256::ecdsa::SigningKey>),
    /// Edwards curve 25519.
    EdDsa(Box<ed25519_dalek::SigningKey>),
}

impl Signer {
    /// The issuer's key, or an impostor's under the same key id, by `seed`.
    pub(crate) fn es256(seed: u8) -> Self {
        let key = p256::ecdsa::SigningKey::from_slice(&[seed; 32]).expect("a seed that is not 0");
        Self::Es256(Box::new(key))
    }

    /// The same for `EdDSA`.
    pub(crate) fn eddsa(seed: u8) -> Self {
        Self::EdDsa(Box::new(ed25519_dalek::SigningKey::from_bytes(&[seed; 32])))
    }

    /// The public key as a JWK Set.
    pub(crate) fn jwks(&self) -> Value {
        let (algorithm, kid) = self.names();
        let key = match self {
            Self::Es256(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                let half = |bytes: Option<&p256::FieldBytes>| {
                    BASE64URL.encode(bytes.expect("the key is not the point at infinity"))
                };
                json!({"kty": "EC", "crv": "P-256", "alg": algorithm, "use": "sig", "kid": kid,
                       "x": half(point.x()), "y": half(point.y())})
            }
            Self::EdDsa(key) => {
                json!({"kty": "OKP", "crv": "Ed25519", "alg": algorithm, "use": "sig", "kid": kid,
                       "x": BASE64URL.encode(key.verifying_key().as_bytes())})
            }
        };
        json!({"keys": [key]})
    }

    /// The token of user `number`: about 900 bytes, what the sidecar mints for a person in two groups.
    pub(crate) fn token(&self, number: usize) -> String {
        let now = unix_now();
        let claims = json!({
            "iss": ISSUER, "aud": "app", "sub": format!("7f8a1d5e-5f5b-4a55-9d7c-{number:012}"),
            "iat": now, "exp": now + LIFE_SECONDS,
            "jti": format!("5c0e7a52-9f0e-4a4c-8a0e-{number:012}"),
            "sid": format!("0d7b6f7e-1a58-4b8e-b1b5-{number:012}"),
            "auth_time": now, "acr": "phr", "amr": ["hwk", "user"],
            "preferred_username": format!("ann{number}"), "name": "Ann Example",
            "email": format!("ann{number}@example.com"), "email_verified": true,
            "groups": ["staff", "admins"], "policies": ["default"],
            "authn": {"aaguid": "00000000-0000-0000-0000-000000000000", "attested": false,
                      "uv": true, "be": true, "bs": true, "attachment": "platform"},
        });
        self.compact("session+jwt", &claims)
    }

    /// Signs any claims.
    pub(crate) fn compact(&self, typ: &str, claims: &Value) -> String {
        let (algorithm, kid) = self.names();
        let header = json!({"alg": algorithm, "kid": kid, "typ": typ});
        let message = format!(
            "{}.{}",
            BASE64URL.encode(header.to_string()),
            BASE64URL.encode(claims.to_string())
        );
        let signature = match self {
            Self::Es256(key) => {
                let signature: Signature = key.sign(message.as_bytes());
                signature.to_bytes().to_vec()
            }
            Self::EdDsa(key) => key.sign(message.as_bytes()).to_bytes().to_vec(),
        };
        format!("{message}.{}", BASE64URL.encode(signature))
    }

    fn names(&self) -> (&'static str, &'static str) {
        match self {
            Self::Es256(_) => ("ES256", "bench-es256"),
            Self::EdDsa(_) => ("EdDSA", "bench-eddsa"),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the tokens are to be good now")]
pub(crate) fn unix_now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
