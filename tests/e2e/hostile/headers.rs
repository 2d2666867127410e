//! Headers that a client sends to be taken for someone, or to be sent somewhere.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use latchkey_tests::guarded::denied_tree;
use latchkey_tests::http::read_response;
use latchkey_tests::{Guarded, http2};
use serde_json::json;

const SPOOFED: [&str; 12] = [
    "x-auth-request-user",
    "X-Auth-Request-User",
    "x_auth_request_user",
    "X-AUTH_Request-user",
    "x-auth-request-email",
    "x-auth-request-preferred-username",
    "x-auth.request.user",
    "x-auth-request-groups",
    "x-latchkey-client-address",
    "x-latchkey-client-certificate",
    "x-latchkey_client-address",
    "x~auth~request~user",
];

#[test]
fn a_spoofed_identity_never_reaches_the_application() {
    let gateway = Guarded::start();
    for path in ["/", "/public/page"] {
        for name in SPOOFED {
            for client in [gateway.member(), gateway.stranger()] {
                let request = client
                    .get(path)
                    .header(name, "spoofed")
                    .header(name, "spoofed");
                let answer = request.send();
                assert!(
                    matches!(answer.status, 200 | 400 | 401),
                    "{name}: {answer:?}"
                );
                for received in gateway.upstream.take() {
                    let head = String::from_utf8_lossy(&received.head).into_owned();
                    assert!(!head.contains("spoofed"), "{name} on {path}: {head}");
                }
            }
        }
    }
    assert_eq!(gateway.member().get("/").send().status, 200);
    let received = gateway.upstream.only();
    for (name, value) in [
        (
            "x-auth-request-user",
            "7f8a1d5e-5f5b-4a55-9d7c-0a4b9c1d2e3f",
        ),
        ("x-auth-request-preferred-username", "ann"),
        ("x-auth-request-email", "ann@example.com"),
        ("x-auth-request-groups", "staff,admins"),
    ] {
        assert_eq!(received.header(name).as_deref(), Some(value));
    }
    assert_eq!(received.header("authorization"), None);
}

#[test]
fn only_claims_that_are_there_become_headers() {
    let gateway = Guarded::start();
    let token = gateway.forge.token_with("email", json!(null));
    let answer = gateway
        .stranger()
        .get("/")
        .header("cookie", format!("latchkey={token}"))
        .header("x-auth-request-email", "eve@example.com")
        .send();
    assert_eq!(answer.status, 200);
    assert_eq!(gateway.upstream.only().header("x-auth-request-email"), None);
}

#[test]
fn a_hop_by_hop_trick_does_not_remove_the_identity() {
    let gateway = Guarded::start();
    let answer = gateway
        .member()
        .get("/")
        .header(
            "connection",
            "close, x-auth-request-user, x-auth-request-groups",
        )
        .send();
    assert_eq!(answer.status, 200);
    let received = gateway.upstream.only();
    assert!(received.header("x-auth-request-user").is_some());
    assert_eq!(
        received.header("x-auth-request-groups").as_deref(),
        Some("staff,admins")
    );
}

#[test]
fn spoofed_trailers_are_removed() {
    let gateway = Guarded::start_with(|config| {
        // Envoy passes trailers on to HTTP/1.1 applications only when it is told to.
        config.cluster("app")["typed_extension_protocol_options"] = json!({
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http_protocol_options": {"enable_trailers": true}},
            }
        });
    });
    let session = format!("latchkey={}", gateway.forge.token());
    for (path, fields) in [
        ("/", vec![("cookie", session.as_bytes())]),
        ("/public/page", Vec::new()),
    ] {
        let trailers = [
            ("x-auth-request-user", "spoofed"),
            ("x_auth_request_user", "spoofed"),
            ("x-ok", "1"),
        ];
        let (status, _) = http2::send(gateway.envoy.port, "POST", path, &fields, Some(&trailers))
            .expect("answer");
        assert_eq!(status, 200);
        let rest = String::from_utf8_lossy(&gateway.upstream.only().rest).into_owned();
        assert!(
            rest.contains("x-ok"),
            "trailers get through at all: {rest:?}"
        );
        assert!(!rest.contains("spoofed"), "{rest:?}");
    }
}

