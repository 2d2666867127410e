//! The two cookies of a session: their names, how they are set, found and cut.
//!
//! Finding is exact, cutting is generous: a cookie of ours that is written oddly is not a session,
//! but it does not reach the upstream either.

mod names;
mod refresh;

pub use names::CookieNames;
pub use refresh::{belongs, refresh_hash};

use std::borrow::Cow;

use crate::bytes;

/// The most bytes of `cookie` fields that are searched. Envoy takes 60 KiB of headers in all, and
/// a browser with this much in cookies for one site is not a browser.
pub const MAX_COOKIE_BYTES: usize = 32 * 1024;

/// The most cookies that are searched. Browsers keep about 180 for a site.
pub const MAX_COOKIES: usize = 256;

/// What a request's cookies say about one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieLookup<'a> {
    /// No such cookie.
    None,
    /// One, with this value.
    One(&'a [u8]),
    /// More than one, be they equal or not: someone else may have planted one of them.
    Several,
    /// More bytes or more cookies than are searched.
    TooMany,
}

/// Looks for a cookie in the values of all `cookie` fields of a request. HTTP/2 may split the
/// field ([RFC 9113 8.2.3](https://www.rfc-editor.org/rfc/rfc9113#section-8.2.3)); it is read as
/// if it were joined.
///
/// The name must match to the byte. The value is given as it stands, quotes included.
pub fn find<'a>(fields: impl Iterator<Item = &'a [u8]>, name: &str) -> CookieLookup<'a> {
    let mut found = CookieLookup::None;
    let mut length = 0_usize;
    let mut cookies = 0_usize;
    for field in fields {
        length = length.saturating_add(field.len());
        if length > MAX_COOKIE_BYTES {
            return CookieLookup::TooMany;
        }
        for pair in bytes::split(field, b';') {
            cookies = cookies.saturating_add(1);
            if cookies > MAX_COOKIES {
                return CookieLookup::TooMany;
            }
            let (pair_name, value) = split_pair(pair);
            if pair_name == name.as_bytes() {
                found = match found {
                    CookieLookup::None => CookieLookup::One(value),
                    _ => CookieLookup::Several,
                };
            }
        }
    }
    found
}

/// One `cookie` field without the cookies of these names, for the upstream. `None`: nothing is
/// left, so the field goes.
///
/// Names match here without regard to case, to quotes and to white space around them.
#[must_use]
pub fn without<'a>(field: &'a [u8], names: &[&str]) -> Option<Cow<'a, [u8]>> {
    let is_ours = |pair: &[u8]| {
        let name = bare_name(split_pair(pair).0);
        names
            .iter()
            .any(|ours| name.eq_ignore_ascii_case(ours.as_bytes()))
    };
    if !bytes::split(field, b';').any(is_ours) {
        return Some(Cow::Borrowed(field));
    }
    let kept: Vec<&[u8]> = bytes::split(field, b';')
        .filter(|pair| !pair.trim_ascii().is_empty() && !is_ours(pair))
        .collect();
    if kept.is_empty() {
        None
    } else {
        // The others' own white space stays: what is cut must not become longer.
        let joined = kept.join(b";".as_slice());
        Some(Cow::Owned(joined.trim_ascii().to_vec()))
    }
}

/// The `set-cookie` value that keeps `value` for `max_age` seconds
/// ([RFC 6265bis 4.1](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis)).
///
/// `value` is a token or base64url: neither has a character that ends a cookie.
#[must_use]
pub fn set_cookie(
    name: &str,
    value: &str,
    max_age: u64,
    domain: Option<&str>,
    secure: bool,
) -> String {
    let domain = domain
        .map(|domain| format!("; Domain={domain}"))
        .unwrap_or_default();
    let secure = if secure { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; Max-Age={max_age}{domain}{secure}; HttpOnly; SameSite=Lax")
}

/// The `set-cookie` value that makes a browser forget the cookie. Browsers ask for the same
/// attributes as when it was set.
#[must_use]
pub fn clear_cookie(name: &str, domain: Option<&str>, secure: bool) -> String {
    set_cookie(name, "", 0, domain, secure)
}

/// Name and value of one pair. Without `=` it is a value without a name, as browsers have it.
fn split_pair(pair: &[u8]) -> (&[u8], &[u8]) {
    let pair = pair.trim_ascii();
    let mut halves = pair.splitn(2, |byte| *byte == b'=');
    match (halves.next(), halves.next()) {
        (Some(name), Some(value)) => (name, value),
        _ => (b"", pair),
    }
}

fn bare_name(name: &[u8]) -> &[u8] {
    let name = name.trim_ascii();
    let name = name.strip_prefix(b"\"").unwrap_or(name);
    name.strip_suffix(b"\"").unwrap_or(name).trim_ascii()
}
