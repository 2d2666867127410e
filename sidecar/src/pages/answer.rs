//! Rendered pages as HTTP responses.

use super::views::{Frame, MessageView};
use super::{Failure, Pages};
use askama::Template;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

/// No exception for inline script or style, no framing, and no way for a script to turn text into
/// markup.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

const PERMISSIONS: &str = "publickey-credentials-get=(self), publickey-credentials-create=(self)";

pub(super) fn page(status: StatusCode, view: &impl Template) -> Response {
    match view.render() {
        Ok(html) => {
            let headers = [
                (CONTENT_TYPE, "text/html; charset=utf-8"),
                (CACHE_CONTROL, "no-store"),
                (CONTENT_SECURITY_POLICY, POLICY),
                (X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (X_FRAME_OPTIONS, "DENY"),
                (REFERRER_POLICY, "no-referrer"),
                (HeaderName::from_static("permissions-policy"), PERMISSIONS),
                (
                    HeaderName::from_static("cross-origin-opener-policy"),
                    "same-origin",
                ),
            ];
            (status, headers, html).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

pub(super) fn not_found(pages: &Pages) -> Response {
    let view = MessageView {
        frame: Frame::new(pages, "Page not found"),
        text: "There is nothing at this address. The link may be old or mistyped.",
        action: (
            "Go to your account",
            format!("{}/account", pages.site.public_path),
        ),
        request_id: None,
    };
    page(StatusCode::NOT_FOUND, &view)
}

pub(super) fn failure(pages: &Pages, failure: Failure, request_id: Option<&str>) -> Response {
    let (status, title, text) = match failure {
        Failure::Unavailable => (
            StatusCode::SERVICE_UNAVAILABLE,
            "We cannot do this right now",
            "Signing in is not available for the moment. Nothing was changed. Please try again \
             in a minute.",
        ),
        Failure::Internal => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong",
            "This is a fault on our side, not something that you did. Please try again; if it \
             happens again, tell the people who run this service.",
        ),
    };
    let view = MessageView {
        frame: Frame::new(pages, title),
        text,
        action: ("Try again", format!("{}/account", pages.site.public_path)),
        request_id: request_id.map(str::to_owned),
    };
    let mut response = page(status, &view);
    if failure == Failure::Unavailable {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}
