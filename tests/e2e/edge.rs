//! `manifests/envoy/production.yaml`, word for word: a gateway as it would face the internet.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use latchkey_tests::certificate::presented;
use latchkey_tests::http::over_socket;
use latchkey_tests::process::Process;
use latchkey_tests::{
    Certificate, Client, EnvoyConfig, Response, Sidecar, SidecarConfig, Upstream, ports, programs,
    wait,
};
use tempfile::TempDir;

use crate::tls::{HOST, Person};

/// A running edge. Envoy is dropped first, so that nothing is logged about the others' end.
struct Edge {
    envoy: Process,
    _sidecar: Sidecar,
    upstream: Upstream,
    certificate: Certificate,
    port: u16,
    redirect_port: u16,
    metrics_port: u16,
    dir: TempDir,
}

impl Edge {
    fn start() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let certificate = Certificate::generate(HOST, dir.path());
        let upstream = Upstream::start();
        let (port, redirect_port, metrics_port) = (ports::free(), ports::free(), ports::free());
        let mut config = SidecarConfig::behind(port);
        config.public_url = format!("https://{HOST}/_latchkey");
        config.on_sockets = true;
        let sidecar = Sidecar::start(config, dir.path());

        let path = |name: &str| dir.path().join(name).display().to_string();
        let values = [
            ("LATCHKEY_WASM", programs::filter().display().to_string()),
            ("LATCHKEY_HOST", HOST.to_owned()),
            ("GATEWAY_ADDRESS", "127.0.0.1".to_owned()),
            ("GATEWAY_PORT", port.to_string()),
            ("REDIRECT_PORT", redirect_port.to_string()),
            ("TLS_CERTIFICATE", path("certificate.yaml")),
            ("TLS_DIRECTORY", dir.path().display().to_string()),
            ("ADMIN_SOCKET", path("admin.sock")),
            ("METRICS_ADDRESS", "127.0.0.1".to_owned()),
            ("METRICS_PORT", metrics_port.to_string()),
            ("SIDECAR_SOCKETS", dir.path().display().to_string()),
            ("APP_PORT", upstream.port.to_string()),
        ];
        for name in ["certificate", "production"] {
            let manifest = format!("manifests/envoy/{name}.yaml");
            let config = EnvoyConfig::from_manifest(&manifest, &values);
            // JSON is YAML.
            fs::write(path(&format!("{name}.yaml")), config.0.to_string()).expect("a file");
        }
        let config = path("production.yaml");
        // The command in the manifest, and nothing shared with other tests' Envoys.
        let arguments = [
            "--config-path",
            &config,
            "--concurrency",
            "2",
            "--disable-hot-restart",
        ];
        let envoy = Process::start("envoy", dir.path(), &programs::envoy(), &arguments);
        let mut edge = Self {
            envoy,
            _sidecar: sidecar,
            upstream,
            certificate,
            port,
            redirect_port,
            metrics_port,
            dir,
        };
        edge.await_keys();
        edge
    }

    /// Waits until every worker's filter has its keys: each of the two fetches for itself, and so
    /// does Envoy's main thread.
    fn await_keys(&mut self) {
        wait::until("the filter has fetched the keys", || {
            if let Some(status) = self.envoy.exited() {
                panic!("Envoy ended ({status}):\n{}", self.envoy.log());
            }
            let fetched = self.admin("/stats?filter=latchkey.jwks.fetched")?.text();
            fetched.trim().ends_with(": 3").then_some(())
        });
    }

    /// Envoy's administration, which listens on a Unix socket only.
    fn admin(&self, target: &str) -> Option<Response> {
        over_socket(&self.dir.path().join("admin.sock"), "GET", target)
    }
}

