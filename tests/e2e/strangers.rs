//! Those who do not belong here: floods of logins, and the doors of the administration.

use latchkey_tests::{Gateway, Plan, Visitor};
use serde_json::{Value, json};
use software_authenticator::{Authenticator, encode};
use std::fs;
use std::path::Path;
use std::thread;

use crate::conformance::start;
use crate::operate::order;

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
    let document = gateway.client().get("/_latchkey/v1/openapi.json").send();
    let document = document.json();
    let paths = document["paths"].as_object().expect("paths").clone();
    let mut found = Vec::new();
    for (path, methods) in paths {
        let below = path.strip_prefix("/_latchkey").unwrap_or(&path);
        let administers = below.starts_with("/v1/admin/")
            || below.contains("/{mount}/config")
            || below.contains("/{mount}/user");
        for method in methods.as_object().into_iter().flat_map(|it| it.keys()) {
            if administers && ["get", "post", "put", "patch", "delete"].contains(&method.as_str()) {
                let examples = [
                    ("{mount}", "webauthn"),
                    ("{user}", "ann"),
                    ("{name}", "ann"),
                    ("{id}", "00000000-0000-0000-0000-000000000001"),
                    ("{kid}", "none"),
                ];
                let path = examples
                    .iter()
                    .fold(below.to_owned(), |path, (from, to)| path.replace(from, to));
                assert!(!path.contains('{'), "{path}");
                found.push((method.to_uppercase(), format!("/_latchkey{path}")));
            }
        }
    }
    found
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
    let made = order(&gateway, &["admin", "bootstrap", "-o", "json"]);
    let made: Value = serde_json::from_str(&made).expect("JSON");
    let (_, code) = made["link"]
        .as_str()
        .and_then(|link| link.split_once('#'))
        .expect("a link");
    let mut root = Visitor::new(gateway.envoy.port);
    let options = root.begin("register", &json!({"code": code, "username": "root"}));
    let response = root.authenticator.create(&options);
    assert_eq!(root.finish("register", &response).status, 200);
    let listed = root.request("GET", "/_latchkey/v1/admin/users").send();
    assert_eq!(listed.status, 200, "{}", listed.text());
}
