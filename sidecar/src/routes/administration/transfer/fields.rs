//! Single fields of a document's users; a refusal begins with the field's name.

use crate::model::{Seconds, UnixTime, UserName};
use crate::problem::Problem;
use crate::routes::administration::user_fields;
use crate::routes::passkey::{instant, label};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

pub(super) fn name(text: &str) -> Result<UserName, String> {
    UserName::parse(text).map_err(|error| format!("name: {error}"))
}

pub(super) fn display_name(text: &str) -> Result<String, String> {
    label(text).ok_or_else(|| "display_name: expected 1 to 64 visible characters".to_owned())
}

pub(super) fn email(text: &str) -> Result<String, String> {
    user_fields::address(text).map_err(|problem| detail(&problem))
}

pub(super) fn names(field: &str, given: &[String]) -> Result<Vec<String>, String> {
    user_fields::names(field, given).map_err(|problem| detail(&problem))
}

pub(super) fn span(field: &str, given: Option<u64>) -> Result<Option<Seconds>, String> {
    user_fields::limit(field, given.unwrap_or(0)).map_err(|problem| detail(&problem))
}

pub(super) fn time(field: &str, text: Option<&str>) -> Result<Option<UnixTime>, String> {
    let expected = || format!("{field}: expected an instant like 2026-01-31T12:00:00Z");
    text.map(|text| instant(text).ok_or_else(expected))
        .transpose()
}

pub(super) fn exact_base64url(field: &str, text: &str) -> Result<Vec<u8>, String> {
    let decoded = URL_SAFE_NO_PAD.decode(text);
    decoded.map_err(|_| format!("{field}: expected unpadded base64url"))
}

/// Base64 in any of the forms in which programs write it: either alphabet, padded or not.
pub(super) fn any_base64(field: &str, text: &str) -> Result<Vec<u8>, String> {
    let plain: String = text
        .trim_end_matches('=')
        .chars()
        .map(|c| match c {
            '+' => '-',
            '/' => '_',
            c => c,
        })
        .collect();
    let decoded = URL_SAFE_NO_PAD.decode(plain);
    decoded.map_err(|_| format!("{field}: expected base64"))
}

fn detail(problem: &Problem) -> String {
    problem.detail().trim_end_matches('.').to_owned()
}
