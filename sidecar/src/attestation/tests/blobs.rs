//! Metadata blobs.

use super::certificates::{Authority, CertifiedKey, host};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use crypto_glue::ecdsa_p256::EcdsaP256Signature;
use serde_json::{Value, json};

/// The host that signs.
pub(crate) const SIGNER: &str = "mds.example.org";

/// Someone who signs blobs.
pub(crate) struct Service {
    pub(crate) root: Authority,
    pub(crate) key: CertifiedKey,
    pub(crate) chain: Vec<Vec<u8>>,
}

impl Service {
    pub(crate) fn new() -> Self {
        let root = Authority::root("Blob root", 0x51);
        let key = CertifiedKey::new(0x52);
        let chain = vec![root.issue(&key, &host(SIGNER))];
        Self { root, key, chain }
    }

    pub(crate) fn header(&self) -> Value {
        let chain: Vec<String> = self.chain.iter().map(|der| STANDARD.encode(der)).collect();
        json!({"alg": "ES256", "typ": "JWT", "x5c": chain})
    }

    pub(crate) fn blob(&self, payload: &Value) -> String {
        self.sign(&self.header(), payload)
    }

    pub(crate) fn sign(&self, header: &Value, payload: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(payload));
        let der = self.key.key.sign(signed.as_bytes());
        let signature = EcdsaP256Signature::from_der(&der).expect("a signature");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }
}

/// A payload that is due in 2099.
pub(crate) fn payload(number: u64, entries: &[Value]) -> Value {
    json!({
        "legalHeader": "none", "no": number, "nextUpdate": "2099-01-01", "entries": entries,
    })
}

/// A model with a root, and one status from a date on.
pub(crate) fn model(aaguid: [u8; 16], root: &[u8], status: &str, from: &str) -> Value {
    json!({
        "aaguid": uuid::Uuid::from_bytes(aaguid).to_string(),
        "metadataStatement": {
            "description": "A model",
            "attestationRootCertificates": [STANDARD.encode(root)],
        },
        "statusReports": [
            {"status": "NOT_FIDO_CERTIFIED", "effectiveDate": "2020-01-01"},
            {"status": status, "effectiveDate": from},
        ],
        "timeOfLastStatusChange": "2020-01-01",
    })
}
