//! Rendered pages as HTTP responses.

use super::views::{Frame, MessageView, Page};
use super::words::Words;
use super::{Failure, Pages};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    RETRY_AFTER, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// No exception for inline script or style, no framing, and no way for a script to turn text into
/// markup.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

const PERMISSIONS: &str = "publickey-credentials-get=(self), publickey-credentials-create=(self)";

pub(super) fn page(status: StatusCode, view: &impl Page) -> Response {
    match view.render() {
        Ok(html) => {
            let headers = [
                (CONTENT_TYPE, "text/html; charset=utf-8"),
                (CONTENT_LANGUAGE, view.frame().words.tag()),
                (VARY, "Accept-Language, Cookie"),
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

pub(super) fn not_found(pages: &Pages, words: Arc<Words>) -> Response {
    let view = MessageView {
        frame: Frame::anywhere(pages, words, "error.notFoundTitle"),
        text: "error.notFound",
        action: "error.toAccount",
        request_id: None,
    };
    page(StatusCode::NOT_FOUND, &view)
}

pub(super) fn failure(
    pages: &Pages,
    words: Arc<Words>,
    failure: Failure,
    request_id: Option<&str>,
) -> Response {
    let (status, title, text) = match failure {
        Failure::Unavailable => (
            StatusCode::SERVICE_UNAVAILABLE,
            "error.unavailableTitle",
            "error.unavailable",
        ),
        Failure::Internal => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "error.internalTitle",
            "error.internal",
        ),
    };
    let view = MessageView {
        frame: Frame::anywhere(pages, words, title),
        text,
        action: "error.again",
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
