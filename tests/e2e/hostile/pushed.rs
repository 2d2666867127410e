//! A configuration that reaches a running Envoy, by discovery from a file: a bad one leaves the old
//! one in force, and a good one replaces it. Nothing ever opens the gateway.

use std::fs;
use std::path::PathBuf;

use latchkey_tests::envoy::with_inline_keys;
use latchkey_tests::{Envoy, EnvoyConfig, Forge, Upstream, wait};
use serde_json::{Value, json};
use tempfile::TempDir;

const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
const LISTENER: &str = "type.googleapis.com/envoy.config.listener.v3.Listener";
const EXTENSION: &str = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig";

/// Traps when it is configured.
const TRAPPING: &str = r#"(module
  (memory (export "memory") 1)
  (func (export "malloc") (param i32) (result i32) (i32.const 1024))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32) unreachable)
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0)))"#;

/// How the configuration comes.
#[derive(Clone, Copy, PartialEq)]
enum Discovery {
    /// The filter alone (ECDS), as Istio delivers it.
    Extension,
    /// The listener with everything in it (LDS).
    Listener,
}

/// A gateway that reads its filter from a file, again whenever the file is replaced.
struct Pushed {
    discovery: Discovery,
    /// What a good push holds; its port is the gateway's.
    good: EnvoyConfig,
    envoy: Envoy,
    app: Upstream,
    token: String,
    dir: TempDir,
    pushes: usize,
}

impl Pushed {
    fn start(discovery: Discovery) -> Self {
        let app = Upstream::start();
        let mut forge = Forge::new("", "test-key", 7);
        let (good, port, admin) = with_inline_keys(&forge.jwks(), app.port);
        forge.issuer = format!("http://localhost:{port}/_latchkey");
        let dir = tempfile::tempdir().expect("a temporary directory");
        let source = json!({"path_config_source": {"path": dir.path().join("pushed.json")}});
        let mut running = good.clone();
        match discovery {
            Discovery::Extension => {
                running.connection_manager()["http_filters"][0] = json!({
                    "name": "latchkey",
                    "config_discovery": {"config_source": source, "type_urls": [WASM]},
                });
            }
            Discovery::Listener => {
                running.0["static_resources"]["listeners"] = json!([]);
                running.0["dynamic_resources"] = json!({"lds_config": source});
            }
        }
        write(discovery, &good, &dir.path().join("pushed.json"));
        let envoy = Envoy::start(&running, dir.path(), port, admin);
        let pushed = Self {
            discovery,
            good,
            envoy,
            app,
            token: forge.token(),
            dir,
            pushes: 0,
        };
        wait::until("the gateway serves", || {
            (pushed.status("/", true) == Some(200)).then_some(())
        });
        pushed
    }

