//! What a logout and an operator's orders do at the gateway, through the real sidecar.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey_tests::{Gateway, Plan, Visitor, programs, wait};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

pub(crate) fn order(gateway: &Gateway, arguments: &[&str]) -> String {
    order_in(gateway.dir(), arguments)
}

/// The same to the sidecar whose configuration is in this directory.
pub(crate) fn order_in(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new(programs::sidecar())
        .args(arguments)
        .arg("--config")
        .arg(directory.join("latchkey.toml"))
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The id of the key that signs.
pub(crate) fn signing_key(gateway: &Gateway) -> String {
    let keys = order(gateway, &["keys", "list", "-o", "json"]);
    let keys: serde_json::Value = serde_json::from_str(&keys).expect("JSON");
    let mut keys = keys["keys"].as_array().expect("keys").iter();
    let signs = keys.find(|key| key["state"] == "signs");
    let kid = signs.and_then(|key| key["kid"].as_str());
    kid.expect("a key that signs").to_owned()
}

/// What the gateway answers to the cookies that this visitor held.
fn status(visitor: &Visitor) -> u16 {
    visitor.request("GET", "/orders").send().status
}

/// Every worker hears within moments; a request may meet one that is a message behind.
fn await_refusal(visitor: &Visitor, what: &str) {
    wait::until(what, || (status(visitor) == 401).then_some(()));
}

#[test]
fn an_operator_gives_a_passkey_another_label() {
    let gateway = Gateway::start();
    let mut ann = Visitor::new(gateway.envoy.port);
    ann.register("ann");
    let passkeys = || -> serde_json::Value {
        let shown = order(&gateway, &["users", "passkeys", "ann", "-o", "json"]);
        serde_json::from_str(&shown).expect("JSON")
    };
    let id = passkeys()["passkeys"][0]["id"].clone();
    let id = id.as_str().expect("an id");
    let table = order(&gateway, &["users", "label-passkey", "ann", id, "Blue key"]);
    assert!(table.contains("Blue key"), "{table}");
    assert_eq!(passkeys()["passkeys"][0]["label"], "Blue key");
}

#[test]
fn a_token_is_refused_at_the_gateway_after_its_logout() {
    let gateway = Gateway::start();
    let mut ann = Visitor::new(gateway.envoy.port);
    ann.register("ann");
    let mut other = Visitor::new(gateway.envoy.port);
    other.register("bob");
    // Whoever copied the token before has it still.
    let mut thief = Visitor::new(gateway.envoy.port);
    thief.cookies.clone_from(&ann.cookies);
    assert_eq!(status(&thief), 200);
    let answer = ann.call("POST", "/_latchkey/v1/self/logout", &json!({}));
    assert_eq!(answer.status, 204);
    await_refusal(&thief, "the token of the session is refused");
    assert_eq!(status(&other), 200, "nobody else is sent away");
}

#[test]
fn an_operators_orders_count_at_the_gateway() {
    let gateway = Gateway::start();
    let mut ann = Visitor::new(gateway.envoy.port);
    ann.register("ann");
    let mut bob = Visitor::new(gateway.envoy.port);
    bob.register("bob");
    order(&gateway, &["users", "disable", "ann"]);
    await_refusal(&ann, "the disabled user is refused");
    assert_eq!(status(&bob), 200);

    order(&gateway, &["keys", "revoke", &signing_key(&gateway)]);
    await_refusal(&bob, "what the revoked key signed is refused");
    bob.log_in("bob");
    assert_eq!(status(&bob), 200, "the successor was published before");

    order(&gateway, &["sessions", "revoke", "--everyone"]);
    await_refusal(&bob, "everyone is refused");
    bob.log_in("bob");
    assert_eq!(status(&bob), 200, "a login after it counts");
}

#[test]
fn one_session_of_a_user_is_ended_or_all_of_them() {
    let gateway = Gateway::start();
    let mut ann = Visitor::new(gateway.envoy.port);
    ann.register("ann");
    let mut phone = Visitor::new(gateway.envoy.port);
    std::mem::swap(&mut phone.authenticator, &mut ann.authenticator);
    phone.log_in("ann");
    let mut bob = Visitor::new(gateway.envoy.port);
    bob.register("bob");
    let listed = || {
        let sessions = order(
            &gateway,
            &["sessions", "list", "--user", "ann", "-o", "json"],
        );
        let sessions: serde_json::Value = serde_json::from_str(&sessions).expect("JSON");
        sessions["sessions"].as_array().expect("sessions").clone()
    };
    let sessions = listed();
    assert_eq!(sessions.len(), 2);
    for session in &sessions {
        for told in ["id", "device", "created_at", "auth_time", "expires_at"] {
            assert!(session[told].is_string(), "{told}: {session}");
        }
        assert_eq!(session["address"], "127.0.0.1");
    }
    let sid = |visitor: &Visitor| {
        let token = &visitor.cookies["latchkey"];
        let claims = token.split('.').nth(1).expect("claims");
        let claims = URL_SAFE_NO_PAD.decode(claims).expect("base64url");
        let claims: serde_json::Value = serde_json::from_slice(&claims).expect("JSON");
        claims["sid"].as_str().expect("a session").to_owned()
    };
    order(&gateway, &["sessions", "revoke", "--session", &sid(&phone)]);
    await_refusal(&phone, "the one session is refused");
    assert_eq!(status(&ann), 200, "the other one goes on");
    assert_eq!(listed().len(), 1);

    phone.log_in("ann");
    assert_eq!(status(&phone), 200);
    order(&gateway, &["sessions", "revoke", "--user", "ann"]);
    await_refusal(&phone, "every session of the user is refused");
    await_refusal(&ann, "every session of the user is refused");
    assert_eq!(status(&bob), 200, "and nobody else's");
    assert_eq!(listed().len(), 0);
}

/// What the revoked key signed could be anybody's, so the gateway asks for no new token because of
/// it. The refresh secret is the client's own proof, and the client can show it itself.
#[test]
fn after_a_key_is_revoked_its_sessions_go_on_by_their_refresh_secret() {
    let gateway = Gateway::start();
    let mut ann = Visitor::new(gateway.envoy.port);
    ann.register("ann");
    assert_eq!(status(&ann), 200);
    order(&gateway, &["keys", "revoke", &signing_key(&gateway)]);
    await_refusal(&ann, "what the revoked key signed is refused");
    let page = ann
        .request("GET", "/orders")
        .header("sec-fetch-mode", "navigate");
    let answer = page.send();
    assert_eq!(answer.status, 302, "{answer:?}");
    let renewals = gateway.envoy.stats("latchkey.renewals");
    let called = renewals.values().filter_map(serde_json::Value::as_u64);
    assert_eq!(called.sum::<u64>(), 0, "{renewals:?}");

    // What the login page's script does by itself, and any other script can do.
    let mut thief = Visitor::new(gateway.envoy.port);
    thief.cookies.clone_from(&ann.cookies);
    thief.cookies.remove("latchkey-refresh");
    let refresh = "/_latchkey/v1/self/refresh";
    assert_eq!(thief.call("POST", refresh, &json!({})).status, 401);
    let answer = ann.call("POST", refresh, &json!({}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(status(&ann), 200);
}

/// Ends the visits, also when a test fails.
struct Until<'a>(&'a AtomicBool);

impl Drop for Until<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Two rotations at once, so that the second begins from a key that has just begun to sign.
#[test]
fn no_request_fails_while_keys_are_rotated() {
    let mut plan = Plan::new();
    plan.envoy.workers(2);
    let gateway = plan.start();
    let mut ann = Visitor::new(gateway.envoy.port);
    ann.register("ann");
    // Another session: those who log in meanwhile must not need the visits to pause.
    let mut bob = Visitor::new(gateway.envoy.port);
    bob.register("bob");
    let (is_over, visits) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    assert_eq!(status(&ann), 200);
                    visits.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let _until = Until(&is_over);
        let more = |than: usize| {
            wait::until("visits go on", || {
                (visits.load(Ordering::Relaxed) > than + 20).then_some(())
            });
        };
        more(0);
        let mut signed = Vec::new();
        for _ in 0..2 {
            let before = signing_key(&gateway);
            order(&gateway, &["keys", "rotate", "--now"]);
            assert_ne!(signing_key(&gateway), before);
            signed.push(before);
            // The first token under the new key passes at once, at either worker.
            bob.log_in("bob");
            assert!((0..8).all(|_| status(&bob) == 200));
            more(visits.load(Ordering::Relaxed));
        }
        // A verifier that fetches once in 20 minutes knows them all.
        let published = gateway
            .sidecar
            .public()
            .get("/_latchkey/.well-known/jwks.json");
        let published = published.send().text();
        assert!(
            signed.iter().all(|kid| published.contains(kid)),
            "{published}"
        );
    });
}