#[test]
fn a_person_signs_in_over_tls() {
    let edge = Edge::start();
    let mut person = Person::new(&edge.certificate, edge.port);
    person.sign_up("ada", "/report?year=2026");

    let received = edge.upstream.take();
    let asked = received.first().expect("the application was asked");
    assert_eq!(asked.target(), "/report?year=2026");
    let name = asked.header("x-auth-request-preferred-username");
    assert_eq!(name.as_deref(), Some("ada"));
    assert_eq!(asked.header("cookie"), None);
    assert_eq!(asked.header("x-forwarded-proto").as_deref(), Some("https"));

    let protocol = "performance.getEntriesByType('navigation')[0].nextHopProtocol";
    assert_eq!(person.page.eval(protocol), "h2");
    let session = person.cookie("__Host-latchkey");
    assert_eq!(session["secure"], true);
    assert_eq!(session["httpOnly"], true);
    assert_eq!(session["path"], "/");

    // The log names the page, and neither its query nor anything that signs in.
    let log = wait::until("the request is in the access log", || {
        let log = edge.envoy.log();
        log.contains(r#""path":"/report""#).then_some(log)
    });
    assert!(!log.contains("year=2026"), "{log}");
    let token = session["value"].as_str().expect("a token");
    let signature = token.rsplit('.').next().expect("a signature");
    assert!(!log.contains(signature), "{log}");
}

#[test]
fn what_could_pass_for_something_else_is_refused_at_the_edge() {
    let edge = Edge::start();
    let mut person = Person::new(&edge.certificate, edge.port);
    person.sign_up("ada", "/");
    assert_eq!(person.fetch("'/page'"), 200);
    let _ = edge.upstream.take();
    // Envoy's own refusal, in front of the filter's.
    assert_eq!(person.fetch("'/page/..%2fadmin'"), 400);
    wait::until("Envoy says why", || {
        let log = edge.envoy.log();
        log.contains("path_normalization_failed").then_some(())
    });
    // An application that reads its headers the CGI way would see `X-Auth-Request-User`. On HTTP/2
    // Envoy ends such a stream without an answer.
    let refused = person.page.eval(
        "fetch('/page', {headers: {x_auth_request_user: 'root'}}).then(a => a.status, e => e.name)",
    );
    assert_eq!(refused, "TypeError");
    let stat = "/stats?filter=http2.requests_rejected_with_underscores_in_headers";
    let rejected = edge.admin(stat).expect("an answer").text();
    assert!(rejected.trim().ends_with(": 1"), "{rejected}");
    // Neither got through. A browser may still have asked for an icon of the page before.
    for asked in edge.upstream.take() {
        let head = asked.head.escape_ascii().to_string();
        assert!(!head.contains("/page") && !head.contains("admin"), "{head}");
    }
}

#[test]
fn plain_http_only_leads_to_https() {
    let edge = Edge::start();
    let answer = Client::new(edge.redirect_port)
        .get("/report?x=1")
        .host(HOST)
        .send();
    assert_eq!(answer.status, 301);
    assert_eq!(
        answer.header("location"),
        Some("https://app.example.com/report?x=1")
    );
    let answer = Client::new(edge.redirect_port)
        .get("/")
        .host("elsewhere.example")
        .send();
    assert_eq!(answer.status, 404);
    assert!(edge.upstream.take().is_empty());
}

#[test]
fn a_renewed_certificate_is_taken_up_without_a_restart() {
    let edge = Edge::start();
    let first = edge.certificate.der();
    assert_eq!(presented(edge.port, HOST), Some(first.clone()));
    assert_eq!(presented(edge.port, "elsewhere.example"), None);
    edge.certificate.renew();
    let renewed = edge.certificate.der();
    assert_ne!(renewed, first);
    wait::until("the renewed certificate is shown", || {
        (presented(edge.port, HOST)? == renewed).then_some(())
    });
}

/// Prometheus gets both halves' numbers, and nobody anything else of what is behind them.
#[test]
fn numbers_and_nothing_else_are_read_from_outside() {
    let edge = Edge::start();
    let client = Client::new(edge.metrics_port);
    let filter = client.get("/stats/prometheus").send();
    assert_eq!(filter.status, 200);
    assert!(filter.text().contains("latchkey_ready{} 1"), "{filter:?}");
    let sidecar = client.get("/metrics").send();
    assert_eq!(sidecar.status, 200);
    let family = "# TYPE latchkey_sessions_total counter";
    assert!(sidecar.text().contains(family), "{sidecar:?}");

    for path in [
        "/",
        "/stats",
        "/stats/",
        "/stats/prometheus/",
        "/stats/prometheus/../../quitquitquit",
        "/stats/prometheus/..%2f..%2fquitquitquit",
        "/config_dump",
        "/metrics/",
        "/metrics/../readyz",
        "/readyz",
        "/.well-known/jwks.json",
        "/internal/v1/revocations?nonce=AAAAAAAAAAAAAAAAAAAAAA",
    ] {
        assert_eq!(client.get(path).send().status, 404, "{path}");
    }
    for path in ["/stats/prometheus", "/metrics", "/quitquitquit"] {
        let answer = client.request("POST", path).send();
        assert_eq!(answer.status, 404, "{path}");
    }
}

/// One more than there are workers: Envoy's main thread has the filter, too. What the alert compares with
/// is what is there when all listen.
#[test]
fn every_worker_and_the_main_thread_wait_for_revocations() {
    let edge = Edge::start();
    let client = Client::new(edge.metrics_port);
    let line = |waiting: u8| format!("latchkey_revocation_polls_waiting {waiting}\n");
    wait::until("two workers and the main thread wait", || {
        let numbers = client.get("/metrics").send().text();
        numbers.contains(&line(3)).then_some(())
    });
    let readme = programs::project().join("manifests/grafana/README.md");
    let readme = fs::read_to_string(readme).expect("a file");
    assert!(readme.contains("`latchkey_revocation_polls_waiting < 3`"));
}

#[test]
fn the_administration_is_for_the_owner_of_the_gateway() {
    let edge = Edge::start();
    let workers = edge
        .admin("/stats?filter=^server.concurrency$")
        .expect("an answer");
    assert_eq!(workers.text().trim(), "server.concurrency: 2");
    let socket = fs::metadata(edge.dir.path().join("admin.sock")).expect("a socket");
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
}
