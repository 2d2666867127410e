//! Requests that another site makes a browser send.
//!
//! A browser adds the session's cookie by itself, so a request that changes something, or opens a
//! WebSocket, counts as the user's own only when the browser does not say that another origin sent
//! it ([Fetch Metadata], [Origin]). Programs other than browsers send neither header.
//!
//! [Fetch Metadata]: https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
//! [Origin]: https://fetch.spec.whatwg.org/#origin-header

use latchkey_filter_config::{FilterConfig, Origin};

use crate::{authority::Authority, request::Request};

/// Whether a request that is carried by cookie was sent by another origin than its own, and not by
/// one of `permitted`, and is of a kind that matters.
#[must_use]
pub fn is_foreign(
    request: &Request<'_>,
    authority: &Authority<'_>,
    config: &FilterConfig,
    permitted: &[Origin],
) -> bool {
    let changes_nothing = matches!(request.method(), b"GET" | b"HEAD" | b"OPTIONS");
    if changes_nothing && !request.is_upgrade() {
        return false;
    }
    let Some(sender) = sender(request, authority, config, permitted) else {
        return true;
    };
    if !request.has("sec-fetch-site") {
        return false;
    }
    match request.only("sec-fetch-site") {
        Some(b"same-origin" | b"none") => false,
        // The browser vouches for the site; only the origin tells which host of it.
        Some(b"same-site") => !matches!(sender, Sender::Permitted),
        _ => true,
    }
}

enum Sender {
    /// No `origin` header.
    Unknown,
    /// This origin itself.
    Itself,
    /// One that the rule names.
    Permitted,
}

/// Who sent it by `origin`; `None` when that is nobody who may.
fn sender(
    request: &Request<'_>,
    authority: &Authority<'_>,
    config: &FilterConfig,
    permitted: &[Origin],
) -> Option<Sender> {
    if !request.has("origin") {
        return Some(Sender::Unknown);
    }
    let origin = request.only("origin")?;
    if permitted
        .iter()
        .any(|named| named.as_str().as_bytes() == origin)
    {
        return Some(Sender::Permitted);
    }
    // The scheme by which the client reached the gateway is the one that the issuer has: what
    // stands in x-forwarded-proto is not asked.
    let (scheme, default_port) = if config.issuer.is_https() {
        (&b"https://"[..], "443")
    } else {
        (&b"http://"[..], "80")
    };
    let origin = Authority::parse(origin.strip_prefix(scheme)?).ok()?;
    let port = |authority: &Authority<'_>| authority.port().unwrap_or(default_port).to_owned();
    let itself = origin.host() == authority.host() && port(&origin) == port(authority);
    itself.then_some(Sender::Itself)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support;

    /// A request to `https://app.example.com`, where `https://pay.example.com` is permitted.
    fn foreign(method: &str, headers: &[(&str, &str)]) -> bool {
        let method = [(":method", method)];
        let headers = method.iter().chain(headers);
        let headers = headers
            .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
            .collect();
        let permitted = [Origin::try_from("https://pay.example.com".to_owned()).unwrap()];
        let authority = Authority::parse(b"app.example.com").unwrap();
        is_foreign(
            &Request::new(headers),
            &authority,
            &test_support::config(),
            &permitted,
        )
    }

    #[test]
    fn reading_is_never_foreign() {
        for method in ["GET", "HEAD", "OPTIONS"] {
            assert!(!foreign(
                method,
                &[
                    ("origin", "https://evil.example"),
                    ("sec-fetch-site", "cross-site")
                ]
            ));
        }
    }

    #[test]
    fn the_own_origin_and_programs_may_change_things() {
        for headers in [
            &[][..],
            &[("origin", "https://app.example.com")],
            &[("origin", "https://app.example.com:443")],
            &[
                ("origin", "https://app.example.com"),
                ("sec-fetch-site", "same-origin"),
            ],
            &[("sec-fetch-site", "none")],
            &[("origin", "https://pay.example.com")],
            &[
                ("origin", "https://pay.example.com"),
                ("sec-fetch-site", "same-site"),
            ],
        ] {
            assert!(!foreign("POST", headers), "{headers:?}");
        }
    }

    #[test]
    fn other_origins_may_not() {
        for headers in [
            &[("origin", "null")][..],
            &[("origin", "")],
            &[("origin", "https://evil.example")],
            &[("origin", "http://app.example.com")],
            &[("origin", "https://app.example.com:8443")],
            &[("origin", "https://app.example.com.evil.example")],
            &[("origin", "https://user@app.example.com")],
            &[("origin", "https://app.example.com/")],
            &[("origin", "https://sub.app.example.com")],
            &[
                ("origin", "https://app.example.com"),
                ("origin", "https://app.example.com"),
            ],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "other")],
            &[("sec-fetch-site", "")],
            &[
                ("sec-fetch-site", "same-origin"),
                ("sec-fetch-site", "same-origin"),
            ],
            &[
                ("origin", "https://app.example.com"),
                ("sec-fetch-site", "cross-site"),
            ],
            &[
                ("origin", "https://pay.example.com"),
                ("sec-fetch-site", "cross-site"),
            ],
            &[
                ("origin", "https://evil.example"),
                ("sec-fetch-site", "same-origin"),
            ],
        ] {
            for method in [
                "POST", "PUT", "PATCH", "DELETE", "PROPFIND", "post", "TRACE",
            ] {
                assert!(foreign(method, headers), "{method} {headers:?}");
            }
        }
    }

    #[test]
    fn an_upgrade_is_not_mere_reading() {
        for upgrade in [("upgrade", "websocket"), (":protocol", "websocket")] {
            assert!(foreign(
                "GET",
                &[upgrade, ("origin", "https://evil.example")]
            ));
            assert!(foreign("GET", &[upgrade, ("origin", "null")]));
            assert!(!foreign(
                "GET",
                &[upgrade, ("origin", "https://app.example.com")]
            ));
        }
    }
}
