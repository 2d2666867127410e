//! What happens to every request, whatever endpoint it is for.

mod bodies;
mod changing_requests;
mod client;
mod security_headers;
mod to_the_end;

pub use bodies::Bodies;
pub(super) use bodies::{in_time, read_body};
pub(super) use changing_requests::refuse_unsafe;
pub use client::Client;
pub(super) use client::{CLIENT_CERTIFICATE, identify};
pub(super) use security_headers::add_security_headers;
pub(super) use to_the_end::to_the_end;

use crate::problem::Problem;
use axum::response::{IntoResponse as _, Response};
use std::any::Any;

/// The answer to a request whose handler panicked. The panic hook has logged where; what it said
/// goes no further, because it may quote the request.
pub(super) fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a handler panicked");
    Problem::internal().into_response()
}
