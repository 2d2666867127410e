//! The members of a JSON object, each taken out as what it must be.

use crate::TokenError;
use serde_json::{Map, Value};

/// The last second of the year 9999, the last that RFC 3339 can write.
const LATEST: u64 = 253_402_300_799;

pub(crate) struct Members(Map<String, Value>);

impl Members {
    pub(crate) fn new(members: Map<String, Value>) -> Self {
        Self(members)
    }

    /// Whether every member has been taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn text(&mut self, claim: &'static str) -> Result<String, TokenError> {
        self.optional_text(claim)?
            .ok_or(TokenError::ClaimMissing { claim })
    }

    pub(crate) fn optional_text(
        &mut self,
        claim: &'static str,
    ) -> Result<Option<String>, TokenError> {
        self.0
            .remove(claim)
            .map(|value| text(claim, value))
            .transpose()
    }

    /// None there: an empty list.
    pub(crate) fn texts(&mut self, claim: &'static str) -> Result<Vec<String>, TokenError> {
        let values = self.list(claim)?;
        values.into_iter().map(|value| text(claim, value)).collect()
    }

    pub(crate) fn text_or_texts(&mut self, claim: &'static str) -> Result<Vec<String>, TokenError> {
        match self.0.get(claim) {
            None => Err(TokenError::ClaimMissing { claim }),
            Some(Value::String(_)) => Ok(vec![self.text(claim)?]),
            Some(_) => self.texts(claim),
        }
    }

    pub(crate) fn time(&mut self, claim: &'static str) -> Result<u64, TokenError> {
        self.optional_time(claim)?
            .ok_or(TokenError::ClaimMissing { claim })
    }

    /// A whole number that is no time.
    pub(crate) fn count(&mut self, claim: &'static str) -> Result<u64, TokenError> {
        let value = self
            .0
            .remove(claim)
            .ok_or(TokenError::ClaimMissing { claim })?;
        value.as_u64().ok_or(TokenError::ClaimWrongType { claim })
    }

    /// RFC 7519 allows fractions; nobody who mints for us writes them, and a verifier that rounds
    /// differs from one that does not.
    pub(crate) fn optional_time(&mut self, claim: &'static str) -> Result<Option<u64>, TokenError> {
        self.0
            .remove(claim)
            .map(|value| time(claim, &value))
            .transpose()
    }

    /// An array of whatever. None there: an empty one.
    pub(crate) fn list(&mut self, claim: &'static str) -> Result<Vec<Value>, TokenError> {
        match self.0.remove(claim) {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) => Ok(values),
            Some(_) => Err(TokenError::ClaimWrongType { claim }),
        }
    }

    pub(crate) fn flag(&mut self, claim: &'static str) -> Result<bool, TokenError> {
        self.optional_flag(claim)?
            .ok_or(TokenError::ClaimMissing { claim })
    }

    pub(crate) fn optional_flag(
        &mut self,
        claim: &'static str,
    ) -> Result<Option<bool>, TokenError> {
        match self.0.remove(claim) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(TokenError::ClaimWrongType { claim }),
        }
    }

    pub(crate) fn optional_object(
        &mut self,
        claim: &'static str,
    ) -> Result<Option<Self>, TokenError> {
        match self.0.remove(claim) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(Self(members))),
            Some(_) => Err(TokenError::ClaimWrongType { claim }),
        }
    }
}

pub(crate) fn time(claim: &'static str, value: &Value) -> Result<u64, TokenError> {
    match value.as_u64() {
        Some(seconds) if seconds <= LATEST => Ok(seconds),
        None if !value.is_i64() => Err(TokenError::ClaimWrongType { claim }),
        _ => Err(TokenError::ClaimOutOfRange { claim }),
    }
}

fn text(claim: &'static str, value: Value) -> Result<String, TokenError> {
    let Value::String(text) = value else {
        return Err(TokenError::ClaimWrongType { claim });
    };
    if text.is_empty() {
        return Err(TokenError::ClaimEmpty { claim });
    }
    if text.trim() != text || text.chars().any(is_forbidden) {
        return Err(TokenError::ClaimForbiddenCharacter { claim });
    }
    Ok(text)
}

/// What would end a header or a line, or show a reader another text than a program compares.
fn is_forbidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{061c}' | '\u{200e}' | '\u{200f}' // direction marks
                | '\u{2028}' | '\u{2029}' // line and paragraph separators
                | '\u{202a}'..='\u{202e}' // embeddings and overrides
                | '\u{2066}'..='\u{2069}' // isolates
                | '\u{feff}' // byte order mark
        )
}
