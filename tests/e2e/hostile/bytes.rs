//! Bytes that are no text, in every place that a client can write to.

use latchkey_tests::{Guarded, http2};

#[test]
fn bytes_that_are_no_text_are_a_bad_request_and_the_vm_lives() {
    let gateway = Guarded::start();
    let good = gateway.forge.token();
    let port = gateway.envoy.port;
    for (what, line, headers) in [
        (
            "cookie",
            "GET / HTTP/1.1",
            b"cookie: latchkey=\xff".to_vec(),
        ),
        (
            "cookie name",
            "GET / HTTP/1.1",
            b"cookie: \xff=latchkey".to_vec(),
        ),
        (
            "bearer",
            "GET / HTTP/1.1",
            b"authorization: Bearer \xff".to_vec(),
        ),
        (
            "authorization",
            "GET / HTTP/1.1",
            b"authorization: \xff".to_vec(),
        ),
        ("accept", "GET / HTTP/1.1", b"accept: \xff\xfe".to_vec()),
        ("origin", "POST / HTTP/1.1", b"origin: \xff".to_vec()),
        (
            "fetch metadata",
            "GET / HTTP/1.1",
            b"sec-fetch-mode: \xff".to_vec(),
        ),
        ("header name", "GET / HTTP/1.1", b"x-\xff: 1".to_vec()),
        (
            "identity header",
            "GET / HTTP/1.1",
            b"x-auth-request-user: \xff".to_vec(),
        ),
    ] {
        for host in [&b"localhost"[..], b"\xff", b"local\xffhost"] {
            let mut bytes = format!("{line}\r\nhost: ").into_bytes();
            bytes.extend_from_slice(host);
            bytes.extend_from_slice(b"\r\nconnection: close\r\n");
            bytes.extend_from_slice(&headers);
            bytes.extend_from_slice(b"\r\n\r\n");
            let status = gateway.stranger().raw(&bytes).map(|answer| answer.status);
            assert!(
                matches!(status, Some(400 | 401) | None),
                "{what}: {status:?}"
            );
            assert!(gateway.upstream.take().is_empty(), "{what}");
            gateway.assert_alive(what);
        }
    }
    for path in [
        &b"/\xff"[..],
        b"/public/\xff",
        b"/_latchkey/\xff",
        b"/?\xff",
        b"\xff",
    ] {
        let bytes = [
            b"GET ",
            path,
            b" HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
        ];
        let status = gateway
            .stranger()
            .raw(&bytes.concat())
            .map(|answer| answer.status);
        assert!(
            matches!(status, Some(400 | 401) | None),
            "{path:?}: {status:?}"
        );
        gateway.assert_alive("a path that is no text");
    }
    // HTTP/2 carries the same bytes in another frame.
    let cookie = [b"latchkey=", good.as_bytes(), b"\xff"].concat();
    let answer = http2::send(
        port,
        "GET",
        "/",
        &[("cookie", &cookie), ("x-a", b"\xff")],
        None,
    );
    assert!(
        answer.is_err() || matches!(answer, Ok((400 | 401, _))),
        "{answer:?}"
    );
    gateway.assert_alive("HTTP/2");
}
