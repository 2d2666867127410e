//! A long run of mixed requests, good and hostile, through the real Envoy with the real filter and
//! the real sidecar: every answer is the expected one, nothing traps, memory stays flat.
//! `scripts/soak` starts it.

mod connection;
mod kinds;
mod poison;

use std::env;
use std::io::{Write, stderr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use latchkey_tests::{Gateway, Plan, Visitor, wait};

use connection::Connection;
use kinds::Kinds;

/// Connections that send at the same time: one worker of Envoy is kept busy by fewer.
const SENDERS: u64 = 4;
/// How often memory is looked at in a run.
const REPORTS: u64 = 20;
/// Growth is measured from here: by then every path was taken, and caches and V8's heap are warm.
const WARM_AT: u64 = REPORTS / 4;
/// What Envoy may grow by after that. Its allocator and V8's collector breathe by some MiB; a leak
/// of a hundred bytes a request would be 70 MiB in a million.
const MAX_GROWTH_KIB: u64 = 24 * 1024;
/// A run that takes longer has hung somewhere.
const MAX_SECONDS: u64 = 2 * 3600;
/// Members log in again this often: their tokens live for ten minutes.
const LOGIN_SECONDS: u64 = 240;
/// People with a session, whose names the application must be told, and nobody else's.
struct Members {
    visitors: Mutex<Vec<Visitor>>,
    tokens: Mutex<Vec<String>>,
}

impl Members {
    fn register(port: u16) -> Self {
        let visitors: Vec<Visitor> = (0..5)
            .map(|number| {
                let mut visitor = Visitor::new(port);
                visitor.register(&format!("member-{number}"));
                visitor
            })
            .collect();
        let members = Self {
            visitors: Mutex::new(visitors),
            tokens: Mutex::default(),
        };
        members.collect_tokens();
        members
    }

    /// Logs everyone in again.
    fn log_in(&self) {
        let mut visitors = self.visitors.lock().unwrap_or_else(PoisonError::into_inner);
        for (number, visitor) in visitors.iter_mut().enumerate() {
            visitor.log_in(&format!("member-{number}"));
        }
        drop(visitors);
        self.collect_tokens();
    }

    fn collect_tokens(&self) {
        let visitors = self.visitors.lock().unwrap_or_else(PoisonError::into_inner);
        *self.tokens.lock().unwrap_or_else(PoisonError::into_inner) = visitors
            .iter()
            .filter_map(|visitor| visitor.cookies.get("latchkey").cloned())
            .collect();
    }

    fn token(&self, number: u64) -> String {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let index = usize::try_from(number).unwrap_or(0) % tokens.len();
        tokens[index].clone()
    }
}

fn main() {
    let mut arguments = env::args().skip(1);
    let first = arguments.next();
    let number = |text: Option<String>| text.and_then(|text| text.parse().ok());
    let mut gateway = Plan::new().start();
    gateway.envoy.quieten();
    let members = Members::register(gateway.envoy.port);
    if first.as_deref() == Some("--poison") {
        poison::run(&gateway, &members, number(arguments.next()).unwrap_or(600));
    } else {
        soak(&mut gateway, &members, number(first).unwrap_or(1_000_000));
    }
    assert_no_trap(&gateway);
    say("nothing trapped");
}

fn soak(gateway: &mut Gateway, members: &Members, count: u64) {
    let done = AtomicU64::new(0);
    let failed = AtomicBool::new(false);
    let port = gateway.envoy.port;
    let expired = members.token(0);
    let mut warm = 0;
    thread::scope(|scope| {
        for sender in 0..SENDERS {
            let (done, failed, expired) = (&done, &failed, &expired);
            scope.spawn(move || {
                let stop = StopOthers(failed);
                let mut kinds = Kinds::new(port, sender, expired);
                let mut connection = Connection::new(port);
                while !failed.load(Ordering::Relaxed) {
                    let number = done.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    kinds.send(&mut connection, number, &members.token(number));
                }
                std::mem::forget(stop);
            });
        }
        let _stop = StopOthers(&failed);
        let start = wait::unix_now();
        let mut login = start;
        let mut reports = 0;
        while reports < REPORTS && !failed.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(50));
            check_application(gateway);
            let now = wait::unix_now();
            assert!(
                now - start < MAX_SECONDS,
                "not done in {MAX_SECONDS} seconds"
            );
            if now - login > LOGIN_SECONDS {
                login = now;
                members.log_in();
            }
            let so_far = done.load(Ordering::Relaxed).min(count);
            if so_far < count * (reports + 1) / REPORTS {
                continue;
            }
            reports += 1;
            let resident = gateway.envoy.process().resident_kib().expect("Envoy runs");
            let (heap, sidecar) = (
                allocated_kib(gateway),
                gateway.sidecar.process().resident_kib(),
            );
            say(&format!(
                "{so_far:>9} requests, {:>5} s: Envoy {resident} KiB resident ({heap} KiB allocated), sidecar {} KiB",
                now - start,
                sidecar.unwrap_or(0),
            ));
            if reports == WARM_AT {
                warm = resident;
            }
            assert!(
                reports <= WARM_AT || resident <= warm + MAX_GROWTH_KIB,
                "Envoy has grown by {} KiB since it was warm",
                resident - warm
            );
        }
    });
    assert!(!failed.into_inner(), "see above");
    say(&format!("{count} requests answered as expected"));
}

/// Ends the others' work when its owner panics.
struct StopOthers<'a>(&'a AtomicBool);

impl Drop for StopOthers<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

/// The application was told of members or of nobody, and saw nothing that is not for it.
fn check_application(gateway: &Gateway) {
    for request in gateway.upstream.take() {
        let target = request.target();
        let user = request.header("x-auth-request-preferred-username");
        if target.starts_with("/public/") {
            assert_eq!(user, None, "{target}");
        } else {
            assert!(target.starts_with("/guarded/"), "{target} got through");
            let user = user.unwrap_or_default();
            assert!(user.starts_with("member-"), "{target}: {user:?}");
        }
        assert_eq!(request.header("x-auth-request-groups"), None, "{target}");
        assert!(
            request
                .header_all("cookie")
                .iter()
                .all(|cookie| !cookie.contains("latchkey")),
            "{target}: the session got through"
        );
    }
}

/// What Envoy's own allocator has given out; V8's memory is not in it.
fn allocated_kib(gateway: &Gateway) -> u64 {
    let memory = gateway.envoy.admin("/memory").json();
    let bytes = memory["allocated"]
        .as_str()
        .and_then(|text| text.parse::<u64>().ok());
    bytes.unwrap_or(0) / 1024
}

fn assert_no_trap(gateway: &Gateway) {
    let traps = gateway.envoy.traps();
    assert!(traps.is_empty(), "{traps:#?}");
}

fn say(text: &str) {
    let _ = writeln!(stderr(), "soak: {text}");
}
