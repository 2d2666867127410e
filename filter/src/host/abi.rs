//! The host's functions. Each answers with a status, and no status is a reason to stop.
#![expect(
    unsafe_code,
    reason = "calling the host takes raw pointers; nothing else is done here"
)]

use std::fmt;

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

/// Lets a request go on that was paused.
pub(super) fn continue_request() -> Result<(), Status> {
    const REQUEST: u32 = 0;
    // SAFETY: no pointers.
    Status::check(unsafe { raw::proxy_continue_stream(REQUEST) })
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

/// Answers the request here. `details` ends in Envoy's access log.
pub(super) fn send_local_response(
    status: u16,
    details: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<(), Status> {
    /// Envoy translates the HTTP status for gRPC clients.
    const NO_GRPC_STATUS: i32 = -1;
    let pairs: Vec<header_map::Pair<'_>> = headers
        .iter()
        .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
        .collect();
    let headers = header_map::serialise(&pairs).ok_or(Status::TOO_LONG)?;
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

mod raw {
    #[link(wasm_import_module = "wasi_snapshot_preview1")]
    unsafe extern "C" {
        pub(super) fn random_get(bytes: *mut u8, size: usize) -> u32;
    }

    #[link(wasm_import_module = "env")]
    unsafe extern "C" {
        pub(super) fn proxy_log(level: u32, message: *const u8, size: usize) -> u32;
        pub(super) fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
        pub(super) fn proxy_set_tick_period_milliseconds(period: u32) -> u32;
        pub(super) fn proxy_get_header_map_pairs(
            map: u32,
            data: *mut *mut u8,
            size: *mut usize,
        ) -> u32;
        pub(super) fn proxy_get_header_map_value(
            map: u32,
            name: *const u8,
            name_size: usize,
            data: *mut *mut u8,
            size: *mut usize,
        ) -> u32;
        pub(super) fn proxy_replace_header_map_value(
            map: u32,
            name: *const u8,
            name_size: usize,
            value: *const u8,
            value_size: usize,
        ) -> u32;
        pub(super) fn proxy_add_header_map_value(
            map: u32,
            name: *const u8,
            name_size: usize,
            value: *const u8,
            value_size: usize,
        ) -> u32;
        pub(super) fn proxy_continue_stream(stream: u32) -> u32;
        pub(super) fn proxy_remove_header_map_value(
            map: u32,
            name: *const u8,
            name_size: usize,
        ) -> u32;
        pub(super) fn proxy_get_buffer_bytes(
            buffer: u32,
            start: usize,
            max_size: usize,
            data: *mut *mut u8,
            size: *mut usize,
        ) -> u32;
        pub(super) fn proxy_get_property(
            path: *const u8,
            path_size: usize,
            data: *mut *mut u8,
            size: *mut usize,
        ) -> u32;
        pub(super) fn proxy_send_local_response(
            status: u32,
            details: *const u8,
            details_size: usize,
            body: *const u8,
            body_size: usize,
            headers: *const u8,
            headers_size: usize,
            grpc_status: i32,
        ) -> u32;
        pub(super) fn proxy_call_foreign_function(
            name: *const u8,
            name_size: usize,
            arguments: *const u8,
            arguments_size: usize,
            data: *mut *mut u8,
            size: *mut usize,
        ) -> u32;
        pub(super) fn proxy_define_metric(
            kind: u32,
            name: *const u8,
            name_size: usize,
            id: *mut u32,
        ) -> u32;
        pub(super) fn proxy_increment_metric(id: u32, offset: i64) -> u32;
        pub(super) fn proxy_record_metric(id: u32, value: u64) -> u32;
    }
}
