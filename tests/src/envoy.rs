//! The real Envoy, started with a configuration from `manifests/`.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::http::{Client, Response};
use crate::process::Process;
use crate::{ports, programs, wait};

/// An Envoy configuration that a test may change before Envoy gets it.
#[derive(Clone, Debug)]
pub struct EnvoyConfig(pub Value);

impl EnvoyConfig {
    /// Reads a manifest (path relative to the project) and replaces each `${NAME}`.
    ///
    /// # Panics
    /// When the manifest cannot be read, or names something that has no value here.
    #[must_use]
    pub fn from_manifest(manifest: &str, values: &[(&str, String)]) -> Self {
        let path = programs::project().join(manifest);
        let mut text = fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'))
            .collect::<Vec<_>>()
            .join("\n");
        for (name, value) in values {
            text = text.replace(&format!("${{{name}}}"), value);
        }
        assert!(
            !text.contains("${"),
            "{manifest} holds a ${{NAME}} that nothing replaces:\n{text}"
        );
        Self(yaml_serde::from_str(&text).unwrap_or_else(|error| panic!("{manifest}: {error}")))
    }

    /// The first HTTP connection manager of the first listener.
    ///
    /// # Panics
    /// When the configuration has none.
    pub fn connection_manager(&mut self) -> &mut Value {
        self.0
            .pointer_mut("/static_resources/listeners/0/filter_chains/0/filters/0/typed_config")
            .expect("a connection manager")
    }

    /// Adds a listener that does the same as the first, on `port` and over TLS.
    ///
    /// # Panics
    /// When the configuration has no listener.
    pub fn listen_over_tls(&mut self, port: u16, transport_socket: Value) {
        let listeners = self.0.pointer_mut("/static_resources/listeners");
        let listeners = listeners.and_then(Value::as_array_mut).expect("listeners");
        let mut tls = listeners.first().expect("a listener").clone();
        tls["name"] = json!("tls");
        tls["address"]["socket_address"]["port_value"] = json!(port);
        tls["filter_chains"][0]["transport_socket"] = transport_socket;
        listeners.push(tls);
    }

    /// Lets Envoy listen on other ports.
    ///
    /// # Panics
    /// When the configuration has no listener or no administration page.
    pub fn move_to(&mut self, port: u16, admin_port: u16) {
        for (listener, port) in [
            ("/static_resources/listeners/0", port),
            ("/admin", admin_port),
        ] {
            let pointer = format!("{listener}/address/socket_address/port_value");
            *self.0.pointer_mut(&pointer).expect("an address") = json!(port);
        }
    }

    /// The virtual hosts of the connection manager's route configuration.
    ///
    /// # Panics
    /// When the configuration has none.
    pub fn virtual_hosts(&mut self) -> &mut Vec<Value> {
        self.connection_manager()
            .pointer_mut("/route_config/virtual_hosts")
            .and_then(Value::as_array_mut)
            .expect("virtual hosts")
    }

    /// A cluster by name.
    ///
    /// # Panics
    /// When the configuration has no such cluster.
    pub fn cluster(&mut self, name: &str) -> &mut Value {
        self.0
            .pointer_mut("/static_resources/clusters")
            .and_then(Value::as_array_mut)
            .and_then(|clusters| clusters.iter_mut().find(|cluster| cluster["name"] == name))
            .unwrap_or_else(|| panic!("a cluster {name}"))
    }

    /// How many workers Envoy is to have: one unless told, so that what a test does is seen.
    pub fn workers(&mut self, count: u32) {
        self.0["workers"] = count.into();
    }

    /// Changes the filter's own configuration.
    ///
    /// # Panics
    /// When the first HTTP filter is not ours, or its configuration is not JSON.
    pub fn edit_filter(&mut self, edit: impl FnOnce(&mut Value)) {
        let value = self
            .connection_manager()
            .pointer_mut("/http_filters/0/typed_config/config/configuration/value")
            .expect("the filter's configuration");
        let text = value
            .as_str()
            .expect("the filter's configuration is a string");
        let mut filter = serde_json::from_str(text).expect("the filter's configuration is JSON");
        edit(&mut filter);
        *value = Value::String(filter.to_string());
    }

    /// Puts rules before those of the manifest.
    ///
    /// # Panics
    /// When the filter's configuration has no rules.
    pub fn rules_first(&mut self, rules: Value) {
        let Value::Array(mut rules) = rules else {
            panic!("rules are an array")
        };
        self.edit_filter(|filter| {
            let known = filter["rules"].as_array_mut().expect("rules");
            rules.append(known);
            *known = rules;
        });
    }
}

/// What Envoy or the filter writes about a VM that has stopped.
const TRAPS: [&str; 5] = [
    "Uncaught",
    "RuntimeError",
    "unreachable",
    "panicked",
    "][critical]",
];

/// A running Envoy.
pub struct Envoy {
    /// Where it listens for browsers, on 127.0.0.1.
    pub port: u16,
    admin: Client,
    process: Process,
}

