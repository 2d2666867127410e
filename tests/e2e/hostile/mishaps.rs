//! What must close the gateway, or mend itself.

use std::fs;

use latchkey_tests::envoy::with_inline_keys;
use latchkey_tests::{Envoy, Forge, Gateway, Guarded, Upstream, Visitor, wait};
use serde_json::json;

#[test]
fn a_configuration_with_a_mistake_lets_nothing_pass() {
    let upstream = Upstream::start();
    let forge = Forge::new("http://localhost/_latchkey", "test-key", 7);
    for (mistake, member, value, said) in [
        ("an unknown key", "rulez", json!([]), "rulez: unknown key"),
        ("an unknown value", "default", json!("open"), "default: "),
        ("an empty issuer", "issuer", json!(""), "issuer: "),
        ("no audience", "audiences", json!([]), "audiences: "),
        (
            "a rule that is none",
            "rules",
            json!([{"match": {"path": "/x"}, "allow": "public"}]),
            "rules[0].match.path: unknown key",
        ),
        (
            "a rule that asks for what there is not",
            "rules",
            json!([{"match": {"paths": ["/x"]}, "allow": "public"},
                {"match": {"paths": ["/admin/**"]}, "allow": "authenticated",
                    "require": {"acr": "gold"}}]),
            "rules[1].require.acr: expected \"phr\" or \"phrh\" (the rule for /admin/**)",
        ),
    ] {
        let (mut config, port, admin) = with_inline_keys(&forge.jwks(), upstream.port);
        config.edit_filter(|filter| filter[member] = value);
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut envoy = Envoy::launch(&config, dir.path(), port, admin);
        let client = envoy.client();
        wait::until("Envoy has refused, or serves closed", || {
            if envoy.process().exited().is_some() {
                return Some(());
            }
            let answer = client.get("/public/x").attempt()?;
            assert!(answer.status >= 500, "{mistake}: {answer:?}");
            Some(())
        });
        for path in ["/", "/public/x", "/_latchkey/login"] {
            if let Some(answer) = client.get(path).attempt() {
                assert!(answer.status >= 500, "{mistake}: {answer:?}");
            }
        }
        assert!(upstream.take().is_empty(), "{mistake}");
        let log = envoy.process().log();
        let said = format!("configuration refused: {said}");
        assert!(log.contains(&said), "{mistake}: {said}\n{log}");
    }
}

#[test]
fn a_cacheable_answer_of_the_application_stays_as_it_is() {
    let gateway = Guarded::start();
    gateway.upstream.answer_with(
        "cache-control: public, max-age=3600\r\ncontent-type: text/plain\r\n",
        "for everyone",
    );
    let answer = gateway.member().get("/shared").send();
    assert_eq!(answer.status, 200);
    // The filter sets no cookie on it, so there is nothing that a cache could give to someone else.
    assert_eq!(answer.cookies().len(), 0);
    assert_eq!(answer.header("cache-control"), Some("public, max-age=3600"));
}

#[test]
fn refusals_are_never_kept_by_a_cache() {
    let gateway = Guarded::start_with(|config| {
        config.rules_first(latchkey_tests::guarded::denied_tree());
    });
    for request in [
        gateway.stranger().navigate("/"),
        gateway.stranger().get("/"),
        gateway.member().get("/denied/x"),
        gateway.member().get("/a%2fb"),
    ] {
        let answer = request.send();
        assert!(matches!(answer.status, 302 | 400 | 401 | 403), "{answer:?}");
        assert_eq!(
            answer.header("cache-control"),
            Some("no-store"),
            "{answer:?}"
        );
    }
}

#[test]
fn a_store_that_another_process_uses_is_not_opened() {
    let gateway = Gateway::start();
    let mut config = gateway.sidecar.config.clone();
    config.public_port = latchkey_tests::ports::free();
    config.internal_port = latchkey_tests::ports::free();
    let mut second = latchkey_tests::Sidecar::launch(config, gateway.dir());
    let status = wait::until("the second sidecar gives up", || second.process().exited());
    assert!(!status.success());
    let log = second.process().log();
    let store = gateway.sidecar.data().display().to_string();
    assert!(log.contains(&store), "the log names the store:\n{log}");
    assert_eq!(gateway.sidecar.internal().get("/readyz").send().status, 200);
}

#[test]
fn a_damaged_store_is_refused_with_advice() {
    for (what, damage) in [("flipped bytes", 1), ("a truncated file", 2)] {
        let mut gateway = Gateway::start();
        let mut person = Visitor::new(gateway.envoy.port);
        person.register("ann");
        gateway.sidecar.process().terminate();
        let file = gateway.sidecar.data().join("sled/db");
        let mut bytes = fs::read(&file).expect("the store's file");
        match damage {
            1 => bytes
                .iter_mut()
                .take(400_000)
                .step_by(97)
                .for_each(|byte| *byte ^= 0x55),
            // Half of what is written; the rest of the file is empty space.
            _ => bytes.truncate(bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0) / 2),
        }
        fs::write(&file, &bytes).expect("the store's file");
        let config = gateway.sidecar.config.clone();
        let mut damaged = latchkey_tests::Sidecar::launch(config, gateway.dir());
        let outcome = wait::until("the sidecar starts or gives up", || {
            if let Some(status) = damaged.process().exited() {
                return Some(Some(status));
            }
            let answer = damaged.internal().get("/readyz").attempt()?;
            (answer.status == 200).then_some(None)
        });
        let log = damaged.process().log();
        assert!(!log.contains("panicked"), "{what}:\n{log}");
        let status = outcome.unwrap_or_else(|| panic!("{what}: it started all the same"));
        assert!(!status.success(), "{what}");
        let store = gateway.sidecar.data().display().to_string();
        assert!(
            log.contains(&store) && log.contains("backup"),
            "{what}: what to do?\n{log}"
        );
    }
}
