//! The path of a request, normalised once. What is matched is what is forwarded.
//!
//! The normal form is that of [RFC 3986 6.2.2]: escapes of unreserved characters undone, the
//! other escapes in upper case, dot segments resolved, and beyond it `//` made one slash. What
//! servers are known to read in different ways is marked as [`Ambiguity`]; whether such a path is
//! refused is the matching rule's choice, and never a public rule's.
//!
//! [RFC 3986 6.2.2]: https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2

use std::borrow::Cow;

use thiserror::Error;

#[cfg(test)]
mod tests;

/// What a request is for, from `:path`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target<'a> {
    /// A path, with what follows it.
    Path(NormalPath<'a>),
    /// `OPTIONS *`, or a CONNECT: no path, so no pattern matches it.
    None,
}

/// A path in normal form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NormalPath<'a> {
    text: Cow<'a, str>,
    /// As it came, without the question mark.
    query: Option<&'a [u8]>,
    changed: bool,
    ambiguity: Option<Ambiguity>,
    has_escaped_fragment: bool,
}

/// Why a path is refused whatever the rules say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadPath {
    /// It does not begin with a slash.
    #[error("the path does not begin with a slash")]
    NotAbsolute,
    /// A control character, a space, or a byte that is not ASCII.
    #[error("the path has a character that no path has")]
    Character,
    /// A fragment, which clients keep to themselves.
    #[error("the path has a fragment")]
    Fragment,
    /// A percent sign without two hexadecimal digits.
    #[error("the path has an incomplete escape")]
    Escape,
}

/// What servers read in different ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Ambiguity {
    /// `%2f`, `%5c` or `%3b`.
    #[error("the path has an escaped separator")]
    EscapedSeparator,
    /// The escape of a control character, `%00` above all.
    #[error("the path has an escaped control character")]
    EscapedControl,
    /// A backslash.
    #[error("the path has a backslash")]
    Backslash,
    /// A `.` or `..` with parameters or a space behind it, or a segment that has nothing else.
    #[error("the path has a dot segment or an empty one in disguise")]
    DisguisedDots,
    /// Escapes that are no UTF-8, overlong forms among them.
    #[error("the path is no UTF-8")]
    NotUtf8,
}

impl<'a> Target<'a> {
    /// Reads and normalises the value of `:path`.
    ///
    /// # Errors
    /// When it is no path that a well-behaved client sends.
    pub fn parse(raw: &'a [u8]) -> Result<Self, BadPath> {
        match raw {
            b"" | b"*" => return Ok(Self::None),
            [b'/', ..] => {}
            _ => return Err(BadPath::NotAbsolute),
        }
        let seen = Seen::in_target(raw);
        if seen.bad_character {
            return Err(BadPath::Character);
        }
        if seen.fragment {
            return Err(BadPath::Fragment);
        }
        let (path, query) = match seen.query {
            Some(at) => raw
                .split_at_checked(at)
                .map_or((raw, None), |(path, rest)| {
                    (path, rest.split_first().map(|(_, query)| query))
                }),
            None => (raw, None),
        };
        if seen.not_ascii {
            return Err(BadPath::Character);
        }
        let path = std::str::from_utf8(path).map_err(|_| BadPath::Character)?;
        // Most paths are normal already.
        if seen.odd {
            normalise(path, query).map(Self::Path)
        } else {
            Ok(Self::Path(NormalPath {
                text: Cow::Borrowed(path),
                query,
                changed: false,
                ambiguity: None,
                has_escaped_fragment: false,
            }))
        }
    }
}

/// What one walk over a path and its query comes upon.
#[derive(Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are independent, and each decides at its turn"
)]
struct Seen {
    /// A control character or a space anywhere.
    bad_character: bool,
    /// `#` anywhere.
    fragment: bool,
    /// Where the first `?` stands.
    query: Option<usize>,
    /// In front of the query a byte that is not ASCII.
    not_ascii: bool,
    /// In front of the query something of all that a path in normal form lacks, or a dot behind a
    /// slash, which may be harmless.
    odd: bool,
}

impl Seen {
    fn in_target(raw: &[u8]) -> Self {
        let mut seen = Self::default();
        let mut before = 0;
        for (at, byte) in raw.iter().copied().enumerate() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => {}
                ..=b' ' | 0x7f => seen.bad_character = true,
                b'#' => seen.fragment = true,
                _ if seen.query.is_some() => {}
                b'?' => seen.query = Some(at),
                0x80.. => seen.not_ascii = true,
                b'%' | b';' | b'\\' => seen.odd = true,
                b'/' | b'.' if before == b'/' => seen.odd = true,
                _ => {}
            }
            before = byte;
        }
        seen
    }
}