impl Envoy {
    /// Starts Envoy and waits until it says that it is ready.
    ///
    /// # Panics
    /// When Envoy refuses the configuration, with its own words.
    #[must_use]
    pub fn start(config: &EnvoyConfig, dir: &Path, port: u16, admin_port: u16) -> Self {
        let mut envoy = Self::launch(config, dir, port, admin_port);
        wait::until("Envoy is ready", || {
            if let Some(status) = envoy.process.exited() {
                panic!("Envoy ended ({status}):\n{}", envoy.process.log());
            }
            let response = envoy.admin.get("/ready").attempt()?;
            (response.status == 200).then_some(())
        });
        envoy
    }

    /// Starts Envoy without waiting, for configurations that it should refuse.
    ///
    /// # Panics
    /// When the configuration cannot be written.
    #[must_use]
    pub fn launch(config: &EnvoyConfig, dir: &Path, port: u16, admin_port: u16) -> Self {
        let workers = config.0["workers"].as_u64().unwrap_or(1).to_string();
        let mut config = config.clone();
        if let Some(members) = config.0.as_object_mut() {
            members.remove("workers");
        }
        let file = dir.join(format!("envoy-{port}.json"));
        fs::write(&file, config.0.to_string()).expect("Envoy's configuration can be written");
        let file = file.to_str().expect("a path in UTF-8");
        let process = Process::start(
            &format!("envoy-{port}"),
            dir,
            &programs::envoy(),
            // Hot restart would share memory between the Envoys of parallel tests.
            &[
                "-c",
                file,
                "--disable-hot-restart",
                "--concurrency",
                &workers,
                "--log-level",
                "warn",
                "--component-log-level",
                "wasm:info",
            ],
        );
        Self {
            port,
            admin: Client::new(admin_port),
            process,
        }
    }

    /// A client for the gateway's port.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(self.port)
    }

    /// The process, for its log, its memory and its end.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// The lines of its log that tell of a VM that has stopped.
    #[must_use]
    pub fn traps(&self) -> Vec<String> {
        let log = self.process.log();
        log.lines()
            .filter(|line| TRAPS.iter().any(|trap| line.contains(trap)))
            .map(str::to_owned)
            .collect()
    }

    /// Lets the filter write warnings only: its log has a line for each refusal.
    ///
    /// # Panics
    /// When Envoy does not answer.
    pub fn quieten(&self) {
        let answer = self.admin.request("POST", "/logging?wasm=warning").send();
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// Envoy's administration page.
    #[must_use]
    pub fn admin(&self, target: &str) -> Response {
        self.admin.get(target).send()
    }

    /// All counters and gauges whose name contains `part`.
    ///
    /// # Panics
    /// When Envoy does not answer.
    #[must_use]
    pub fn stats(&self, part: &str) -> Map<String, Value> {
        let stats = self
            .admin(&format!("/stats?format=json&filter={part}"))
            .json();
        let stats = stats["stats"].as_array().cloned().unwrap_or_default();
        stats
            .into_iter()
            .filter_map(|stat| Some((stat["name"].as_str()?.to_owned(), stat["value"].clone())))
            .collect()
    }

    /// One counter or gauge; 0 where Envoy does not know it yet.
    #[must_use]
    pub fn stat(&self, name: &str) -> u64 {
        self.stats(name)
            .get(name)
            .and_then(Value::as_u64)
            .unwrap_or(0)
    }
}

/// What replaces the names in a manifest, with free ports where a test does not care.
#[must_use]
pub fn manifest_values(
    gateway: u16,
    admin: u16,
    sidecar_public: u16,
    sidecar_internal: u16,
    app: u16,
) -> Vec<(&'static str, String)> {
    vec![
        ("LATCHKEY_WASM", programs::filter().display().to_string()),
        (
            "LATCHKEY_PUBLIC_URL",
            format!("http://localhost:{gateway}/_latchkey"),
        ),
        ("GATEWAY_PORT", gateway.to_string()),
        ("ADMIN_PORT", admin.to_string()),
        ("SIDECAR_PUBLIC_PORT", sidecar_public.to_string()),
        ("SIDECAR_INTERNAL_PORT", sidecar_internal.to_string()),
        ("APP_PORT", app.to_string()),
    ]
}

/// A gateway without a sidecar whose keys stand in its configuration: `jwks` is a JWK Set.
#[must_use]
pub fn with_inline_keys(jwks: &Value, app: u16) -> (EnvoyConfig, u16, u16) {
    let (port, admin) = (ports::free(), ports::free());
    let values = manifest_values(port, admin, ports::free(), ports::free(), app);
    let mut config = EnvoyConfig::from_manifest("manifests/envoy/envoy.yaml", &values);
    config.edit_filter(|filter| {
        filter["jwks"] = json!({"inline": jwks});
        filter["revocations"] = Value::Null;
    });
    (config, port, admin)
}
