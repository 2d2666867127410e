//! Sessions that are bound to a client certificate, over TLS with real ones.

use latchkey_tests::certificate::send_over_tls;
use latchkey_tests::http::Request;
use latchkey_tests::{Certificate, Certificates, Client, Guarded, Response, ports};
use serde_json::json;

use super::session;

/// A gateway with a second port that speaks TLS and asks for client certificates.
struct Bound {
    gateway: Guarded,
    port: u16,
    certificates: Certificates,
}

impl Bound {
    fn start() -> Self {
        let certificates = Certificates::generate();
        let port = ports::free();
        let gateway = Guarded::start_with(|config| {
            config.rules_first(json!([
                {"match": {"paths": ["/bound"]}, "allow": "authenticated",
                    "require": {"certificate": true}},
            ]));
            config.listen_over_tls(port, certificates.transport_socket());
        });
        Self {
            gateway,
            port,
            certificates,
        }
    }

    /// Asks over TLS, with a client certificate or without.
    fn ask(&self, by: Option<&Certificate>, path: &str, headers: &[(&str, &str)]) -> Response {
        let client = Client::new(self.port).with("host", "localhost");
        let add = |request: Request, (name, value): &(&str, &str)| request.header(name, value);
        send_over_tls(self.port, by, &headers.iter().fold(client.get(path), add))
    }
}

#[test]
fn a_bound_session_passes_only_with_its_certificate() {
    let bound = Bound::start();
    let thumbprint = bound.certificates.first.thumbprint();
    let cookie = session(&bound.gateway, &json!({"cnf": {"x5t#S256": thumbprint}}));
    let cookie = ("cookie", cookie.as_str());
    let claimed = ("x-latchkey-client-certificate", thumbprint.as_str());
    let forwarded = ("x-forwarded-client-cert", "Hash=00");
    for path in ["/bound", "/anything"] {
        assert_eq!(
            bound
                .ask(Some(&bound.certificates.first), path, &[cookie])
                .status,
            200,
            "{path}"
        );
        for other in [None, Some(&bound.certificates.second)] {
            let answer = bound.ask(other, path, &[cookie, claimed, forwarded]);
            assert_eq!(answer.status, 401, "{path}");
            let challenge = answer.header("www-authenticate").expect("a challenge");
            assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
        }
    }
    // Nor over a connection without TLS.
    let plain = bound
        .gateway
        .stranger()
        .get("/anything")
        .header(cookie.0, cookie.1);
    let _ = bound.gateway.upstream.take();
    bound
        .gateway
        .assert_refused("without TLS", &plain, 401, "certificate_mismatch");
}

#[test]
fn a_rule_can_ask_for_a_bound_session() {
    let bound = Bound::start();
    let cookie = session(&bound.gateway, &json!({}));
    let cookie = ("cookie", cookie.as_str());
    assert_eq!(
        bound
            .ask(Some(&bound.certificates.first), "/bound", &[cookie])
            .status,
        403
    );
    assert_eq!(
        bound
            .ask(Some(&bound.certificates.first), "/anything", &[cookie])
            .status,
        200
    );
    assert_eq!(bound.ask(None, "/anything", &[cookie]).status, 200);
}
