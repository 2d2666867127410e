//! The host's functions. Each answers with a status, and no status is a reason to stop.
#![expect(
    unsafe_code,
    reason = "calling the host takes raw pointers; nothing else is done here"
)]

mod raw;

use std::{fmt, time::Duration};

use crate::header_map;

/// What the host answered instead of success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Status(u32);

impl Status {
    /// There is no such thing.
    pub(super) const NOT_FOUND: Self = Self(1);
    /// Not of the host: an argument that its form cannot hold.
    const TOO_LONG: Self = Self(u32::MAX);

    fn check(status: u32) -> Result<(), Self> {
        if status == 0 {
            Ok(())
        } else {
            Err(Self(status))
        }
    }
}

impl std::error::Error for Status {}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "host status {}", self.0)
    }
}

/// Log levels of the host.
#[derive(Debug, Clone, Copy)]
pub(super) enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

/// Header maps of the host.
#[derive(Debug, Clone, Copy)]
pub(super) enum Map {
    RequestHeaders,
    RequestTrailers,
    ResponseHeaders,
    CallHeaders,
}

/// Buffers of the host.
#[derive(Debug, Clone, Copy)]
pub(super) enum Buffer {
    CallBody,
    PluginConfiguration,
}

/// Kinds of metrics.
#[derive(Debug, Clone, Copy)]
pub(super) enum Metric {
    Counter,
    Gauge,
}

impl Map {
    fn number(self) -> u32 {
        match self {
            Self::RequestHeaders => 0,
            Self::RequestTrailers => 1,
            Self::ResponseHeaders => 2,
            Self::CallHeaders => 6,
        }
    }
}

pub(super) fn log(level: Level, message: &str) {
    let level = match level {
        Level::Debug => 1,
        Level::Info => 2,
        Level::Warn => 3,
        Level::Error => 4,
    };
    // SAFETY: the message outlives the call. There is nobody to tell about a failure.
    let _ = unsafe { raw::proxy_log(level, message.as_ptr(), message.len()) };
}

/// Nanoseconds since 1970.
pub(super) fn now() -> Result<u64, Status> {
    let mut time = 0;
    // SAFETY: the host writes one u64.
    Status::check(unsafe { raw::proxy_get_current_time_nanoseconds(&raw mut time) })?;
    Ok(time)
}

/// Fills with bytes of the host's random generator.
pub(super) fn random(bytes: &mut [u8]) -> Result<(), Status> {
    // SAFETY: the host writes as many bytes as there are.
    Status::check(unsafe { raw::random_get(bytes.as_mut_ptr(), bytes.len()) })
}

pub(super) fn set_tick_period(milliseconds: u32) -> Result<(), Status> {
    // SAFETY: no pointers.
    Status::check(unsafe { raw::proxy_set_tick_period_milliseconds(milliseconds) })
}

/// The bytes of a header map; [`header_map::parse`] reads them.
pub(super) fn map(map: Map) -> Result<Vec<u8>, Status> {
    let map = map.number();
    // SAFETY: see `returned`.
    returned(|data, size| unsafe { raw::proxy_get_header_map_pairs(map, data, size) })
}

/// The first value of a header.
pub(super) fn map_value(map: Map, name: &str) -> Result<Option<Vec<u8>>, Status> {
    let map = map.number();
    // SAFETY: the name outlives the call; for the rest see `returned`.
    let value = returned(|data, size| unsafe {
        raw::proxy_get_header_map_value(map, name.as_ptr(), name.len(), data, size)
    });
    match value {
        Ok(value) => Ok(Some(value)),
        Err(Status::NOT_FOUND) => Ok(None),
        Err(status) => Err(status),
    }
}

pub(super) fn set_map_value(map: Map, name: &[u8], value: &[u8]) -> Result<(), Status> {
    // SAFETY: both slices outlive the call.
    Status::check(unsafe {
        raw::proxy_replace_header_map_value(
            map.number(),
            name.as_ptr(),
            name.len(),
            value.as_ptr(),
            value.len(),
        )
    })
}

pub(super) fn add_map_value(map: Map, name: &[u8], value: &[u8]) -> Result<(), Status> {
    // SAFETY: both slices outlive the call.
    Status::check(unsafe {
        raw::proxy_add_header_map_value(
            map.number(),
            name.as_ptr(),
            name.len(),
            value.as_ptr(),
            value.len(),
        )
    })
}

/// The stream of a request, for functions that take one.
const REQUEST: u32 = 0;

/// Lets a request go on that was paused.
pub(super) fn continue_request() -> Result<(), Status> {
    // SAFETY: no pointers.
    Status::check(unsafe { raw::proxy_continue_stream(REQUEST) })
}

/// Ends a request, whatever became of it, once the host has the word again.
pub(super) fn close_request() -> Result<(), Status> {
    // SAFETY: no pointers.
    Status::check(unsafe { raw::proxy_close_stream(REQUEST) })
}

