//! Who sends a request: address, request id, kind of client.

use crate::app::App;
use crate::entropy::random;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tracing::Instrument as _;

/// Set by the gateway's filter, which removes what clients send under this name.
const CLIENT_ADDRESS: &str = "x-latchkey-client-address";
/// Set by the gateway's filter, likewise: the certificate that the client showed.
pub(crate) const CLIENT_CERTIFICATE: &str = "x-latchkey-client-certificate";
/// A SHA-256 digest in base64url.
const THUMBPRINT_BYTES: usize = 43;
/// Set by the gateway; ties our log lines to its own.
const REQUEST_ID: &str = "x-request-id";
const REQUEST_ID_MAX_BYTES: usize = 64;
/// As much of a path is logged; ours are shorter.
const PATH_LOGGED: usize = 256;

/// The sender of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// As a configured gateway told it, else the peer's.
    pub address: IpAddr,
    /// Found in every log line of this request and in the answer's `x-request-id`.
    pub request_id: String,
    /// Whether it is a browser. Scripts can neither set nor remove `Sec-Fetch-*`.
    pub is_browser: bool,
    /// As it told.
    pub user_agent: String,
    /// SHA-256 of the client certificate of its connection, in base64url (`x5t#S256`, RFC 8705
    /// section 3.1), as a configured gateway told it.
    pub certificate: Option<String>,
}

impl Client {
    /// The client behind a filter's own question, as far as the filter told.
    pub(crate) fn behind_filter(app: &App, headers: &HeaderMap) -> Self {
        let nobody = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Self::told(app, nobody, headers, Some(headers))
    }
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = crate::problem::Problem;

    fn from_request_parts(
        parts: &mut Parts,
        _: &S,
    ) -> impl Future<Output = Result<Self, Self::Rejection>> + Send {
        let client = parts.extensions.get().cloned();
        std::future::ready(client.ok_or_else(crate::problem::Problem::internal))
    }
}

/// Makes the [`Client`] of a request, gives its span to everything within, and counts and logs the
/// answer, under the name of the listener.
pub(crate) async fn identify(
    State((app, listener)): State<(Arc<App>, &'static str)>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip());
    // Without a peer (a test without a connection) nobody is believed.
    let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let client = client(&app, peer.to_canonical(), request.headers());
    let span = tracing::info_span!("request", request_id = %client.request_id);
    let line = line(request.method(), request.uri().path());
    let is_asset = request.uri().path().contains("/assets/");
    let request_id = HeaderValue::from_str(&client.request_id);
    // What follows may believe this header: it is there only when a gateway's word on it was taken.
    let certificate = client.certificate.as_deref().map(HeaderValue::from_str);
    request.headers_mut().remove(CLIENT_CERTIFICATE);
    if let Some(Ok(certificate)) = certificate {
        request
            .headers_mut()
            .insert(CLIENT_CERTIFICATE, certificate);
    }
    request.extensions_mut().insert(client);
    async move {
        let mut response = next.run(request).await;
        // The path as a quoted string: whatever is in it stays on one line. Never the query.
        let status = response.status().as_u16();
        if is_asset && response.status().is_success() {
            // A page has a dozen of them.
            tracing::debug!(request = ?line, status, "answered");
        } else {
            tracing::info!(request = ?line, status, "answered");
        }
        app.metrics.answered(listener, response.status());
        if let Ok(request_id) = request_id {
            response.headers_mut().insert(REQUEST_ID, request_id);
        }
        response
    }
    .instrument(span)
    .await
}

/// The request as the log has it: nobody writes long lines into it with a long path.
fn line(method: &Method, path: &str) -> String {
    let (mut line, mut path) = (format!("{method} "), path.chars());
    line.extend(path.by_ref().take(PATH_LOGGED));
    if path.next().is_some() {
        line.push('…');
    }
    line
}

fn client(app: &App, peer: IpAddr, headers: &HeaderMap) -> Client {
    let from_gateway = app
        .settings
        .gateways
        .iter()
        .any(|gateway| gateway.contains(&peer));
    Client::told(app, peer, headers, from_gateway.then_some(headers))
}

impl Client {
    fn told(app: &App, peer: IpAddr, headers: &HeaderMap, told: Option<&HeaderMap>) -> Self {
        Self {
            address: told.and_then(told_address).unwrap_or(peer),
            request_id: told.and_then(told_request_id).unwrap_or_else(|| {
                uuid::Builder::from_random_bytes(random(&*app.entropy))
                    .into_uuid()
                    .to_string()
            }),
            is_browser: headers
                .keys()
                .any(|name| name.as_str().starts_with("sec-fetch-")),
            user_agent: headers
                .get(header::USER_AGENT)
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
                .unwrap_or_default(),
            certificate: told.and_then(told_certificate),
        }
    }
}

/// The one address that the gateway wrote, with or without a port.
fn told_address(headers: &HeaderMap) -> Option<IpAddr> {
    let text = only(headers, CLIENT_ADDRESS)?;
    let address = text
        .parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|a| a.ip()));
    Some(address.ok()?.to_canonical())
}

fn told_certificate(headers: &HeaderMap) -> Option<String> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let text = only(headers, CLIENT_CERTIFICATE)?;
    let is_digest = text.len() == THUMBPRINT_BYTES && URL_SAFE_NO_PAD.decode(text).is_ok();
    is_digest.then(|| text.to_owned())
}

fn told_request_id(headers: &HeaderMap) -> Option<String> {
    let text = only(headers, REQUEST_ID)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let fits = (1..=REQUEST_ID_MAX_BYTES).contains(&text.len()) && text.bytes().all(plain);
    fits.then(|| text.to_owned())
}

/// The value of a header that is there once.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then_some(first.to_str().ok()?)
}
