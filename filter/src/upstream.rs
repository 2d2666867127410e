//! What the application gets to see of a request, and what a cache may keep of its response.

use std::{fmt, ops::Deref, rc::Rc};

use latchkey_filter_config::FilterConfig;
use latchkey_token::{TokenType, UntrustedToken, cookie};

use crate::{
    credentials::{Carrier, Credential},
    path::Target,
    request::Request,
};

/// What is changed in the headers of a request that goes on: first all removals, then the rest.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Headers to remove, every copy of each.
    pub remove: Vec<Vec<u8>>,
    /// Headers to set. But for `:path`, which takes the place of what the client sent, no header of
    /// these names is left once the removals are made.
    pub set: Vec<Header>,
}

/// One header to set. Both parts can be shared with others: those of a known user are.
pub type Header = (Name, Value);

/// The value of a header: part of a text that may hold others beside it, so that all that is told of
/// a user takes one piece of memory.
#[derive(Clone, Eq)]
pub struct Value {
    text: Rc<[u8]>,
    part: (usize, usize),
}

impl Value {
    /// A part of a text, by where it begins and ends.
    #[must_use]
    pub fn part(text: &Rc<[u8]>, part: (usize, usize)) -> Self {
        Self {
            text: Rc::clone(text),
            part,
        }
    }
}

impl Deref for Value {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let (start, end) = self.part;
        self.text.get(start..end).unwrap_or_default()
    }
}

impl From<&[u8]> for Value {
    fn from(text: &[u8]) -> Self {
        Self {
            part: (0, text.len()),
            text: Rc::from(text),
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl fmt::Debug for Value {
    /// It may be a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.len())
    }
}

/// The name of a header to set.
#[derive(Clone, Eq)]
pub enum Name {
    /// One that is always the same.
    Fixed(&'static str),
    /// One that the configuration gives.
    Configured(Rc<str>),
}

impl Name {
    /// The one header that is there already when it is set.
    pub const PATH: Self = Self::Fixed(":path");
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Fixed(name) => name,
            Self::Configured(name) => name,
        }
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

/// A request that nobody needs to be known for: no session goes on, nor any claim to one.
#[must_use]
pub fn anonymous(
    config: &FilterConfig,
    request: &Request<'_>,
    target: &Target<'_>,
    spoofed: Vec<Vec<u8>>,
) -> Changes {
    let mut changes = forwarded(config, request, target, spoofed);
    if config.bearer && request.all("authorization").any(holds_session_token) {
        changes.remove.push(b"authorization".to_vec());
    }
    changes
}

/// A request of a user who is known, and who `told` tells the application about. The token itself
/// goes on only where it is asked for: who holds it can use it elsewhere until it expires.
#[must_use]
pub fn identified(
    config: &FilterConfig,
    request: &Request<'_>,
    target: &Target<'_>,
    spoofed: Vec<Vec<u8>>,
    credential: Credential<'_>,
    told: &[Header],
) -> Changes {
    let mut changes = forwarded(config, request, target, spoofed);
    if credential.carrier == Carrier::Bearer {
        changes.remove.push(b"authorization".to_vec());
    }
    changes.set.extend_from_slice(told);
    let configured = |name: &str| Name::Configured(Rc::from(name));
    if let Some(forward) = &config.forward_payload {
        let payload = credential.token.split(|byte| *byte == b'.').nth(1);
        let name = configured(forward.header.as_str());
        changes
            .set
            .push((name, Value::from(payload.unwrap_or_default())));
    }
    if let Some(forward) = &config.forward_token {
        let name = configured(forward.header.as_str());
        changes.set.push((name, Value::from(credential.token)));
    }
    changes
}

/// What is changed in a request that is answered here: what signs in goes, because access logs see
/// the headers of refused requests too, and so does what looks like ours.
#[must_use]
pub fn redaction(config: &FilterConfig, request: &Request<'_>, spoofed: Vec<Vec<u8>>) -> Changes {
    let mut changes = Changes {
        remove: spoofed,
        set: Vec::new(),
    };
    if config.bearer && request.has("authorization") {
        changes.remove.push(b"authorization".to_vec());
    }
    cut_cookies(config, request, &mut changes);
    changes
}

/// Whether one of these `set-cookie` values sets a cookie of ours.
pub fn sets_session<'a>(config: &FilterConfig, mut values: impl Iterator<Item = &'a [u8]>) -> bool {
    let names = cookie_names(config);
    // What stands behind the first `;` are attributes.
    values.any(|value| {
        let pair = value.split(|byte| *byte == b';').next().unwrap_or_default();
        cookie::without(pair, &names).is_none()
    })
}

/// What holds for every request to an application: the path as it was matched, no session cookie,
/// no header that looks like ours.
fn forwarded(
    config: &FilterConfig,
    request: &Request<'_>,
    target: &Target<'_>,
    spoofed: Vec<Vec<u8>>,
) -> Changes {
    let mut changes = Changes {
        remove: spoofed,
        set: Vec::new(),
    };
    if let Target::Path(path) = target
        && path.is_changed()
    {
        changes
            .set
            .push((Name::PATH, Value::from(&*path.with_query())));
    }
    cut_cookies(config, request, &mut changes);
    changes
}

/// Takes both cookies of the session out.
fn cut_cookies(config: &FilterConfig, request: &Request<'_>, changes: &mut Changes) {
    let names = cookie_names(config);
    let fields: Vec<&[u8]> = request.all("cookie").collect();
    let kept: Vec<_> = fields
        .iter()
        .map(|field| cookie::without(field, &names))
        .collect();
    let untouched = fields
        .iter()
        .zip(&kept)
        .all(|(field, kept)| kept.as_deref() == Some(*field));
    if !untouched {
        let kept: Vec<&[u8]> = kept.iter().flatten().map(|kept| &**kept).collect();
        changes.remove.push(b"cookie".to_vec());
        if !kept.is_empty() {
            let kept = kept.join(&b"; "[..]);
            changes
                .set
                .push((Name::Fixed("cookie"), Value::from(&*kept)));
        }
    }
}

fn cookie_names(config: &FilterConfig) -> [&str; 2] {
    [
        config.session.cookie.as_str(),
        config.session.refresh_cookie.as_str(),
    ]
}

fn holds_session_token(authorization: &[u8]) -> bool {
    let mut parts = authorization.splitn(2, |byte| *byte == b' ');
    let is_bearer = parts
        .next()
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer"));
    let token = parts.next().unwrap_or_default().trim_ascii();
    is_bearer && UntrustedToken::parse(token, TokenType::Session).is_ok()
}
