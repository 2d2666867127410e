//! The language that a person has chosen by hand, in the footer of every page: a form that needs no
//! script, and a cookie that only these pages get. Nothing else depends on it.

use super::{Pages, Words};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::response::Response;
use latchkey_token::cookie::{self, CookieLookup};
use std::sync::Arc;

const COOKIE_NAME: &str = "latchkey-language";

/// A year: a choice by hand holds until the next one.
const MAX_AGE: u32 = 31_536_000;

/// The pages whose addresses take the form. What changes anything else takes JSON and nothing else.
const PLACES: [&str; 6] = [
    "/login", "/account", "/admin", "/enroll", "/logout", "/stuck",
];

/// Whether a path, without the public path in front, takes the form of the footer.
#[must_use]
pub fn takes_choice(path: &str) -> bool {
    PLACES.contains(&path)
}

/// Remembers the choice, and shows the page again that it was made on: query and fragment stay.
pub(super) async fn choose(State(pages): State<Pages>, uri: Uri, body: Bytes) -> Response {
    let public_path = pages.site.public_path.trim_end_matches('/');
    let here = uri.path_and_query().map_or("/", |it| it.as_str());
    let mut response = super::handlers::see_other(&format!("{public_path}{here}"));
    if let Some(cookie) = chosen(&pages, &body).and_then(|words| line(&pages, words)) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

/// The language that these headers' cookie names, if there is one cookie and such a language.
pub(super) fn remembered<'a>(pages: &'a Pages, headers: &HeaderMap) -> Option<&'a Arc<Words>> {
    let fields = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    match cookie::find(fields, COOKIE_NAME) {
        CookieLookup::One(tag) => pages.languages.find(std::str::from_utf8(tag).ok()?),
        CookieLookup::None | CookieLookup::Several | CookieLookup::TooMany => None,
    }
}

fn chosen<'a>(pages: &'a Pages, body: &[u8]) -> Option<&'a Arc<Words>> {
    let mut fields = url::form_urlencoded::parse(body);
    let (_, tag) = fields.find(|(name, _)| name == "language")?;
    pages.languages.find(&tag)
}

fn line(pages: &Pages, words: &Words) -> Option<HeaderValue> {
    let path = match pages.site.public_path.as_str() {
        "" => "/",
        path => path,
    };
    let secure = if pages.site.secure { "; Secure" } else { "" };
    let tag = words.tag();
    let line = format!(
        "{COOKIE_NAME}={tag}; Path={path}; Max-Age={MAX_AGE}; HttpOnly; SameSite=Lax{secure}"
    );
    HeaderValue::try_from(line).ok()
}
