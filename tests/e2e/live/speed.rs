//! How long it takes until every worker of two gateways refuses a session that was ended:
//! `scripts/bench --logout`. Prints figures and asserts none.
//!
//! On a busy machine the round trips that find it out may take longer than what they are to measure.
//! So two times are told: when all had been refused, and when the last request that passed was answered.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it measures, by the real clock, and says what it found"
)]

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use latchkey_tests::http::read_response;
use latchkey_tests::{Envoy, Gateway, Plan, Visitor};
use serde_json::json;

use crate::operate::{order, signing_key};

/// After the answer to whoever ended a session.
struct Measured {
    /// All connections of all workers were refused.
    refused: Duration,
    /// The last request that passed was answered; nothing where none did.
    passed: Duration,
}

/// Two Envoys with two workers each, in front of one sidecar.
struct Fleet {
    gateway: Gateway,
    second: Envoy,
}

impl Fleet {
    fn start() -> Self {
        let mut plan = Plan::new();
        plan.envoy.workers(2);
        let (gateway, second) = plan.start_two();
        Self { gateway, second }
    }

    fn visitor(&self, name: &str) -> Visitor {
        let mut visitor = Visitor::new(self.gateway.envoy.port);
        visitor.register(name);
        visitor
    }

    fn order(&self, arguments: &[&str]) {
        let _ = order(&self.gateway, arguments);
    }

    /// How long after `end` has returned the session is refused.
    fn measure(&self, ann: &mut Visitor, end: impl FnOnce(&mut Visitor)) -> Measured {
        let request = ann
            .request("GET", "/")
            .header("connection", "keep-alive")
            .bytes();
        // Enough of them that both workers of each have some.
        let ports = [self.gateway.envoy.port, self.second.port];
        let mut connections: Vec<TcpStream> = ports
            .iter()
            .flat_map(|port| [port; 8])
            .map(|port| TcpStream::connect(("127.0.0.1", *port)).expect("the gateway"))
            .collect();
        let status = |stream: &mut TcpStream| {
            stream.write_all(&request).expect("the gateway reads");
            read_response(stream, false).expect("an answer").status
        };
        assert!(connections.iter_mut().all(|stream| status(stream) == 200));
        end(ann);
        let start = Instant::now();
        let mut passed = Duration::ZERO;
        while !connections.is_empty() {
            connections.retain_mut(|stream| {
                let goes_on = status(stream) == 200;
                if goes_on {
                    passed = start.elapsed();
                }
                goes_on
            });
        }
        Measured {
            refused: start.elapsed(),
            passed,
        }
    }
}

fn print(what: &str, target: &str, times: &[Measured]) {
    let show = |time: fn(&Measured) -> Duration| {
        let mut times: Vec<Duration> = times.iter().map(time).collect();
        times.sort_unstable();
        let at = |hundredths: usize| times[times.len() * hundredths / 100];
        let (p50, p99, longest) = (at(50), at(99), times[times.len() - 1]);
        format!("p50 {p50:.1?}, p99 {p99:.1?}, longest {longest:.1?}")
    };
    println!(
        "{what}, {} times: until all workers of both gateways refuse: {} (to be: p99 {target}); until \
         the last request that passed: {}",
        times.len(),
        show(|it| it.refused),
        show(|it| it.passed),
    );
}

#[test]
#[ignore = "measures"]
fn how_long_a_logout_takes() {
    /// One account alone would sign in too often.
    const OF_EACH: usize = 20;
    let fleet = Fleet::start();
    fleet.gateway.envoy.quieten();
    fleet.second.quieten();
    let mut times = Vec::new();
    for number in 0..5 {
        let name = format!("ann-{number}");
        let mut ann = fleet.visitor(&name);
        for _ in 0..OF_EACH {
            ann.log_in(&name);
            times.push(fleet.measure(&mut ann, |ann| {
                let answer = ann.call("POST", "/_latchkey/v1/self/logout", &json!({}));
                assert!(answer.status < 300, "{}", answer.text());
            }));
        }
    }
    print("a logout", "250 ms", &times);

    let (of_user, everyone, disable) = (
        ["sessions", "revoke", "--user", "bob"],
        ["sessions", "revoke", "--everyone"],
        ["users", "disable", "dan"],
    );
    for (what, name, words) in [
        ("a user's sessions revoked", "bob", &of_user[..]),
        ("everyone signed out", "cat", &everyone),
        ("a user disabled", "dan", &disable),
    ] {
        let mut person = fleet.visitor(name);
        let times = (0..OF_EACH).map(|_| {
            fleet.order(&["users", "enable", name]);
            person.log_in(name);
            fleet.measure(&mut person, |_| fleet.order(words))
        });
        print(what, "250 ms", &times.collect::<Vec<_>>());
    }

    let mut eve = fleet.visitor("eve");
    let times = (0..OF_EACH).map(|_| {
        eve.log_in("eve");
        let kid = signing_key(&fleet.gateway);
        fleet.measure(&mut eve, |_| fleet.order(&["keys", "revoke", &kid]))
    });
    print("a key revoked", "1 s", &times.collect::<Vec<_>>());
}
