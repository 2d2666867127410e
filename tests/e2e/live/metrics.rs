//! The dashboard asks for metrics by the names under which Prometheus gets them.

use std::collections::BTreeSet;
use std::fs;

use latchkey_tests::{Guarded, programs};
use serde_json::{Value, json};

use super::with_rules;

/// What only a gateway with a sidecar, or a refusal or renewal of its kind, shows.
const NOT_HERE: [&str; 9] = [
    "latchkey_jwks_age_ms",
    "latchkey_revocations_fetched",
    "latchkey_revocations_failed",
    "latchkey_revocations_age_ms",
    "latchkey_revocations_entries",
    "latchkey_renewals_ok",
    "latchkey_renewals_failed",
    "latchkey_renewals_refused",
    "latchkey_renewals_capped",
];

/// Every name of ours in the queries of the dashboard, patterns included.
fn asked_for() -> BTreeSet<String> {
    let path = programs::project().join("manifests/grafana/latchkey.json");
    let dashboard = fs::read_to_string(path).expect("the dashboard");
    let dashboard: Value = serde_json::from_str(&dashboard).expect("JSON");
    let mut names = BTreeSet::new();
    for panel in dashboard["panels"].as_array().expect("panels") {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let query = target["expr"].as_str().expect("a query");
            let words = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let ours = words.filter(|word| word.starts_with("latchkey_"));
            names.extend(ours.map(str::to_owned));
        }
    }
    names
}

/// The names of ours that Envoy gives to Prometheus.
fn given(gateway: &Guarded) -> BTreeSet<String> {
    let text = gateway.envoy.admin("/stats/prometheus").text();
    text.lines()
        .filter_map(|line| line.split(['{', ' ']).next())
        .filter(|name| name.starts_with("latchkey_"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn prometheus_gets_what_the_dashboard_asks_for() {
    let gateway = with_rules(json!([{"match": {"paths": ["/no"]}, "allow": "deny"}]));
    assert_eq!(gateway.stranger().get("/no").send().status, 403);
    assert_eq!(gateway.member().get("/").send().status, 200);
    let shadow = Guarded::start_with(|config| {
        config.edit_filter(|filter| filter["enforce"] = json!(false));
    });
    assert_eq!(shadow.stranger().get("/").send().status, 200);
    let given: BTreeSet<String> = given(&gateway).union(&given(&shadow)).cloned().collect();
    let asked = asked_for();
    assert!(asked.len() > 5, "{asked:?}");
    for name in asked {
        if NOT_HERE.contains(&name.as_str()) {
            continue;
        }
        // A name that ends in `_` is the beginning of a pattern over the reasons.
        let is_there = given.iter().any(|known| *known == name)
            || (name.ends_with('_') && given.iter().any(|known| known.starts_with(&name)));
        assert!(is_there, "{name} is not among {given:?}");
    }
}
