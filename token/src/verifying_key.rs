//! One public key of the issuer.

use crate::{Algorithm, header::is_key_id};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use std::fmt;

/// A public key that the issuer signs with, checked and ready.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    kid: String,
    raw: Vec<u8>,
    spki_der: Vec<u8>,
    pub(crate) material: Material,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Material {
    Es256(p256::ecdsa::VerifyingKey),
    #[cfg(feature = "eddsa")]
    EdDsa(ed25519_dalek::VerifyingKey),
}

/// Why a JWK was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum JwkError {
    /// Not a JSON object.
    #[error("not an object")]
    NotAnObject,
    /// The private half, or a shared secret, where only public keys belong.
    #[error("it is a private or a symmetric key")]
    PrivateMember,
    /// No `kid`, or one that cannot name a key.
    #[error("`kid`: expected 1 to 128 characters of visible ASCII")]
    KeyId,
    /// `kty` and `crv` are of no supported kind.
    #[error("`kty` and `crv`: expected EC with P-256, or OKP with Ed25519")]
    KeyType,
    /// `alg` is there and is not what the key is for.
    #[error("`alg` is not the algorithm of this kind of key")]
    Algorithm,
    /// `use` is there and is not `sig`.
    #[error("`use`: expected \"sig\"")]
    Use,
    /// `key_ops` is there and is not `["verify"]`.
    #[error("`key_ops`: expected [\"verify\"]")]
    KeyOps,
    /// A coordinate is missing, not base64url, or of the wrong length.
    #[error("`x` or `y`: expected 32 bytes in base64url")]
    Coordinate,
    /// The coordinates are of no point on the curve.
    #[error("the point is not on the curve")]
    NotOnCurve,
    /// An Ed25519 key of small order, or in a non-canonical form: signatures under such a key
    /// prove nothing.
    #[error("the point is weak")]
    WeakPoint,
}

impl VerifyingKey {
    /// Reads one member of a JWK Set.
    pub(crate) fn from_jwk(jwk: &Value) -> Result<Self, JwkError> {
        let jwk = jwk.as_object().ok_or(JwkError::NotAnObject)?;
        if ["d", "k", "p", "q", "dp", "dq", "qi", "oth"]
            .iter()
            .any(|m| jwk.contains_key(*m))
        {
            return Err(JwkError::PrivateMember);
        }
        let kid = match jwk.get("kid") {
            Some(Value::String(kid)) if is_key_id(kid) => kid.clone(),
            _ => return Err(JwkError::KeyId),
        };
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let algorithm = match (text("kty"), text("crv")) {
            (Some("EC"), Some("P-256")) => Algorithm::Es256,
            #[cfg(feature = "eddsa")]
            (Some("OKP"), Some("Ed25519")) => Algorithm::EdDsa,
            _ => return Err(JwkError::KeyType),
        };
        if jwk.get("alg").is_some_and(|alg| alg != algorithm.name()) {
            return Err(JwkError::Algorithm);
        }
        if jwk.get("use").is_some_and(|usage| usage != "sig") {
            return Err(JwkError::Use);
        }
        if jwk.get("key_ops").is_some_and(|ops| !is_verify_alone(ops)) {
            return Err(JwkError::KeyOps);
        }
        match algorithm {
            Algorithm::Es256 => Self::p256(kid, coordinate(jwk, "x")?, coordinate(jwk, "y")?),
            #[cfg(feature = "eddsa")]
            Algorithm::EdDsa => Self::ed25519(kid, coordinate(jwk, "x")?),
            #[cfg(not(feature = "eddsa"))]
            Algorithm::EdDsa => Err(JwkError::KeyType),
        }
    }

    fn p256(kid: String, x: [u8; 32], y: [u8; 32]) -> Result<Self, JwkError> {
        let raw = [[UNCOMPRESSED].as_slice(), &x, &y].concat();
        let key =
            p256::ecdsa::VerifyingKey::from_sec1_bytes(&raw).map_err(|_| JwkError::NotOnCurve)?;
        let spki_der = [P256_SPKI_PREFIX, raw.as_slice()].concat();
        Ok(Self {
            kid,
            raw,
            spki_der,
            material: Material::Es256(key),
        })
    }

    #[cfg(feature = "eddsa")]
    fn ed25519(kid: String, x: [u8; 32]) -> Result<Self, JwkError> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(&x).map_err(|_| JwkError::NotOnCurve)?;
        if key.is_weak() || key.to_edwards().compress().to_bytes() != x {
            return Err(JwkError::WeakPoint);
        }
        let spki_der = [ED25519_SPKI_PREFIX, x.as_slice()].concat();
        Ok(Self {
            kid,
            raw: x.to_vec(),
            spki_der,
            material: Material::EdDsa(key),
        })
    }

    /// The id that token headers name.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The one algorithm that this key is for.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Es256(_) => Algorithm::Es256,
            #[cfg(feature = "eddsa")]
            Material::EdDsa(_) => Algorithm::EdDsa,
        }
    }

    /// The key as `SubjectPublicKeyInfo` in DER, as Envoy's `verify_signature` takes it.
    #[must_use]
    pub fn spki_der(&self) -> &[u8] {
        &self.spki_der
    }

    /// P-256: the uncompressed point, 65 bytes. Ed25519: 32 bytes.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm())
            .finish_non_exhaustive()
    }
}

/// The first byte of an uncompressed point (SEC 1, 2.3.3).
const UNCOMPRESSED: u8 = 4;

/// All of a P-256 `SubjectPublicKeyInfo` but the 65 bytes of the point
/// ([RFC 5480 2](https://www.rfc-editor.org/rfc/rfc5480#section-2)).
const P256_SPKI_PREFIX: &[u8] = &[
    0x30, 0x59, // SEQUENCE of 89 bytes
    0x30, 0x13, // AlgorithmIdentifier
    0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, // id-ecPublicKey
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, // secp256r1
    0x03, 0x42, 0x00, // BIT STRING of 66 bytes, none unused
];

/// The same for Ed25519 and its 32 bytes
/// ([RFC 8410 4](https://www.rfc-editor.org/rfc/rfc8410#section-4)).
#[cfg(feature = "eddsa")]
const ED25519_SPKI_PREFIX: &[u8] = &[
    0x30, 0x2a, // SEQUENCE of 42 bytes
    0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, // AlgorithmIdentifier: id-Ed25519
    0x03, 0x21, 0x00, // BIT STRING of 33 bytes, none unused
];

fn coordinate(jwk: &Map<String, Value>, name: &str) -> Result<[u8; 32], JwkError> {
    jwk.get(name)
        .and_then(Value::as_str)
        .and_then(|encoded| URL_SAFE_NO_PAD.decode(encoded).ok())
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(JwkError::Coordinate)
}

fn is_verify_alone(ops: &Value) -> bool {
    matches!(ops.as_array().map(Vec::as_slice), Some([only]) if only == "verify")
}
