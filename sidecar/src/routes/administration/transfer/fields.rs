//! Single fields of a document's users; a refusal begins with the field's name.

use crate::model::{Reason, ReasonCode as Code, Seconds, UnixTime, UserName, UserNameError};
use crate::routes::administration::user_fields;
use crate::routes::passkey::{instant, label};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

pub(super) fn name(text: &str) -> Result<UserName, Reason> {
    UserName::for_new(text).map_err(|error| no_name(error).at("name"))
}

/// Why a text is no user name.
pub(super) fn no_name(error: UserNameError) -> Reason {
    let code = match error {
        UserNameError::Empty => Code::NameMissing,
        UserNameError::TooLong => Code::NameTooLong,
        UserNameError::Character(0x20) => Code::NameSpace,
        UserNameError::Character(_) => Code::NameCharacter,
        UserNameError::MixedScripts => Code::NameMixedScripts,
        UserNameError::Identifier => Code::NameIsAnId,
        UserNameError::Imitates => Code::NameImitates,
        UserNameError::Reserved => Code::NameReserved,
    };
    let reason = Reason::new(code, error.to_string());
    match error {
        UserNameError::Character(character) if code == Code::NameCharacter => {
            reason.with("character", format_args!("U+{character:04X}"))
        }
        _ => reason,
    }
}

pub(super) fn display_name(text: &str) -> Result<String, Reason> {
    label(text).ok_or_else(|| Reason::expected("display_name", "1 to 64 visible characters"))
}

pub(super) fn email(text: &str) -> Result<String, Reason> {
    user_fields::address(text)
}

pub(super) fn names(field: &str, given: &[String]) -> Result<Vec<String>, Reason> {
    user_fields::names(field, given)
}

pub(super) fn span(field: &str, given: Option<u64>) -> Result<Option<Seconds>, Reason> {
    user_fields::limit(field, given.unwrap_or(0))
}

pub(super) fn time(field: &str, text: Option<&str>) -> Result<Option<UnixTime>, Reason> {
    let expected = || Reason::expected(field, "an instant like 2026-01-31T12:00:00Z");
    text.map(|text| instant(text).ok_or_else(expected))
        .transpose()
}

pub(super) fn exact_base64url(field: &str, text: &str) -> Result<Vec<u8>, Reason> {
    let decoded = URL_SAFE_NO_PAD.decode(text);
    decoded.map_err(|_| Reason::expected(field, "unpadded base64url"))
}

/// Base64 in any of the forms in which programs write it: either alphabet, padded or not.
pub(super) fn any_base64(field: &str, text: &str) -> Result<Vec<u8>, Reason> {
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
    decoded.map_err(|_| Reason::expected(field, "base64"))
}
