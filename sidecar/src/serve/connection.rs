//! One connection, bounded in time and size.

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::Service as _;

/// Per listener. Each costs a few dozen kilobytes at worst.
const MOST_CONNECTIONS: usize = 1_024;
/// A connection must bring its first complete request head within this.
const FIRST_REQUEST: Duration = Duration::from_secs(10);
/// A later request head must arrive within this; it is also how long a gateway's idle connection
/// is kept. Longer than the pauses of a probe, so that gateways rarely meet a closing one.
const NEXT_REQUEST: Duration = Duration::from_mins(2);
/// What Envoy lets through at most: an application may have filled the browser with cookies.
const HEAD_BYTES: usize = 64 * 1024;
const MOST_HEADERS: usize = 128;
const MOST_STREAMS: u32 = 128;
const PING_EVERY: Duration = Duration::from_mins(1);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// The connections of one listener.
pub(super) struct Connections {
    builder: auto::Builder<TokioExecutor>,
    graceful: GracefulShutdown,
    room: Arc<Semaphore>,
}

impl Connections {
    pub(super) fn new() -> Self {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(NEXT_REQUEST)
            .max_buf_size(HEAD_BYTES)
            .max_headers(MOST_HEADERS);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_header_list_size(u32::try_from(HEAD_BYTES).unwrap_or(u32::MAX))
            .max_concurrent_streams(MOST_STREAMS)
            .keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(PING_TIMEOUT);
        Self {
            builder,
            graceful: GracefulShutdown::new(),
            room: Arc::new(Semaphore::new(MOST_CONNECTIONS)),
        }
    }

    /// Waits for room for one more connection.
    pub(super) async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed.
        Arc::clone(&self.room).acquire_owned().await.ok()
    }

    /// Serves a connection in a task of its own.
    pub(super) fn spawn<S>(
        &self,
        stream: S,
        peer: SocketAddr,
        router: Router,
        permit: Option<OwnedSemaphorePermit>,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let began = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&began);
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            seen.store(true, Ordering::Relaxed);
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().call(request)
        });
        let connection = self
            .builder
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        let connection = self.graceful.watch(connection);
        tokio::spawn(async move {
            let _permit = permit;
            tokio::select! {
                result = connection => if let Err(error) = result {
                    tracing::debug!(%peer, error, "a connection ended early");
                },
                () = silence(&began) => tracing::debug!(%peer, "a connection brought no request"),
            }
        });
    }

    /// Lets requests under way end, and closes what is idle.
    pub(super) async fn drain(self) {
        self.graceful.shutdown().await;
    }
}

/// Ends when no request has come in time; never once one has.
async fn silence(began: &AtomicBool) {
    tokio::time::sleep(FIRST_REQUEST).await;
    if began.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}
