//! The dashboards, and what is said about them, ask for metrics by the names under which Prometheus
//! gets them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use latchkey_tests::{Envoy, Guarded, Sidecar, SidecarConfig, ports, programs, wait};
use serde_json::{Value, json};

use super::Live;

fn read(file: &str) -> String {
    let path = programs::project().join("manifests/grafana").join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The words of a text that begin as our metrics do.
fn ours(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let ours = words.filter(|word| word.starts_with("latchkey_"));
    ours.map(str::to_owned)
}

/// Every name of ours in the queries of a dashboard; one that ends in `_` begins a pattern.
fn asked_for(file: &str) -> BTreeSet<String> {
    let dashboard: Value = serde_json::from_str(&read(file)).expect("JSON");
    let mut names = BTreeSet::new();
    for panel in dashboard["panels"].as_array().expect("panels") {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let query = target["expr"].as_str().expect("a query");
            names.extend(ours(query));
        }
    }
    names
}

/// What Envoy gives to Prometheus under names of ours.
fn given(envoy: &Envoy) -> BTreeMap<String, u64> {
    let text = envoy.admin("/stats/prometheus").text();
    let samples = text.lines().filter(|line| line.starts_with("latchkey_"));
    samples
        .filter_map(|line| {
            let (name, value) = (line.split(['{', ' ']).next()?, line.rsplit(' ').next()?);
            Some((name.to_owned(), value.parse().ok()?))
        })
        .collect()
}

/// Makes everything happen once that is counted where there is a sidecar.
fn live_through(live: &Live) {
    let client = live.envoy.client();
    assert_eq!(client.get("/closed").send().status, 403);
    let token = live.forge.token();
    assert_eq!((live.status(&token), live.status(&token)), (200, 200));

    let (old, new) = (live.token(&live.ending(-100)), live.forge.token());
    live.renew_with(&new);
    assert_eq!(live.browser(&old).get("/").send().status, 200);
    live.internal.answer_refresh(|_| (401, String::new()));
    let over = live.with_secret(&old, "over");
    assert_eq!(over.get("/").send().status, 401);
    live.internal.answer_refresh(|_| (500, String::new()));
    let failing = live.with_secret(&old, "failing");
    wait::until("a call fails, and for a moment there are no others", || {
        assert_eq!(failing.get("/").send().status, 503);
        (live.stat("renewals.capped") > 0).then_some(())
    });

    live.internal.revoke("11111111-1111-4111-8111-111111111111");
    wait::until("the list has an entry", || {
        (live.stat("revocations.entries") == 1).then_some(())
    });
    live.internal.set_down(true);
    wait::until("keys and revocations were asked for in vain", || {
        (live.stat("jwks.failed") > 0 && live.stat("revocations.failed") > 0).then_some(())
    });
}

#[test]
fn prometheus_gets_what_the_dashboard_asks_for() {
    let live = Live::start_with(|config| {
        config.rules_first(json!([{"match": {"paths": ["/closed"]}, "allow": "deny"}]));
        config.edit_filter(|filter| filter["jwks"] = json!({"refresh": "1s"}));
    });
    live_through(&live);
    let shadow = Guarded::start_with(|config| {
        config.edit_filter(|filter| filter["enforce"] = json!(false));
    });
    assert_eq!(shadow.stranger().get("/").send().status, 200);
    assert_eq!(shadow.member().get("/").send().status, 200);

    let asked = asked_for("latchkey.json");
    assert!(asked.len() > 15, "{asked:?}");
    let missing = || -> Vec<&String> {
        let given = given(&live.envoy).into_iter().chain(given(&shadow.envoy));
        let counted: Vec<String> = given
            .filter_map(|(name, value)| (value > 0).then_some(name))
            .collect();
        let is_there = |name: &str| {
            let is_it =
                |known: &String| known == name || (name.ends_with('_') && known.starts_with(name));
            counted.iter().any(is_it)
        };
        asked.iter().filter(|name| !is_there(name)).collect()
    };
    // Ages are written down four times a second.
    wait::within(wait::PATIENCE, || missing().is_empty().then_some(()));
    assert_eq!(missing(), Vec::<&String>::new());
}

/// What its dashboard asks for is there; what is said about its numbers leaves none of them out.
#[test]
fn the_sidecar_has_what_its_dashboard_asks_for() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let sidecar = Sidecar::start(SidecarConfig::behind(ports::free()), dir.path());
    let text = sidecar.internal().get("/metrics").send().text();
    let families: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .map(str::to_owned)
        .collect();

    let asked = asked_for("sidecar.json");
    assert!(asked.len() > 10, "{asked:?}");
    let unknown: Vec<&String> = asked.difference(&families).collect();
    assert_eq!(unknown, Vec::<&String>::new());

    let said = read("README.md");
    let (_, said) = said.split_once("## The sidecar's").expect("a section");
    // Those of the FIDO metadata are there with a metadata file only.
    let said: BTreeSet<String> = ours(said)
        .filter(|name| !name.starts_with("latchkey_fido_metadata_"))
        .collect();
    assert_eq!(said, families);
}
