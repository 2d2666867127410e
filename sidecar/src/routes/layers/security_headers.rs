//! Headers that every answer carries.

use crate::app::App;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;

/// No inline script, nothing from elsewhere, no framing.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'";

/// Passkeys for our own pages, nothing else for anyone.
const PERMISSIONS_POLICY: &str = "publickey-credentials-get=(self), \
     publickey-credentials-create=(self), camera=(), geolocation=(), microphone=(), payment=(), \
     usb=()";

const ALWAYS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("permissions-policy"),
        PERMISSIONS_POLICY,
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Two years, as browsers ask of hosts that mean it.
const STRICT_TRANSPORT_SECURITY: &str = "max-age=63072000";

/// Adds them. `Cache-Control` is `no-store` unless the endpoint says that its answer may be kept.
pub(crate) async fn add_security_headers(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        // A page may set a stricter one of its own.
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    if app.cookies.secure {
        let value = HeaderValue::from_static(STRICT_TRANSPORT_SECURITY);
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    let cacheable =
        headers.contains_key(header::CACHE_CONTROL) && !headers.contains_key(header::SET_COOKIE);
    if !cacheable {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
