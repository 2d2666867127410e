//! A VM that traps. No request is known that makes our filter do it, so another module stands in
//! its place; what is tested is what the manifest tells Envoy to do then.

use std::fs;

use latchkey_tests::envoy::with_inline_keys;
use latchkey_tests::{Envoy, Forge, Upstream, wait};
use serde_json::json;

/// Lets every request pass, and traps on one with more than 20 headers.
const TRAPPING: &str = r#"(module
  (memory (export "memory") 1)
  (func (export "malloc") (param i32) (result i32) (i32.const 1024))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (if (i32.gt_u (local.get 1) (i32.const 20)) (then unreachable))
    (i32.const 0)))"#;

#[test]
fn a_trap_refuses_its_request_and_is_over_soon() {
    let upstream = Upstream::start();
    let (mut config, port, admin) =
        with_inline_keys(&Forge::new("unused", "unused", 7).jwks(), upstream.port);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let module = dir.path().join("trapping.wasm");
    fs::write(&module, wat::parse_str(TRAPPING).expect("a module")).expect("the module");
    *config
        .connection_manager()
        .pointer_mut("/http_filters/0/typed_config/config/vm_config/code/local/filename")
        .expect("where the filter is") = json!(module);
    let envoy = Envoy::start(&config, dir.path(), port, admin);
    let client = envoy.client();
    // As scripts/soak has it: the lines below must be there all the same.
    envoy.quieten();
    assert_eq!(client.get("/before").send().status, 200);
    assert!(envoy.traps().is_empty(), "{:?}", envoy.traps());

    for round in 0..3 {
        let mut poison = client.get("/poison");
        for number in 0..20 {
            poison = poison.header(&format!("x-{number}"), "1");
        }
        let answer = poison.attempt().map(|answer| answer.status);
        assert!(matches!(answer, Some(500..) | None), "{answer:?}");
        // Until there is a new VM, everyone is refused; nobody is let through unchecked.
        wait::until("the gateway serves again", || {
            let status = client.get("/after").attempt()?.status;
            assert!(matches!(status, 200 | 500..), "round {round}: {status}");
            (status == 200).then_some(())
        });
    }
    assert!(!envoy.traps().is_empty(), "whoever reads the log sees it");
    let seen: Vec<String> = upstream
        .take()
        .iter()
        .map(latchkey_tests::Received::target)
        .collect();
    assert_eq!(seen, ["/before", "/after", "/after", "/after"]);
}