#[test]
fn headers_that_claim_another_path_or_method_change_nothing() {
    let gateway = Guarded::start_with(|config| config.rules_first(denied_tree()));
    for (name, value) in [
        ("x-original-url", "/public/page"),
        ("x-rewrite-url", "/public/page"),
        ("x-forwarded-uri", "/public/page"),
        ("x-forwarded-path", "/public/page"),
        ("x-envoy-original-path", "/public/page"),
        ("x-http-method-override", "OPTIONS"),
        ("x-method-override", "OPTIONS"),
        ("x-forwarded-prefix", "/public"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-real-ip", "127.0.0.1"),
        ("x-envoy-internal", "true"),
        ("x-envoy-external-address", "127.0.0.1"),
        ("x-forwarded-client-cert", "Hash=00"),
        ("via", "1.1 latchkey"),
        ("x-latchkey-token", "x"),
        ("user-agent", "Envoy/HC"),
    ] {
        let request = gateway.stranger().get("/secret").header(name, value);
        gateway.assert_refused(name, &request, 401, "no_credential");
        let request = gateway.member().get("/denied/x").header(name, value);
        gateway.assert_refused(name, &request, 403, "denied_by_rule");
    }
}

#[test]
fn the_host_is_compared_as_hosts_are() {
    let gateway = Guarded::start_with(|config| {
        config.rules_first(json!([
            {"match": {"hosts": ["open.example"]}, "allow": "public"},
            {"match": {"hosts": ["localhost"], "paths": ["/denied/**"]}, "allow": "deny"},
        ]));
    });
    let get = |host: &str, path: &str| gateway.member().get(path).host(host);
    for host in [
        "localhost",
        "LOCALHOST",
        "localhost:8080",
        "localhost.",
        "LocalHost.:1",
    ] {
        gateway.assert_refused(host, &get(host, "/denied/x"), 403, "denied_by_rule");
    }
    for host in ["open.example", "OPEN.example", "open.example:99"] {
        assert_eq!(
            gateway.stranger().get("/x").host(host).send().status,
            200,
            "{host}"
        );
    }
    let _ = gateway.upstream.take();
    for host in [
        "localhost@open.example",
        "open.example@localhost",
        "open.example:80@localhost",
        "xopen.example",
        "open.example.evil",
        "open.example/",
        "open.example#",
        "open.example\\",
        "open.example%00",
        "",
    ] {
        let answer = gateway.stranger().get("/x").host(host).attempt();
        let status = answer.map(|answer| answer.status);
        assert!(
            matches!(status, Some(400 | 401) | None),
            "{host}: {status:?}"
        );
        assert!(gateway.upstream.take().is_empty(), "{host}");
    }
}

#[test]
fn strange_authorization_headers_are_no_session() {
    let gateway = Guarded::start();
    let good = gateway.forge.token();
    let with = |value: &str| gateway.stranger().get("/").header("authorization", value);
    for scheme in ["Bearer", "bearer", "BEARER"] {
        assert_eq!(
            with(&format!("{scheme} {good}")).send().status,
            200,
            "{scheme}"
        );
    }
    let _ = gateway.upstream.take();
    for (what, reason, value) in [
        ("a tab", "not_bearer", format!("Bearer\t{good}")),
        ("no space", "not_bearer", format!("Bearer{good}")),
        ("another scheme", "not_bearer", format!("Basic {good}")),
        ("no scheme", "not_bearer", good.clone()),
        (
            "two tokens",
            "wrong_number_of_parts",
            format!("Bearer {good} {good}"),
        ),
        (
            "a list",
            "wrong_number_of_parts",
            format!("Bearer {good}, Bearer {good}"),
        ),
        (
            "a parameter",
            "not_base64url",
            format!("Bearer token={good}"),
        ),
        ("empty", "not_bearer", "Bearer ".to_owned()),
    ] {
        gateway.assert_refused(what, &with(&value), 401, reason);
    }
    // Envoy joins two fields by a comma before the filter sees them.
    let twice = with(&format!("Bearer {good}")).header("authorization", format!("Bearer {good}"));
    gateway.assert_refused("twice", &twice, 401, "wrong_number_of_parts");
    let twice = with("Basic eDp5").header("authorization", format!("Bearer {good}"));
    gateway.assert_refused("two schemes", &twice, 401, "not_bearer");
}

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

#[test]
fn every_method_is_checked() {
    let gateway = Guarded::start();
    for method in [
        "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "X",
    ] {
        let answer = gateway.stranger().request(method, "/secret").attempt();
        let status = answer.map(|answer| answer.status);
        assert!(
            matches!(status, Some(400 | 401 | 403 | 405)),
            "{method}: {status:?}"
        );
        assert!(gateway.upstream.take().is_empty(), "{method}");
    }
    let preflight = gateway
        .stranger()
        .request("OPTIONS", "/secret")
        .header("origin", "http://evil.example")
        .header("access-control-request-method", "POST");
    gateway.assert_refused("a preflight", &preflight, 401, "no_credential");
    let grpc = gateway
        .stranger()
        .request("POST", "/package.Service/Method")
        .header("content-type", "application/grpc");
    // Envoy writes refusals of gRPC calls into trailers, under status 200.
    let answer = grpc.send();
    assert!(
        answer.status == 401 || answer.header("grpc-status").is_some(),
        "{answer:?}"
    );
    assert!(gateway.upstream.take().is_empty());
    let connect = b"CONNECT localhost:22 HTTP/1.1\r\nhost: localhost:22\r\n\r\n";
    let status = gateway.stranger().raw(connect).map(|answer| answer.status);
    assert!(status.is_none_or(|status| status >= 400), "{status:?}");
    assert!(gateway.upstream.take().is_empty());
}
