//! Those who do not belong here: floods of logins, and the doors of the administration.

use latchkey_tests::{Gateway, Plan, Visitor, wait};
use serde_json::json;
use software_authenticator::{Authenticator, encode};
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::conformance::start;
use crate::policies::audited;
use crate::requests::{described, filled, first_administrator};

/// A flood of begins, and of begins with junk finishes: nothing is stored, everyone else comes in.
#[test]
fn a_flood_of_logins_fills_nothing_and_keeps_nobody_out() {
    let gateway = start();
    let mut ann = Visitor::new(gateway.envoy.port);
    ann.register("ann");
    let before = bytes_below(&gateway.sidecar.data());
    thread::scope(|scope| {
        for flooder in 0..4 {
            let mut junk = Visitor::new(gateway.envoy.port);
            junk.authenticator = Authenticator::new(&ann.authenticator.origin);
            junk.authenticator
                .credentials
                .clone_from(&ann.authenticator.credentials);
            scope.spawn(move || {
                for number in 0..150 {
                    let name = format!("nobody{flooder}-{number}");
                    let path = "/_latchkey/v1/auth/webauthn/login/begin";
                    let begun = junk.call("POST", path, &json!({"username": name}));
                    if begun.status != 200 {
                        assert_eq!(begun.status, 429, "{}", begun.text());
                        continue;
                    }
                    let mut options = begun.json()["publicKey"].clone();
                    options["allowCredentials"] = json!([]);
                    let mut draft = junk.authenticator.draft_assertion(&options);
                    draft.id = encode(&[u8::try_from(number).expect("small"); 32]);
                    draft.raw_id.clone_from(&draft.id);
                    let refused = junk.finish("login", &draft.seal());
                    assert!(matches!(refused.status, 400 | 429), "{}", refused.text());
                }
            });
        }
        // From the same address, in the middle of it.
        ann.log_in("ann");
    });
    ann.log_in("ann");
    let after = bytes_below(&gateway.sidecar.data());
    assert!(
        after < before + 128 * 1024,
        "{before} bytes before, {after} after"
    );
}

fn bytes_below(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).expect("a directory");
    entries
        .map(|entry| entry.expect("an entry").path())
        .map(|path| {
            if path.is_dir() {
                bytes_below(&path)
            } else {
                fs::metadata(&path).map_or(0, |file| file.len())
            }
        })
        .sum()
}

/// Method and path of every endpoint of the administration, by the program's own description.
fn administration(gateway: &Gateway) -> Vec<(String, String)> {
    let administers = |path: &str| {
        path.starts_with("/v1/admin/")
            || path.contains("/{mount}/config")
            || path.contains("/{mount}/user")
    };
    let described = described(gateway).into_iter();
    let described = described.filter(|(_, path)| administers(path));
    described
        .map(|(method, path)| (method, filled(&path)))
        .collect()
}

fn every_answer(visitor: &Visitor, endpoints: &[(String, String)], status: u16, problem: &str) {
    for (method, path) in endpoints {
        let answer = visitor.script_request(method, path, &json!({})).send();
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        let expected = format!("urn:latchkey:problem:{problem}");
        assert_eq!(answer.json()["type"], expected, "{method} {path}");
        assert!(answer.cookies().is_empty(), "{method} {path}");
    }
}

#[test]
fn the_administration_answers_administrators_alone() {
    let mut plan = Plan::new();
    "[admin]\nenabled = true\n".clone_into(&mut plan.sidecar.more);
    let gateway = plan.start();
    let endpoints = administration(&gateway);
    assert!(endpoints.len() > 30, "{endpoints:?}");
    let stranger = Visitor::new(gateway.envoy.port);
    every_answer(&stranger, &endpoints, 401, "unauthorized");
    let mut ann = Visitor::new(gateway.envoy.port);
    ann.register("ann");
    every_answer(&ann, &endpoints, 403, "not-an-administrator");
    // A session that has ended, with what it held.
    let mut after = Visitor::new(gateway.envoy.port);
    after.cookies.clone_from(&ann.cookies);
    let answer = ann.call("POST", "/_latchkey/v1/self/logout", &json!({}));
    assert_eq!(answer.status, 204);
    every_answer(&after, &endpoints, 401, "unauthorized");
    // And it does answer.
    let root = first_administrator(&gateway);
    let listed = root.request("GET", "/_latchkey/v1/admin/users").send();
    assert_eq!(listed.status, 200, "{}", listed.text());
}

/// Nothing is wrong with the token but its age: its session lives, its login is a fresh one, its user
/// administers.
#[test]
fn the_administration_answers_no_expired_token() {
    let mut plan = Plan::new();
    "[admin]\nenabled = true\n[log]\nformat = \"json\"\n".clone_into(&mut plan.sidecar.more);
    "30s".clone_into(&mut plan.sidecar.token_ttl);
    let mut gateway = plan.start();
    let endpoints = administration(&gateway);
    let mut root = first_administrator(&gateway);
    let users = "/_latchkey/v1/admin/users";
    assert_eq!(root.request("GET", users).send().status, 200);
    // The life of the token, and what clocks may differ.
    let ends = wait::unix_now() + 30 + 30;
    let patience = Duration::from_secs(100);
    let over = || (wait::unix_now() > ends).then_some(());
    wait::within(patience, over).expect("time goes on");
    every_answer(&root, &endpoints, 401, "unauthorized");
    assert_eq!(audited(&mut gateway), "expired");
    let renewed = root.call("POST", "/_latchkey/v1/self/refresh", &json!({}));
    assert_eq!(renewed.status, 200, "{}", renewed.text());
    assert_eq!(root.request("GET", users).send().status, 200);
}