    fn status(&self, path: &str, member: bool) -> Option<u16> {
        let mut request = self.envoy.client().get(path);
        if member {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        request.attempt().map(|answer| answer.status)
    }

    /// How often Envoy has read the file.
    fn attempts(&self) -> u64 {
        let stats = match self.discovery {
            Discovery::Extension => self.envoy.stats("extension_config_discovery"),
            Discovery::Listener => self.envoy.stats("listener_manager.lds"),
        };
        stats
            .iter()
            .filter(|(name, _)| name.ends_with("update_attempt"))
            .filter_map(|(_, value)| value.as_u64())
            .sum()
    }

    /// Replaces the file, and waits until Envoy has read it.
    fn push(&mut self, text: &str) {
        let before = self.attempts();
        self.pushes += 1;
        let next = self.dir.path().join("next.json");
        fs::write(&next, text).expect("a file");
        fs::rename(next, self.dir.path().join("pushed.json")).expect("a file");
        wait::until("Envoy has read the file", || {
            self.assert_closed_to_strangers("while Envoy reads");
            (self.attempts() > before).then_some(())
        });
    }

    /// Pushes a good configuration that differs from the one before, and waits until it counts.
    fn mend(&mut self, after: &str) {
        let mut better = self.good.clone();
        let marker = format!("/mended-{}", self.pushes);
        better.rules_first(json!([{"match": {"paths": [marker]}, "allow": "public"}]));
        let text = resource(self.discovery, &better);
        self.push(&text);
        wait::until(
            &format!("a good configuration counts after {after}"),
            || {
                self.assert_closed_to_strangers(after);
                (self.status(&marker, false) == Some(200)).then_some(())
            },
        );
        assert_eq!(self.status("/", true), Some(200), "{after}");
        let _ = self.app.take();
    }

    fn assert_closed_to_strangers(&self, when: &str) {
        let _ = self.app.take();
        let status = self.status("/secret", false);
        assert!(
            matches!(status, None | Some(401 | 500..)),
            "{when}: {status:?}"
        );
        let status = self.status("/_latchkey/../secret", false);
        assert!(matches!(status, None | Some(400..)), "{when}: {status:?}");
        let seen = self.app.take();
        assert!(seen.is_empty(), "{when}: {seen:?}");
    }
}

fn bad_configurations_never_open_the_gateway(discovery: Discovery) {
    let mut gateway = Pushed::start(discovery);
    let with_filter = |edit: &dyn Fn(&mut Value)| {
        let mut config = gateway.good.clone();
        config.edit_filter(|filter| edit(filter));
        resource(discovery, &config)
    };
    let with_module = |file: PathBuf| {
        let mut config = gateway.good.clone();
        *config
            .connection_manager()
            .pointer_mut("/http_filters/0/typed_config/config/vm_config/code/local/filename")
            .expect("where the filter is") = json!(file);
        resource(discovery, &config)
    };
    let module = |name: &str, bytes: &[u8]| {
        let file = gateway.dir.path().join(name);
        fs::write(&file, bytes).expect("a file");
        file
    };
    let trapping = wat::parse_str(TRAPPING).expect("a module");
    let good = resource(discovery, &gateway.good);
    let cases = [
        (
            "an unknown key",
            with_filter(&|filter| filter["rulez"] = json!([])),
        ),
        (
            "an unknown value",
            with_filter(&|filter| filter["default"] = json!("public!")),
        ),
        (
            "a private key",
            with_filter(&|filter| filter["jwks"]["inline"]["keys"][0]["d"] = json!("AAAA")),
        ),
        (
            "no keys",
            with_filter(&|filter| filter["jwks"]["inline"]["keys"] = json!([])),
        ),
        (
            "no configuration",
            with_filter(&|filter| *filter = json!({})),
        ),
        (
            "no module",
            with_module(gateway.dir.path().join("missing.wasm")),
        ),
        (
            "a file that is no module",
            with_module(module("text.wasm", b"#!/bin/sh\n")),
        ),
        (
            "half a module",
            with_module(module("half.wasm", &trapping[..trapping.len() / 2])),
        ),
        (
            "a module that traps",
            with_module(module("trap.wasm", &trapping)),
        ),
        ("half a file", good[..good.len() / 2].to_owned()),
        ("an empty file", String::new()),
    ];
    for (what, text) in cases {
        gateway.push(&text);
        for _ in 0..20 {
            gateway.assert_closed_to_strangers(what);
            let status = gateway.status("/", true);
            assert_eq!(status, Some(200), "{what}: the old one stays");
        }
        gateway.mend(what);
    }
}

#[test]
fn a_bad_extension_that_is_pushed_never_opens_the_gateway() {
    bad_configurations_never_open_the_gateway(Discovery::Extension);
}

#[test]
fn a_bad_listener_that_is_pushed_never_opens_the_gateway() {
    bad_configurations_never_open_the_gateway(Discovery::Listener);
}

fn write(discovery: Discovery, config: &EnvoyConfig, file: &std::path::Path) {
    fs::write(file, resource(discovery, config)).expect("a file");
}

/// What discovery answers.
fn resource(discovery: Discovery, config: &EnvoyConfig) -> String {
    let mut config = config.clone();
    let (kind, mut resource) = match discovery {
        Discovery::Extension => (
            EXTENSION,
            config.connection_manager()["http_filters"][0].take(),
        ),
        Discovery::Listener => (
            LISTENER,
            config.0["static_resources"]["listeners"][0].take(),
        ),
    };
    resource["@type"] = json!(kind);
    json!({"resources": [resource]}).to_string()
}
