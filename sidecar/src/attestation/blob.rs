//! The metadata blob: a JWS whose header carries the chain of its signer ([section 3.1.7]).
//!
//! [section 3.1.7]: https://fidoalliance.org/specs/mds/fido-metadata-service-v3.0-ps-20210518.html#metadata-blob

use super::algorithms::{P256_SHA256, RSA_SHA256, Verification};
use super::{Anchors, Metadata, Untrusted};
use crate::model::UnixTime;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use crypto_glue::ecdsa_p256::EcdsaP256Signature;
use rustls_pki_types::{CertificateDer, ServerName};
use serde::Deserialize;
use webpki::EndEntityCert;

/// The FIDO Alliance's has about 10 MB.
pub(super) const MAX_BLOB_BYTES: u64 = 64 * 1024 * 1024;
/// A chain of certificates and little else.
const MAX_HEADER_BYTES: usize = 64 * 1024;

/// Why a blob is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    /// Larger than any.
    #[error("the file is larger than {MAX_BLOB_BYTES} bytes")]
    TooLarge,
    /// Not a JWS in compact form with a JSON header.
    #[error("the file is not a signed blob")]
    Form,
    /// An algorithm other than RS256 and ES256.
    #[error("the blob is signed with an algorithm other than RS256 and ES256")]
    Algorithm,
    /// The header has no certificates, or asks for something that is not known here.
    #[error("the blob's header holds no chain of certificates")]
    Chain,
    /// The chain leads to no configured root.
    #[error("the blob's signer is not trusted: {0}")]
    Untrusted(Untrusted),
    /// The chain is good, but for someone else.
    #[error("the blob was signed by someone else than the metadata service")]
    Signer,
    /// The signature is wrong.
    #[error("the blob's signature is wrong")]
    Signature,
    /// What was signed is no metadata.
    #[error("the blob holds no metadata")]
    Payload,
    /// An older one than one that was in use.
    #[error("the blob has number {number}, one with {known} was in use already")]
    Older {
        /// Of the blob.
        number: u64,
        /// Of the newest that was in use.
        known: u64,
    },
    /// A stale one cannot take the place of a fresh one.
    #[error("the blob is stale, the one in use is not")]
    Stale,
    /// The file cannot be read.
    #[error("the file cannot be read")]
    File,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    x5c: Option<Vec<String>>,
    crit: Option<serde_json::Value>,
}

impl Metadata {
    /// Verifies a blob: its chain to `roots`, that its signer is the host `signer` (a root of the
    /// public web's has issued certificates to many), its signature, and its form.
    ///
    /// # Errors
    /// When one of them is wrong. The number and the date are not judged here.
    pub fn verify_blob(
        blob: &[u8],
        roots: &Anchors,
        signer: &str,
        now: UnixTime,
    ) -> Result<Self, BlobError> {
        let text = std::str::from_utf8(blob).map_err(|_| BlobError::Form)?;
        let text = text.trim_ascii();
        let (content, signature) = text.rsplit_once('.').ok_or(BlobError::Form)?;
        let (header, payload) = content.split_once('.').ok_or(BlobError::Form)?;
        if header.len() > MAX_HEADER_BYTES {
            return Err(BlobError::Form);
        }
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| BlobError::Form);
        let header: Header =
            serde_json::from_slice(&decode(header)?).map_err(|_| BlobError::Form)?;
        let (algorithm, signature) = signature_of(&header.alg, decode(signature)?)?;
        let chain = chain(&header)?;
        roots.verify(&chain, now).map_err(BlobError::Untrusted)?;
        let leaf = chain.first().ok_or(BlobError::Chain)?;
        let leaf = CertificateDer::from(leaf.as_slice());
        let leaf = EndEntityCert::try_from(&leaf).map_err(|_| BlobError::Chain)?;
        let signer = ServerName::try_from(signer).map_err(|_| BlobError::Signer)?;
        leaf.verify_is_valid_for_subject_name(&signer)
            .map_err(|_| BlobError::Signer)?;
        leaf.verify_signature(algorithm, content.as_bytes(), &signature)
            .map_err(|_| BlobError::Signature)?;
        Self::parse(&decode(payload)?).ok_or(BlobError::Payload)
    }
}

/// The chain in the header. A URL in its place (`x5u`) is never followed.
fn chain(header: &Header) -> Result<Vec<Vec<u8>>, BlobError> {
    if header.crit.is_some() {
        return Err(BlobError::Chain);
    }
    let chain = header.x5c.as_deref().unwrap_or_default();
    let chain: Result<Vec<_>, _> = chain.iter().map(|text| STANDARD.decode(text)).collect();
    chain
        .ok()
        .filter(|chain| !chain.is_empty())
        .ok_or(BlobError::Chain)
}

/// How to verify, and the signature as certificates have it: ECDSA in DER (a JWS has the two
/// numbers side by side, RFC 7518, section 3.4).
fn signature_of(
    algorithm: &str,
    signature: Vec<u8>,
) -> Result<(&'static Verification, Vec<u8>), BlobError> {
    match algorithm {
        "RS256" => Ok((&RSA_SHA256, signature)),
        "ES256" => {
            let signature =
                EcdsaP256Signature::from_slice(&signature).map_err(|_| BlobError::Signature)?;
            Ok((&P256_SHA256, signature.to_der().as_bytes().to_vec()))
        }
        _ => Err(BlobError::Algorithm),
    }
}
