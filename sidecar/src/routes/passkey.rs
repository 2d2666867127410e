//! A passkey as the account's owner sees it.

use crate::app::App;
use crate::model::{Credential, UnixTime, authenticator_name};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

/// Longer labels are refused. Only those that another system has taken are cut, with a note.
pub(super) const LABEL_MAX_CHARS: usize = 64;

#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct Passkey {
    id: String,
    label: String,
    aaguid: String,
    /// What its model is called, by a list of well-known ones or the FIDO metadata.
    authenticator: Option<String>,
    /// Whether its maker was proved, against a trust anchor at registration.
    attested: bool,
    created_at: String,
    last_used_at: Option<String>,
    transports: Vec<String>,
    /// `null` while nobody has told.
    backup_eligible: Option<bool>,
    backup_state: bool,
    attachment: Option<String>,
    /// Since when it signs in no more.
    disabled_at: Option<String>,
}

/// What a model is called: as most people know it, or else as the FIDO metadata have it.
pub(super) fn model_name(app: &App, aaguid: Uuid) -> Option<String> {
    let known = authenticator_name(aaguid).map(str::to_owned);
    known.or_else(|| Some(app.trust.current().model_name(aaguid)?.to_string()))
}

impl Passkey {
    pub(super) fn of(app: &App, credential: &Credential) -> Self {
        Self {
            id: credential.id.to_string(),
            label: credential.label.clone(),
            aaguid: credential.aaguid.to_string(),
            authenticator: model_name(app, credential.aaguid),
            attested: credential.attested,
            created_at: rfc3339(credential.created_at),
            last_used_at: credential.last_used_at.map(rfc3339),
            transports: credential.transports.clone(),
            backup_eligible: credential.backup_eligible,
            backup_state: credential.backup_state,
            attachment: credential.attachment.clone(),
            disabled_at: credential.disabled_at.map(rfc3339),
        }
    }
}

/// A label that a person can read and that breaks no line; `None` when it is no such text.
pub(super) fn label(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = (1..=LABEL_MAX_CHARS).contains(&text.chars().count());
    let readable = !text
        .chars()
        .any(|c| c.is_control() || is_invisible_format(c));
    (fits && readable).then(|| text.to_owned())
}

/// Bidirectional controls, zero-width characters, fillers and tags, which make a text look like another
/// one, or like none. Variation selectors are in what people write: they follow an emoji.
fn is_invisible_format(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Instants past the year 9999 do not occur but in a damaged record.
pub(super) fn rfc3339(at: UnixTime) -> String {
    i64::try_from(at.0)
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_default()
}

/// What [`rfc3339`] writes, and every other text of that form.
pub(super) fn instant(text: &str) -> Option<UnixTime> {
    let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    u64::try_from(at.unix_timestamp()).ok().map(UnixTime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_as_rfc_3339() {
        assert_eq!(rfc3339(UnixTime(0)), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(UnixTime(1_700_000_000)), "2023-11-14T22:13:20Z");
        assert_eq!(rfc3339(UnixTime(u64::MAX)), "");
        let at = UnixTime(1_700_000_000);
        assert_eq!(instant(&rfc3339(at)), Some(at), "and read back");
        assert_eq!(instant("1969-12-31T23:59:59Z"), None);
    }

    #[test]
    fn labels_are_short_readable_texts() {
        assert_eq!(label("  blue key "), Some("blue key".to_owned()));
        assert_eq!(label(&"é".repeat(64)), Some("é".repeat(64)));
        assert_eq!(label("❤\u{fe0f} 안녕"), Some("❤\u{fe0f} 안녕".to_owned()));
        for refused in [
            "",
            "   ",
            "a\nb",
            "a\u{202e}b",
            "a\u{200b}b",
            // An Arabic letter mark, a soft hyphen, fillers, an empty braille cell, a tag.
            "a\u{61c}b",
            "a\u{ad}b",
            "\u{3164}",
            "a\u{115f}",
            "\u{ffa0}",
            "\u{2800}",
            "a\u{e0041}",
            &"x".repeat(65),
        ] {
            assert_eq!(label(refused), None, "{refused:?}");
        }
    }
}
