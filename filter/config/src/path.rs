//! Path patterns, and the path of the sign-in.

use std::fmt;

use thiserror::Error;

/// A pattern over the segments of a path: exact, `*` for one segment, `/**` at the end for this
/// path and everything below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPattern {
    text: String,
    segments: Vec<PatternSegment>,
    below: bool,
}

/// One segment of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatternSegment {
    /// Exactly these bytes, with percent-encoding undone.
    Exactly(Vec<u8>),
    /// Any one segment that is not empty.
    Any,
}

/// The path under which the sidecar's public endpoints are; no slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicPath(String);

/// Why a pattern or path is refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum BadPattern {
    /// Not a path.
    #[error("expected a path that begins with `/`")]
    NotAbsolute,
    /// An empty segment before the last.
    #[error("expected no empty segment: `//` is one slash before it is matched")]
    EmptySegment,
    /// A segment that no normalised path has.
    #[error("expected no `.` or `..` segment: they are resolved before a path is matched")]
    DotSegment,
    /// A wildcard inside of a segment, or `**` before the end.
    #[error("expected `*` only as a whole segment and `**` only as the last one")]
    Wildcard,
    /// A character that no path has.
    #[error("expected only characters of a path, without query, `;`, `\\` or spaces")]
    Character,
    /// A percent sign that starts no escape, or the escape of a separator or control character.
    #[error("expected `%` only as an escape of neither separator nor control character")]
    Escape,
    /// The sign-in needs a plain path of its own.
    #[error("expected a path such as \"/_latchkey\": letters, digits, `-`, `_`, `.`, no final `/`")]
    NotPlain,
}

impl PathPattern {
    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The segments before the `/**`, or all of them. `/` is one empty segment.
    #[must_use]
    pub fn segments(&self) -> &[PatternSegment] {
        &self.segments
    }

    /// Whether the pattern ends in `/**`.
    #[must_use]
    pub fn covers_below(&self) -> bool {
        self.below
    }
}

impl TryFrom<String> for PathPattern {
    type Error = BadPattern;

    fn try_from(text: String) -> Result<Self, BadPattern> {
        let path = text.strip_prefix('/').ok_or(BadPattern::NotAbsolute)?;
        let (path, below) = match path.strip_suffix("**") {
            Some("") => (None, true),
            Some(path) => (
                Some(path.strip_suffix('/').ok_or(BadPattern::Wildcard)?),
                true,
            ),
            None => (Some(path), false),
        };
        let mut segments = Vec::new();
        if let Some(path) = path {
            let mut rest = path.split('/').peekable();
            while let Some(part) = rest.next() {
                let last = rest.peek().is_none();
                segments.push(segment(part, last && !below)?);
            }
        }
        Ok(Self {
            text,
            segments,
            below,
        })
    }
}

impl PublicPath {
    /// The path as text, such as `/_latchkey`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a path is this one or lies below it.
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        path.strip_prefix(self.0.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl Default for PublicPath {
    fn default() -> Self {
        Self("/_latchkey".to_owned())
    }
}

impl fmt::Display for PublicPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for PublicPath {
    type Error = BadPattern;

    fn try_from(text: String) -> Result<Self, BadPattern> {
        let path = text.strip_prefix('/').ok_or(BadPattern::NotAbsolute)?;
        let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        for part in path.split('/') {
            if part.is_empty() || !part.bytes().all(named) {
                return Err(BadPattern::NotPlain);
            }
            if part.bytes().all(|byte| byte == b'.') {
                return Err(BadPattern::DotSegment);
            }
        }
        Ok(Self(text))
    }
}

/// Reads one segment; only the last may be empty, which is the path with a slash at its end.
fn segment(part: &str, may_be_empty: bool) -> Result<PatternSegment, BadPattern> {
    match part {
        "*" => return Ok(PatternSegment::Any),
        "" if may_be_empty => return Ok(PatternSegment::Exactly(Vec::new())),
        "" => return Err(BadPattern::EmptySegment),
        _ if part.contains('*') => return Err(BadPattern::Wildcard),
        _ => {}
    }
    let mut decoded = Vec::with_capacity(part.len());
    let mut bytes = part.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => decoded.push(escape(bytes.next(), bytes.next())?),
            b'?' | b'#' | b';' | b'\\' => return Err(BadPattern::Character),
            _ if byte.is_ascii_graphic() => decoded.push(byte),
            _ => return Err(BadPattern::Character),
        }
    }
    if matches!(decoded.as_slice(), b"." | b"..") {
        return Err(BadPattern::DotSegment);
    }
    Ok(PatternSegment::Exactly(decoded))
}

