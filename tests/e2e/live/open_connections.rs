//! `WebSockets` live for as long as the session behind them, and no longer.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use latchkey_tests::http::read_response;

use super::Live;

const OTHER: &str = "5b2f1c1e-0d2b-4f5e-9f0a-0c8f3a2b1d11";

/// An open WebSocket.
fn open(live: &Live, path: &str, token: Option<&str>) -> TcpStream {
    let port = live.envoy.port;
    let cookie = token.map(|token| format!("cookie: latchkey={token}\r\n"));
    let cookie = cookie.unwrap_or_default();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the gateway listens");
    stream
        .set_read_timeout(Some(Duration::from_mins(1)))
        .expect("a time limit");
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: localhost:{port}\r\nconnection: Upgrade\r\n\
         upgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         origin: http://localhost:{port}\r\n{cookie}\r\n"
    )
    .expect("the gateway reads");
    let answer = read_response(&mut stream, false).expect("an answer");
    assert_eq!(answer.status, 101);
    stream
}

/// Waits until the gateway ends a WebSocket.
fn await_end(mut socket: &TcpStream) {
    match socket.read(&mut [0; 16]) {
        Ok(0) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        other => panic!("still open: {other:?}"),
    }
}

fn is_open(mut socket: &TcpStream) -> bool {
    socket.set_nonblocking(true).expect("a mode");
    let read = socket.read(&mut [0; 16]);
    socket.set_nonblocking(false).expect("a mode");
    matches!(read, Err(error) if error.kind() == ErrorKind::WouldBlock)
}

#[test]
fn open_connections_end_with_their_session_on_every_worker() {
    let live = Live::start_with(|config| config.workers(2));
    let ann = live.forge.token();
    let bob = live.forge.token_with("sid", OTHER.into());
    let of_ann: Vec<TcpStream> = (0..10).map(|_| open(&live, "/x", Some(&ann))).collect();
    let of_bob = open(&live, "/x", Some(&bob));
    let of_nobody = open(&live, "/public/x", None);

    let sid = live.forge.claims()["sid"].clone();
    live.internal.revoke(sid.as_str().expect("a session"));
    for socket in &of_ann {
        await_end(socket);
    }
    assert!(is_open(&of_bob) && is_open(&of_nobody));

    live.internal.revoke(OTHER);
    await_end(&of_bob);
    assert!(is_open(&of_nobody));
    live.await_everywhere("requests go on", |client| {
        client.get("/public/x").send().status == 200
    });
}

#[test]
fn open_connections_end_with_the_key_behind_them() {
    let live = Live::start();
    // Whoever has the key writes what he likes.
    let mut claims = live.ending(600);
    claims["iat"] = (claims["exp"].as_u64().expect("a time") + 1_000_000).into();
    let thief = open(&live, "/x", Some(&live.token(&claims)));
    live.internal.revoke_key("key-1");
    await_end(&thief);
}
