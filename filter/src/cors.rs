//! Scripts of other origins ([CORS](https://fetch.spec.whatwg.org/#http-cors-protocol)). What they
//! may read of an application's answers the application says itself; here it is about preflights,
//! which have no credentials, and about refusals, which the application never sees.

use crate::{method_override, request::Request, rules::Chosen};

/// What a script may read of a refusal: with it, that and how to sign in.
const EXPOSED: &str = "WWW-Authenticate, X-Latchkey-Reason, Retry-After";

/// Whether a request is a preflight as browsers send it. What carries a credential is none, nor what
/// asks the application for another method: it is checked like any request.
#[must_use]
pub fn is_preflight(request: &Request<'_>) -> bool {
    request.method() == b"OPTIONS"
        && request.only("origin").is_some()
        && request.only("access-control-request-method").is_some()
        && !request.has("authorization")
        && !request.has("cookie")
        && !request.is_upgrade()
        && !method_override::is_asked_for(request)
}

/// What lets a script of a permitted origin read a refusal.
#[must_use]
pub fn headers(request: &Request<'_>, rule: &Chosen<'_>) -> Vec<(&'static str, String)> {
    let Some(sender) = request.only("origin") else {
        return Vec::new();
    };
    let permitted = rule
        .cors_origins
        .iter()
        .chain(rule.same_site_origins)
        .find(|origin| origin.as_str().as_bytes() == sender);
    let Some(origin) = permitted else {
        return Vec::new();
    };
    vec![
        ("access-control-allow-origin", origin.as_str().to_owned()),
        ("access-control-allow-credentials", "true".to_owned()),
        ("access-control-expose-headers", EXPOSED.to_owned()),
        ("vary", "Origin".to_owned()),
    ]
}
