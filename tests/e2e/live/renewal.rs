//! A session outlives its token without anyone noticing.

use std::io::Write;
use std::net::TcpStream;
use std::thread;

use latchkey_tests::http::Request;
use latchkey_tests::{Forge, wait};
use serde_json::json;

use super::{Live, SECRET, renewed};

/// A gateway whose sidecar gives a good new token; an expired one, and the new one.
fn expired() -> (Live, String, String) {
    let live = Live::start();
    let (old, new) = (
        live.token(&live.ending(-100)),
        live.token(&live.ending(600)),
    );
    live.renew_with(&new);
    (live, old, new)
}

#[test]
fn a_page_a_script_and_a_form_go_on_with_a_new_token() {
    let (live, old, new) = expired();
    let body = "x".repeat(300_000);
    let browser = live.browser(&old);
    let origin = format!("http://localhost:{}", live.envoy.port);
    for (what, request) in [
        ("a page", browser.navigate("/page")),
        ("a script", browser.get("/data")),
        (
            "a form",
            browser
                .request("POST", "/form")
                .header("origin", origin)
                .body(body.as_bytes()),
        ),
    ] {
        live.app
            .answer_with("cache-control: public, max-age=3600\r\n", "ok");
        let answer = request.send();
        assert_eq!(answer.status, 200, "{what}: {answer:?}");
        let names: Vec<String> = answer.cookies().into_iter().map(|(n, ..)| n).collect();
        assert_eq!(names, ["latchkey", "latchkey-refresh"], "{what}");
        assert_eq!(answer.cookies()[0].1, new, "{what}");
        // Case 106: with our cookie in it, no cache may keep it.
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
        let received = live.app.only();
        let user = live.forge.claims()["sub"].clone();
        assert_eq!(
            received.header("x-auth-request-user").as_deref(),
            user.as_str(),
            "{what}"
        );
        assert_eq!(received.header("cookie"), None, "{what}");
        if what == "a form" {
            assert_eq!(received.rest, body.as_bytes());
        }
    }
    // The worker remembers: one call for the three.
    let expected = json!({"refresh": SECRET}).to_string();
    assert_eq!(live.internal.take_refreshes(), [expected]);
    let answer = live.browser(&new).get("/").send();
    assert_eq!((answer.status, answer.cookies().len()), (200, 0));
    assert_eq!(live.stat("renewals.ok"), 1);
}

#[test]
fn a_websocket_opens_with_a_new_token() {
    let (live, old, new) = expired();
    let origin = format!("http://localhost:{}", live.envoy.port);
    let request = live
        .browser(&old)
        .get("/socket")
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("origin", origin);
    let answer = request.send();
    assert_eq!(answer.status, 101, "{answer:?}");
    assert_eq!(answer.cookies()[0].1, new);
}

#[test]
fn a_token_that_is_about_to_end_is_replaced_and_nobody_else_waits() {
    let live = Live::start();
    let (old, new) = (live.token(&live.ending(30)), live.token(&live.ending(600)));
    live.renew_with(&new);
    live.internal.hold_refreshes(true);
    let first = send(&live.browser(&old).get("/first"));
    wait::until("it asks", || (live.internal.refreshes() == 1).then_some(()));
    for _ in 0..5 {
        let answer = live.browser(&old).get("/others").send();
        assert_eq!((answer.status, answer.cookies().len()), (200, 0));
    }
    assert_eq!(live.internal.refreshes(), 1);
    live.internal.hold_refreshes(false);
    let answer = first.join().expect("an answer");
    assert_eq!(answer, (200, 2));
    let answer = live.browser(&old).get("/later").send();
    assert_eq!((answer.status, answer.cookies().len()), (200, 2));
    assert_eq!(live.internal.refreshes(), 1);
}

/// Case 103.
#[test]
fn the_first_who_waits_can_go_away() {
    let (live, old, _) = expired();
    live.internal.hold_refreshes(true);
    let first = leave_waiting(&live, &live.browser(&old).get("/first"));
    wait::until("it asks", || (live.internal.refreshes() == 1).then_some(()));
    let others: Vec<_> = (0..2)
        .map(|_| send(&live.browser(&old).get("/others")))
        .collect();
    wait::until("they ask", || {
        (live.internal.refreshes() == 3).then_some(())
    });
    drop(first);
    live.internal.hold_refreshes(false);
    for other in others {
        assert_eq!(other.join().expect("an answer"), (200, 2));
    }
    let answer = live.browser(&old).get("/next").send();
    assert_eq!((answer.status, answer.cookies().len()), (200, 2));
    // What is counted is released: the cap is reached by as many as ever.
    let _ = live.internal.take_refreshes();
}