pub(super) fn remove_map_value(map: Map, name: &[u8]) -> Result<(), Status> {
    // SAFETY: the name outlives the call.
    Status::check(unsafe {
        raw::proxy_remove_header_map_value(map.number(), name.as_ptr(), name.len())
    })
}

pub(super) fn buffer(buffer: Buffer, size: usize) -> Result<Vec<u8>, Status> {
    let buffer = match buffer {
        Buffer::CallBody => 4,
        Buffer::PluginConfiguration => 7,
    };
    // SAFETY: see `returned`.
    returned(|data, length| unsafe { raw::proxy_get_buffer_bytes(buffer, 0, size, data, length) })
}

/// A property of the request, by the parts of its name.
pub(super) fn property(path: &[&str]) -> Result<Vec<u8>, Status> {
    let path = path.join("\0");
    // SAFETY: the path outlives the call; for the rest see `returned`.
    returned(|data, size| unsafe { raw::proxy_get_property(path.as_ptr(), path.len(), data, size) })
}

/// Notes something about the request, which access logs show as `wasm.<name>` of the filter state.
pub(super) fn set_property(name: &str, value: &[u8]) -> Result<(), Status> {
    // SAFETY: both slices outlive the call.
    Status::check(unsafe {
        raw::proxy_set_property(name.as_ptr(), name.len(), value.as_ptr(), value.len())
    })
}

/// Answers the request here. `details` ends in Envoy's access log.
pub(super) fn send_local_response(
    status: u16,
    details: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<(), Status> {
    /// Envoy translates the HTTP status for gRPC clients.
    const NO_GRPC_STATUS: i32 = -1;
    let headers = serialised(headers)?;
    // SAFETY: all slices outlive the call.
    Status::check(unsafe {
        raw::proxy_send_local_response(
            u32::from(status),
            details.as_ptr(),
            details.len(),
            body.as_ptr(),
            body.len(),
            headers.as_ptr(),
            headers.len(),
            NO_GRPC_STATUS,
        )
    })
}

/// Makes an HTTP call, in the name of the context that is acted for; gives the number by which the
/// answer is known.
pub(super) fn http_call(
    cluster: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    timeout: Duration,
) -> Result<u32, Status> {
    let headers = serialised(headers)?;
    let trailers = serialised(&[])?;
    let timeout = u32::try_from(timeout.as_millis()).map_err(|_| Status::TOO_LONG)?;
    let mut call = 0;
    // SAFETY: all slices outlive the call, and the host writes one u32.
    Status::check(unsafe {
        raw::proxy_http_call(
            cluster.as_ptr(),
            cluster.len(),
            headers.as_ptr(),
            headers.len(),
            body.as_ptr(),
            body.len(),
            trailers.as_ptr(),
            trailers.len(),
            timeout,
            &raw mut call,
        )
    })?;
    Ok(call)
}

/// Acts for another context than the one that the host has called for.
pub(super) fn act_for(context: u32) -> Result<(), Status> {
    // SAFETY: no pointers.
    Status::check(unsafe { raw::proxy_set_effective_context(context) })
}

fn serialised(headers: &[(&str, &str)]) -> Result<Vec<u8>, Status> {
    let pairs: Vec<header_map::Pair<'_>> = headers
        .iter()
        .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
        .collect();
    header_map::serialise(&pairs).ok_or(Status::TOO_LONG)
}

pub(super) fn call_foreign_function(name: &str, arguments: &[u8]) -> Result<Vec<u8>, Status> {
    // SAFETY: both slices outlive the call; for the rest see `returned`.
    returned(|data, size| unsafe {
        raw::proxy_call_foreign_function(
            name.as_ptr(),
            name.len(),
            arguments.as_ptr(),
            arguments.len(),
            data,
            size,
        )
    })
}

/// Defines a metric, or finds it, and gives its number.
pub(super) fn define_metric(kind: Metric, name: &str) -> Result<u32, Status> {
    let kind = match kind {
        Metric::Counter => 0,
        Metric::Gauge => 1,
    };
    let mut id = 0;
    // SAFETY: the name outlives the call, and the host writes one u32.
    Status::check(unsafe {
        raw::proxy_define_metric(kind, name.as_ptr(), name.len(), &raw mut id)
    })?;
    Ok(id)
}

pub(super) fn increment_metric(id: u32) -> Result<(), Status> {
    // SAFETY: no pointers.
    Status::check(unsafe { raw::proxy_increment_metric(id, 1) })
}

pub(super) fn record_metric(id: u32, value: u64) -> Result<(), Status> {
    // SAFETY: no pointers.
    Status::check(unsafe { raw::proxy_record_metric(id, value) })
}

/// Takes over memory that the host has filled.
fn returned(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> Result<Vec<u8>, Status> {
    let mut data = std::ptr::null_mut();
    let mut size = 0;
    Status::check(call(&raw mut data, &raw mut size))?;
    if data.is_null() || size == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: the host got the memory from `proxy_on_memory_allocate`, which is the SDK's and
    // allocates exactly the size that is asked for, and gives it to nobody else.
    let memory = unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(data, size)) };
    Ok(memory.into_vec())
}
