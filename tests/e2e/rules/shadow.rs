//! `enforce: false` over live traffic.

use latchkey_tests::Guarded;
use serde_json::{Value, json};

/// A gateway that decides and enforces nothing, changed by `edit`.
fn shadow(edit: impl FnOnce(&mut Value)) -> Guarded {
    Guarded::start_with(|config| {
        config.edit_filter(|filter| {
            filter["enforce"] = json!(false);
            filter["default"] = json!("authenticated");
            edit(filter);
        });
        // What Envoy itself does to paths is another matter.
        config.connection_manager()["normalize_path"] = json!(false);
    })
}

#[test]
fn everything_passes_as_it_came_and_is_counted() {
    let mut gateway = shadow(|_| {});
    let session = format!(
        "latchkey={}; a=b; latchkey-refresh=secret",
        gateway.forge.token()
    );
    let before = gateway.envoy.stat("wasmcustom.latchkey.shadow.allowed");
    for (path, headers, reason) in [
        (
            "/x",
            &[
                ("x-auth-request-user", "root"),
                ("x_auth-request-user", "root"),
            ][..],
            Some("no_credential"),
        ),
        (
            "/a/..;/b%2fc",
            &[("authorization", "Basic YTpi")],
            Some("ambiguous_path"),
        ),
        ("/x", &[("authorization", "Basic YTpi")], Some("not_bearer")),
        (
            "/x",
            &[("cookie", "latchkey=rubbish; a=b")],
            Some("wrong_number_of_parts"),
        ),
        (
            "/good",
            &[("cookie", session.as_str()), ("x-latchkey-token", "mine")],
            None,
        ),
    ] {
        let mut request = gateway.stranger().get(path);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let counter = format!(
            "wasmcustom.latchkey.shadow.denied.{}",
            reason.unwrap_or("none")
        );
        let so_far = gateway.envoy.stat(&counter);
        assert_eq!(request.send().status, 200, "{path} {headers:?}");
        let received = gateway.upstream.only();
        assert_eq!(received.target(), path);
        for (name, value) in headers {
            assert_eq!(received.header_all(name), [*value], "{path}: {name}");
        }
        let told = received.header_all("x-auth-request-email");
        assert!(told.is_empty(), "{told:?}");
        assert_eq!(
            gateway.envoy.stat(&counter),
            so_far + u64::from(reason.is_some())
        );
    }
    let allowed = gateway.envoy.stat("wasmcustom.latchkey.shadow.allowed");
    assert_eq!(allowed, before + 1);
    let counted = gateway.envoy.stats("latchkey.denied");
    assert_eq!(counted, serde_json::Map::new(), "nothing is refused");
    assert_eq!(
        gateway.envoy.stats("wasmcustom.latchkey.enforce")["wasmcustom.latchkey.enforce"],
        0
    );
    let log = gateway.envoy.process().log();
    assert!(log.contains("enforce is false"), "{log}");
    assert!(log.contains("would refuse: reason=not_bearer"), "{log}");
}

#[test]
fn a_response_is_not_touched_either() {
    let gateway = shadow(|_| {});
    gateway
        .upstream
        .answer_with("set-cookie: latchkey=new\r\ncache-control: public\r\n", "");
    let answer = gateway.stranger().get("/x").send();
    assert_eq!(answer.header("cache-control"), Some("public"));
}

#[test]
fn without_keys_everything_passes_too() {
    // Nobody listens where the keys should come from.
    let gateway = shadow(|filter| filter["jwks"] = json!({}));
    let member = gateway.member().get("/x").send();
    assert_eq!(member.status, 200);
    assert_eq!(gateway.upstream.take().len(), 1);
    assert!(
        gateway
            .envoy
            .stat("wasmcustom.latchkey.shadow.denied.no_keys")
            > 0
    );
}
