//! A client for HTTP/2 over plain TCP (prior knowledge): split cookie fields, trailers, and
//! connections that become another protocol's (extended CONNECT, RFC 8441).

use std::time::Duration;

use bytes::Bytes;
use h2::client::{self, SendRequest};
use h2::ext::Protocol;
use http::{HeaderMap, Request, Version};
use tokio::net::TcpStream;
use tokio::runtime;

use crate::wait::PATIENCE;

/// What came back: the status, and the headers.
pub type Answer = (u16, HeaderMap);

/// Sends one request. `fields` may name the same header several times; with `trailers` the request
/// has an empty body and ends with them.
///
/// # Errors
/// When the stream or the connection is reset instead of answered.
///
/// # Panics
/// When nothing listens there, or the request cannot be expressed in HTTP/2.
pub fn send(
    port: u16,
    method: &str,
    path: &str,
    fields: &[(&str, &[u8])],
    trailers: Option<&[(&str, &str)]>,
) -> Result<Answer, h2::Error> {
    on_connection(port, async |mut sender| {
        let mut request = Request::builder()
            .version(Version::HTTP_2)
            .method(method)
            .uri(format!("http://localhost:{port}{path}"));
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let request = request.body(()).expect("a request that HTTP/2 can express");
        let (response, mut body) = sender.send_request(request, trailers.is_none())?;
        if let Some(trailers) = trailers {
            let trailers = trailers
                .iter()
                .map(|(name, value)| {
                    (
                        name.parse().expect("a name"),
                        value.parse().expect("a value"),
                    )
                })
                .collect();
            body.send_trailers(trailers)?;
        }
        let response = response.await?;
        Ok((response.status().as_u16(), response.headers().clone()))
    })
}

/// Opens another protocol inside of HTTP/2 (RFC 8441) and sends `bytes` in it. Gives the answer,
/// and as many bytes of the other side as `await_bytes` says, or fewer where there are no more.
///
/// # Errors
/// When the stream or the connection is reset instead of answered.
///
/// # Panics
/// When nothing listens there, when the server does not offer extended CONNECT, or when the request
/// cannot be expressed in HTTP/2.
pub fn extended_connect(
    port: u16,
    protocol: &str,
    path: &str,
    fields: &[(&str, &str)],
    bytes: &'static [u8],
    await_bytes: usize,
) -> Result<(Answer, Vec<u8>), h2::Error> {
    on_connection(port, async |mut sender| {
        let offered = async {
            while !sender.is_extended_connect_protocol_enabled() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, offered)
            .await
            .expect("the server offers extended CONNECT");
        let mut request = Request::builder()
            .version(Version::HTTP_2)
            .method("CONNECT")
            .uri(format!("http://localhost:{port}{path}"))
            .extension(Protocol::from(protocol));
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let request = request.body(()).expect("a request that HTTP/2 can express");
        let (response, mut sending) = sender.send_request(request, false)?;
        let response = response.await?;
        let answer = (response.status().as_u16(), response.headers().clone());
        let mut received = Vec::new();
        if answer.0 == 200 {
            sending.send_data(Bytes::from_static(bytes), false)?;
            let mut body = response.into_body();
            while received.len() < await_bytes {
                let Some(chunk) = body.data().await else {
                    break;
                };
                received.extend_from_slice(&chunk?);
            }
        }
        Ok((answer, received))
    })
}

/// Runs `exchange` with a connection to `port`, which ends with it.
fn on_connection<T>(
    port: u16,
    exchange: impl AsyncFnOnce(SendRequest<Bytes>) -> Result<T, h2::Error>,
) -> Result<T, h2::Error> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let stream = TcpStream::connect(("127.0.0.1", port))
            .await
            .expect("something listens");
        let (sender, connection) = client::handshake(stream).await?;
        tokio::spawn(connection);
        exchange(sender.ready().await?).await
    })
}
