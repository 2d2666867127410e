//! A WebAuthn client and authenticator in software, for tests.
//!
//! [`Authenticator::create`] and [`Authenticator::get`] answer options as a browser with a passkey
//! would. A draft ([`Authenticator::draft_registration`], [`Authenticator::draft_assertion`]) shows
//! everything that goes into the answer before it is signed and sealed, so that a test can make
//! exactly one thing wrong:
//!
//! ```
//! # use software_authenticator::Authenticator;
//! # let options = serde_json::json!({"rp": {"id": "example.org"}, "challenge": "AA",
//! #     "user": {"id": "AQ"}, "pubKeyCredParams": [{"type": "public-key", "alg": -7}]});
//! let mut authenticator = Authenticator::new("https://example.org");
//! let mut draft = authenticator.draft_registration(&options);
//! draft.client_data.origin = "https://evil.example".to_owned();
//! let response = draft.seal();
//! # assert_eq!(response["type"], "public-key");
//! ```
//!
//! It knows nothing of the server: what it makes, it makes from the specification.

mod assertion;
mod authenticator_data;
mod client_data;
mod key;
mod registration;
mod tpm;

pub use assertion::AssertionDraft;
pub use authenticator_data::{AttestedCredentialData, AuthenticatorData, flag};
pub use ciborium::Value as Cbor;
pub use client_data::ClientData;
pub use key::Key;
pub use registration::RegistrationDraft;
pub use tpm::{TpmDraft, tpm_alternative_name};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A credential that the authenticator keeps.
#[derive(Debug, Clone)]
pub struct StoredCredential {
    /// Chosen at random.
    pub id: Vec<u8>,
    /// The relying party.
    pub rp_id: String,
    /// The user handle of the account.
    pub user_handle: Vec<u8>,
    /// Of the last response; grows by one with each.
    pub sign_count: u32,
    /// The private key.
    pub key: Key,
}

/// A browser at one origin, with one authenticator.
#[derive(Debug)]
pub struct Authenticator {
    /// Where the page is.
    pub origin: String,
    /// The model.
    pub aaguid: [u8; 16],
    /// Flags of every response, see [`flag`].
    pub flags: u8,
    /// Whether it counts signatures; otherwise the counter stays at 0.
    pub counts: bool,
    /// Whether new credentials are for RS256 (always with the same key) instead of ES256.
    pub rsa: bool,
    /// What it keeps, oldest first.
    pub credentials: Vec<StoredCredential>,
}

impl Authenticator {
    /// A verifying platform authenticator that does not sync, in a browser at `origin`.
    #[must_use]
    pub fn new(origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            aaguid: [0; 16],
            flags: flag::USER_PRESENT | flag::USER_VERIFIED,
            counts: true,
            rsa: false,
            credentials: Vec::new(),
        }
    }

    /// Answers `PublicKeyCredentialCreationOptionsJSON` with a `RegistrationResponseJSON`, and
    /// keeps the credential.
    ///
    /// # Panics
    /// When the options lack what a browser needs.
    pub fn create(&mut self, options: &Value) -> Value {
        self.draft_registration(options).seal()
    }

    /// Makes and keeps a credential; the response can still be changed.
    ///
    /// # Panics
    /// When the options lack what a browser needs.
    pub fn draft_registration(&mut self, options: &Value) -> RegistrationDraft {
        let credential = StoredCredential {
            id: random::<32>().to_vec(),
            rp_id: text(&options["rp"]["id"]).to_owned(),
            user_handle: decode(text(&options["user"]["id"])),
            sign_count: u32::from(self.counts),
            key: if self.rsa {
                Key::rsa()
            } else {
                Key::from_seed(random())
            },
        };
        let draft = RegistrationDraft::new(self, &credential, text(&options["challenge"]));
        self.credentials.push(credential);
        draft
    }

    /// Answers `PublicKeyCredentialRequestOptionsJSON` with an `AuthenticationResponseJSON`, made
    /// with the newest credential that the options allow.
    ///
    /// # Panics
    /// When there is none, or the options lack what a browser needs.
    pub fn get(&mut self, options: &Value) -> Value {
        self.draft_assertion(options).seal()
    }

    /// Chooses the newest credential that the options allow; the response can still be changed.
    ///
    /// # Panics
    /// When there is none, or the options lack what a browser needs.
    pub fn draft_assertion(&mut self, options: &Value) -> AssertionDraft {
        let rp_id = text(&options["rpId"]);
        let allowed: Vec<Vec<u8>> = options["allowCredentials"]
            .as_array()
            .map(|list| {
                list.iter()
                    .map(|entry| decode(text(&entry["id"])))
                    .collect()
            })
            .unwrap_or_default();
        let counts = self.counts;
        let credential = self
            .credentials
            .iter_mut()
            .rev()
            .find(|c| c.rp_id == rp_id && (allowed.is_empty() || allowed.contains(&c.id)))
            .expect("a credential that the options allow");
        credential.sign_count += u32::from(counts);
        let credential = credential.clone();
        AssertionDraft::new(self, &credential, text(&options["challenge"]))
    }
}

/// Unpadded base64url.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of unpadded base64url.
///
/// # Panics
/// When the text is not base64url.
#[must_use]
pub fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string in the options")
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system's entropy");
    bytes
}

/// Encodes CBOR.
///
/// # Panics
/// Never: it writes to memory.
#[must_use]
pub fn cbor(value: &Cbor) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).expect("writing to memory");
    bytes
}
