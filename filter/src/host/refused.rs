//! What a request is answered that does not go on, and what is written about it.

use super::abi::{self, Level, Status};
use crate::{reason::Reason, refusal::Response, request::Request};

/// Answers a request in the application's place.
pub(super) fn answer(reason: &str, response: &Response) -> Result<(), Status> {
    let headers: Vec<(&str, &str)> = response
        .headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let details = format!("latchkey_{reason}");
    abi::send_local_response(
        response.status,
        &details,
        &headers,
        response.body.as_bytes(),
    )
}

/// Says why, and to which request, but nothing that the client sent and could be a secret.
pub(super) fn log_refusal(request: &Request<'_>, reason: Reason, what: &str) {
    // Every visitor who is not signed in yet is refused once.
    let level = match reason {
        Reason::NoCredential => Level::Debug,
        Reason::SignInNotRouted => Level::Warn,
        _ => Level::Info,
    };
    let id = request.id().unwrap_or("-");
    let name = reason.name();
    abi::log(
        level,
        &format!("{what}: reason={name} request_id={id}: {reason}"),
    );
}
