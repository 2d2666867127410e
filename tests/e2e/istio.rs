//! An Envoy configured as Istio configures the gateway that it gets our manifests for.
//!
//! `tests/fixtures/istio-gateway.json` is what istiod makes of them, with what a gateway gets by
//! discovery written out, except the filter itself: that comes by discovery here too, from
//! `istio-extension.json`, with the plugin configuration of the manifest.

use std::fs;
use std::path::Path;

use latchkey_tests::{
    Certificate, Client, Envoy, EnvoyConfig, Sidecar, SidecarConfig, Upstream, ports, programs,
    wait,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::manifests::document;
use crate::operate::order_in;
use crate::tls::{HOST, Person};

const GATEWAY: &str = "tests/fixtures/istio-gateway.json";
/// The filter's gauge: 1 once a worker has its keys.
const READY: &str = "wasmcustom.latchkey.ready";
const EXTENSION: &str = "tests/fixtures/istio-extension.json";

/// A request with something that is no token where the filter puts its own.
const WITH_FORGED_TOKEN: &str = "'/report', {headers: {'x-latchkey-token': 'e30.e30.AA'}}";

/// A running gateway. Envoy is dropped first, so that nothing is logged about the others' end.
struct Mesh {
    envoy: Envoy,
    _sidecar: Sidecar,
    upstream: Upstream,
    certificate: Certificate,
    redirect_port: u16,
    dir: TempDir,
}

impl Mesh {
    /// Starts the gateway with changes to the plugin configuration and to the gateway's own.
    fn start(plugin: impl FnOnce(&mut Value), gateway: impl FnOnce(&mut EnvoyConfig)) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let certificate = Certificate::generate(HOST, dir.path());
        let upstream = Upstream::start();
        let (port, admin_port, redirect_port) = (ports::free(), ports::free(), ports::free());
        let mut config = SidecarConfig::behind(port);
        config.public_url = format!("https://{HOST}/_latchkey");
        let sidecar = Sidecar::start(config, dir.path());

        let mut plugin_config = plugin_config();
        plugin(&mut plugin_config);
        let extension = dir.path().join("extension.json");
        write_extension(&plugin_config, &extension);

        // istiod fetches the keys and writes them into the gateway's configuration.
        let keys = sidecar
            .internal()
            .get("/.well-known/jwks.json")
            .send()
            .json();
        let mut config = rendered(&[
            ("EXTENSION_CONFIG", extension.display().to_string()),
            ("JWKS", escaped(&keys.to_string())),
            ("GATEWAY_PORT", port.to_string()),
            ("REDIRECT_PORT", redirect_port.to_string()),
            ("ADMIN_PORT", admin_port.to_string()),
            (
                "SIDECAR_PUBLIC_PORT",
                sidecar.config.public_port.to_string(),
            ),
            (
                "SIDECAR_INTERNAL_PORT",
                sidecar.config.internal_port.to_string(),
            ),
            ("APP_PORT", upstream.port.to_string()),
        ]);
        redirect_plain_http(&mut config, redirect_port);
        serve_tls(&mut config, &certificate);
        gateway(&mut config);
        let envoy = Envoy::start(&config, dir.path(), port, admin_port);
        Self {
            envoy,
            _sidecar: sidecar,
            upstream,
            certificate,
            redirect_port,
            dir,
        }
    }

    /// Waits until the filter has fetched its keys.
    fn await_keys(&self) {
        wait::until("the filter has fetched the keys", || {
            (self.envoy.stat(READY) == 1).then_some(())
        });
    }

    fn visit(&self) -> Person {
        Person::new(&self.certificate, self.envoy.port)
    }

    /// How often a filter of the gateway counted something.
    fn count(&self, name: &str) -> u64 {
        self.envoy
            .stat(&format!("http.outbound_0.0.0.0_8443;.{name}"))
    }
}

#[test]
fn a_person_signs_in_and_is_checked_twice() {
    let mesh = Mesh::start(|_| (), |_| ());
    mesh.await_keys();
    let mut person = mesh.visit();
    person.sign_up("ada", "/report");
    let asked = mesh.upstream.take();
    let asked = asked.first().expect("the application was asked");
    let name = asked.header("x-auth-request-preferred-username");
    assert_eq!(name.as_deref(), Some("ada"));
    // The second check has taken the token away, and the filter the cookies.
    assert_eq!(asked.header("x-latchkey-token"), None);
    assert_eq!(asked.header("cookie"), None);

    // A token of the client's own is replaced by the one that the filter has verified.
    assert_eq!(person.fetch(WITH_FORGED_TOKEN), 200);
    assert_eq!(mesh.count("jwt_authn.denied"), 0);
    assert_eq!(mesh.count("rbac.denied"), 0);
}

