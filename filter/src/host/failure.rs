//! Requests that cannot be decided on.

use proxy_wasm::types::Action;

use super::abi::{self, Level, Status};

/// Why a request could not even be decided on: closed, and nothing that a client can bring about.
pub(super) enum Failure {
    /// The host refused to do its part.
    Host(Status),
    /// The host's headers are in no form that is known.
    Headers,
    /// The core does not say what becomes of the request.
    NoDecision,
    /// There is no configuration, or it is being replaced.
    NotConfigured,
}

/// Ends a request that could not be handled. Where not even that works, it waits for its timeout.
pub(super) fn fail(failure: &Failure) -> Action {
    abi::log(Level::Error, &format!("request refused: {failure}"));
    let headers = [("cache-control", "no-store"), ("retry-after", "2")];
    if let Err(status) = abi::send_local_response(503, "latchkey_failure", &headers, b"") {
        abi::log(Level::Error, &format!("no answer possible: {status}"));
    }
    Action::Pause
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::Host(status)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Host(status) => status.fmt(f),
            Self::Headers => f.write_str("the host's headers are malformed"),
            Self::NoDecision => f.write_str("no decision"),
            Self::NotConfigured => f.write_str("there is no configuration"),
        }
    }
}
