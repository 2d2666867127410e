//! How a refused request is answered: a page for people, problem details for programs.

use std::fmt::Write as _;

use latchkey_filter_config::FilterConfig;
use serde_json::json;

use crate::{path::Target, reason::Reason, request::Request};

#[cfg(test)]
mod tests;

/// Longer return addresses do not fit every server's and browser's idea of a URL.
const MAX_RETURN_BYTES: usize = 2048;
/// How soon a client should try again while sessions cannot be checked, in seconds.
const RETRY_AFTER: &str = "2";
/// Tells monitoring what kind of refusal it is; no more than the problem's type does.
const REASON: &str = "x-latchkey-reason";

/// An answer of the gateway itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Header names in lower case, with their values.
    pub headers: Vec<(&'static str, String)>,
    /// The body, empty for a redirect.
    pub body: String,
}

/// Who waits for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// A browser that is opening a page, and can be sent elsewhere.
    Page,
    /// A browser that is opening a page with a form's contents, which a redirect would lose.
    Form,
    /// A script or another program.
    Program,
}

impl Audience {
    /// Tells people from programs. Old browsers do not say; there the wish for HTML counts.
    #[must_use]
    pub fn of(request: &Request<'_>) -> Self {
        let navigates = if request.has("sec-fetch-mode") {
            request.only("sec-fetch-mode") == Some(b"navigate")
        } else {
            !request.has("x-requested-with") && request.all("accept").any(wants_html)
        };
        match request.method() {
            _ if !navigates || request.is_upgrade() => Self::Program,
            b"GET" | b"HEAD" => Self::Page,
            _ => Self::Form,
        }
    }
}

/// The answer to a refused request. `has_sign_in`: whether `public_path` is the sign-in on the
/// host that the request is for.
#[must_use]
pub fn response(
    config: &FilterConfig,
    request: &Request<'_>,
    target: Option<&Target<'_>>,
    has_sign_in: bool,
    reason: Reason,
) -> Response {
    let audience = Audience::of(request);
    if audience == Audience::Program {
        return problem(reason);
    }
    if reason.is_about_account() && has_sign_in {
        // Whoever is signed in is not asked again before that.
        let logout = format!("{}/logout", config.public_path);
        return page(request, reason, Some((&logout, "Sign out")));
    }
    if !reason.asks_for_sign_in() {
        return page(request, reason, None);
    }
    // On a host without sign-in only the issuer's own address can help, and its sign-in does not
    // lead back to other hosts.
    let (mut login, mut separator) = if has_sign_in {
        let back = percent_encoded(&return_address(target));
        (format!("{}/login?rd={back}", config.public_path), '&')
    } else {
        (format!("{}/login", config.issuer), '?')
    };
    if let Reason::StepUp(lacking) = reason {
        for (name, value) in lacking.parameters() {
            // Writing into a string cannot fail.
            let _ = write!(login, "{separator}{name}={value}");
            separator = '&';
        }
    }
    // Where the sidecar is told of another certificate than this gateway sees, a sign-in would lead
    // straight back here: a person reads first what is wrong.
    let is_sent_on = reason != Reason::CertificateMismatch;
    if audience == Audience::Page && has_sign_in && is_sent_on {
        let headers = vec![
            ("location", login),
            ("cache-control", "no-store".to_owned()),
            (REASON, words(reason).0.to_owned()),
        ];
        return Response {
            status: 302,
            headers,
            body: String::new(),
        };
    }
    page(request, reason, Some((&login, "Sign in")))
}

fn problem(reason: Reason) -> Response {
    let (slug, title, detail) = words(reason);
    let status = reason.status();
    let mut body = json!({
        "type": format!("urn:latchkey:problem:{slug}"),
        "title": title,
        "status": status,
        "detail": detail,
    });
    if let (Reason::StepUp(lacking), Some(members)) = (reason, body.as_object_mut()) {
        let parameters = lacking.parameters().into_iter();
        members.extend(parameters.map(|(name, value)| (name.to_owned(), value.into())));
    }
    let mut headers = common_headers(reason, "application/problem+json");
    if status == 401 {
        headers.push(("www-authenticate", challenge(reason)));
    }
    Response {
        status,
        headers,
        body: body.to_string(),
    }
}

/// A page with a way out of it: an address and what it is called.
fn page(request: &Request<'_>, reason: Reason, way_out: Option<(&str, &str)>) -> Response {
    let (_, title, detail) = words(reason);
    let link = way_out.map_or_else(String::new, |(address, name)| {
        let address = address.replace('&', "&amp;");
        format!("<p><a href=\"{address}\">{name}</a></p>\n")
    });
    // What to name to whoever runs the gateway, whose log has it.
    let id = request
        .id()
        .map_or_else(String::new, |id| format!("<p><small>{id}</small></p>\n"));
    let body = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <main>\n<h1>{title}</h1>\n<p>{detail}</p>\n{link}{id}</main>\n</html>\n"
    );
    let mut headers = common_headers(reason, "text/html; charset=utf-8");
    headers.push((
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'".to_owned(),
    ));
    if reason.status() == 401 {
        headers.push(("www-authenticate", challenge(reason)));
    }
    Response {
        status: reason.status(),
        headers,
        body,
    }
}

