//! Case 87: a disk that is really full, under the running program.

use latchkey_tests::{Response, Sidecar, SidecarConfig, Visitor};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

/// Fills the disk to the last byte.
fn fill(path: &Path) {
    let mut file = File::create(path).expect("a file");
    let mut size = 1024 * 1024;
    while size > 0 {
        match file.write(&vec![1; size]) {
            Ok(0) | Err(_) => size /= 2,
            Ok(_) => {}
        }
    }
}

/// Whether it says that it writes; in service it is either way.
fn writes(sidecar: &Sidecar) -> bool {
    let answer = sidecar.internal().get("/readyz").send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let metrics = sidecar.internal().get("/metrics").send().text();
    let refused = metrics.contains("latchkey_store_writes_refused 1\n");
    assert_eq!(answer.text().contains("takes no writes"), refused);
    !refused
}

fn call(visitor: &mut Visitor, method: &str, path: &str, body: &Value) -> Response {
    visitor.call(method, &format!("/_latchkey/v1/{path}"), body)
}

fn refused_for_want_of_room(answer: &Response, what: &str) {
    assert_eq!(answer.status, 503, "{what}: {}", answer.text());
    let kind = &answer.json()["type"];
    assert_eq!(kind, "urn:latchkey:problem:store-unavailable", "{what}");
    assert!(answer.header("retry-after").is_some(), "{what}");
    assert!(answer.cookies().is_empty(), "{what}");
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn a_full_disk_refuses_what_is_new_keeps_what_is_there_and_opens_again() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut config = SidecarConfig::behind(0);
    config.public_url = format!("http://localhost:{}/_latchkey", config.public_port);
    let Some(sidecar) = Sidecar::on_small_disk(config, dir.path(), 64) else {
        eprintln!("SKIPPED: this machine lets nobody mount a small tmpfs (unshare --user --mount)");
        return;
    };
    let port = sidecar.config.public_port;
    let mut ann = Visitor::new(port);
    ann.register("ann");
    let mut bob = Visitor::new(port);
    let registration = bob.begin("register", &json!({"username": "bob"}));
    let registration = bob.authenticator.create(&registration);
    let session = ann.cookies.clone();

    let filler = sidecar.own_disk().join("filler");
    fill(&filler);
    assert!(!writes(&sidecar), "it says so at once");
    // What would have to be kept is refused, and by no fault of whoever asks.
    let answer = bob.finish("register", &registration);
    refused_for_want_of_room(&answer, "a registration");
    let mut cyd = Visitor::new(port);
    let label = json!({"label": "x"});
    let id = ann.authenticator.credentials[0].id.clone();
    let id = software_authenticator::encode(&id);
    let answer = call(&mut ann, "PATCH", &format!("self/passkeys/{id}"), &label);
    refused_for_want_of_room(&answer, "a label");
    let options = ann.begin("login", &json!({"username": "ann"}));
    let right = ann.authenticator.get(&options);
    refused_for_want_of_room(&ann.finish("login", &right), "a login");
    // Logins are verified all the same: a wrong one is told from a right one.
    let options = cyd.begin("login", &json!({"username": "ann"}));
    cyd.authenticator
        .credentials
        .clone_from(&ann.authenticator.credentials);
    let mut draft = cyd.authenticator.draft_assertion(&options);
    draft.signature = Some(vec![0x30, 6, 2, 1, 1, 2, 1, 1]);
    let answer = cyd.finish("login", &draft.seal());
    assert_eq!(answer.status, 400, "{}", answer.text());
    // Who is signed in goes on, and is given new tokens.
    assert_eq!(ann.cookies, session, "nothing was taken away");
    assert_eq!(ann.request("GET", "/_latchkey/userinfo").send().status, 200);
    let listed = call(&mut ann, "GET", "self/passkeys", &Value::Null);
    assert_eq!(listed.status, 200, "{}", listed.text());
    let renewed = call(&mut ann, "POST", "self/refresh", &json!({}));
    assert_eq!(renewed.status, 200, "{}", renewed.text());

    fs::remove_file(filler).expect("it was there");
    assert!(writes(&sidecar), "it says so at once");
    ann.log_in("ann");
    // Nothing half of bob was left.
    bob.register("bob");
    bob.log_in("bob");
    let listed = call(&mut ann, "GET", "self/passkeys", &Value::Null).json();
    let passkeys = listed["passkeys"].as_array().expect("passkeys");
    assert_eq!(passkeys.len(), 1, "{listed}");
    assert_ne!(passkeys[0]["label"], "x");
}
