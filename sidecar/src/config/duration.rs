//! Spans of time as people write them: `30s`, `10m`, `12h`, `7d`.

use crate::model::Seconds;
use serde::Deserializer;
use serde::de::{Error, Visitor};
use std::fmt;

const EXPECTED: &str = "a whole number of s, m, h or d, as in \"10m\"";

/// For `#[serde(deserialize_with = "duration::deserialize")]`.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Seconds, D::Error> {
    from.deserialize_any(Span)
}

struct Span;

impl Visitor<'_> for Span {
    type Value = Seconds;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Seconds, E> {
        let misfit = || E::custom(format!("expected {EXPECTED}, found {text:?}"));
        parse(text).ok_or_else(misfit)
    }

    // Seconds or minutes: that is what the unit is there to say.
    fn visit_i64<E: Error>(self, number: i64) -> Result<Seconds, E> {
        Err(E::custom(format!("expected {EXPECTED}, found {number}")))
    }
}

/// For a key that can be absent.
pub(super) fn optional<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Seconds>, D::Error> {
    deserialize(from).map(Some)
}

fn parse(text: &str) -> Option<Seconds> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let unit = match text.strip_prefix(digits)? {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit).map(Seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_written_with_their_unit() {
        for (text, seconds) in [
            ("0s", 0),
            ("90s", 90),
            ("10m", 600),
            ("12h", 43_200),
            ("7d", 604_800),
        ] {
            assert_eq!(parse(text), Some(Seconds(seconds)), "{text}");
            assert_eq!(
                parse(&Seconds(seconds).to_string()),
                Some(Seconds(seconds)),
                "{text}"
            );
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "10",
            "m",
            "1.5h",
            "-1s",
            "+1s",
            "10 m",
            "1h30m",
            "10M",
            "99999999999999999999d",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse("213503982334602d"), None, "overflows");
    }
}