/// istiod fetches keys every 20 minutes: what it fetched before a rotation has to do.
#[test]
fn the_second_check_takes_tokens_of_a_key_that_has_just_begun_to_sign() {
    let mesh = Mesh::start(|_| (), |_| ());
    mesh.await_keys();
    let rotated = order_in(mesh.dir.path(), &["keys", "rotate", "--now"]);
    assert!(!rotated.is_empty());
    let mut person = mesh.visit();
    person.sign_up("ada", "/report");
    assert_eq!(person.fetch("'/report'"), 200);
    assert_eq!(mesh.count("jwt_authn.denied"), 0);
    assert!(!mesh.upstream.take().is_empty());
}

#[test]
fn strangers_are_refused_before_the_second_check() {
    let mesh = Mesh::start(|_| (), |_| ());
    mesh.await_keys();
    let mut person = mesh.visit();
    person.open("/_latchkey/login");
    assert_eq!(person.fetch("'/report'"), 401);
    assert_eq!(person.fetch(WITH_FORGED_TOKEN), 401);
    assert_eq!(mesh.count("jwt_authn.denied"), 0);
    assert_eq!(mesh.count("rbac.denied"), 0);
    assert!(mesh.upstream.take().is_empty());
}

#[test]
fn without_the_forwarded_token_the_second_check_refuses() {
    let forget_token = |plugin: &mut Value| {
        let plugin = plugin.as_object_mut().expect("an object");
        plugin.remove("forward_token").expect("it was there");
    };
    let mesh = Mesh::start(forget_token, |_| ());
    mesh.await_keys();
    let mut person = mesh.visit();
    person.sign_up("ada", "/report");
    assert_eq!(person.page.text(), "RBAC: access denied");
    assert_eq!(person.fetch("'/report'"), 403);
    assert!(mesh.upstream.take().is_empty());
}

#[test]
fn without_the_filter_the_second_check_still_guards() {
    let remove_filter = |config: &mut EnvoyConfig| {
        let filters = config.connection_manager()["http_filters"].as_array_mut();
        filters.expect("HTTP filters").remove(0);
    };
    let mesh = Mesh::start(|_| (), remove_filter);
    let mut person = mesh.visit();
    person.open("/_latchkey/login");
    assert_eq!(person.fetch("'/report'"), 403);
    assert_eq!(mesh.count("rbac.denied"), 1);
    assert_eq!(person.fetch(WITH_FORGED_TOKEN), 401);
    assert_eq!(mesh.count("jwt_authn.denied"), 1);
    assert!(mesh.upstream.take().is_empty());
}

#[test]
fn plain_http_leads_to_https_past_both_checks() {
    let mesh = Mesh::start(|_| (), |_| ());
    let client = Client::new(mesh.redirect_port);
    let answer = client.navigate("/report?x=1").host(HOST).send();
    assert_eq!(answer.status, 301);
    assert_eq!(
        answer.header("location"),
        Some("https://app.example.com/report?x=1")
    );
    // Another host has no business here.
    let answer = client.navigate("/report").host("elsewhere.example").send();
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (403, "RBAC: access denied")
    );
    assert!(mesh.upstream.take().is_empty());
}

#[test]
fn a_plugin_that_cannot_be_configured_lets_nothing_through() {
    // Without TLS: browsers show an error page of their own for an empty answer.
    let speak_plainly = |config: &mut EnvoyConfig| {
        let chain = config
            .0
            .pointer_mut("/static_resources/listeners/0/filter_chains/0");
        let chain = chain
            .and_then(Value::as_object_mut)
            .expect("a filter chain");
        chain.remove("transport_socket").expect("it was there");
    };
    let mesh = Mesh::start(|plugin| plugin["publicpath"] = json!("/x"), speak_plainly);
    for path in ["/report", "/_latchkey/login", "/.well-known/webauthn"] {
        let answer = mesh.envoy.client().get(path).host(HOST).send();
        assert_eq!(answer.status, 500, "{path}");
    }
    assert!(mesh.upstream.take().is_empty());
}

