//! A configuration that is replaced while requests come: what was fetched for the old one serves the
//! new one.

use std::fs;
use std::path::Path;

use latchkey_tests::{EnvoyConfig, ports, wait};
use serde_json::{Value, json};

use super::Live;

const OTHER: &str = "5b2f1c1e-0d2b-4f5e-9f0a-0c8f3a2b1d11";

/// Writes the filter as a discovery service would answer it, with one more public path.
fn push(file: &Path, filter: &Value, public: &str) {
    push_edited(file, filter, |config| {
        let rules = config["rules"].as_array_mut().expect("rules");
        rules.insert(0, json!({"match": {"paths": [public]}, "allow": "public"}));
    });
}

fn push_edited(file: &Path, filter: &Value, edit: impl FnOnce(&mut Value)) {
    let mut filter = filter.clone();
    let value = filter
        .pointer_mut("/typed_config/config/configuration/value")
        .expect("a configuration");
    let text = value.as_str().expect("text");
    let mut config: Value = serde_json::from_str(text).expect("JSON");
    edit(&mut config);
    *value = Value::String(config.to_string());
    filter["@type"] = json!("type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig");
    let next = file.with_extension("next");
    fs::write(&next, json!({"resources": [filter]}).to_string()).expect("a file");
    fs::rename(next, file).expect("a file");
}

/// Has the filter come from a file; gives what it was.
fn discover(config: &mut EnvoyConfig, file: &Path) -> Value {
    let filter = config.connection_manager()["http_filters"][0].take();
    push(file, &filter, "/first");
    config.connection_manager()["http_filters"][0] = json!({
        "name": "latchkey",
        "config_discovery": {
            "config_source": {"path_config_source": {"path": file}},
            "type_urls": ["type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm"],
        },
    });
    filter
}

#[test]
fn a_new_configuration_keeps_the_gateway_open_without_the_sidecar() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("filter.json");
    let mut filter = Value::Null;
    let live = Live::start_with(|config| {
        config.workers(2);
        filter = discover(config, &file);
    });
    let (ann, bob) = (
        live.forge.token(),
        live.forge.token_with("sid", OTHER.into()),
    );
    live.await_everywhere("she passes", |_| live.status(&ann) == 200);
    live.internal.revoke(OTHER);
    live.await_everywhere("he is out", |_| live.status(&bob) == 401);
    live.internal.set_down(true);
    wait::until("it is missed", || {
        (live.stat("revocations.failed") > 2).then_some(())
    });

    push(&file, &filter, "/second");
    live.await_everywhere("the new configuration counts", |client| {
        assert_eq!(live.status(&ann), 200);
        assert_eq!(live.status(&bob), 401);
        client.get("/second").send().status == 200
    });
    assert_eq!(live.envoy.client().get("/first").send().status, 401);
    assert_eq!(live.stat("ready"), 1);

    // It goes on hearing of what is revoked.
    live.internal.set_down(false);
    let sid = live.forge.claims()["sid"].clone();
    live.internal.revoke(sid.as_str().expect("a session"));
    live.await_everywhere("she is out, too", |_| live.status(&ann) == 401);
    assert_eq!(live.status(&bob), 401);
}

/// Adds a listener with the same filter, which hears of no revocations and comes from a file of its own.
fn add_sibling(config: &mut EnvoyConfig, filter: &Value, file: &Path) {
    push_edited(file, filter, |config| config["revocations"] = Value::Null);
    let listeners = config.0.pointer_mut("/static_resources/listeners");
    let listeners = listeners.and_then(Value::as_array_mut).expect("listeners");
    let mut sibling = listeners.first().expect("a listener").clone();
    sibling["name"] = json!("sibling");
    sibling["address"]["socket_address"]["port_value"] = json!(ports::free());
    *sibling
        .pointer_mut("/filter_chains/0/filters/0/typed_config/http_filters/0/config_discovery/config_source/path_config_source/path")
        .expect("a file") = json!(file);
    listeners.push(sibling);
}

#[test]
fn a_new_configuration_begins_with_what_the_best_informed_one_knows() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("filter.json");
    let mut filter = Value::Null;
    let live = Live::start_with(|config| {
        filter = discover(config, &file);
        add_sibling(config, &filter, &dir.path().join("sibling.json"));
    });
    let ann = live.forge.token();
    live.await_everywhere("she passes", |_| live.status(&ann) == 200);
    live.internal.set_down(true);
    wait::until("it is missed", || {
        (live.stat("revocations.failed") > 2).then_some(())
    });
    push(&file, &filter, "/second");
    live.await_everywhere("the new configuration counts", |client| {
        assert_eq!(live.status(&ann), 200);
        client.get("/second").send().status == 200
    });
}