fn common_headers(reason: Reason, content_type: &str) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("content-type", content_type.to_owned()),
        ("cache-control", "no-store".to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
        (REASON, words(reason).0.to_owned()),
    ];
    if reason.status() == 503 {
        headers.push(("retry-after", RETRY_AFTER.to_owned()));
    }
    headers
}

/// [RFC 6750 3](https://www.rfc-editor.org/rfc/rfc6750#section-3): an error only for a client that
/// sent something. What a session lacks is said as in
/// [RFC 9470 3](https://www.rfc-editor.org/rfc/rfc9470#section-3), and `need` beside it.
fn challenge(reason: Reason) -> String {
    let mut challenge = "Bearer realm=\"latchkey\"".to_owned();
    let error = match reason {
        Reason::Token(_) | Reason::Revoked(_) | Reason::CertificateMismatch => "invalid_token",
        Reason::Credential(_) => "invalid_request",
        Reason::StepUp(_) => "insufficient_user_authentication",
        _ => return challenge,
    };
    let _ = write!(challenge, ", error=\"{error}\"");
    if let Reason::StepUp(lacking) = reason {
        for (name, value) in lacking.parameters() {
            let _ = write!(challenge, ", {name}=\"{value}\"");
        }
    }
    challenge
}

/// Slug, title and detail. What exactly is wrong with a token is not for strangers.
fn words(reason: Reason) -> (&'static str, &'static str, &'static str) {
    match reason {
        Reason::NoCredential => (
            "unauthorized",
            "Sign-in required",
            "This needs a session. Please sign in.",
        ),
        Reason::SignInNotRouted => (
            "unauthorized",
            "The sign-in is not here",
            "The gateway does not lead this address to its sign-in. Whoever runs it finds the reason \
             in its log.",
        ),
        Reason::Credential(_) | Reason::Token(_) | Reason::Revoked(_) => (
            "unauthorized",
            "Sign-in required",
            "The session that was sent is not valid or has ended. Please sign in again.",
        ),
        Reason::CertificateMismatch => (
            "unauthorized",
            "Another certificate is needed",
            "The session is bound to a client certificate that this connection has not shown. \
             Choose that certificate, or sign in again with the one you have.",
        ),
        Reason::Denied => (
            "forbidden",
            "Not allowed",
            "Nobody may open this through the gateway.",
        ),
        Reason::GroupMissing | Reason::PolicyMissing => (
            "forbidden",
            "Not allowed",
            "Your account may not open this.",
        ),
        Reason::CertificateMissing => (
            "forbidden",
            "Not allowed",
            "This needs a session that is bound to a client certificate. Sign out, then sign in \
             with the certificate.",
        ),
        Reason::StepUp(_) => (
            "step-up",
            "Please confirm that it is you",
            "This needs a more recent or stronger sign-in.",
        ),
        Reason::CrossSite => (
            "cross-site",
            "Not allowed",
            "This request was sent by another web site.",
        ),
        Reason::NoKeys
        | Reason::NoRevocations
        | Reason::TooManyRevocations
        | Reason::StaleRevocations
        | Reason::NoRenewal => (
            "not-ready",
            "Not ready yet",
            "The gateway cannot check sessions at the moment. Please try again shortly.",
        ),
        Reason::Authority(_)
        | Reason::Path(_)
        | Reason::Ambiguous(_)
        | Reason::EscapedFragment
        | Reason::SignInPath => (
            "bad-request",
            "Bad request",
            "The gateway does not accept this address.",
        ),
        Reason::MethodOverride => (
            "bad-request",
            "Bad request",
            "The gateway does not accept a header that asks for another method here.",
        ),
    }
}

/// Where to go after the sign-in: the path as it would have been forwarded.
fn return_address(target: Option<&Target<'_>>) -> Vec<u8> {
    let Some(Target::Path(path)) = target else {
        return b"/".to_vec();
    };
    let whole = path.with_query();
    if whole.len() <= MAX_RETURN_BYTES {
        whole
    } else if path.as_str().len() <= MAX_RETURN_BYTES {
        path.as_str().as_bytes().to_vec()
    } else {
        b"/".to_vec()
    }
}

fn percent_encoded(bytes: &[u8]) -> String {
    let mut encoded = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
            encoded.push(char::from(*byte));
        } else {
            // Writing into a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn wants_html(accept: &[u8]) -> bool {
    accept.split(|byte| *byte == b',').any(|range| {
        let kind = range.split(|byte| *byte == b';').next().unwrap_or_default();
        kind.trim_ascii().eq_ignore_ascii_case(b"text/html")
    })
}
