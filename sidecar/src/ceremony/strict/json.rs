//! JSON in which no name stands twice in one object.

use super::super::{CeremonyError, Part};
use latchkey_token::json::{JsonError, parse_object};
use serde_json::{Map, Value};

/// Reads a whole JSON object.
pub(crate) fn object(bytes: &[u8], part: Part) -> Result<Map<String, Value>, CeremonyError> {
    parse_object(bytes).map_err(|error| match error {
        JsonError::DuplicateName => CeremonyError::DuplicateMember(part),
        JsonError::Syntax | JsonError::NotAnObject | JsonError::TooDeep => {
            CeremonyError::NotJson(part)
        }
    })
}
