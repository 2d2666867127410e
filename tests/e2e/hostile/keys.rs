//! Where the verifying keys come from, and what happens when they do not.

use latchkey_tests::envoy::manifest_values;
use latchkey_tests::wait::unix_now;
use latchkey_tests::{Drip, Envoy, EnvoyConfig, Forge, Upstream, ports, wait};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A gateway that fetches its keys every second from a server of the test's own.
struct Fetching<Keys = Upstream> {
    envoy: Envoy,
    app: Upstream,
    keys: Keys,
    forge: Forge,
    _dir: TempDir,
}

impl Fetching {
    fn start(answer: &str) -> Self {
        let keys = Upstream::start();
        keys.answer_with(JSON, answer);
        let port = keys.port;
        Self::from(keys, port)
    }

    /// Waits until the keys have been asked for `times` more times.
    fn await_fetches(&self, times: usize) {
        let mut seen = 0;
        let _ = self.keys.take();
        wait::until("the keys are fetched", || {
            seen += self.keys.take().len();
            (seen >= times).then_some(())
        });
    }
}

impl<Keys> Fetching<Keys> {
    fn from(keys: Keys, keys_port: u16) -> Self {
        let app = Upstream::start();
        let (port, admin) = (ports::free(), ports::free());
        let values = manifest_values(port, admin, ports::free(), keys_port, app.port);
        let mut config = EnvoyConfig::from_manifest("manifests/envoy/envoy.yaml", &values);
        config.edit_filter(|filter| {
            filter["jwks"] = json!({"refresh": "1s"});
            filter["revocations"] = Value::Null;
        });
        let dir = tempfile::tempdir().expect("a temporary directory");
        let envoy = Envoy::start(&config, dir.path(), port, admin);
        let forge = Forge::new(&format!("http://localhost:{port}/_latchkey"), "key-1", 7);
        Self {
            envoy,
            app,
            keys,
            forge,
            _dir: dir,
        }
    }

    fn status(&self, path: &str, token: &str) -> u16 {
        let bearer = format!("Bearer {token}");
        self.envoy
            .client()
            .get(path)
            .header("authorization", bearer)
            .send()
            .status
    }
}

impl Fetching<Drip> {
    /// One whose keys come one byte a second from the start.
    fn dripping() -> Self {
        let keys = Drip::start("");
        keys.drip(&Forge::new("unused", "key-1", 7).jwks().to_string());
        let port = keys.port;
        Self::from(keys, port)
    }
}

/// Envoy's main thread has a VM of its own beside that of the one worker, and its root context
/// fetches keys, too.
const VMS: usize = 2;
const JSON: &str = "content-type: application/json\r\n";

#[test]
fn without_keys_guarded_paths_are_closed_and_public_ones_work() {
    let gateway = Fetching::start("{}");
    let token = gateway.forge.token();
    gateway.await_fetches(2);
    assert_eq!(gateway.status("/", &token), 503);
    assert_eq!(gateway.status("/", "rubbish"), 503);
    assert!(gateway.app.take().is_empty());
    assert_eq!(gateway.envoy.client().get("/public/x").send().status, 200);
    let _ = gateway.app.take();

    gateway
        .keys
        .answer_with(JSON, &gateway.forge.jwks().to_string());
    wait::until("the keys arrive", || {
        (gateway.status("/", &token) == 200).then_some(())
    });
    assert_eq!(gateway.status("/", "rubbish"), 401);
}

#[test]
fn rubbish_instead_of_keys_leaves_the_last_good_set_in_force() {
    let gateway = Fetching::start("{}");
    let good = gateway.forge.jwks();
    gateway.keys.answer_with(JSON, &good.to_string());
    let known = gateway.forge.token();
    wait::until("the keys arrive", || {
        (gateway.status("/", &known) == 200).then_some(())
    });

    let issuer = gateway.forge.issuer.clone();
    let stranger = Forge::new(&issuer, "key-2", 9);
    let with = |jwk: Value| json!({"keys": [gateway.forge.jwk(), jwk]}).to_string();
    let changed = |name: &str, value: Value| {
        let mut jwk = stranger.jwk();
        jwk[name] = value;
        with(jwk)
    };
    let cases = [
        (
            "an HTML page",
            "<!doctype html><title>Oops</title>".to_owned(),
        ),
        ("nothing", String::new()),
        ("no key at all", json!({"keys": []}).to_string()),
        ("no list", json!({"keys": {}}).to_string()),
        ("cut off", good.to_string()[..50].to_owned()),
        ("ten megabytes", format!("{}{}", " ".repeat(10 << 20), good)),
        (
            "two keys under one id",
            with(Forge::new(&issuer, "key-1", 9).jwk()),
        ),
        ("a key for encryption", changed("use", "enc".into())),
        ("a key for wrapping", changed("key_ops", json!(["wrapKey"]))),
        ("a private key", changed("d", "AAAA".into())),
        (
            "a point off the curve",
            changed("y", stranger.jwk()["x"].clone()),
        ),
        (
            "an algorithm that nobody asked for",
            changed("alg", "RS256".into()),
        ),
    ];
    for (what, answer) in cases {
        gateway.keys.answer_with(JSON, &answer);
        gateway.await_fetches(2);
        // Not one that may be remembered from before.
        let fresh = gateway.forge.token_with("jti", what.into());
        assert_eq!(gateway.status("/", &fresh), 200, "{what}");
        assert_eq!(gateway.status("/", &stranger.token()), 401, "{what}");
    }
    gateway.keys.answer_with(JSON, &stranger.jwks().to_string());
    wait::until("new keys count", || {
        (gateway.status("/", &stranger.token()) == 200).then_some(())
    });
    let fresh = gateway.forge.token_with("jti", "late".into());
    assert_eq!(
        gateway.status("/", &fresh),
        401,
        "keys that were withdrawn count no more"
    );
}

