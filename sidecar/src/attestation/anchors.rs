//! Trust anchors, and the paths that lead to them.

use super::algorithms::ALGORITHMS;
use crate::model::UnixTime;
use crypto_glue::traits::DecodeDer as _;
use crypto_glue::x509::Certificate;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, TrustAnchor};
use std::time::Duration;
use webpki::{
    EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, anchor_from_trusted_cert,
};

/// Real chains have one to four certificates; each more is one more signature to verify.
const MOST_CERTIFICATES: usize = 8;

/// Certificates that are trusted.
#[derive(Debug, Clone, Default)]
pub struct Anchors {
    certificates: Vec<CertificateDer<'static>>,
    anchors: Vec<TrustAnchor<'static>>,
}

/// Why some bytes are no trust anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnchorError {
    /// PEM that cannot be read.
    #[error("expected certificates in PEM")]
    Pem,
    /// Not an X.509 certificate.
    #[error("expected an X.509 certificate, in PEM or DER")]
    Certificate,
}

/// Why a chain does not lead to a trust anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// There is no certificate.
    #[error("there is no certificate")]
    Empty,
    /// More certificates than any authenticator sends.
    #[error("the chain has {certificates} certificates, at most {MOST_CERTIFICATES} are read")]
    TooLong {
        /// How many.
        certificates: usize,
    },
    /// No path leads to a trust anchor.
    #[error("no trust anchor has issued the certificate")]
    UnknownIssuer,
    /// A certificate on the path has expired.
    #[error("a certificate of the chain expired at {}", not_after.0)]
    Expired {
        /// When.
        not_after: UnixTime,
    },
    /// A certificate on the path is not valid yet.
    #[error("a certificate of the chain is valid from {}", not_before.0)]
    NotYetValid {
        /// From when.
        not_before: UnixTime,
    },
    /// A signature on the path is wrong.
    #[error("a signature in the chain is wrong")]
    Signature,
    /// A signature on the path is of an algorithm that is not taken.
    #[error("a signature in the chain is of an algorithm that is not taken")]
    Algorithm,
    /// A certificate says that it is not for this place in a path.
    #[error("a certificate of the chain is not for its place in it")]
    Constraint,
    /// A certificate that cannot be read.
    #[error("a certificate of the chain cannot be read")]
    Form,
}

impl Untrusted {
    /// A stable name for logs and metrics.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Empty => "attestation_chain_empty",
            Self::TooLong { .. } => "attestation_chain_too_long",
            Self::UnknownIssuer => "attestation_chain_unknown_issuer",
            Self::Expired { .. } => "attestation_chain_expired",
            Self::NotYetValid { .. } => "attestation_chain_not_yet_valid",
            Self::Signature => "attestation_chain_signature",
            Self::Algorithm => "attestation_chain_algorithm",
            Self::Constraint => "attestation_chain_constraint",
            Self::Form => "attestation_chain_form",
        }
    }
}

impl Anchors {
    /// Adds the certificates of a file: any number in PEM, or one in DER. Answers how many.
    ///
    /// # Errors
    /// When it holds none, or something else.
    pub fn add_file(&mut self, bytes: &[u8]) -> Result<usize, AnchorError> {
        if !bytes.windows(11).any(|window| window == b"-----BEGIN ") {
            self.add(bytes)?;
            return Ok(1);
        }
        let mut added = 0;
        for certificate in CertificateDer::pem_slice_iter(bytes) {
            self.add(&certificate.map_err(|_| AnchorError::Pem)?)?;
            added += 1;
        }
        if added == 0 {
            return Err(AnchorError::Pem);
        }
        Ok(added)
    }

    /// Adds one certificate in DER.
    ///
    /// # Errors
    /// When it is none.
    pub fn add(&mut self, der: &[u8]) -> Result<(), AnchorError> {
        let certificate = CertificateDer::from(der).into_owned();
        let anchor = anchor_from_trusted_cert(&certificate)
            .map_err(|_| AnchorError::Certificate)?
            .to_owned();
        self.anchors.push(anchor);
        self.certificates.push(certificate);
        Ok(())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.anchors.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.anchors.len()
    }

    /// Verifies that `chain` (the end-entity certificate first, in DER) leads to one of them at
    /// `now`. An end-entity certificate that is an anchor itself is trusted while it is valid, as
    /// the FIDO metadata permits. Extended key usages are not judged: attestation has none.
    ///
    /// # Errors
    /// When no path does.
    pub fn verify(&self, chain: &[Vec<u8>], now: UnixTime) -> Result<(), Untrusted> {
        let (leaf, intermediates) = chain.split_first().ok_or(Untrusted::Empty)?;
        if chain.len() > MOST_CERTIFICATES {
            return Err(Untrusted::TooLong {
                certificates: chain.len(),
            });
        }
        let leaf = CertificateDer::from(leaf.as_slice());
        if self.certificates.contains(&leaf) {
            return valid_at(&leaf, now);
        }
        let intermediates: Vec<CertificateDer<'_>> = intermediates
            .iter()
            .map(|certificate| CertificateDer::from(certificate.as_slice()))
            .collect();
        let end_entity = EndEntityCert::try_from(&leaf).map_err(|error| untrusted(&error))?;
        end_entity
            .verify_for_usage(
                &ALGORITHMS,
                &self.anchors,
                &intermediates,
                rustls_pki_types::UnixTime::since_unix_epoch(Duration::from_secs(now.0)),
                AnyUsage,
                None,
                None,
            )
            .map(|_| ())
            .map_err(|error| untrusted(&error))
    }
}

/// Every extended key usage will do, as long as it can be read.
struct AnyUsage;

impl ExtendedKeyUsageValidator for AnyUsage {
    fn validate(&self, usages: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        for usage in usages {
            usage?;
        }
        Ok(())
    }
}

fn valid_at(certificate: &[u8], now: UnixTime) -> Result<(), Untrusted> {
    let certificate = Certificate::from_der(certificate).map_err(|_| Untrusted::Form)?;
    let validity = certificate.tbs_certificate().validity();
    let not_before = UnixTime(validity.not_before.to_unix_duration().as_secs());
    let not_after = UnixTime(validity.not_after.to_unix_duration().as_secs());
    if now < not_before {
        return Err(Untrusted::NotYetValid { not_before });
    }
    if now > not_after {
        return Err(Untrusted::Expired { not_after });
    }
    Ok(())
}

fn untrusted(error: &webpki::Error) -> Untrusted {
    use webpki::Error as W;
    match error {
        W::UnknownIssuer => Untrusted::UnknownIssuer,
        W::CertExpired { not_after, .. } => Untrusted::Expired {
            not_after: UnixTime(not_after.as_secs()),
        },
        W::CertNotValidYet { not_before, .. } => Untrusted::NotYetValid {
            not_before: UnixTime(not_before.as_secs()),
        },
        W::InvalidSignatureForPublicKey => Untrusted::Signature,
        W::UnsupportedSignatureAlgorithmContext(_)
        | W::UnsupportedSignatureAlgorithmForPublicKeyContext(_)
        | W::SignatureAlgorithmMismatch => Untrusted::Algorithm,
        W::CaUsedAsEndEntity
        | W::EndEntityUsedAsCa
        | W::NameConstraintViolation
        | W::PathLenConstraintViolated
        | W::UnsupportedCriticalExtension
        | W::MaximumPathBuildCallsExceeded
        | W::MaximumPathDepthExceeded
        | W::MaximumSignatureChecksExceeded => Untrusted::Constraint,
        _ => Untrusted::Form,
    }
}
