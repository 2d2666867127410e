//! What the tests of several modules need.

use latchkey_filter_config::FilterConfig;
use latchkey_token::{
    Algorithm, Claims, Expectations, InProcess, JwkSet, SigningKey, TokenType, UntrustedToken,
    VerifiedToken,
};
use serde_json::json;

use crate::request::Surroundings;

/// The time at which the tests happen.
pub(crate) const NOW: u64 = 1_750_000_000;

/// A configuration with `https://app.example.com` and defaults.
pub(crate) fn config() -> FilterConfig {
    config_with(&json!([]))
}

pub(crate) fn config_with(rules: &serde_json::Value) -> FilterConfig {
    let config = json!({
        "issuer": "https://app.example.com/_latchkey",
        "audiences": ["app"],
        "hosts": ["app.example.com"],
        "sidecar": {"cluster": "latchkey-internal", "public_cluster": "latchkey-public"},
        "revocations": null,
        "rules": rules,
    });
    FilterConfig::parse(config.to_string().as_bytes()).unwrap()
}

pub(crate) fn claims() -> Claims {
    Claims {
        iss: "https://app.example.com/_latchkey".to_owned(),
        aud: vec!["app".to_owned()],
        sub: "7c0b5a2e-94f2-4b70-8f0e-3d0d3c4b8a11".to_owned(),
        iat: NOW,
        exp: NOW + 600,
        jti: "jti".to_owned(),
        sid: "0b9e1d6c-6c1f-4f0a-8d3a-6a0f2f1c7e22".to_owned(),
        ..Claims::default()
    }
}

pub(crate) fn signing_key(seed: u8) -> SigningKey {
    SigningKey::from_seed(Algorithm::Es256, &[seed; 32]).unwrap()
}

pub(crate) fn key_set(key: &SigningKey) -> JwkSet {
    JwkSet::parse(json!({"keys": [key.public_jwk()]}).to_string().as_bytes()).unwrap()
}

pub(crate) fn verified(claims: &Claims) -> VerifiedToken {
    let key = signing_key(1);
    let expected = Expectations {
        issuer: claims.iss.clone(),
        audiences: claims.aud.clone(),
        clock_skew: 0,
    };
    let token = key.sign(claims).unwrap();
    UntrustedToken::parse(token.as_bytes(), TokenType::Session)
        .unwrap()
        .verify(&key_set(&key), &InProcess)
        .unwrap()
        .validate(&expected, NOW)
        .unwrap()
}

/// What Envoy knows, fixed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fixed<'a> {
    pub(crate) cluster: Option<&'a str>,
    pub(crate) address: Option<&'a str>,
    pub(crate) certificate: Option<&'a str>,
}

impl Surroundings for Fixed<'_> {
    fn cluster(&self) -> Option<Vec<u8>> {
        self.cluster.map(|text| text.as_bytes().to_vec())
    }

    fn client_address(&self) -> Option<Vec<u8>> {
        self.address.map(|text| text.as_bytes().to_vec())
    }

    fn client_certificate(&self) -> Option<Vec<u8>> {
        self.certificate.map(|text| text.as_bytes().to_vec())
    }
}
