//! Fetches the keys from the sidecar's internal listener, through an Envoy cluster.

use latchkey_filter_config::Sidecar;
use latchkey_token::{JwkSet, JwkSetError, MAX_JWK_SET_BYTES};
use thiserror::Error;

use super::abi::{self, Buffer, Map, Status};
use crate::header_map;

const PATH: &str = "/.well-known/jwks.json";

/// Why a fetch brought no keys.
#[derive(Debug, Error)]
pub(super) enum FetchError {
    /// Not even started.
    #[error("the call could not be made: is there a cluster {cluster:?}? (status {status})")]
    NotStarted { cluster: String, status: u32 },
    /// The host does not give the answer out.
    #[error("the answer could not be read: {0}")]
    Unreadable(Status),
    /// No answer, or not the expected one. Envoy answers for a sidecar that is away.
    #[error("the sidecar answered with status {status}")]
    Answered { status: String },
    /// Larger than any key set.
    #[error("the answer has {bytes} bytes, more than are read")]
    TooLong { bytes: usize },
    /// Not a key set that can be relied on.
    #[error("the key set is refused: {0}")]
    Refused(#[from] JwkSetError),
}

/// Starts a fetch from the root context; gives the number by which the answer is known.
#[expect(
    clippy::disallowed_methods,
    reason = "the SDK hands answers only to calls that it made itself; it knows each status that Envoy has for this function"
)]
pub(super) fn start(sidecar: &Sidecar) -> Result<u32, FetchError> {
    let headers = vec![
        (":method", "GET"),
        (":path", PATH),
        (":authority", sidecar.authority.as_str()),
        (":scheme", "http"),
        ("accept", "application/json"),
    ];
    let cluster = sidecar.cluster.as_str();
    proxy_wasm::hostcalls::dispatch_http_call(cluster, headers, None, vec![], sidecar.timeout)
        .map_err(|status| FetchError::NotStarted {
            cluster: cluster.to_owned(),
            status: number(status),
        })
}

/// Reads the answer to a fetch.
pub(super) fn finish(body_size: usize) -> Result<JwkSet, FetchError> {
    let headers = abi::map(Map::CallHeaders).map_err(FetchError::Unreadable)?;
    let headers = header_map::parse(&headers).unwrap_or_default();
    let status = headers
        .iter()
        .find(|(name, _)| *name == b":status")
        .map_or(&b"none"[..], |(_, v)| *v);
    if status != b"200" {
        return Err(FetchError::Answered {
            status: status.escape_ascii().to_string(),
        });
    }
    if body_size > MAX_JWK_SET_BYTES {
        return Err(FetchError::TooLong { bytes: body_size });
    }
    let body = abi::buffer(Buffer::CallBody, body_size).map_err(FetchError::Unreadable)?;
    Ok(JwkSet::parse(&body)?)
}

fn number(status: proxy_wasm::types::Status) -> u32 {
    use proxy_wasm::types::Status as Sdk;
    match status {
        Sdk::BadArgument => 2,
        Sdk::InternalFailure => 10,
        _ => u32::MAX,
    }
}