#[test]
fn calls_are_capped_and_released_when_clients_go_away() {
    let live = Live::start();
    live.renew_with(&live.token(&live.ending(600)));
    live.internal.hold_refreshes(true);
    let session = |number: u32| {
        let mut claims = live.ending(-100);
        let id = format!("0b9e1d6c-6c1f-4f0a-8d3a-{number:012}");
        claims["sub"] = id.clone().into();
        claims["sid"] = id.into();
        claims
    };
    for round in 0..2 {
        let _ = live.internal.take_refreshes();
        let waiting: Vec<_> = (0..64)
            .map(|number| {
                let token = live.token(&session(number));
                leave_waiting(&live, &live.browser(&token).get("/"))
            })
            .collect();
        wait::until("all of them ask", || {
            (live.internal.refreshes() == 64).then_some(())
        });
        let capped = live.stat("renewals.capped");
        let token = live.token(&session(64));
        let answer = live.browser(&token).get("/").send();
        assert_eq!(answer.status, 503, "round {round}");
        assert!(answer.header("retry-after").is_some());
        assert_eq!(live.stat("renewals.capped"), capped + 1);
        // One that still lives goes on.
        let mut claims = live.ending(30);
        for id in ["sub", "sid"] {
            claims[id] = session(65)[id].clone();
        }
        let alive = live.token(&claims);
        assert_eq!(live.browser(&alive).get("/").send().status, 200);
        drop(waiting);
        wait::until("they are gone", || {
            let active = live.envoy.stat("http.gateway.downstream_rq_active");
            (active == 0).then_some(())
        });
    }
}

/// Whoever has an old token and no secret can keep a few calls busy, and nobody else waits for that:
/// not the account that the token was of, and no other.
#[test]
fn who_makes_secrets_up_keeps_nobody_from_renewing() {
    let live = Live::start();
    // The cookie of 48 zero bytes, and what a token says of the secret in it.
    let (secret, rt_hash) = ("A".repeat(64), "Zmh6rfhivXdsj8GLjp-OIA");
    let new = live.token(&live.ending(600));
    let good = renewed(&new);
    let is_good = secret.clone();
    live.internal.answer_refresh(move |body| {
        if body.contains(&is_good) {
            (200, good.clone())
        } else {
            (401, String::new())
        }
    });
    let mut claims = live.ending(-100);
    claims["rt_hash"] = rt_hash.into();
    let old = live.token(&claims);
    live.internal.hold_refreshes(true);
    let mut held = Vec::new();
    for number in 0..64 {
        let stranger = live.with_secret(&old, &format!("made-up-{number}"));
        if number < 8 {
            held.push(leave_waiting(&live, &stranger.get("/")));
            wait::until("it asks", || {
                (live.internal.refreshes() == number + 1).then_some(())
            });
        } else {
            let answer = stranger.get("/").send();
            assert_eq!(answer.status, 503);
            assert!(answer.header("retry-after").is_some());
        }
    }
    assert_eq!(live.internal.refreshes(), 8);
    let owner = send(&live.with_secret(&old, &secret).get("/owner"));
    let mut claims = live.ending(-100);
    claims["sub"] = "5b2f1c1e-0d2b-4f5e-9f0a-0c8f3a2b1d11".into();
    let other = leave_waiting(&live, &live.browser(&live.token(&claims)).get("/other"));
    wait::until("both ask", || {
        (live.internal.refreshes() == 10).then_some(())
    });
    live.internal.hold_refreshes(false);
    assert_eq!(owner.join().expect("an answer"), (200, 2));
    drop((held, other));
}

/// An account has its calls, and the others have theirs.
#[test]
fn one_account_leaves_calls_to_the_others() {
    let live = Live::start();
    live.renew_with(&live.token(&live.ending(600)));
    live.internal.hold_refreshes(true);
    // Many sessions of one account.
    let greedy = |number: usize| {
        let mut claims = live.ending(-100);
        claims["sid"] = format!("0b9e1d6c-6c1f-4f0a-8d3a-{number:012}").into();
        live.browser(&live.token(&claims))
    };
    let held: Vec<_> = (0..32)
        .map(|number| leave_waiting(&live, &greedy(number).get("/")))
        .collect();
    wait::until("all of them ask", || {
        (live.internal.refreshes() == 32).then_some(())
    });
    assert_eq!(greedy(32).get("/").send().status, 503);
    let mut claims = live.ending(-100);
    claims["sub"] = "5b2f1c1e-0d2b-4f5e-9f0a-0c8f3a2b1d11".into();
    let other = live.token(&claims);
    let other = leave_waiting(&live, &live.browser(&other).get("/"));
    wait::until("another account asks", || {
        (live.internal.refreshes() == 33).then_some(())
    });
    drop((held, other));
}

