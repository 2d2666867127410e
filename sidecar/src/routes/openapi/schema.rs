//! Forms that are not ours: they are WebAuthn's, and described as far as it is of use to a client.

use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Options as a browser's `PublicKeyCredential.parseCreationOptionsFromJSON` or
/// `parseRequestOptionsFromJSON` takes them.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the ceremonies write")]
pub(in crate::routes) struct WebAuthnOptions {
    #[schema(rename = "publicKey")]
    public_key: Map<String, Value>,
}

/// `RegistrationResponseJSON` (WebAuthn Level 3, section 5.1), and what the passkey is to be called.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the ceremonies read")]
pub(in crate::routes) struct RegistrationResponse {
    id: String,
    #[schema(rename = "rawId")]
    raw_id: String,
    r#type: String,
    response: Map<String, Value>,
    label: Option<String>,
}

/// `AuthenticationResponseJSON` (WebAuthn Level 3, section 5.1).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the ceremonies read")]
pub(in crate::routes) struct AuthenticationResponse {
    id: String,
    #[schema(rename = "rawId")]
    raw_id: String,
    r#type: String,
    response: Map<String, Value>,
}

/// Why something is not taken, or what should be known of it.
#[derive(ToSchema)]
#[schema(as = Reason)]
#[expect(dead_code, reason = "describes what is written of a reason")]
pub(in crate::routes) struct ReasonView {
    /// The field, or the place in a document; absent: all of it.
    field: Option<String>,
    /// Stable; the texts are not.
    code: String,
    /// What the sentence names, by what it is.
    values: Option<std::collections::BTreeMap<String, String>>,
    /// In English.
    detail: String,
}