#[test]
fn keys_that_come_one_byte_a_second_change_nothing_and_pile_up_no_calls() {
    let gateway = Fetching::<Drip>::dripping();
    let known = gateway.forge.token();
    wait::until("there is an answer", || {
        (gateway.status("/", &known) == 503).then_some(())
    });
    let good = gateway.forge.jwks().to_string();
    gateway.keys.answer(&good);
    wait::until("the keys arrive", || {
        (gateway.status("/", &known) == 200).then_some(())
    });

    // Good keys, too: if ever they arrived, they would count.
    let stranger = Forge::new(&gateway.forge.issuer, "key-2", 9);
    gateway.keys.drip(&stranger.jwks().to_string());
    let mut number = 0;
    let most_at_once = wait::until("three calls of each VM were given up", || {
        number += 1;
        // Not one that may be remembered from before.
        let fresh = gateway
            .forge
            .token_with("jti", format!("fresh-{number}").into());
        assert_eq!(gateway.status("/", &fresh), 200, "the old keys stay");
        assert_eq!(gateway.status("/", &stranger.token()), 401);
        let (calls, most_at_once) = gateway.keys.calls();
        (calls > 3 * VMS).then_some(most_at_once)
    });
    // Beside the root contexts' own, that of the one request which waits for its unknown key.
    assert!(most_at_once <= VMS + 1, "{most_at_once} calls in flight");
    let failures = gateway.envoy.stat("wasmcustom.latchkey.jwks.failed");
    assert!(failures >= 6, "{failures}");

    gateway.keys.answer(&stranger.jwks().to_string());
    wait::until("new keys count", || {
        (gateway.status("/", &stranger.token()) == 200).then_some(())
    });
}

#[test]
fn keys_that_become_unreachable_stay_in_force() {
    let gateway = Fetching::start("{}");
    gateway
        .keys
        .answer_with(JSON, &gateway.forge.jwks().to_string());
    let token = gateway.forge.token();
    wait::until("the keys arrive", || {
        (gateway.status("/", &token) == 200).then_some(())
    });
    let Fetching {
        envoy,
        app: _app,
        keys,
        forge,
        _dir,
    } = gateway;
    drop(keys);
    let end = unix_now() + 4;
    let mut count = 0;
    wait::until("some refreshes have failed", || {
        count += 1;
        // A token that the filter has never seen, so that it needs the key.
        let fresh = forge.token_with("jti", format!("fresh-{count}").into());
        let bearer = format!("Bearer {fresh}");
        let answer = envoy
            .client()
            .get("/")
            .header("authorization", bearer)
            .send();
        assert_eq!(answer.status, 200);
        (unix_now() > end).then_some(())
    });
}

#[test]
fn made_up_key_ids_cause_no_flood_of_fetches() {
    let gateway = Fetching::start("{}");
    gateway
        .keys
        .answer_with(JSON, &gateway.forge.jwks().to_string());
    let token = gateway.forge.token();
    wait::until("the keys arrive", || {
        (gateway.status("/", &token) == 200).then_some(())
    });
    let _ = gateway.keys.take();
    let start = unix_now();
    for number in 0..300 {
        let forged = gateway
            .forge
            .token_with_header("kid", format!("made-up-{number}").into());
        assert_eq!(gateway.status("/", &forged), 401);
    }
    let seconds = usize::try_from(unix_now() - start).unwrap_or(0) + 1;
    let fetches = gateway.keys.take().len();
    // One a second by the timer, and at most as many again.
    assert!(
        fetches <= 2 * seconds + 2,
        "{fetches} fetches in {seconds} s"
    );
}
