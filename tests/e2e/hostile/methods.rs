//! Methods and protocols other than a plain GET.

use latchkey_tests::Guarded;
use serde_json::json;

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

#[test]
fn head_leads_around_no_rule_for_get() {
    let gateway = Guarded::start_with(|config| {
        config.rules_first(json!([
            {"match": {"methods": ["GET"], "paths": ["/metrics"]}, "allow": "deny"},
            {"match": {"methods": ["GET"], "paths": ["/owners/**"]}, "allow": "authenticated",
             "require": {"groups": ["owners"]}},
            {"match": {"methods": ["GET"], "paths": ["/open"]}, "allow": "public"},
        ]));
    });
    for (path, reason) in [
        ("/metrics", "denied_by_rule"),
        ("/owners/x", "group_missing"),
    ] {
        let request = gateway.member().request("HEAD", path);
        gateway.assert_refused(path, &request, 403, reason);
    }
    let request = gateway.stranger().request("HEAD", "/open");
    gateway.assert_refused("opened for GET only", &request, 401, "no_credential");
}

#[test]
fn a_header_that_asks_for_another_method_does_not_change_the_rule() {
    let gateway = Guarded::start_with(|config| {
        config.rules_first(json!([
            {"match": {"methods": ["POST"], "paths": ["/comments/**"]}, "allow": "public"},
            {"match": {"methods": ["DELETE"]}, "allow": "authenticated",
                "require": {"groups": ["owners"]}},
            {"match": {"paths": ["/api/**"]}, "allow": "authenticated", "preflight": "pass"},
        ]));
    });
    let name = "x-http-method-override";
    for name in [name, "X-HTTP-Method", "x_method-override"] {
        let request = gateway.stranger().request("POST", "/comments/1");
        let asking = request.header(name, "DELETE");
        gateway.assert_refused(name, &asking, 400, "method_override");
    }
    let orders = gateway.member().request("POST", "/orders");
    gateway.assert_refused(
        "a member",
        &orders.clone().header(name, "delete"),
        400,
        "method_override",
    );
    assert_eq!(orders.header(name, "MERGE").send().status, 200);
    assert_eq!(
        gateway.upstream.only().header(name).as_deref(),
        Some("MERGE")
    );
    let preflight = gateway
        .stranger()
        .request("OPTIONS", "/api/x")
        .header("origin", "https://partner.example")
        .header("access-control-request-method", "PUT");
    assert_eq!(preflight.send().status, 200);
    let _ = gateway.upstream.take();
    let asking = preflight.header(name, "PUT");
    gateway.assert_refused("no preflight", &asking, 401, "no_credential");
}
