//! What the application gets to see of a request, and what a cache may keep of its response.

use latchkey_filter_config::FilterConfig;
use latchkey_token::{Claims, TokenType, UntrustedToken, cookie};

use crate::{
    credentials::{Carrier, Credential},
    identity,
    path::Target,
    request::Request,
};

/// What is changed in the headers of a request that goes on: first all removals, then the rest.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Headers to remove, every copy of each.
    pub remove: Vec<Vec<u8>>,
    /// Headers to set, in the place of any of the same name.
    pub set: Vec<(String, Vec<u8>)>,
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

/// A request of a user who is known. The token itself goes on only where it is asked for: who
/// holds it can use it elsewhere until it expires.
#[must_use]
pub fn identified(
    config: &FilterConfig,
    request: &Request<'_>,
    target: &Target<'_>,
    spoofed: Vec<Vec<u8>>,
    credential: Credential<'_>,
    claims: &Claims,
) -> Changes {
    let mut changes = forwarded(config, request, target, spoofed);
    if credential.carrier == Carrier::Bearer {
        changes.remove.push(b"authorization".to_vec());
    }
    changes.set.extend(identity::headers(config, claims));
    if let Some(forward) = &config.forward_payload {
        let payload = credential.token.split(|byte| *byte == b'.').nth(1);
        changes.set.push((
            forward.header.as_str().to_owned(),
            payload.unwrap_or_default().to_vec(),
        ));
    }
    if let Some(forward) = &config.forward_token {
        changes.set.push((
            forward.header.as_str().to_owned(),
            credential.token.to_vec(),
        ));
    }
    changes
}

/// What is changed in a request that is answered here: what signs in goes, because access logs see
/// the headers of refused requests too.
#[must_use]
pub fn redaction(config: &FilterConfig, request: &Request<'_>) -> Changes {
    let mut changes = Changes::default();
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
        changes.set.push((":path".to_owned(), path.with_query()));
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
            changes
                .set
                .push(("cookie".to_owned(), kept.join(&b"; "[..])));
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
