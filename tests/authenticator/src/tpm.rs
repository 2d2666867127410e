//! TPM attestation statements (WebAuthn Level 3, section 8.3), as Windows Hello makes them.

use crate::{Cbor, Key, RegistrationDraft, sha256};
use sha2::{Digest, Sha256};

/// What a TPM certifies about a credential's key, before it is signed.
#[derive(Debug, Clone)]
pub struct TpmDraft {
    /// `magic` of the `TPMS_ATTEST`.
    pub magic: u32,
    /// Its `type`.
    pub kind: u16,
    /// Its `extraData`: the digest of what is attested.
    pub extra_data: Vec<u8>,
    /// The name of the certified object.
    pub name: Vec<u8>,
    /// Written after the `TPMS_ATTEST`.
    pub trailing: Vec<u8>,
    /// `TPMT_PUBLIC`: the credential's key as the TPM describes it.
    pub public_area: Vec<u8>,
    /// COSE number of the algorithm of the signature.
    pub algorithm: i64,
}

impl TpmDraft {
    /// What a good TPM says about the draft as it is now.
    #[must_use]
    pub fn certifying(draft: &RegistrationDraft) -> Self {
        let client_data_hash = sha256(&draft.client_data.bytes());
        let attested = [draft.authenticator_data.bytes(), client_data_hash.to_vec()].concat();
        let mut made = Self {
            magic: 0xff54_4347,
            kind: 0x8017,
            extra_data: Sha256::digest(attested).to_vec(),
            name: Vec::new(),
            trailing: Vec::new(),
            public_area: public_area(&draft.key),
            algorithm: -7,
        };
        made.name_the_key();
        made
    }

    /// Writes the name that the public area has, by SHA-256.
    pub fn name_the_key(&mut self) {
        let digest = sha256(&self.public_area);
        self.name = [&[0x00, 0x0b][..], &digest].concat();
    }

    /// Describes the key with other attributes (`TPMA_OBJECT`), as the TPM itself would.
    pub fn describe_the_key(&mut self, object_attributes: u32) {
        let bytes = object_attributes.to_be_bytes();
        self.public_area.splice(4..8, bytes);
        self.name_the_key();
    }

    /// The `TPMS_ATTEST`: what is signed.
    #[must_use]
    pub fn cert_info(&self) -> Vec<u8> {
        [
            &self.magic.to_be_bytes()[..],
            &self.kind.to_be_bytes(),
            &sized(&[0x00, 0x0b, 1, 2, 3]),
            &sized(&self.extra_data),
            // Clock, resets, restarts, whether it is safe; firmware.
            &[0x11; 17],
            &[0x22; 8],
            &sized(&self.name),
            &sized(&[0x00, 0x0b, 4, 5, 6]),
            &self.trailing,
        ]
        .concat()
    }

    /// The members of the statement.
    #[must_use]
    pub fn seal(&self, chain: Vec<Vec<u8>>, sign: impl Fn(&[u8]) -> Vec<u8>) -> Vec<(Cbor, Cbor)> {
        let cert_info = self.cert_info();
        vec![
            (Cbor::from("alg"), Cbor::from(self.algorithm)),
            (Cbor::from("sig"), Cbor::from(sign(&cert_info))),
            (Cbor::from("ver"), Cbor::from("2.0")),
            (
                Cbor::from("x5c"),
                Cbor::Array(chain.into_iter().map(Cbor::from).collect()),
            ),
            (Cbor::from("pubArea"), Cbor::from(self.public_area.clone())),
            (Cbor::from("certInfo"), Cbor::from(cert_info)),
        ]
    }
}

/// The `TPMT_PUBLIC` of a key as Windows Hello has it made, which never leaves its TPM (0x00060472:
/// `fixedTPM`, `fixedParent`, `sensitiveDataOrigin`, `userWithAuth`, `noDA`, `decrypt`, `sign`).
fn public_area(key: &Key) -> Vec<u8> {
    let parameters: Vec<Vec<u8>> = key
        .cose()
        .into_iter()
        .filter_map(|(_, value)| value.into_bytes().ok())
        .collect();
    match parameters.as_slice() {
        // RSASSA with SHA-256, 2,048 bits, the usual exponent.
        [modulus, exponent] if exponent.len() == 3 => [
            &[0x00, 0x01, 0x00, 0x0b, 0x00, 0x06, 0x04, 0x72][..],
            &sized(&[0x9d; 32]),
            &[0x00, 0x10, 0x00, 0x14, 0x00, 0x0b, 0x08, 0x00],
            &[0x00, 0x00, 0x00, 0x00],
            &sized(modulus),
        ]
        .concat(),
        // P-256, no scheme.
        [x, y] => [
            &[0x00, 0x23, 0x00, 0x0b, 0x00, 0x06, 0x04, 0x72][..],
            &sized(&[0x9d; 32]),
            &[0x00, 0x10, 0x00, 0x10, 0x00, 0x03, 0x00, 0x10],
            &sized(x),
            &sized(y),
        ]
        .concat(),
        _ => Vec::new(),
    }
}

/// A `TPM2B`.
fn sized(bytes: &[u8]) -> Vec<u8> {
    let [.., high, low] = bytes.len().to_be_bytes();
    [&[high, low][..], bytes].concat()
}

/// A subject alternative name, in DER, that describes a TPM by these attributes: the last number of
/// each one's object identifier (1 manufacturer, 2 model, 3 version) and its value. All shorter than 128 bytes.
#[must_use]
pub fn tpm_alternative_name(attributes: &[(u8, &str)]) -> Vec<u8> {
    let wrap = |tag: u8, content: Vec<u8>| {
        let [.., length] = content.len().to_be_bytes();
        [vec![tag, length], content].concat()
    };
    let relative: Vec<u8> = attributes
        .iter()
        .flat_map(|(last, value)| {
            let oid = vec![0x06, 0x05, 0x67, 0x81, 0x05, 0x02, *last];
            let value = wrap(0x0c, value.as_bytes().to_vec());
            wrap(0x31, wrap(0x30, [oid, value].concat()))
        })
        .collect();
    wrap(0x30, wrap(0xa4, wrap(0x30, relative)))
}
