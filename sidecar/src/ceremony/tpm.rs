//! TPM attestation statements ([WebAuthn Level 3, section 8.3]), which Windows Hello makes.
//!
//! webauthn-rs-core 0.6.2 reads them and refuses them all: it hashes with no algorithm that a TPM
//! signs with. So this is ours; the signature is verified by `attestation`, with the cryptography
//! that verifies certificates.
//!
//! [WebAuthn Level 3, section 8.3]: https://www.w3.org/TR/webauthn-3/#sctn-tpm-attestation

mod object_attributes;

pub use object_attributes::KeyFlaw;

use super::{
    CeremonyError,
    strict::{cbor::Item, cose::PublicKey},
};
use crate::attestation;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use uuid::Uuid;

/// RSASSA-PKCS1-v1_5 with SHA-1.
const RS1: i64 = -65535;
/// `TPM_GENERATED_VALUE` and `TPM_ST_ATTEST_CERTIFY` (TPMv2-Part2, sections 6.2 and 6.9).
const GENERATED: u32 = 0xff54_4347;
const CERTIFY: u16 = 0x8017;
/// `TPM_ALG_ID` (TPMv2-Part2, section 6.3) and `TPM_ECC_CURVE` (section 6.4).
const ALG_RSA: u16 = 0x0001;
const ALG_NULL: u16 = 0x0010;
const ALG_ECC: u16 = 0x0023;
const NIST_P256: u16 = 0x0003;
const NIST_P384: u16 = 0x0004;

/// The members of a statement; its `x5c` is read with the others'.
#[derive(Debug)]
pub(super) struct TpmStatement {
    algorithm: i64,
    signature: Vec<u8>,
    /// `TPMS_ATTEST`.
    cert_info: Vec<u8>,
    /// `TPMT_PUBLIC`.
    pub_area: Vec<u8>,
}

impl TpmStatement {
    /// Reads the members of a statement of version 2.0.
    pub(super) fn read(statement: &Item<'_>) -> Option<Self> {
        let bytes = |name| {
            let bytes = statement.named(name)?.bytes()?;
            Some(bytes.to_vec())
        };
        (statement.named("ver")?.text()? == "2.0").then_some(())?;
        Some(Self {
            algorithm: statement.named("alg")?.integer()?,
            signature: bytes("sig")?,
            cert_info: bytes("certInfo")?,
            pub_area: bytes("pubArea")?,
        })
    }

    /// Verifies that the TPM whose attestation key is `certificate`'s certifies that it holds the
    /// credential's key, for this ceremony.
    ///
    /// # Errors
    /// `AttestationAlgorithm` where the statement is made with an algorithm that proves nothing here
    /// (SHA-1), `AttestationKey` where it is right and says that the key is not the TPM's alone,
    /// `AttestationStatement` where it is wrong.
    pub(super) fn verify(
        &self,
        certificate: Option<&Vec<u8>>,
        aaguid: Uuid,
        public_key: &PublicKey,
        authenticator_data: &[u8],
        client_data_json: &[u8],
    ) -> Result<(), CeremonyError> {
        let certificate = certificate.ok_or(CeremonyError::AttestationStatement)?;
        let area = PublicArea::read(&self.pub_area).ok_or(CeremonyError::AttestationStatement)?;
        let info = CertifyInfo::read(&self.cert_info).ok_or(CeremonyError::AttestationStatement)?;
        if !area.key.is(public_key) || info.name != area.name {
            return Err(CeremonyError::AttestationStatement);
        }
        if self.algorithm == RS1 {
            return Err(CeremonyError::AttestationAlgorithm {
                algorithm: self.algorithm,
            });
        }
        let client_data_hash = Sha256::digest(client_data_json);
        let attested = [authenticator_data, &client_data_hash].concat();
        let digest = match self.algorithm {
            -7 | -257 => Sha256::digest(attested).to_vec(),
            -35 | -258 => Sha384::digest(attested).to_vec(),
            -259 => Sha512::digest(attested).to_vec(),
            _ => return Err(CeremonyError::AttestationStatement),
        };
        let signed = info.extra_data == digest
            && attestation::is_of_a_tpm(certificate, aaguid)
            && attestation::signed_by(
                certificate,
                self.algorithm,
                &self.cert_info,
                &self.signature,
            );
        if !signed {
            return Err(CeremonyError::AttestationStatement);
        }
        let flaw = object_attributes::flaw(area.object_attributes);
        flaw.map_or(Ok(()), |flaw| Err(CeremonyError::AttestationKey(flaw)))
    }
}

