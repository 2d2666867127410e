//! Where a browser may be sent after it signed in.

use url::Url;

/// A place of our own origin: an absolute path, with query and fragment where it had them.
///
/// What was checked is what is written out: the text is the URL parser's own serialisation, so
/// that no browser can read something else in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnPath(String);

impl ReturnPath {
    /// Longer ones are dropped: they would not fit everywhere that a URL must fit.
    pub const MAX_BYTES: usize = 2048;

    /// The start page.
    #[must_use]
    pub fn home() -> Self {
        Self("/".to_owned())
    }

    /// Takes what a stranger put into `rd`; anything but a plain path of our own origin becomes
    /// the start page. A place below `public_path` that would lead back to signing in or out
    /// becomes the start page as well.
    #[must_use]
    pub fn from_stranger(text: &str, public_path: &str) -> Self {
        same_origin(text)
            .filter(|path| !leads_back(path, public_path))
            .map_or_else(Self::home, Self)
    }

    /// The path, ready for a `Location` header or an attribute (still to be escaped for HTML).
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that fits into a query parameter.
    #[must_use]
    pub fn as_parameter(&self) -> String {
        url::form_urlencoded::byte_serialize(self.0.as_bytes()).collect()
    }
}

fn same_origin(text: &str) -> Option<String> {
    if text.len() > ReturnPath::MAX_BYTES || !text.starts_with('/') {
        return None;
    }
    // Browsers drop tabs and line ends from URLs and read `\` as `/`, so `/<tab>/host` and
    // `/\host` are other hosts to them.
    if text.chars().any(|c| c.is_control() || c == '\\') {
        return None;
    }
    let path = text.split(['?', '#']).next().unwrap_or_default();
    if has_encoded_separator(path) {
        return None;
    }
    let base = Url::parse("https://origin.invalid/").ok()?;
    let url = base.join(text).ok()?;
    if url.origin() != base.origin() || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    // `/.//host` is ours, but its path alone, read again as a reference, is another host.
    if url.path().starts_with("//") {
        return None;
    }
    let mut place = url.path().to_owned();
    if let Some(query) = url.query() {
        place.push('?');
        place.push_str(query);
    }
    if let Some(fragment) = url.fragment() {
        place.push('#');
        place.push_str(fragment);
    }
    Some(place)
}

/// Whether a path holds an encoded control character, slash or backslash: a server that decodes
/// before it redirects would make another host out of it.
fn has_encoded_separator(path: &str) -> bool {
    path.as_bytes().windows(3).any(|w| match *w {
        [b'%', high, low] => {
            matches!(high, b'0' | b'1')
                || (high == b'2' && matches!(low, b'f' | b'F'))
                || (high == b'5' && matches!(low, b'c' | b'C'))
                || (high == b'7' && matches!(low, b'f' | b'F'))
        }
        _ => false,
    })
}

fn leads_back(place: &str, public_path: &str) -> bool {
    let path = place.split(['?', '#']).next().unwrap_or_default();
    path.strip_prefix(public_path).is_some_and(|rest| {
        ["/login", "/logout", "/stuck"].iter().any(|page| {
            rest.strip_prefix(page)
                .is_some_and(|r| r.is_empty() || r.starts_with('/'))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::ReturnPath;

    fn to(text: &str) -> String {
        ReturnPath::from_stranger(text, "/_latchkey")
            .as_str()
            .to_owned()
    }

    #[test]
    fn a_path_of_our_own_is_kept() {
        for place in [
            "/",
            "/orders",
            "/orders/7?from=mail&x=%2F%2Fevil#row-3",
            "/a//b",
            "/caf%C3%A9",
            "/search?q=a%0Ab",
            "/next?url=https://partner.example/x",
            "/_latchkey/account",
            "/_latchkey/logins",
            "/a@b:c",
        ] {
            assert_eq!(to(place), place);
        }
    }

    #[test]
    fn another_host_in_any_spelling_becomes_the_start_page() {
        for place in [
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/%09/evil.example",
            "/%2f/evil.example",
            "/%2Fevil.example",
            "/%5cevil.example",
            "/a/%5C..",
            "/.//evil.example",
            "/x/..//evil.example",
            "/%2e//evil.example",
            "https://good.example@evil.example",
            "https://evil.example/",
            "https:/evil.example",
            "http:evil.example",
            "good.evil",
            "good.evil/path",
            "@evil.example",
            ":80/x",
            "",
            " ",
            " /x",
            "?x",
            "#x",
        ] {
            assert_eq!(to(place), "/", "{place:?}");
        }
    }

    #[test]
    fn schemes_and_line_ends_become_the_start_page() {
        for place in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "data:text/html,<script>alert(1)</script>",
            "vbscript:x",
            "/x\r\nSet-Cookie: a=b",
            "/x\nLocation: //evil",
            "/x%0d%0aSet-Cookie:%20a=b",
            "/x\0",
            "/x%00",
            "/x\u{7f}",
            "/x%7f",
            "/x\u{85}",
        ] {
            assert_eq!(to(place), "/", "{place:?}");
        }
    }

    #[test]
    fn what_is_written_out_is_what_the_parser_read() {
        assert_eq!(to("/a/../b"), "/b");
        assert_eq!(to("/a b\"<>"), "/a%20b%22%3C%3E");
        assert_eq!(to("/\u{202e}x"), "/%E2%80%AEx");
    }

    #[test]
    fn signing_in_never_returns_to_signing_in_or_out() {
        for place in [
            "/_latchkey/login",
            "/_latchkey/login?rd=/x",
            "/_latchkey/./login#x",
            "/_latchkey/logout",
            "/_latchkey/stuck?rd=/",
        ] {
            assert_eq!(to(place), "/", "{place:?}");
        }
    }

    #[test]
    fn length_is_bounded() {
        let longest = format!("/{}", "a".repeat(ReturnPath::MAX_BYTES - 1));
        assert_eq!(to(&longest), longest);
        assert_eq!(to(&format!("{longest}a")), "/");
    }

    #[test]
    fn as_a_parameter_it_is_one_value() {
        let path = ReturnPath::from_stranger("/a?b=c&d=e#f", "/_latchkey");
        assert_eq!(path.as_parameter(), "%2Fa%3Fb%3Dc%26d%3De%23f");
    }
}
