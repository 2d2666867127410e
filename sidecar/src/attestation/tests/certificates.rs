//! Certification authorities and attestation certificates.

use super::NOW;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyUsagePurpose, PublicKeyData, SanType, SerialNumber, SignatureAlgorithm, SigningKey,
};
use software_authenticator::{Key, tpm_alternative_name};
use time::{Duration, OffsetDateTime};

/// id-fido-gen-ce-aaguid (WebAuthn Level 3, section 8.2.1).
const AAGUID_EXTENSION: &[u64] = &[1, 3, 6, 1, 4, 1, 45724, 1, 1, 4];

/// A key as rcgen asks for it: on P-256, or RSA of 2,048 bits.
#[derive(Debug, Clone)]
pub(crate) struct CertifiedKey {
    pub(crate) key: Key,
    public: Vec<u8>,
    algorithm: &'static SignatureAlgorithm,
}

impl CertifiedKey {
    pub(crate) fn new(seed: u8) -> Self {
        Self::of(Key::from_seed([seed; 32]))
    }

    pub(crate) fn of(key: Key) -> Self {
        let (x, y) = key.coordinates();
        Self {
            key,
            public: [vec![4], x, y].concat(),
            algorithm: &rcgen::PKCS_ECDSA_P256_SHA256,
        }
    }

    /// The one RSA key, as a `RSAPublicKey` (RFC 8017, appendix A.1.1).
    pub(crate) fn rsa() -> Self {
        let key = Key::rsa();
        let cose = key.cose();
        let [.., (_, modulus), (_, exponent)] = cose.as_slice() else {
            panic!("a modulus and an exponent");
        };
        let [modulus, exponent] = [modulus, exponent].map(|it| it.as_bytes().expect("bytes"));
        let public = [
            &[0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00],
            modulus.as_slice(),
            &[0x02, 0x03],
            exponent,
        ];
        Self {
            public: public.concat(),
            key,
            algorithm: &rcgen::PKCS_RSA_SHA256,
        }
    }
}

impl PublicKeyData for CertifiedKey {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }
    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

impl SigningKey for CertifiedKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(self.key.sign(message))
    }
}

/// A certification authority.
pub(crate) struct Authority {
    pub(crate) der: Vec<u8>,
    pub(crate) pem: String,
    issuer: Issuer<'static, CertifiedKey>,
}

impl Authority {
    /// A root of this name, with a key from this seed.
    pub(crate) fn root(name: &str, seed: u8) -> Self {
        let params = authority_params(name);
        let key = CertifiedKey::new(seed);
        let certificate = params.self_signed(&key).expect("a root");
        Self {
            der: certificate.der().to_vec(),
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        }
    }

    /// An authority below this one.
    pub(crate) fn intermediate(&self, name: &str, seed: u8) -> Self {
        let params = authority_params(name);
        let key = CertifiedKey::new(seed);
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Self {
            der: certificate.der().to_vec(),
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        }
    }

    /// Issues an end-entity certificate.
    pub(crate) fn issue(&self, key: &CertifiedKey, params: &CertificateParams) -> Vec<u8> {
        let certificate = params.signed_by(key, &self.issuer).expect("a certificate");
        certificate.der().to_vec()
    }
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = valid_now();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

fn valid_now() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.serial_number = Some(SerialNumber::from(7_u64));
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.not_before = at(-86_400);
    params.not_after = at(86_400);
    params
}

/// Seconds from [`NOW`].
pub(crate) fn at(seconds: i64) -> OffsetDateTime {
    let now = i64::try_from(NOW.0).expect("it fits");
    OffsetDateTime::from_unix_timestamp(now).expect("an instant") + Duration::seconds(seconds)
}

/// What an attestation certificate must be (WebAuthn Level 3, section 8.2.1).
pub(crate) fn attestation(aaguid: Option<[u8; 16]>) -> CertificateParams {
    let mut params = valid_now();
    let name = &mut params.distinguished_name;
    name.push(DnType::CountryName, "XX");
    name.push(DnType::OrganizationName, "Latchkey tests");
    name.push(DnType::OrganizationalUnitName, "Authenticator Attestation");
    name.push(DnType::CommonName, "Software authenticator");
    params.is_ca = IsCa::ExplicitNoCa;
    if let Some(aaguid) = aaguid {
        let octets = [&[0x04, 0x10][..], &aaguid].concat();
        let extension = CustomExtension::from_oid_content(AAGUID_EXTENSION, octets);
        params.custom_extensions.push(extension);
    }
    params
}

/// The certificate of a host.
pub(crate) fn host(name: &str) -> CertificateParams {
    let mut params = valid_now();
    params.distinguished_name.push(DnType::CommonName, name);
    let name = name.try_into().expect("a host name");
    params.subject_alt_names.push(SanType::DnsName(name));
    params.is_ca = IsCa::ExplicitNoCa;
    params
}

/// What the certificate of a TPM's attestation key must be (WebAuthn Level 3, section 8.3.1).
pub(crate) fn tpm_attestation(aaguid: Option<[u8; 16]>) -> CertificateParams {
    let mut params = attestation(aaguid);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(vec![2, 23, 133, 8, 3])];
    let described = tpm_alternative_name(&[(1, "id:FFFFF1D0"), (2, "Software"), (3, "id:13")]);
    let mut name = CustomExtension::from_oid_content(&[2, 5, 29, 17], described);
    name.set_criticality(true);
    params.custom_extensions.push(name);
    params
}