/// What counts of a `TPMS_ATTEST` that certifies an object (TPMv2-Part2, sections 10.12.3 and
/// 10.12.8). Who signed, clock and firmware are left aside, as the specification permits.
struct CertifyInfo<'a> {
    extra_data: &'a [u8],
    name: &'a [u8],
}

impl<'a> CertifyInfo<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = Reader(bytes);
        (rest.u32()? == GENERATED && rest.u16()? == CERTIFY).then_some(())?;
        let _qualified_signer = rest.sized()?;
        let extra_data = rest.sized()?;
        let _clock_info = rest.take(17)?;
        let _firmware_version = rest.take(8)?;
        let name = rest.sized()?;
        let _qualified_name = rest.sized()?;
        rest.0.is_empty().then_some(Self { extra_data, name })
    }
}

/// The key in a `TPMT_PUBLIC`.
enum TpmKey<'a> {
    Rsa {
        modulus: &'a [u8],
        exponent: u32,
    },
    Ecc {
        curve: u16,
        x: &'a [u8],
        y: &'a [u8],
    },
}

impl TpmKey<'_> {
    fn is(&self, public_key: &PublicKey) -> bool {
        match (self, public_key) {
            (Self::Rsa { modulus, exponent }, PublicKey::Rsa { n, e }) => {
                let [high, middle, low] = *e;
                *modulus == n.as_slice() && *exponent == u32::from_be_bytes([0, high, middle, low])
            }
            (Self::Ecc { curve, x, y }, PublicKey::P256 { x: x2, y: y2 }) => {
                *curve == NIST_P256 && same_number(x, x2) && same_number(y, y2)
            }
            (Self::Ecc { curve, x, y }, PublicKey::P384 { x: x2, y: y2 }) => {
                *curve == NIST_P384 && same_number(x, x2) && same_number(y, y2)
            }
            _ => false,
        }
    }
}

/// Some TPMs write coordinates without the zeros that they begin with.
fn same_number(one: &[u8], other: &[u8]) -> bool {
    fn significant(bytes: &[u8]) -> &[u8] {
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        bytes.get(zeros..).unwrap_or_default()
    }
    significant(one) == significant(other)
}

/// What counts of a `TPMT_PUBLIC` (TPMv2-Part2, section 12.2.4).
struct PublicArea<'a> {
    key: TpmKey<'a>,
    /// `TPMA_OBJECT`.
    object_attributes: u32,
    /// The name that it has (TPMv2-Part1, section 16).
    name: Vec<u8>,
}

impl<'a> PublicArea<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = Reader(bytes);
        let kind = rest.u16()?;
        let name_algorithm = rest.u16()?;
        let object_attributes = rest.u32()?;
        let _authentication_policy = rest.sized()?;
        // TPMT_SYM_DEF_OBJECT: key bits and mode follow an algorithm. A signing key has none.
        if rest.u16()? != ALG_NULL {
            rest.take(4)?;
        }
        rest.scheme()?;
        let key = match kind {
            ALG_RSA => {
                let _key_bits = rest.u16()?;
                let exponent = match rest.u32()? {
                    0 => 65_537,
                    exponent => exponent,
                };
                let modulus = rest.sized()?;
                TpmKey::Rsa { modulus, exponent }
            }
            ALG_ECC => {
                let curve = rest.u16()?;
                rest.scheme()?;
                let (x, y) = (rest.sized()?, rest.sized()?);
                TpmKey::Ecc { curve, x, y }
            }
            _ => return None,
        };
        let digest = match name_algorithm {
            0x000b => Sha256::digest(bytes).to_vec(),
            0x000c => Sha384::digest(bytes).to_vec(),
            0x000d => Sha512::digest(bytes).to_vec(),
            _ => return None,
        };
        let name = [&name_algorithm.to_be_bytes()[..], &digest].concat();
        rest.0.is_empty().then_some(Self {
            key,
            object_attributes,
            name,
        })
    }
}

/// Big-endian numbers and sized buffers.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(bytes)?;
        self.0 = tail;
        Some(head)
    }
    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_be_bytes)
    }
    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }
    /// A `TPM2B`: its length in two bytes, and as many.
    fn sized(&mut self) -> Option<&'a [u8]> {
        let bytes = self.u16()?;
        self.take(usize::from(bytes))
    }
    /// A scheme, which a hash algorithm follows unless there is none.
    fn scheme(&mut self) -> Option<()> {
        if self.u16()? != ALG_NULL {
            self.u16()?;
        }
        Some(())
    }
}
