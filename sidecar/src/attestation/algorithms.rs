//! The signature algorithms of certificates, as rustls-webpki asks for them. The cryptography is
//! that of the `RustCrypto` crates which webauthn-rs uses too.

use crypto_glue::der::asn1::{AnyRef, BitStringRef};
use crypto_glue::ecdsa_p256::{EcdsaP256DerSignature, EcdsaP256VerifyingKey};
use crypto_glue::ecdsa_p384::{EcdsaP384DerSignature, EcdsaP384VerifyingKey};
use crypto_glue::rsa::{RS256PublicKey, RS256Signature, pkcs1v15::VerifyingKey};
use crypto_glue::s256::Sha256;
use crypto_glue::s384::Sha384;
use crypto_glue::s512::Sha512;
use crypto_glue::traits::hazmat::PrehashVerifier as _;
use crypto_glue::traits::{Digest as _, PublicKeyParts as _, Verifier as _};
use crypto_glue::x509::{AlgorithmIdentifier as Algorithm, SubjectPublicKeyInfoRef, oiddb};
use rustls_pki_types::{
    AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id,
};

/// A modulus of 2048 bits at least: what the name of the algorithm in rustls-webpki promises too.
const LEAST_MODULUS_BYTES: usize = 256;

/// Verifies, given public key, message and signature.
type Verify = fn(&[u8], &[u8], &[u8]) -> Option<()>;

/// One way to sign, with the function that verifies it.
#[derive(Debug)]
pub(super) struct Verification {
    key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
    verify: Verify,
}

impl SignatureVerificationAlgorithm for Verification {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        (self.verify)(public_key, message, signature).ok_or(InvalidSignature)
    }
    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.key
    }
    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

/// ECDSA with P-256 and SHA-256.
pub(super) static P256_SHA256: Verification = Verification {
    key: alg_id::ECDSA_P256,
    signature: alg_id::ECDSA_SHA256,
    verify: |key, message, signature| {
        let key = EcdsaP256VerifyingKey::from_sec1_bytes(key).ok()?;
        let signature = EcdsaP256DerSignature::try_from(signature).ok()?;
        key.verify(message, &signature).ok()
    },
};
static P256_SHA384: Verification = Verification {
    key: alg_id::ECDSA_P256,
    signature: alg_id::ECDSA_SHA384,
    verify: |key, message, signature| {
        let key = EcdsaP256VerifyingKey::from_sec1_bytes(key).ok()?;
        let signature = EcdsaP256DerSignature::try_from(signature).ok()?;
        key.verify_prehash(&Sha384::digest(message), &signature)
            .ok()
    },
};
static P384_SHA256: Verification = Verification {
    key: alg_id::ECDSA_P384,
    signature: alg_id::ECDSA_SHA256,
    verify: |key, message, signature| {
        let key = EcdsaP384VerifyingKey::from_sec1_bytes(key).ok()?;
        let signature = EcdsaP384DerSignature::try_from(signature).ok()?;
        key.verify_prehash(&Sha256::digest(message), &signature)
            .ok()
    },
};
/// ECDSA with P-384 and SHA-384.
pub(super) static P384_SHA384: Verification = Verification {
    key: alg_id::ECDSA_P384,
    signature: alg_id::ECDSA_SHA384,
    verify: |key, message, signature| {
        let key = EcdsaP384VerifyingKey::from_sec1_bytes(key).ok()?;
        let signature = EcdsaP384DerSignature::try_from(signature).ok()?;
        key.verify(message, &signature).ok()
    },
};
/// RSASSA-PKCS1-v1_5 with SHA-256.
pub(super) static RSA_SHA256: Verification = Verification {
    key: alg_id::RSA_ENCRYPTION,
    signature: alg_id::RSA_PKCS1_SHA256,
    verify: |key, message, signature| {
        let signature = RS256Signature::try_from(signature).ok()?;
        let key = VerifyingKey::<Sha256>::new(rsa_key(key)?);
        key.verify(message, &signature).ok()
    },
};
/// RSASSA-PKCS1-v1_5 with SHA-384.
pub(super) static RSA_SHA384: Verification = Verification {
    key: alg_id::RSA_ENCRYPTION,
    signature: alg_id::RSA_PKCS1_SHA384,
    verify: |key, message, signature| {
        let signature = RS256Signature::try_from(signature).ok()?;
        let key = VerifyingKey::<Sha384>::new(rsa_key(key)?);
        key.verify(message, &signature).ok()
    },
};
/// RSASSA-PKCS1-v1_5 with SHA-512.
pub(super) static RSA_SHA512: Verification = Verification {
    key: alg_id::RSA_ENCRYPTION,
    signature: alg_id::RSA_PKCS1_SHA512,
    verify: |key, message, signature| {
        let signature = RS256Signature::try_from(signature).ok()?;
        let key = VerifyingKey::<Sha512>::new(rsa_key(key)?);
        key.verify(message, &signature).ok()
    },
};

/// What signatures of certificates may be made with. Not among them: SHA-1, RSA-PSS, P-521 and
/// `EdDSA`, which no attestation root in the FIDO metadata needs today.
pub(super) static ALGORITHMS: [&dyn SignatureVerificationAlgorithm; 7] = [
    &P256_SHA256,
    &P256_SHA384,
    &P384_SHA256,
    &P384_SHA384,
    &RSA_SHA256,
    &RSA_SHA384,
    &RSA_SHA512,
];

/// The key in a `RSAPublicKey` (RFC 8017, appendix A.1.1).
fn rsa_key(bytes: &[u8]) -> Option<RS256PublicKey> {
    let key = SubjectPublicKeyInfoRef {
        algorithm: Algorithm {
            oid: oiddb::rfc5912::RSA_ENCRYPTION,
            parameters: Some(AnyRef::NULL),
        },
        subject_public_key: BitStringRef::from_bytes(bytes).ok()?,
    };
    RS256PublicKey::try_from(key)
        .ok()
        .filter(|key| key.size() >= LEAST_MODULUS_BYTES)
}
