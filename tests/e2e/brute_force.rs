//! Case 101: wrong proofs by the hundred, for one account, from one address, and spread: whoever sends
//! them waits longer and longer, and the owner comes in all the while.

use latchkey_tests::{Gateway, Response, Visitor, wait};
use serde_json::{Value, json};
use software_authenticator::encode;

use crate::conformance::start;

const FINISH: &str = "/_latchkey/v1/auth/webauthn/login/finish";

/// A login with a wrong signature. It leaves its challenge to whoever has a right one, so one will do.
fn wrong_for(visitor: &mut Visitor, begin: &Value) -> Value {
    let options = visitor.begin("login", begin);
    let mut draft = visitor.authenticator.draft_assertion(&options);
    draft.signature = Some(vec![0x30, 6, 2, 1, 1, 2, 1, 1]);
    draft.seal()
}

/// How long an answer tells to wait; `None` where it only refuses.
fn told_to_wait(answer: &Response) -> Option<u64> {
    match answer.status {
        400 => {
            assert_eq!(answer.header("retry-after"), None);
            None
        }
        429 => {
            let seconds = answer.header("retry-after").expect("a time");
            Some(seconds.parse().expect("seconds"))
        }
        _ => panic!("{} {}", answer.status, answer.text()),
    }
}

/// Sends until it has been told to wait `times` times, and longer at the end than at first.
fn until_it_waits(times: usize, mut send: impl FnMut(usize) -> Response) -> Vec<u64> {
    let mut waits = Vec::new();
    for n in 0..3_000 {
        waits.extend(told_to_wait(&send(n)));
        if waits.len() >= times && waits.last() > waits.first() {
            return waits;
        }
    }
    panic!("never told to wait longer: {waits:?}");
}

fn limited(gateway: &Gateway, kind: &str) -> bool {
    let metrics = gateway.sidecar.internal().get("/metrics").send().text();
    metrics.lines().any(|line| {
        line.starts_with("latchkey_limits_total{") && line.contains(kind) && !line.ends_with(" 0")
    })
}

#[test]
fn wrong_proofs_for_one_account_wait_and_its_owner_comes_in() {
    let gateway = start();
    let mut ann = Visitor::new(gateway.envoy.port);
    ann.register("ann");
    let wrong = wrong_for(&mut ann, &json!({"username": "ann"}));
    // Past the gateway, as from a thousand addresses: no single one of them sends many.
    let sidecar = gateway.sidecar.public();
    let from = |n: usize| {
        let [.., high, low] = n.to_be_bytes();
        sidecar
            .post(FINISH, &wrong)
            .header("x-latchkey-client-address", format!("10.7.{high}.{low}"))
            .send()
    };
    let waits = until_it_waits(20, from);
    assert!(waits.iter().all(|it| (1..=300).contains(it)), "{waits:?}");
    // The owner, from somewhere else, at once and as often as they like.
    for _ in 0..5 {
        ann.log_in("ann");
    }
    assert!(limited(&gateway, "account"), "the metrics show it");
    // What they are told is what they would be told about an account that is not there.
    let mut nobody = Visitor::new(gateway.envoy.port);
    nobody
        .authenticator
        .credentials
        .clone_from(&ann.authenticator.credentials);
    let mut options = nobody.begin("login", &json!({"username": "nobody"}));
    options["allowCredentials"] = json!([]);
    let mut draft = nobody.authenticator.draft_assertion(&options);
    draft.id = encode(&[7; 32]);
    draft.raw_id.clone_from(&draft.id);
    let junk = draft.seal();
    let from = |n: usize| {
        let [.., high, low] = n.to_be_bytes();
        let address = format!("10.8.{high}.{low}");
        let request = sidecar.post(FINISH, &junk);
        request.header("x-latchkey-client-address", address).send()
    };
    until_it_waits(20, from);
}

#[test]
fn wrong_proofs_from_one_address_wait_and_whoever_shares_it_comes_in() {
    let gateway = start();
    let mut ann = Visitor::new(gateway.envoy.port);
    ann.register("ann");
    let mut eve = Visitor::new(gateway.envoy.port);
    eve.register("eve");
    // For another account each time, none of which exists: no account has many.
    let mut options = eve.begin("login", &json!({}));
    options["allowCredentials"] = json!([]);
    let mut draft = eve.authenticator.draft_assertion(&options);
    let send = |n: usize| {
        draft.id = encode(&Number(n).bytes());
        draft.raw_id.clone_from(&draft.id);
        gateway.client().post(FINISH, &draft.seal()).send()
    };
    let waits = until_it_waits(20, send);
    assert!(waits.iter().all(|it| (1..=300).contains(it)), "{waits:?}");
    ann.log_in("ann");
    ann.log_in("ann");
    assert!(limited(&gateway, "address"), "the metrics show it");
    // A wait is a word, not a lock: the first right proof of who was told to wait counts.
    eve.log_in("eve");
    let guarded = || (eve.request("GET", "/orders").send().status == 200).then_some(());
    wait::until("the application answers", guarded);
}

/// A number as an id of 32 bytes.
struct Number(usize);

impl Number {
    fn bytes(&self) -> [u8; 32] {
        let mut bytes = [0x55; 32];
        bytes[..8].copy_from_slice(&self.0.to_be_bytes());
        bytes
    }
}
