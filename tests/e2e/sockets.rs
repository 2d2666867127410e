//! Connections that become something else than HTTP/1.1 requests: web sockets in HTTP/1.1 and in
//! HTTP/2 (RFC 8441), gRPC, tunnels. The same check as for any request, or none gets through.

use std::io::{Read, Write};
use std::net::TcpStream;

use latchkey_tests::{Echo, EnvoyConfig, Guarded, http2};
use serde_json::{Value, json};
use tungstenite::client::ClientRequestBuilder;
use tungstenite::handshake::HandshakeError;
use tungstenite::{Error, Message, WebSocket};

/// "hello" in one text frame as a client sends it (masked, the mask is zero), and as a server does.
const HELLO: &[u8] = b"\x81\x85\0\0\0\0hello";
const ECHOED: &[u8] = b"\x81\x05hello";

/// A gateway with an echoing WebSocket at `/socket`.
struct Sockets {
    gateway: Guarded,
    echo: Echo,
    cookie: String,
    origin: String,
}

impl Sockets {
    fn start() -> Self {
        let echo = Echo::start();
        let gateway = Guarded::start_with(|config| route_sockets(config, echo.port));
        Self {
            cookie: format!("latchkey={}", gateway.forge.token()),
            origin: format!("http://localhost:{}", gateway.envoy.port),
            gateway,
            echo,
        }
    }

    /// Opens a WebSocket as a browser would: it, or the status of the refusal.
    fn open(&self, headers: &[(&str, &str)]) -> Result<WebSocket<TcpStream>, u16> {
        let port = self.gateway.envoy.port;
        let uri = format!("ws://localhost:{port}/socket").parse();
        let mut request = ClientRequestBuilder::new(uri.expect("an address"));
        for (name, value) in headers {
            request = request.with_header(*name, *value);
        }
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the gateway listens");
        match tungstenite::client(request, stream) {
            Ok((socket, _)) => Ok(socket),
            Err(HandshakeError::Failure(Error::Http(answer))) => Err(answer.status().as_u16()),
            Err(other) => panic!("neither a WebSocket nor a refusal: {other}"),
        }
    }

