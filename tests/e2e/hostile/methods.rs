//! Methods and protocols other than a plain GET.

use latchkey_tests::Guarded;

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
