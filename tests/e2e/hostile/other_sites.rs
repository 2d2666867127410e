//! What another site can make a browser send.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use latchkey_tests::Guarded;
use latchkey_tests::http::read_response;

#[test]
fn an_upgrade_needs_a_session_and_the_right_origin() {
    let gateway = Guarded::start();
    let good = format!("latchkey={}", gateway.forge.token());
    let port = gateway.envoy.port;
    let upgrade = |headers: &str| {
        let bytes = format!(
            "GET /socket HTTP/1.1\r\nhost: localhost:{port}\r\nconnection: Upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        );
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the gateway listens");
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .expect("a time limit");
        stream
            .write_all(bytes.as_bytes())
            .expect("the gateway reads");
        read_response(&mut stream, false).map(|answer| answer.status)
    };
    let own = format!("origin: http://localhost:{port}\r\n");
    assert_eq!(upgrade(&own), Some(401));
    assert!(gateway.upstream.take().is_empty());
    assert_eq!(upgrade(&format!("cookie: {good}\r\n{own}")), Some(101));
    assert_eq!(gateway.upstream.take().len(), 1);
    for origin in [
        "null",
        "http://evil.example",
        "http://sibling.localhost",
        "https://localhost",
        "",
    ] {
        let status = upgrade(&format!("cookie: {good}\r\norigin: {origin}\r\n"));
        assert_eq!(status, Some(403), "{origin}");
    }
    assert_eq!(
        upgrade(&format!("cookie: {good}\r\nsec-fetch-site: cross-site\r\n")),
        Some(403)
    );
    assert_eq!(
        upgrade(&format!("cookie: {good}\r\nsec-fetch-site: same-site\r\n")),
        Some(403)
    );
    assert!(gateway.upstream.take().is_empty());
}

#[test]
fn a_changing_request_by_cookie_from_another_origin_is_refused() {
    let gateway = Guarded::start();
    let own = format!("http://localhost:{}", gateway.envoy.port);
    let post = |headers: &[(&str, &str)]| {
        let mut request = gateway.member().request("POST", "/transfer").body(b"all");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request
    };
    for headers in [
        vec![],
        vec![("origin", own.as_str())],
        vec![("origin", own.as_str()), ("sec-fetch-site", "same-origin")],
        vec![("sec-fetch-site", "none")],
    ] {
        assert_eq!(post(&headers).send().status, 200, "{headers:?}");
    }
    let _ = gateway.upstream.take();
    for headers in [
        vec![("origin", "null")],
        vec![("origin", "http://evil.example")],
        vec![("origin", "http://localhost")],
        vec![("origin", "http://localhost:1")],
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site")],
        vec![("origin", own.as_str()), ("sec-fetch-site", "cross-site")],
        vec![("origin", own.as_str()), ("origin", "http://evil.example")],
        vec![
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-site", "cross-site"),
        ],
    ] {
        gateway.assert_refused(&format!("{headers:?}"), &post(&headers), 403, "cross_site");
    }
    // Reading is no change, and a bearer token is never sent by accident.
    let get = gateway
        .member()
        .get("/")
        .header("origin", "http://evil.example");
    assert_eq!(get.send().status, 200);
    let bearer = gateway
        .stranger()
        .request("POST", "/transfer")
        .header("authorization", format!("Bearer {}", gateway.forge.token()))
        .header("origin", "http://evil.example");
    assert_eq!(bearer.send().status, 200);
}