fn escape(high: Option<u8>, low: Option<u8>) -> Result<u8, BadPattern> {
    let digit = |byte: Option<u8>| {
        byte.and_then(|byte| char::from(byte).to_digit(16))
            .and_then(|digit| u8::try_from(digit).ok())
            .ok_or(BadPattern::Escape)
    };
    let byte = digit(high)? << 4 | digit(low)?;
    if byte.is_ascii_control() || matches!(byte, b'/' | b'\\' | b';') {
        return Err(BadPattern::Escape);
    }
    Ok(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Result<PathPattern, BadPattern> {
        PathPattern::try_from(text.to_owned())
    }

    fn exactly(text: &str) -> PatternSegment {
        PatternSegment::Exactly(text.as_bytes().to_vec())
    }

    #[test]
    fn reads_each_form() {
        let both = pattern("/a/*/b%20c/**").unwrap();
        assert_eq!(
            both.segments(),
            [exactly("a"), PatternSegment::Any, exactly("b c")]
        );
        assert!(both.covers_below());
        assert_eq!(pattern("/").unwrap().segments(), [exactly("")]);
        assert_eq!(
            pattern("/a/").unwrap().segments(),
            [exactly("a"), exactly("")]
        );
        let all = pattern("/**").unwrap();
        assert!(all.segments().is_empty() && all.covers_below());
    }

    #[test]
    fn refuses_what_no_normalised_path_can_match() {
        for (text, expected) in [
            ("", BadPattern::NotAbsolute),
            ("admin", BadPattern::NotAbsolute),
            ("**", BadPattern::NotAbsolute),
            ("//", BadPattern::EmptySegment),
            ("/a//b", BadPattern::EmptySegment),
            ("//**", BadPattern::EmptySegment),
            ("/a/../b", BadPattern::DotSegment),
            ("/%2e%2e/b", BadPattern::DotSegment),
            ("/a/.", BadPattern::DotSegment),
            ("/a*", BadPattern::Wildcard),
            ("/a**", BadPattern::Wildcard),
            ("/**/b", BadPattern::Wildcard),
            ("/a?b", BadPattern::Character),
            ("/a#b", BadPattern::Character),
            ("/a;b", BadPattern::Character),
            ("/a\\b", BadPattern::Character),
            ("/a b", BadPattern::Character),
            ("/\u{e9}", BadPattern::Character),
            ("/a%2fb", BadPattern::Escape),
            ("/a%00", BadPattern::Escape),
            ("/a%", BadPattern::Escape),
            ("/a%zz", BadPattern::Escape),
        ] {
            assert_eq!(pattern(text).unwrap_err(), expected, "{text}");
        }
    }

    #[test]
    fn the_sign_in_covers_itself_and_what_lies_below() {
        let path = PublicPath::default();
        for covered in ["/_latchkey", "/_latchkey/", "/_latchkey/login"] {
            assert!(path.covers(covered), "{covered}");
        }
        for other in [
            "/",
            "/_latchkeyx",
            "/_latchke",
            "/_LATCHKEY/login",
            "/x/_latchkey",
        ] {
            assert!(!path.covers(other), "{other}");
        }
    }

    #[test]
    fn the_sign_in_needs_a_plain_path() {
        for text in [
            "",
            "/",
            "_latchkey",
            "/a/",
            "//a",
            "/a/..",
            "/...",
            "/a%20",
            "/a*",
            "/a?b",
        ] {
            assert!(PublicPath::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
