//! A client for HTTP/2 over plain TCP (prior knowledge): split cookie fields, trailers.

use h2::client;
use http::{HeaderMap, Request, Version};
use tokio::net::TcpStream;
use tokio::runtime;

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
        let mut sender = sender.ready().await?;
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
