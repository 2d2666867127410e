//! The same with the real sidecar.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use latchkey_tests::http::read_response;
use latchkey_tests::{Gateway, Plan, Visitor, wait};
use serde_json::json;

fn two_workers(change: impl FnOnce(&mut Plan)) -> Gateway {
    let mut plan = Plan::new();
    plan.envoy.workers(2);
    change(&mut plan);
    plan.start()
}

#[test]
fn a_logout_counts_on_every_worker_and_after_a_restart() {
    let mut gateway = two_workers(|_| {});
    let port = gateway.envoy.port;
    let mut ann = Visitor::new(port);
    ann.register("ann");
    let mut before = Visitor::new(port);
    before.cookies = ann.cookies.clone();
    let statuses = || -> Vec<u16> {
        let send = |_| before.request("GET", "/").send().status;
        (0..20).map(send).collect()
    };
    wait::until("both workers let her pass", || {
        statuses().iter().all(|status| *status == 200).then_some(())
    });
    let answer = ann.call("POST", "/_latchkey/v1/self/logout", &json!({}));
    assert!(answer.status < 300, "{}", answer.text());
    wait::until("both workers refuse the old cookies", || {
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
    let gateway = two_workers(|plan| plan.sidecar.token_ttl = "30s".to_owned());
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

/// Prints figures and asserts none: `scripts/bench --logout`.
#[test]
#[ignore = "measures"]
#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it measures, by the real clock, and says what it found"
)]
fn how_long_a_logout_takes() {
    const ROUNDS: usize = 100;
    let gateway = two_workers(|_| {});
    let port = gateway.envoy.port;
    // One account alone would sign in too often.
    let mut visitors: Vec<_> = (0..ROUNDS.div_ceil(20))
        .map(|number| {
            let (mut visitor, name) = (Visitor::new(port), format!("ann-{number}"));
            visitor.register(&name);
            (visitor, name)
        })
        .collect();
    let mut times: Vec<Duration> = Vec::new();
    for round in 0..ROUNDS {
        let (ann, name) = &mut visitors[round / 20];
        ann.log_in(name);
        let request = ann
            .request("GET", "/")
            .header("connection", "keep-alive")
            .bytes();
        // Enough of them that both workers have some.
        let mut connections: Vec<TcpStream> = (0..8)
            .map(|_| TcpStream::connect(("127.0.0.1", port)).expect("the gateway"))
            .collect();
        let status = |stream: &mut TcpStream| {
            stream.write_all(&request).expect("the gateway reads");
            read_response(stream, false).expect("an answer").status
        };
        assert!(connections.iter_mut().all(|stream| status(stream) == 200));
        let answer = ann.call("POST", "/_latchkey/v1/self/logout", &json!({}));
        let start = Instant::now();
        assert!(answer.status < 300, "{}", answer.text());
        while !connections.is_empty() {
            connections.retain_mut(|stream| status(stream) == 200);
        }
        times.push(start.elapsed());
    }
    times.sort_unstable();
    println!(
        "a logout, from its answer to the refusal on all connections of both workers, {ROUNDS} \
         times: p50 {:?}, p99 {:?} (to be: 250 ms), longest {:?}",
        times[ROUNDS / 2],
        times[ROUNDS * 99 / 100],
        times[ROUNDS - 1]
    );
}