#[test]
fn without_the_sidecar_the_expired_wait_and_the_others_notice_nothing() {
    let (live, old, _) = expired();
    let alive = live.token(&live.ending(30));
    live.internal.set_down(true);
    let _ = live.internal.take_connections();
    let start = wait::unix_now();
    for _ in 0..50 {
        let answer = live.browser(&old).get("/").send();
        assert_eq!(answer.status, 503);
        assert!(answer.header("retry-after").is_some());
        let page = live.browser(&old).navigate("/").send();
        assert_eq!(page.status, 503, "no redirect to a sign-in that is away");
        assert_eq!(live.browser(&alive).get("/").send().status, 200);
    }
    let seconds = wait::unix_now() - start + 1;
    let calls = live.stat("renewals.failed");
    assert!(calls <= 5 + seconds, "{calls} calls in {seconds} s");
    live.internal.set_down(false);
    wait::until("it is back", || {
        (live.browser(&old).get("/").send().status == 200).then_some(())
    });
}

/// Case 107.
#[test]
fn no_call_without_a_signed_token_and_a_refresh_cookie() {
    let (live, old, new) = expired();
    let stranger = Forge::new(&live.forge.issuer, "key-1", 9);
    let forged = stranger.sign(&stranger.header(), &live.ending(-100));
    for number in 0..20 {
        let secret = format!("secret-{number}");
        for token in ["", "a.b.c", &forged] {
            let answer = live.with_secret(token, &secret).get("/").send();
            assert_eq!(answer.status, 401);
        }
    }
    let alone = live
        .envoy
        .client()
        .with("cookie", &format!("latchkey={old}"));
    assert_eq!(alone.get("/").send().status, 401);
    let secret = format!("latchkey-refresh={SECRET}");
    let bearer = live.bearer(&old).header("cookie", secret);
    assert_eq!(bearer.send().status, 401);
    let foreign = live
        .browser(&old)
        .request("POST", "/")
        .header("origin", "https://evil.example");
    assert_eq!(foreign.send().status, 403);
    assert_eq!(live.internal.refreshes(), 0);

    // With one, secrets that open nothing end the session. Who asks again at once makes no call.
    live.internal.answer_refresh(move |body| {
        if body.contains(SECRET) {
            (200, renewed(&new))
        } else {
            (401, String::new())
        }
    });
    for number in 0..5 {
        let browser = live.with_secret(&old, &format!("secret-{number}"));
        assert_eq!(browser.get("/").send().status, 401);
        assert_eq!(browser.navigate("/").send().status, 302);
    }
    let calls = live.internal.take_refreshes().len();
    assert!((5..10).contains(&calls), "{calls}");
    assert_eq!(
        live.stat("renewals.refused"),
        u64::try_from(calls).expect("few")
    );
    assert_eq!(live.browser(&old).get("/").send().status, 200);
}

#[test]
fn a_secret_of_another_session_renews_nothing_and_keeps_nobody_waiting() {
    let live = Live::start();
    let mut other = live.ending(600);
    other["sub"] = "5b2f1c1e-0d2b-4f5e-9f0a-0c8f3a2b1d11".into();
    let (good, other) = (live.token(&live.ending(600)), live.token(&other));
    live.internal.answer_refresh(move |body| {
        let token = if body.contains(SECRET) { &good } else { &other };
        (200, renewed(token))
    });
    for number in 0..5 {
        // Another token each time: no answer is remembered.
        let mut claims = live.ending(-100);
        claims["jti"] = format!("old-{number}").into();
        let old = live.token(&claims);
        let mixed = live.with_secret(&old, "of-another-session");
        let answer = mixed.get("/mixed").send();
        assert_eq!((answer.status, answer.cookies().len()), (401, 0));
        // A person is sent to sign in, which mends it.
        assert_eq!(mixed.navigate("/mixed").send().status, 302);
        let answer = live.browser(&old).get("/good").send();
        assert_eq!((answer.status, answer.cookies().len()), (200, 2));
    }
    assert_eq!(
        live.stat("renewals.failed") + live.stat("renewals.capped"),
        0
    );
    let seen = live.app.take();
    assert!(seen.iter().all(|request| request.target() == "/good"));
}

#[test]
fn a_new_token_under_a_new_key_is_understood() {
    let live = Live::start();
    let next = Forge::new(&live.forge.issuer, "key-2", 9);
    let old = live.token(&live.ending(-100));
    live.internal
        .publish_keys(json!({"keys": [live.forge.jwk(), next.jwk()]}));
    live.renew_with(&next.sign(&next.header(), &live.ending(600)));
    assert_eq!(live.browser(&old).get("/").send().status, 200);
    assert_eq!(live.internal.take_refreshes().len(), 1);
}

/// Sends a request from a thread of its own; gives status and number of cookies.
fn send(request: &Request) -> thread::JoinHandle<(u16, usize)> {
    let request = request.clone();
    thread::spawn(move || {
        let answer = request.send();
        (answer.status, answer.cookies().len())
    })
}

/// Sends a request and does not read the answer; the client goes away when the stream is dropped.
fn leave_waiting(live: &Live, request: &Request) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", live.envoy.port)).expect("the gateway");
    stream
        .write_all(&request.bytes())
        .expect("the gateway reads");
    stream
}
