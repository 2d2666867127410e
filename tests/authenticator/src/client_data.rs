//! Client data.

use serde_json::{Map, Value};

/// What the browser says it did (WebAuthn Level 3, section 5.8.1).
#[derive(Debug, Clone)]
pub struct ClientData {
    /// `webauthn.create` or `webauthn.get`.
    pub type_: String,
    /// In base64url.
    pub challenge: String,
    /// Of the page.
    pub origin: String,
    /// Browsers send `false`.
    pub cross_origin: Option<bool>,
    /// Only in frames.
    pub top_origin: Option<String>,
    /// Replaces or adds members.
    pub extra: Map<String, Value>,
    /// Sent instead of everything above.
    pub raw: Option<Vec<u8>>,
}

impl ClientData {
    pub(crate) fn new(type_: &str, challenge: &str, origin: &str) -> Self {
        Self {
            type_: type_.to_owned(),
            challenge: challenge.to_owned(),
            origin: origin.to_owned(),
            cross_origin: Some(false),
            top_origin: None,
            extra: Map::new(),
            raw: None,
        }
    }

    /// As it is hashed and sent.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        if let Some(raw) = &self.raw {
            return raw.clone();
        }
        let mut members = Map::new();
        members.insert("type".to_owned(), self.type_.clone().into());
        members.insert("challenge".to_owned(), self.challenge.clone().into());
        members.insert("origin".to_owned(), self.origin.clone().into());
        if let Some(cross_origin) = self.cross_origin {
            members.insert("crossOrigin".to_owned(), cross_origin.into());
        }
        if let Some(top_origin) = &self.top_origin {
            members.insert("topOrigin".to_owned(), top_origin.clone().into());
        }
        members.extend(self.extra.clone());
        Value::Object(members).to_string().into_bytes()
    }
}
