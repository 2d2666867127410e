//! Case 102: ten thousand sessions whose tokens end in the same minute.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use latchkey_tests::http::read_response;
use latchkey_tests::{Forge, Response, wait};

use super::{Live, renewed};

const SESSIONS: usize = 10_000;
/// More at once than there are calls.
const CLIENTS: usize = 128;
/// Per worker, of which there is one.
const CALLS: usize = 64;

/// A browser with a connection that it keeps.
struct Browser<'a> {
    live: &'a Live,
    stream: TcpStream,
}

impl<'a> Browser<'a> {
    fn new(live: &'a Live) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", live.envoy.port)).expect("the gateway");
        Self { live, stream }
    }

    fn ask(&mut self, token: &str, secret: &str) -> Response {
        let request = self.live.with_secret(token, secret).get("/page");
        let request = request.header("connection", "keep-alive").bytes();
        self.stream.write_all(&request).expect("the gateway reads");
        read_response(&mut self.stream, false).expect("an answer")
    }
}

/// Of a session, and of its user.
fn id(number: usize) -> String {
    format!("0b9e1d6c-6c1f-4f0a-8d3a-{number:012}")
}

/// The token of a user's session, `left` seconds before its end.
fn token(live: &Live, number: usize, left: i64) -> String {
    let mut claims = live.ending(left);
    claims["sub"] = id(number).into();
    claims["sid"] = id(number).into();
    live.token(&claims)
}

/// The sidecar gives a new token to whoever shows the id of a session as its secret.
fn renew_all(live: &Live) {
    let forge = Forge::new(&live.forge.issuer, "key-1", 7);
    live.internal.answer_refresh(move |body| {
        let asked: serde_json::Value = serde_json::from_str(body).expect("JSON");
        let mut claims = forge.claims();
        claims["sub"] = asked["refresh"].clone();
        claims["sid"] = asked["refresh"].clone();
        (200, renewed(&forge.sign(&forge.header(), &claims)))
    });
}

#[test]
fn ten_thousand_tokens_that_end_in_the_same_minute_are_replaced_one_call_each() {
    let live = Live::start();
    live.envoy.quieten();
    renew_all(&live);
    let (next, early) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let visit = |browser: &mut Browser<'_>, number: usize| {
        // With the skew of 30 s half of them have ended, and wait; the others could do without.
        let left = i64::try_from(number % 60).expect("a small number") - 60;
        let (old, secret) = (token(&live, number, left), id(number));
        wait::until("the session goes on with a new token", || {
            let answer = browser.ask(&old, &secret);
            if let [(name, new, _), ..] = answer.cookies().as_slice() {
                assert_eq!((answer.status, name.as_str()), (200, "latchkey"));
                assert_eq!(browser.ask(new, &secret).status, 200);
                return Some(());
            }
            // All calls are under way. Whoever can wait goes on; the others hear when to come back.
            early.fetch_add(1, Ordering::Relaxed);
            let is_told = answer.header("retry-after").is_some();
            assert!(
                matches!((answer.status, is_told), (200, false) | (503, true)),
                "{answer:?}"
            );
            None
        });
    };
    live.internal.hold_refreshes(true);
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut browser = Browser::new(&live);
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= SESSIONS {
                        return;
                    }
                    visit(&mut browser, number);
                }
            });
        }
        wait::until("there are no calls left", || {
            (live.stat("renewals.capped") > 0).then_some(())
        });
        live.internal.hold_refreshes(false);
    });
    assert_eq!(live.internal.refreshes(), SESSIONS, "one call for each");
    let most = live.internal.most_refreshes_at_once();
    assert!(most <= CALLS, "{most} calls at once");
    assert_eq!(live.stat("renewals.ok"), 10_000);
    assert_eq!(live.stat("renewals.failed"), 0);
    let capped = usize::try_from(live.stat("renewals.capped")).expect("a small number");
    assert_eq!(capped, early.into_inner());
}
