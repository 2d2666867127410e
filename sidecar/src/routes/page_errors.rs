//! A person who follows a link gets a page, not a problem document.

use super::layers::Client;
use crate::pages::{Failure, Pages};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

/// Shows the page for an error when the browser says that it navigates.
pub(super) async fn show(
    State(pages): State<Pages>,
    client: Client,
    request: Request,
    next: Next,
) -> Response {
    let navigates = *request.method() == Method::GET && is_navigation(request.headers());
    let reader = navigates.then(|| request.headers().clone());
    let response = next.run(request).await;
    let Some(reader) = reader.filter(|_| is_problem(&response)) else {
        return response;
    };
    match response.status() {
        StatusCode::NOT_FOUND => pages.not_found(&reader),
        StatusCode::INTERNAL_SERVER_ERROR => {
            pages.failure(&reader, Failure::Internal, Some(&client.request_id))
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            pages.failure(&reader, Failure::Unavailable, Some(&client.request_id))
        }
        _ => response,
    }
}

/// Fetch Metadata Request Headers, section 2.2.
fn is_navigation(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-mode")
        .is_some_and(|mode| mode == "navigate")
}

fn is_problem(response: &Response) -> bool {
    response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value == "application/problem+json")
}