    /// The same inside of HTTP/2, as the status and what came back after [`HELLO`].
    fn open_in_http2(&self, protocol: &str, headers: &[(&str, &str)]) -> (u16, Vec<u8>) {
        let mut fields = vec![
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        fields.extend(headers);
        let port = self.gateway.envoy.port;
        http2::extended_connect(port, protocol, "/socket", &fields, HELLO, ECHOED.len())
            .map_or_else(
                |reset| panic!("no answer: {reset}"),
                |((status, _), bytes)| (status, bytes),
            )
    }

    /// Headers that must not open a WebSocket, each with the status of its refusal.
    fn refused(&self) -> Vec<(Vec<(&str, &str)>, u16)> {
        let cookie = ("cookie", self.cookie.as_str());
        let origin = ("origin", self.origin.as_str());
        vec![
            (vec![], 401),
            (vec![origin], 401),
            (vec![("cookie", "latchkey=forged"), origin], 401),
            (vec![cookie, ("origin", "http://sibling.localhost")], 403),
            (vec![cookie, ("origin", "http://localhost")], 403),
            (vec![cookie, ("origin", "null")], 403),
            (vec![cookie, origin, ("sec-fetch-site", "same-site")], 403),
            (vec![cookie, origin, ("sec-fetch-site", "cross-site")], 403),
        ]
    }
}

#[test]
fn a_member_talks_through_a_websocket() {
    let sockets = Sockets::start();
    let headers = [
        ("cookie", sockets.cookie.as_str()),
        ("origin", sockets.origin.as_str()),
        ("x-auth-request-user", "root"),
    ];
    let mut socket = sockets.open(&headers).expect("a member may");
    let large = "x".repeat(100_000);
    for message in [
        Message::text("hello"),
        Message::binary(&b"\0\xff"[..]),
        Message::text(large),
        Message::text("bye"),
    ] {
        socket.send(message.clone()).expect("the socket is open");
        assert_eq!(socket.read().expect("an answer"), message);
    }
    socket.close(None).expect("the socket is open");
    while socket.read().is_ok() {}

    let handshakes = sockets.echo.take();
    let [handshake] = handshakes.as_slice() else {
        panic!("{handshakes:?}");
    };
    let users: Vec<_> = handshake.get_all("x-auth-request-user").iter().collect();
    assert_eq!(users, ["7f8a1d5e-5f5b-4a55-9d7c-0a4b9c1d2e3f"]);
    assert_eq!(handshake.get("cookie"), None, "the session stays behind");
}

#[test]
fn nobody_else_opens_a_websocket() {
    let sockets = Sockets::start();
    for (headers, status) in sockets.refused() {
        assert_eq!(sockets.open(&headers).err(), Some(status), "{headers:?}");
        assert!(sockets.echo.take().is_empty(), "{headers:?}");
    }
    // A page cannot make a browser send this header, so no origin is asked for.
    let bearer = format!("Bearer {}", sockets.gateway.forge.token());
    let headers = [("authorization", bearer.as_str()), ("origin", "null")];
    assert!(sockets.open(&headers).is_ok());
}

#[test]
fn a_websocket_in_http2_is_checked_like_any_other() {
    let sockets = Sockets::start();
    for (headers, status) in sockets.refused() {
        let answer = sockets.open_in_http2("websocket", &headers);
        assert_eq!(answer, (status, vec![]), "{headers:?}");
        assert!(sockets.echo.take().is_empty(), "{headers:?}");
    }
    let headers = [
        ("cookie", sockets.cookie.as_str()),
        ("origin", sockets.origin.as_str()),
    ];
    let answer = sockets.open_in_http2("websocket", &headers);
    assert_eq!(answer, (200, ECHOED.to_vec()));
    let handshakes = sockets.echo.take();
    assert_eq!(handshakes.len(), 1);
    assert_eq!(
        handshakes[0].get("cookie"),
        None,
        "the session stays behind"
    );

    // Another protocol: refused by our filter or by Envoy, with a session too.
    for protocol in ["connect-udp", "h2c", "x"] {
        for headers in [&[][..], &headers] {
            let status = sockets.open_in_http2(protocol, headers).0;
            assert!((400..500).contains(&status), "{protocol}: {status}");
        }
    }
    assert_eq!(sockets.echo.take().len(), 0);
    sockets.gateway.assert_alive("extended CONNECT");
}

#[test]
fn grpc_calls_are_checked() {
    let gateway = Guarded::start();
    let port = gateway.envoy.port;
    let path = "/package.Service/Method";
    let bearer = format!("Bearer {}", gateway.forge.token());
    let grpc = ("content-type", &b"application/grpc"[..]);
    let te = ("te", &b"trailers"[..]);
    for headers in [
        vec![grpc, te],
        vec![grpc, te, ("authorization", b"Bearer forged")],
        vec![grpc, te, ("authorization", b"Basic Zm9yZ2Vk")],
    ] {
        let answer = http2::send(port, "POST", path, &headers, Some(&[]));
        let (status, answered) = answer.expect("an answer");
        // Envoy writes a refusal in the words of gRPC: 16 is UNAUTHENTICATED.
        assert_eq!(status, 200, "{headers:?}");
        let code = answered.get("grpc-status").map(http::HeaderValue::as_bytes);
        assert_eq!(code, Some(&b"16"[..]), "{headers:?}: {answered:?}");
        assert!(gateway.upstream.take().is_empty(), "{headers:?}");
    }
    let cookie = format!("latchkey={}", gateway.forge.token());
    let foreign = [
        grpc,
        te,
        ("cookie", cookie.as_bytes()),
        ("origin", b"http://evil.example"),
    ];
    let (_, answered) = http2::send(port, "POST", path, &foreign, Some(&[])).expect("an answer");
    let code = answered.get("grpc-status").map(http::HeaderValue::as_bytes);
    assert_eq!(code, Some(&b"7"[..]), "PERMISSION_DENIED: {answered:?}");
    assert!(gateway.upstream.take().is_empty());

    let member = [grpc, te, ("authorization", bearer.as_bytes())];
    let (status, answered) =
        http2::send(port, "POST", path, &member, Some(&[])).expect("an answer");
    assert_eq!(status, 200, "{answered:?}");
    let call = gateway.upstream.only();
    assert_eq!(call.target(), path);
    assert_eq!(
        call.header("content-type").as_deref(),
        Some("application/grpc")
    );
    assert_eq!(call.header("authorization"), None);
    let user = call.header("x-auth-request-user");
    assert_eq!(
        user.as_deref(),
        Some("7f8a1d5e-5f5b-4a55-9d7c-0a4b9c1d2e3f")
    );
}

/// Where the gateway is configured for tunnels. A CONNECT has no path, so only the default is for it.
#[test]
fn a_tunnel_is_checked_like_a_request() {
    let gateway = Guarded::start_with(|config| {
        allow_connect(config);
        let manager = config.connection_manager();
        manager["upgrade_configs"] = json!([{"upgrade_type": "CONNECT"}]);
        let tunnel = json!({
            "match": {"connect_matcher": {}},
            "route": {
                "cluster": "app",
                "upgrade_configs": [{"upgrade_type": "CONNECT", "connect_config": {}}],
            },
        });
        config.virtual_hosts()[0]["routes"]
            .as_array_mut()
            .expect("routes")
            .insert(0, tunnel);
    });
    let port = gateway.envoy.port;
    let member = format!("Bearer {}", gateway.forge.token());
    let cookie = format!("latchkey={}", gateway.forge.token());
    for (fields, status) in [
        (vec![], 401),
        (vec![("authorization", "Bearer forged")], 401),
        (vec![("cookie", &*cookie), ("origin", "null")], 403),
        (vec![("authorization", &*member)], 200),
    ] {
        let lines: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let lines = lines.concat();
        let head =
            format!("CONNECT localhost:{port} HTTP/1.1\r\nhost: localhost:{port}\r\n{lines}\r\n");
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the gateway listens");
        stream
            .write_all(head.as_bytes())
            .expect("the gateway reads");
        let answer = read_head(&mut stream);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );

        let fields: Vec<(&str, &[u8])> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()))
            .collect();
        let answer = http2::send(port, "CONNECT", "", &fields, None).map(|answer| answer.0);
        assert_eq!(answer.ok(), Some(status), "{fields:?}");
        assert!(gateway.upstream.take().is_empty(), "{fields:?}");
    }
    gateway.assert_alive("CONNECT");
}

/// The head of an answer; what follows in a tunnel has no end.
fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("an answer");
        head.extend(byte);
    }
    String::from_utf8_lossy(&head).into_owned()
}

fn allow_connect(config: &mut EnvoyConfig) {
    config.connection_manager()["http2_protocol_options"] = json!({"allow_connect": true});
}

fn route_sockets(config: &mut EnvoyConfig, port: u16) {
    allow_connect(config);
    let mut cluster = config.cluster("app").clone();
    cluster["name"] = json!("echo");
    cluster["load_assignment"] = json!({
        "cluster_name": "echo",
        "endpoints": [{"lb_endpoints": [{"endpoint": {"address": {"socket_address":
            {"address": "127.0.0.1", "port_value": port}}}}]}],
    });
    config
        .0
        .pointer_mut("/static_resources/clusters")
        .and_then(Value::as_array_mut)
        .expect("clusters")
        .push(cluster);
    let route = json!({"match": {"path": "/socket"}, "route": {"cluster": "echo"}});
    config.virtual_hosts()[0]["routes"]
        .as_array_mut()
        .expect("routes")
        .insert(0, route);
}
