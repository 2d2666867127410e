//! Case 105: other plugins under the same `vm_id`, who can write into Envoy's shared data. That the
//! filter asks for none of it, under whatever name, is shown in `tests/abi`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use latchkey_tests::Forge;
use serde_json::{Value, json};

use super::Live;

/// Names that a filter could look under, if it looked at all.
const KEYS: [&str; 6] = [
    "jwks",
    "keys",
    "latchkey",
    "latchkey.jwks",
    "latchkey/keys",
    "/.well-known/jwks.json",
];
const REVOCATIONS: [&str; 4] = [
    "revocations",
    "revoked",
    "latchkey.revocations",
    "/internal/v1/revocations",
];

/// A plugin that plants these values with each request.
fn planter(planted: &[(&str, &str)]) -> String {
    let (mut data, mut calls, mut end) = (String::new(), String::new(), 0);
    for (key, value) in planted {
        for byte in key.bytes().chain(value.bytes()) {
            let _ = write!(data, "\\{byte:02x}");
        }
        let (at, lengths) = (end + key.len(), (key.len(), value.len()));
        let _ = writeln!(
            calls,
            "(drop (call $set (i32.const {end}) (i32.const {}) (i32.const {at}) (i32.const {}) (i32.const 0)))",
            lengths.0, lengths.1,
        );
        end = at + value.len();
    }
    let import = "(import \"env\" \"proxy_set_shared_data\" \
        (func $set (param i32 i32 i32 i32 i32) (result i32)))";
    module(import, &data, &calls)
}

/// A plugin that puts a header on each request that finds something under this name.
fn reader(key: &str) -> String {
    let imports = "(import \"env\" \"proxy_get_shared_data\" \
        (func $get (param i32 i32 i32 i32 i32) (result i32))) \
        (import \"env\" \"proxy_add_header_map_value\" \
        (func $add (param i32 i32 i32 i32 i32) (result i32)))";
    let length = key.len();
    let calls = format!(
        "(if (i32.eqz (call $get (i32.const 0) (i32.const {length}) \
            (i32.const 1024) (i32.const 1028) (i32.const 1032))) \
         (then (drop (call $add (i32.const 0) (i32.const {length}) (i32.const 9) \
            (i32.const 0) (i32.const {length})))))"
    );
    // The header's name stands behind the key.
    module(imports, &format!("{key}x-planted"), &calls)
}

/// A plugin that does this with each request, and lets it pass.
fn module(imports: &str, data: &str, calls: &str) -> String {
    format!(
        r#"(module
  {imports}
  (memory (export "memory") 2)
  (data (i32.const 0) "{data}")
  (func (export "malloc") (param i32) (result i32) (i32.const 65536))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    {calls}
    (i32.const 0)))"#
    )
}

/// An HTTP filter that runs a module beside ours: under the same `vm_id`.
fn beside(ours: &Value, dir: &Path, name: &str, text: &str) -> Value {
    let file = dir.join(format!("{name}.wasm"));
    fs::write(&file, wat::parse_str(text).expect("a module")).expect("the module");
    let mut filter = ours.clone();
    filter["name"] = name.into();
    let config = &mut filter["typed_config"]["config"];
    config["name"] = name.into();
    config["vm_config"]["code"]["local"]["filename"] = json!(file);
    config["configuration"] = Value::Null;
    filter
}

#[test]
fn what_another_plugin_plants_has_no_effect() {
    let dir = tempfile::tempdir().expect("a directory");
    let thief = Forge::new("", "planted", 9);
    let live = Live::start_with(|config| {
        let planted_keys = thief.jwks().to_string();
        let sid = thief.claims()["sid"].clone();
        let ended = json!({"epoch": "e", "version": 9, "more": false, "users": [], "keys": ["key-1"],
            "sessions": [[sid, 4_000_000_000_u64]]});
        let ended = ended.to_string();
        let keys = KEYS.map(|name| (name, planted_keys.as_str()));
        let values = [&keys[..], &REVOCATIONS.map(|name| (name, ended.as_str()))].concat();
        let filters = config.connection_manager()["http_filters"]
            .as_array_mut()
            .expect("filters");
        let planter = beside(&filters[0], dir.path(), "planter", &planter(&values));
        let reader = beside(&filters[0], dir.path(), "reader", &reader(KEYS[0]));
        let ours = filters.remove(0);
        let vm = |filter: &Value| filter["typed_config"]["config"]["vm_config"]["vm_id"].clone();
        assert!(vm(&ours).is_string() && vm(&ours) == vm(&planter) && vm(&ours) == vm(&reader));
        filters.splice(0..0, [planter, reader, ours]);
    });
    let token = live.forge.token();
    for _ in 0..3 {
        assert_eq!(
            live.status(&token),
            200,
            "a session that is said to be over"
        );
        // What is planted is there for others to read.
        assert_eq!(
            live.app.only().header("x-planted").as_deref(),
            Some(KEYS[0])
        );
    }
    let thief = Forge::new(&live.forge.issuer, "planted", 9);
    for _ in 0..3 {
        assert_eq!(live.status(&thief.token()), 401, "a key that is planted");
    }
    assert!(live.app.take().is_empty());
}