impl NormalPath<'_> {
    /// The path without the query.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the client wrote it differently.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.changed
    }

    /// What servers may read in another way than it was matched here.
    #[must_use]
    pub fn ambiguity(&self) -> Option<Ambiguity> {
        self.ambiguity
    }

    /// Whether `%23` is in it: harmless to a server that decodes once, so only a public rule, which
    /// nothing stands behind, refuses it.
    #[must_use]
    pub fn has_escaped_fragment(&self) -> bool {
        self.has_escaped_fragment
    }

    /// Path and query, as `:path` takes them.
    #[must_use]
    pub fn with_query(&self) -> Vec<u8> {
        let mut whole = self.text.as_bytes().to_vec();
        if let Some(query) = self.query {
            whole.push(b'?');
            whole.extend_from_slice(query);
        }
        whole
    }

    /// The segments; a slash at the end makes the last one empty.
    pub fn segments(&self) -> impl Iterator<Item = &str> + Clone {
        self.text.split('/').skip(1)
    }
}

/// Undoes the escapes of a segment in normal form.
#[must_use]
pub fn decoded(segment: &str) -> Cow<'_, [u8]> {
    if !segment.contains('%') {
        return Cow::Borrowed(segment.as_bytes());
    }
    let mut rest = segment.as_bytes();
    let mut bytes = Vec::with_capacity(rest.len());
    loop {
        rest = match rest {
            [] => return Cow::Owned(bytes),
            [b'%', high, low, after @ ..] => {
                // A segment in normal form has no other escapes than good ones.
                bytes.extend(hex_pair(*high, *low));
                after
            }
            [byte, after @ ..] => {
                bytes.push(*byte);
                after
            }
        };
    }
}

fn normalise<'a>(path: &'a str, query: Option<&'a [u8]>) -> Result<NormalPath<'a>, BadPath> {
    let mut ambiguity = None;
    let mut has_escaped_fragment = false;
    let mut kept: Vec<Cow<'_, str>> = Vec::new();
    let mut ends_in_slash = false;
    for segment in path.split('/').skip(1) {
        let segment = normalise_escapes(segment)?;
        ambiguity = ambiguity.or_else(|| find_ambiguity(&segment));
        has_escaped_fragment |= segment.contains("%23");
        ends_in_slash = matches!(&*segment, "" | "." | "..");
        match &*segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            _ => kept.push(segment),
        }
    }
    let mut text = String::with_capacity(path.len());
    for segment in &kept {
        text.push('/');
        text.push_str(segment);
    }
    if ends_in_slash || kept.is_empty() {
        text.push('/');
    }
    let changed = text != path;
    Ok(NormalPath {
        text: Cow::Owned(text),
        query,
        changed,
        ambiguity,
        has_escaped_fragment,
    })
}

/// Undoes escapes of unreserved characters, once, and writes the others in upper case.
fn normalise_escapes(segment: &str) -> Result<Cow<'_, str>, BadPath> {
    if !segment.contains('%') {
        return Ok(Cow::Borrowed(segment));
    }
    let mut rest = segment;
    let mut normal = String::with_capacity(segment.len());
    while let Some((before, escape)) = rest.split_once('%') {
        normal.push_str(before);
        let (digits, after) = escape.split_at_checked(2).ok_or(BadPath::Escape)?;
        let byte = match digits.as_bytes() {
            [high, low] => hex_pair(*high, *low).ok_or(BadPath::Escape)?,
            _ => return Err(BadPath::Escape),
        };
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            normal.push(char::from(byte));
        } else {
            normal.push('%');
            normal.push_str(&digits.to_ascii_uppercase());
        }
        rest = after;
    }
    normal.push_str(rest);
    Ok(Cow::Owned(normal))
}

/// Looks at one segment with normal escapes.
fn find_ambiguity(segment: &str) -> Option<Ambiguity> {
    if segment.contains('\\') {
        return Some(Ambiguity::Backslash);
    }
    if !matches!(segment, "" | "." | "..") && is_dropped(segment) {
        return Some(Ambiguity::DisguisedDots);
    }
    if !segment.contains('%') {
        return None;
    }
    let bytes = decoded(segment);
    // A literal `;` or `/` cannot come from an escape: those stay escaped and are found here.
    if ["%2F", "%5C", "%3B"]
        .iter()
        .any(|escape| segment.contains(escape))
    {
        return Some(Ambiguity::EscapedSeparator);
    }
    if bytes.iter().any(u8::is_ascii_control) {
        return Some(Ambiguity::EscapedControl);
    }
    std::str::from_utf8(&bytes)
        .is_err()
        .then_some(Ambiguity::NotUtf8)
}

/// Whether nothing is left of a segment for a server that drops its parameters, and the dots and
/// spaces at its end: Tomcat reads `/;/admin` as `/admin`.
fn is_dropped(segment: &str) -> bool {
    let mut rest = segment.split(';').next().unwrap_or_default();
    while let Some(before) = rest.strip_suffix('.').or_else(|| rest.strip_suffix("%20")) {
        rest = before;
    }
    rest.is_empty()
}

fn hex_pair(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    Some(digit(high)? << 4 | digit(low)?)
}
