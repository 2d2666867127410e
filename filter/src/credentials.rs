//! Where a request carries its session token.

use latchkey_filter_config::FilterConfig;
use latchkey_token::cookie::{self, CookieLookup};
use thiserror::Error;

use crate::request::Request;

/// A token as the client sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credential<'a> {
    /// The token; nothing about it is checked yet.
    pub token: &'a [u8],
    /// How it came.
    pub carrier: Carrier,
}

/// How a token came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// By `Authorization: Bearer`, which no other site can make a browser send.
    Bearer,
    /// By cookie, which a browser adds by itself.
    Cookie,
}

/// Why it is not clear which token counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CredentialError {
    /// More than one `authorization` header.
    #[error("more than one authorization header")]
    SeveralAuthorizations,
    /// A scheme other than `Bearer`.
    #[error("the authorization header is not a bearer token")]
    NotBearer,
    /// More than one session cookie.
    #[error("more than one session cookie")]
    SeveralCookies,
    /// More cookies than are looked at.
    #[error("too many cookies")]
    TooManyCookies,
    /// A bearer token and a session cookie that are not the same.
    #[error("bearer token and session cookie are not the same")]
    Disagree,
}

impl CredentialError {
    /// A short stable name for metrics and logs.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::SeveralAuthorizations => "several_authorizations",
            Self::NotBearer => "not_bearer",
            Self::SeveralCookies => "several_cookies",
            Self::TooManyCookies => "too_many_cookies",
            Self::Disagree => "credentials_disagree",
        }
    }

    /// Whether signing in anew could help; a header is the client program's own affair.
    #[must_use]
    pub fn is_about_cookies(self) -> bool {
        matches!(self, Self::SeveralCookies | Self::TooManyCookies)
    }
}

/// Finds the one token of a request, if it has any.
///
/// # Errors
/// When there are several, or an `authorization` header that is no bearer token.
pub fn find<'a>(
    request: &Request<'a>,
    config: &FilterConfig,
) -> Result<Option<Credential<'a>>, CredentialError> {
    let bearer = if config.bearer {
        bearer(request)?
    } else {
        None
    };
    let cookie = match cookie::find(request.all("cookie"), config.session.cookie.as_str()) {
        CookieLookup::None => None,
        CookieLookup::One(token) => Some(token),
        CookieLookup::Several => return Err(CredentialError::SeveralCookies),
        CookieLookup::TooMany => return Err(CredentialError::TooManyCookies),
    };
    match (bearer, cookie) {
        (Some(bearer), Some(cookie)) if bearer != cookie => Err(CredentialError::Disagree),
        (Some(token), _) => Ok(Some(Credential {
            token,
            carrier: Carrier::Bearer,
        })),
        (None, Some(token)) => Ok(Some(Credential {
            token,
            carrier: Carrier::Cookie,
        })),
        (None, None) => Ok(None),
    }
}