#[test]
fn the_fixture_is_what_the_manifests_say() {
    let mut fixture: Value = read(GATEWAY);
    let manager = fixture
        .pointer_mut("/static_resources/listeners/0/filter_chains/0/filters/0/typed_config")
        .expect("a connection manager")
        .take();

    let patch = document("base/gateway/envoy-filter.yaml")["spec"]["configPatches"][0].take();
    let settings = patch["patch"]["value"]["typed_config"]
        .as_object()
        .expect("settings");
    for (key, value) in settings {
        assert_eq!(manager[key], *value, "{key}");
    }

    let provider = &manager["http_filters"][1]["typed_config"]["providers"]["origins-0"];
    let rule = document("base/gateway/request-authentication.yaml")["spec"]["jwtRules"][0].take();
    assert_eq!(provider["issuer"], rule["issuer"]);
    assert_eq!(provider["audiences"], rule["audiences"]);
    assert_eq!(provider["from_headers"], rule["fromHeaders"]);
    assert_eq!(provider.get("forward"), None, "forwardOriginalToken: false");

    let routes = manager["route_config"]["virtual_hosts"][0]["routes"].as_array();
    let routes: Vec<Value> = routes
        .expect("routes")
        .iter()
        .map(|route| {
            json!([
                route["match"]["path"],
                route["match"]["prefix"],
                route["route"]["cluster"]
            ])
        })
        .collect();
    let virtual_service = document("base/gateway/virtual-service.yaml");
    let mut expected = Vec::new();
    for http in virtual_service["spec"]["http"].as_array().expect("routes") {
        let destination = &http["route"][0]["destination"];
        let host = destination["host"].as_str().expect("a host");
        let cluster = format!("outbound|{}||{host}", destination["port"]["number"]);
        let everything = vec![json!({"uri": {"prefix": "/"}})];
        for matched in http["match"].as_array().unwrap_or(&everything) {
            let uri = &matched["uri"];
            expected.push(json!([uri["exact"], uri["prefix"], cluster]));
        }
    }
    assert_eq!(routes, expected);

    let policies = &manager["http_filters"][2]["typed_config"]["rules"]["policies"];
    let open = &policies["ns[istio-system]-policy[latchkey]-rule[0]"]["permissions"][0];
    let open = open["and_rules"]["rules"][1]["or_rules"]["rules"].as_array();
    let open: Vec<String> = open
        .expect("paths")
        .iter()
        .map(|rule| &rule["url_path"]["path"])
        .map(|path| match path["prefix"].as_str() {
            Some(prefix) => format!("{prefix}*"),
            None => path["exact"].as_str().expect("a path").to_owned(),
        })
        .collect();
    let policy = document("base/gateway/authorization-policy.yaml");
    assert_eq!(
        policy["spec"]["rules"][0]["to"][0]["operation"]["paths"],
        json!(open)
    );
}

fn plugin_config() -> Value {
    document("overlays/wasm-plugin/wasm-plugin.yaml")["spec"]["pluginConfig"].take()
}

/// The gateway's configuration with its names replaced.
fn rendered(values: &[(&str, String)]) -> EnvoyConfig {
    EnvoyConfig::from_manifest(GATEWAY, values)
}

/// What discovery answers for the filter.
fn write_extension(plugin_config: &Value, file: &Path) {
    let extension = EnvoyConfig::from_manifest(
        EXTENSION,
        &[
            ("LATCHKEY_WASM", programs::filter().display().to_string()),
            ("PLUGIN_CONFIG", escaped(&plugin_config.to_string())),
        ],
    );
    fs::write(file, extension.0.to_string()).expect("a file");
}

/// What istiod makes of a Gateway that only redirects: the same filters, except ours, which is for
/// other ports, and a host that demands TLS and has no route.
fn redirect_plain_http(config: &mut EnvoyConfig, port: u16) {
    let listeners = config.0.pointer_mut("/static_resources/listeners");
    let listeners = listeners.and_then(Value::as_array_mut).expect("listeners");
    let mut listener = listeners.first().expect("a listener").clone();
    listener["name"] = json!("0.0.0.0_8080");
    listener["address"]["socket_address"]["port_value"] = json!(port);
    let manager = &mut listener["filter_chains"][0]["filters"][0]["typed_config"];
    manager["stat_prefix"] = json!("outbound_0.0.0.0_8080;");
    manager["http_filters"]
        .as_array_mut()
        .expect("HTTP filters")
        .remove(0);
    manager["route_config"] = json!({
        "name": "http.8080",
        "virtual_hosts": [{"name": "app.example.com:80", "domains": [HOST], "require_tls": "ALL"}],
    });
    listeners.push(listener);
}

/// What istiod makes of `tls` in the Gateway, with the certificate in files.
fn serve_tls(config: &mut EnvoyConfig, certificate: &Certificate) {
    let path = |name: &str| certificate.directory().join(name).display().to_string();
    let chain = config
        .0
        .pointer_mut("/static_resources/listeners/0/filter_chains/0");
    chain.expect("a filter chain")["transport_socket"] = json!({
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            "common_tls_context": {
                "alpn_protocols": ["h2", "http/1.1"],
                "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
                "tls_certificates": [{
                    "certificate_chain": {"filename": path("tls.crt")},
                    "private_key": {"filename": path("tls.key")},
                }],
            },
        },
    });
}

/// Text as it stands between the quotes of a JSON string.
fn escaped(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn read(file: &str) -> Value {
    let text = fs::read_to_string(programs::project().join(file)).expect("a fixture");
    serde_json::from_str(&text).expect("JSON")
}
