//! Headers that a client sends to be taken for someone, or to be sent somewhere.

use latchkey_tests::guarded::denied_tree;
use latchkey_tests::{EnvoyConfig, Guarded, Upstream, http2};
use serde_json::{Value, json};

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

/// The manifest's gateway with a second application, on `open.example` only, where a rule lets
/// everyone in.
fn with_an_open_host(open: &Upstream, edit: impl FnOnce(&mut EnvoyConfig)) -> Guarded {
    Guarded::start_with(|config| {
        config.rules_first(json!([{"match": {"hosts": ["open.example"]}, "allow": "public"}]));
        let mut cluster = config.cluster("app").clone();
        cluster["name"] = json!("open");
        cluster["load_assignment"]["cluster_name"] = json!("open");
        *cluster
            .pointer_mut("/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address/port_value")
            .expect("a port") = json!(open.port);
        let clusters = config.0.pointer_mut("/static_resources/clusters");
        let clusters = clusters.and_then(Value::as_array_mut).expect("clusters");
        clusters.push(cluster);
        config.virtual_hosts().push(json!({
            "name": "open", "domains": ["open.example"],
            "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "open"}}],
        }));
        edit(config);
    })
}

#[test]
fn a_host_that_a_rule_opens_leads_to_no_other_application() {
    let open = Upstream::start();
    let gateway = with_an_open_host(&open, |_| {});
    for host in [
        "open.example",
        "OPEN.example",
        "open.example.",
        "open.example:99",
        "open.example.:99",
    ] {
        let answer = gateway.stranger().get("/x").host(host).send();
        assert_eq!(answer.status, 200, "{host}");
        assert_eq!(open.take().len(), 1, "{host}");
    }
    assert!(gateway.upstream.take().is_empty());

    // An Envoy that takes `open.example.` for another host than `open.example`.
    let gateway = with_an_open_host(&open, |config| {
        config.connection_manager()["strip_trailing_host_dot"] = json!(false);
    });
    for host in ["open.example.", "open.example.:99", "localhost."] {
        let request = gateway.stranger().get("/x").host(host);
        gateway.assert_refused(host, &request, 400, "bad_authority");
    }
    assert!(open.take().is_empty());
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
