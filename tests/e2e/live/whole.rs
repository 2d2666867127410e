//! The same with the real sidecar.

use latchkey_tests::{Plan, Visitor, wait};
use serde_json::json;

fn two_workers(change: impl FnOnce(&mut Plan)) -> Plan {
    let mut plan = Plan::new();
    plan.envoy.workers(2);
    change(&mut plan);
    plan
}

#[test]
fn a_logout_counts_on_every_worker_of_every_gateway_and_after_a_restart() {
    let (mut gateway, second) = two_workers(|_| {}).start_two();
    let port = gateway.envoy.port;
    let mut ann = Visitor::new(port);
    ann.register("ann");
    let before = [port, second.port].map(|port| {
        let mut before = Visitor::new(port);
        before.cookies = ann.cookies.clone();
        before
    });
    let statuses = || -> Vec<u16> {
        let visits = before.iter().flat_map(|before| [before; 20]);
        let send = |before: &Visitor| before.request("GET", "/").send().status;
        visits.map(send).collect()
    };
    wait::until("all workers let her pass", || {
        statuses().iter().all(|status| *status == 200).then_some(())
    });
    let answer = ann.call("POST", "/_latchkey/v1/self/logout", &json!({}));
    assert!(answer.status < 300, "{}", answer.text());
    wait::until("all workers refuse the old cookies", || {
        statuses().iter().all(|status| *status == 401).then_some(())
    });
    gateway.sidecar.restart();
    let mut bob = Visitor::new(port);
    bob.register("bob");
    wait::until("bob passes", || {
        (bob.request("GET", "/").send().status == 200).then_some(())
    });
    assert!(statuses().iter().all(|status| *status == 401));
}

#[test]
fn a_session_outlives_its_token() {
    let gateway = two_workers(|plan| plan.sidecar.token_ttl = "30s".to_owned()).start();
    let mut ann = Visitor::new(gateway.envoy.port);
    ann.register("ann");
    let first = ann.cookies["latchkey"].clone();
    // After half of its life the first request that comes brings a new one.
    let answer = wait::until("a new token comes", || {
        let answer = ann.request("GET", "/").send();
        assert_eq!(answer.status, 200);
        (!answer.cookies().is_empty()).then_some(answer)
    });
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    ann.keep_cookies(&answer);
    assert_ne!(ann.cookies["latchkey"], first);
    assert_eq!(ann.request("GET", "/").send().status, 200);
    let answer = ann.call("POST", "/_latchkey/v1/self/logout", &json!({}));
    assert!(answer.status < 300, "{}", answer.text());
}