/// The key of each state.
fn ring(gateway: &Gateway) -> Vec<(String, String)> {
    let keys = order(gateway, &["keys", "list", "-o", "json"]);
    let keys: Value = serde_json::from_str(&keys).expect("JSON");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let keys = keys["keys"].as_array().expect("keys").iter();
    keys.map(|key| (text(&key["state"]), text(&key["kid"])))
        .collect()
}

fn key_in(ring: &[(String, String)], state: &str) -> String {
    let found = ring.iter().find(|(is, _)| is == state);
    let (_, kid) = found.unwrap_or_else(|| panic!("no key that {state} in {ring:?}"));
    kid.clone()
}

/// The key that signed the token which a visitor holds.
fn signed_by(visitor: &Visitor) -> String {
    let header = visitor.cookies["latchkey"]
        .split('.')
        .next()
        .expect("a header");
    let header = URL_SAFE_NO_PAD.decode(header).expect("base64url");
    let header: Value = serde_json::from_slice(&header).expect("JSON");
    header["kid"].as_str().expect("a key").to_owned()
}

/// Case 86. At whatever moment: the ring is the one from before or the one from after, the token that
/// the old key signed is good, and so is the first that is signed then.
#[test]
fn a_kill_in_a_rotation_signs_nobody_out() {
    const ROUNDS: usize = 16;
    // New keys in a row that a gateway certainly takes at once: it fetches out of turn four times in
    // ten seconds.
    const IN_A_ROW: usize = 3;
    let arrive = || {
        let gateway = Gateway::start();
        let mut ann = Visitor::new(gateway.envoy.port);
        ann.register("ann");
        (gateway, ann)
    };
    let (mut gateway, mut ann) = arrive();
    let (mut stayed, mut changed, mut in_a_row) = (0, 0, 0);
    for round in 0..ROUNDS {
        if in_a_row == IN_A_ROW {
            (gateway, ann) = arrive();
            in_a_row = 0;
        }
        let before = ring(&gateway);
        assert_eq!(signed_by(&ann), key_in(&before, "signs"), "round {round}");
        let mut rotating = Command::new(programs::sidecar())
            .args(["keys", "rotate", "--now", "--config"])
            .arg(gateway.dir().join("latchkey.toml"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        // At another moment each time, by work done and not by the clock; the last time afterwards.
        for _ in 0..2 * round {
            let _ = gateway.sidecar.internal().get("/healthz").attempt();
        }
        let was_told = round + 1 == ROUNDS && rotating.wait().expect("it ends").success();
        gateway.sidecar.process().kill();
        let _ = rotating.wait();
        assert_eq!(status(&ann), 200, "round {round}: the sidecar is away");

        gateway.sidecar.resume();
        let after = ring(&gateway);
        let signs = key_in(&after, "signs");
        if signs == key_in(&before, "signs") {
            assert_eq!(after, before, "round {round}");
            assert!(!was_told, "what was answered is stored");
            stayed += 1;
        } else {
            assert_eq!(signs, key_in(&before, "next"), "round {round}");
            assert_ne!(key_in(&after, "next"), signs, "round {round}");
            changed += 1;
            in_a_row += 1;
        }
        let published = gateway
            .sidecar
            .public()
            .get("/_latchkey/.well-known/jwks.json");
        let published = published.send().text();
        for (_, kid) in &before {
            assert!(published.contains(kid), "round {round}: {published}");
        }
        assert_eq!(status(&ann), 200, "round {round}: a token of before");
        ann.log_in("ann");
        assert_eq!(signed_by(&ann), signs, "round {round}");
        assert_eq!(status(&ann), 200, "round {round}: a token of now");
    }
    assert!(stayed > 0 && changed > 0, "{stayed} and {changed}");
}
