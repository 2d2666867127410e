//! Calls to the sidecar's internal listener, through an Envoy cluster.

use std::time::Duration;

use latchkey_filter_config::Sidecar;
use latchkey_token::{JwkSet, JwkSetError, MAX_JWK_SET_BYTES, MAX_REVOCATIONS_BYTES};
use thiserror::Error;

use super::abi::{self, Buffer, Map, Status};
use crate::{
    header_map,
    renewal::{Answer, Ask, MAX_ANSWER_BYTES},
    request::Request,
    revocations::FeedError,
};

const KEYS: &str = "/.well-known/jwks.json";
const REFRESH: &str = "/internal/v1/sessions/refresh";
/// The sidecar answers within 25 s.
const FEED_TIMEOUT: Duration = Duration::from_secs(30);
/// How much of Envoy's words about a failed call is logged.
const MAX_WHY_BYTES: usize = 256;

/// Why a call brought nothing.
#[derive(Debug, Error)]
pub(super) enum CallError {
    /// Not even started.
    #[error("the call could not be made: is there a cluster {cluster:?}? ({status})")]
    NotStarted { cluster: String, status: Status },
    /// The host does not give the answer out, or no random bytes for the question.
    #[error("the host did not do its part: {0}")]
    Host(#[from] Status),
    /// No answer: Envoy says so in the sidecar's place.
    #[error("no answer from sidecar.cluster, is the sidecar up? Envoy says {status}: {why}")]
    Away { status: String, why: String },
    /// Not the expected answer.
    #[error("the sidecar answered with status {status}")]
    Answered { status: String },
    /// Larger than any answer.
    #[error("the answer has {bytes} bytes, more than are read")]
    TooLong { bytes: usize },
    /// Not a key set that can be relied on.
    #[error("the key set is refused: {0}")]
    Keys(#[from] JwkSetError),
    /// Not a list of revocations that can be relied on.
    #[error(transparent)]
    Revocations(#[from] FeedError),
}

/// Asks for the keys; gives the number by which the answer is known.
pub(super) fn keys(sidecar: &Sidecar) -> Result<u32, CallError> {
    start(sidecar, "GET", KEYS, None, sidecar.timeout)
}

/// Asks what was revoked.
pub(super) fn revocations(sidecar: &Sidecar, path: &str) -> Result<u32, CallError> {
    start(sidecar, "GET", path, None, FEED_TIMEOUT)
}

/// Asks for a new token. Made by a request, the call ends with it.
pub(super) fn renewal(sidecar: &Sidecar, ask: &Ask) -> Result<u32, CallError> {
    let body = ask.body();
    start(sidecar, "POST", REFRESH, Some(&body), sidecar.timeout)
}

fn start(
    sidecar: &Sidecar,
    method: &str,
    path: &str,
    body: Option<&str>,
    timeout: Duration,
) -> Result<u32, CallError> {
    let mut headers = vec![
        (":method", method),
        (":path", path),
        (":authority", sidecar.authority.as_str()),
        (":scheme", "http"),
    ];
    if body.is_some() {
        headers.push(("content-type", "application/json"));
    }
    let cluster = sidecar.cluster.as_str();
    let body = body.map(str::as_bytes).unwrap_or_default();
    abi::http_call(cluster, &headers, body, timeout).map_err(|status| CallError::NotStarted {
        cluster: cluster.to_owned(),
        status,
    })
}

/// Reads the answer to [`keys`].
pub(super) fn finish_keys(body_size: usize) -> Result<JwkSet, CallError> {
    Ok(JwkSet::parse(&good_body(body_size, MAX_JWK_SET_BYTES)?)?)
}

/// Reads the answer to [`revocations`].
pub(super) fn finish_revocations(body_size: usize) -> Result<Vec<u8>, CallError> {
    good_body(body_size, MAX_REVOCATIONS_BYTES)
}

/// Reads the answer to [`renewal`].
pub(super) fn finish_renewal(body_size: usize) -> Answer {
    let Ok(headers) = abi::map(Map::CallHeaders) else {
        return Answer::Failed;
    };
    let headers = Request::new(header_map::parse(&headers).unwrap_or_default());
    let status = headers.only(":status").unwrap_or_default();
    match body(body_size, MAX_ANSWER_BYTES) {
        Ok(body) => Answer::read(status, &body),
        Err(_) => Answer::Failed,
    }
}

fn good_body(body_size: usize, most: usize) -> Result<Vec<u8>, CallError> {
    let headers = abi::map(Map::CallHeaders)?;
    let headers = Request::new(header_map::parse(&headers).unwrap_or_default());
    let status = headers.only(":status").unwrap_or(b"none");
    if status == b"200" {
        return body(body_size, most);
    }
    let status = status.escape_ascii().to_string();
    // What the sidecar has to say comes as problem details.
    Err(if headers.only("content-type") == Some(b"text/plain") {
        let mut why = body(body_size, MAX_ANSWER_BYTES).unwrap_or_default();
        why.truncate(MAX_WHY_BYTES);
        let why = why.escape_ascii().to_string();
        CallError::Away { status, why }
    } else {
        CallError::Answered { status }
    })
}

fn body(size: usize, most: usize) -> Result<Vec<u8>, CallError> {
    match size {
        0 => Ok(Vec::new()),
        bytes if bytes > most => Err(CallError::TooLong { bytes }),
        _ => Ok(abi::buffer(Buffer::CallBody, size)?),
    }
}
