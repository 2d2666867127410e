//! Credential public keys: COSE keys as WebAuthn Level 3, section 6.5.1.1 and section 5.8.5 limit
//! them. The curve belongs to the algorithm; no optional parameter may be there.

use super::super::{Algorithm, CeremonyError};
use super::cbor::Item;

/// COSE key parameters (RFC 9052, section 7; RFC 9053, section 7; RFC 8230, section 4).
const KTY: i64 = 1;
const ALG: i64 = 3;
const KTY_EC2: i64 = 2;
const KTY_RSA: i64 = 3;
const EC2_CRV: i64 = -1;
const EC2_X: i64 = -2;
const EC2_Y: i64 = -3;
const RSA_N: i64 = -1;
const RSA_E: i64 = -2;

/// A public key whose parts have the right lengths. That they are a point of the curve, or a
/// sound modulus, is webauthn-rs's to check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PublicKey {
    P256 { x: Vec<u8>, y: Vec<u8> },
    P384 { x: Vec<u8>, y: Vec<u8> },
    Rsa { n: Vec<u8>, e: [u8; 3] },
}

impl PublicKey {
    /// Reads a COSE key.
    pub(crate) fn from_cose(key: &Item<'_>) -> Result<Self, CeremonyError> {
        let number = |label| key.numbered(label).and_then(Item::integer);
        let alg = number(ALG).ok_or(CeremonyError::PublicKey)?;
        let algorithm = Algorithm::from_cose(alg)
            .ok_or(CeremonyError::AlgorithmNotOffered { algorithm: alg })?;
        let parsed = match algorithm {
            Algorithm::Es256 => point(key, 1, 32).map(|(x, y)| Self::P256 { x, y }),
            Algorithm::Es384 => point(key, 2, 48).map(|(x, y)| Self::P384 { x, y }),
            Algorithm::Rs256 => rsa(key),
        };
        parsed.ok_or(CeremonyError::PublicKey)
    }

    /// The algorithm that the key is for.
    pub(crate) fn algorithm(&self) -> Algorithm {
        match self {
            Self::P256 { .. } => Algorithm::Es256,
            Self::P384 { .. } => Algorithm::Es384,
            Self::Rsa { .. } => Algorithm::Rs256,
        }
    }
}

fn point(key: &Item<'_>, curve: i64, coordinate_bytes: usize) -> Option<(Vec<u8>, Vec<u8>)> {
    let coordinate = |label| {
        key.numbered(label)?
            .bytes()
            .filter(|bytes| bytes.len() == coordinate_bytes)
            .map(<[u8]>::to_vec)
    };
    let fits = key.entries()?.len() == 5
        && key.numbered(KTY)?.integer()? == KTY_EC2
        && key.numbered(EC2_CRV)?.integer()? == curve;
    fits.then_some(())?;
    Some((coordinate(EC2_X)?, coordinate(EC2_Y)?))
}

/// Only 2048 bits with a three-byte exponent: what webauthn-rs-core takes.
fn rsa(key: &Item<'_>) -> Option<PublicKey> {
    let fits = key.entries()?.len() == 4 && key.numbered(KTY)?.integer()? == KTY_RSA;
    fits.then_some(())?;
    let n = key
        .numbered(RSA_N)?
        .bytes()
        .filter(|n| n.len() == 256)?
        .to_vec();
    let e = key.numbered(RSA_E)?.bytes()?.try_into().ok()?;
    Some(PublicKey::Rsa { n, e })
}

#[cfg(test)]
mod tests {
    use super::super::cbor;
    use super::*;

    fn key(curve: u8) -> Result<PublicKey, CeremonyError> {
        let mut bytes = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, curve, 0x21, 0x58, 0x20];
        bytes.extend([1; 32]);
        bytes.extend([0x22, 0x58, 0x20]);
        bytes.extend([2; 32]);
        PublicKey::from_cose(&cbor::whole(&bytes).expect("CBOR"))
    }

    #[test]
    fn the_curve_belongs_to_the_algorithm() {
        let (x, y) = (vec![1; 32], vec![2; 32]);
        assert_eq!(key(1), Ok(PublicKey::P256 { x, y }));
        assert_eq!(key(2), Err(CeremonyError::PublicKey));
    }
}