fn bearer<'a>(request: &Request<'a>) -> Result<Option<&'a [u8]>, CredentialError> {
    let mut values = request.all("authorization");
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(CredentialError::SeveralAuthorizations);
    }
    // Exactly one space, and the token's own syntax refuses what else may stand around it.
    let mut parts = value.splitn(2, |byte| *byte == b' ');
    match (parts.next(), parts.next()) {
        (Some(scheme), Some(token)) if scheme.eq_ignore_ascii_case(b"bearer") => Ok(Some(token)),
        _ => Err(CredentialError::NotBearer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support;

    type Found<'a> = Result<Option<(&'a [u8], Carrier)>, CredentialError>;

    fn found<'a>(headers: &[(&'a str, &'a [u8])], bearer: bool) -> Found<'a> {
        let mut config = test_support::config();
        config.bearer = bearer;
        let headers = headers
            .iter()
            .map(|(name, value)| (name.as_bytes(), *value))
            .collect();
        find(&Request::new(headers), &config).map(|found| found.map(|c| (c.token, c.carrier)))
    }

    #[test]
    fn one_token_is_found_where_it_is() {
        assert_eq!(found(&[], true), Ok(None));
        assert_eq!(
            found(&[("authorization", b"Bearer a.b.c")], true),
            Ok(Some((&b"a.b.c"[..], Carrier::Bearer)))
        );
        assert_eq!(
            found(&[("authorization", b"bEARER a.b.c")], true),
            Ok(Some((&b"a.b.c"[..], Carrier::Bearer)))
        );
        assert_eq!(
            found(&[("cookie", b"x=1; __Host-latchkey=a.b.c")], true),
            Ok(Some((&b"a.b.c"[..], Carrier::Cookie)))
        );
    }

    #[test]
    fn a_cookie_field_in_pieces_is_one() {
        let pieces: &[(&str, &[u8])] = &[
            ("cookie", b"x=1"),
            ("cookie", b"__Host-latchkey=a.b.c"),
            ("cookie", b"y=2"),
        ];
        assert_eq!(
            found(pieces, true),
            Ok(Some((&b"a.b.c"[..], Carrier::Cookie)))
        );
        let twice: &[(&str, &[u8])] = &[
            ("cookie", b"__Host-latchkey=a"),
            ("cookie", b"__Host-latchkey=a"),
        ];
        assert_eq!(found(twice, true), Err(CredentialError::SeveralCookies));
    }

    #[test]
    fn other_names_are_no_session() {
        for cookie in [
            &b"__host-latchkey=a.b.c"[..],
            b"latchkey=a.b.c",
            b"x__Host-latchkey=a.b.c",
            b"\"__Host-latchkey\"=a.b.c",
            b"__Host-latchkey-refresh=a",
        ] {
            assert_eq!(found(&[("cookie", cookie)], true), Ok(None));
        }
    }

    #[test]
    fn unclear_credentials_are_refused() {
        use CredentialError::{
            Disagree, NotBearer, SeveralAuthorizations, SeveralCookies, TooManyCookies,
        };
        let many = "a=b; ".repeat(500) + "__Host-latchkey=a";
        for (headers, expected) in [
            (
                &[
                    ("authorization", &b"Bearer a"[..]),
                    ("authorization", b"Bearer a"),
                ][..],
                SeveralAuthorizations,
            ),
            (&[("authorization", b"Basic YTpi")], NotBearer),
            (&[("authorization", b"Bearer\ta")], NotBearer),
            (&[("authorization", b"Bearer")], NotBearer),
            (&[("authorization", b"")], NotBearer),
            (&[("authorization", b"\xff")], NotBearer),
            (
                &[("cookie", b"__Host-latchkey=a; __Host-latchkey=b")],
                SeveralCookies,
            ),
            (
                &[
                    ("authorization", b"Bearer a"),
                    ("cookie", b"__Host-latchkey=b"),
                ],
                Disagree,
            ),
            (&[("cookie", many.as_bytes())], TooManyCookies),
        ] {
            assert_eq!(found(headers, true), Err(expected), "{headers:?}");
        }
    }

    #[test]
    fn the_header_can_be_left_to_the_application() {
        assert_eq!(found(&[("authorization", b"Basic YTpi")], false), Ok(None));
        assert_eq!(
            found(
                &[
                    ("authorization", b"Bearer x"),
                    ("cookie", b"__Host-latchkey=a")
                ],
                false
            ),
            Ok(Some((&b"a"[..], Carrier::Cookie)))
        );
    }

    #[test]
    fn the_same_token_twice_counts_as_sent_by_the_client_program() {
        let both: &[(&str, &[u8])] = &[
            ("authorization", b"Bearer a"),
            ("cookie", b"__Host-latchkey=a"),
        ];
        assert_eq!(found(both, true), Ok(Some((&b"a"[..], Carrier::Bearer))));
    }
}
