//! Sessions that are bound to a client certificate, over TLS with real ones.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use latchkey_tests::http::read_response;
use latchkey_tests::{Certificate, Guarded, Response, ports};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::session;

/// A gateway with a second port that speaks TLS and asks for client certificates.
struct Bound {
    gateway: Guarded,
    port: u16,
    first: Certificate,
    second: Certificate,
    _dir: tempfile::TempDir,
}

impl Bound {
    fn start() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let make = |name: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir(&path).expect("a directory");
            Certificate::generate(name, &path)
        };
        let (server, first, second) = (make("server"), make("first"), make("second"));
        let pem = |certificate: &Certificate, file: &str| certificate.directory().join(file);
        let known = [&first, &second]
            .map(|known| std::fs::read_to_string(pem(known, "tls.crt")).expect("a certificate"));
        let port = ports::free();
        let gateway = Guarded::start_with(|config| {
            config.rules_first(json!([
                {"match": {"paths": ["/bound"]}, "allow": "authenticated",
                    "require": {"certificate": true}},
            ]));
            let listeners = config.0.pointer_mut("/static_resources/listeners");
            let listeners = listeners
                .and_then(|it| it.as_array_mut())
                .expect("listeners");
            let mut tls = listeners[0].clone();
            tls["name"] = json!("tls");
            tls["address"]["socket_address"]["port_value"] = json!(port);
            tls["filter_chains"][0]["transport_socket"] = json!({
                "name": "envoy.transport_sockets.tls",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
                    "common_tls_context": {
                        "tls_certificates": [{
                            "certificate_chain": {"filename": pem(&server, "tls.crt")},
                            "private_key": {"filename": pem(&server, "tls.key")},
                        }],
                        "validation_context": {"trusted_ca": {"inline_string": known.concat()}},
                    },
                },
            });
            listeners.push(tls);
        });
        Self {
            gateway,
            port,
            first,
            second,
            _dir: dir,
        }
    }

    /// Asks over TLS, with a client certificate or without.
    fn ask(&self, by: Option<&Certificate>, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut command = Command::new("openssl");
        let address = format!("127.0.0.1:{}", self.port);
        command.args(["s_client", "-quiet", "-connect", &address]);
        if let Some(certificate) = by {
            let directory = certificate.directory();
            command.arg("-cert").arg(directory.join("tls.crt"));
            command.arg("-key").arg(directory.join("tls.key"));
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl is installed");
        let mut request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n");
        for (name, value) in headers {
            let _ = write!(request, "{name}: {value}\r\n");
        }
        request += "connection: close\r\n\r\n";
        let stdin = child.stdin.as_mut().expect("a pipe");
        stdin.write_all(request.as_bytes()).expect("openssl reads");
        let answer = read_response(child.stdout.as_mut().expect("a pipe"), false);
        let _ = child.kill();
        child.wait().expect("our own child");
        answer.expect("an answer")
    }
}

#[test]
fn a_bound_session_passes_only_with_its_certificate() {
    let bound = Bound::start();
    let thumbprint = BASE64URL.encode(Sha256::digest(bound.first.der()));
    let cookie = session(&bound.gateway, &json!({"cnf": {"x5t#S256": thumbprint}}));
    let cookie = ("cookie", cookie.as_str());
    let claimed = ("x-latchkey-client-certificate", thumbprint.as_str());
    let forwarded = ("x-forwarded-client-cert", "Hash=00");
    for path in ["/bound", "/anything"] {
        assert_eq!(
            bound.ask(Some(&bound.first), path, &[cookie]).status,
            200,
            "{path}"
        );
        for other in [None, Some(&bound.second)] {
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
        bound.ask(Some(&bound.first), "/bound", &[cookie]).status,
        403
    );
    assert_eq!(
        bound.ask(Some(&bound.first), "/anything", &[cookie]).status,
        200
    );
    assert_eq!(bound.ask(None, "/anything", &[cookie]).status, 200);
}
