//! Users as a file, through the program's command line.

use super::operator::{answered, order};
use super::*;
use serde_json::{Value, json};
use std::path::PathBuf;

fn file(home: &Home, name: &str, document: &Value) -> String {
    let path = home.path().join(name);
    std::fs::write(&path, document.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

fn list(users: &[Value]) -> Value {
    json!({"format": "latchkey-users", "version": 1, "rp_ids": {}, "users": users})
}

fn written(path: &PathBuf) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn users_go_out_into_a_file_and_come_back_in() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new("");
    let _running = Running::start(&home);
    answered(
        &home,
        &["user", "add", "alice", "--group", "eng", "--enroll"],
    );
    let out = home.path().join("out.json");
    let told = answered(&home, &["export", out.to_str().unwrap()]);
    assert!(told.contains("every user"), "{told}");
    assert_eq!(out.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let document = written(&out);
    assert_eq!(document["users"][0]["groups"], json!(["eng"]));
    assert!(!document.to_string().contains("enrol"), "{document}");
    let again = order(&home, &["export", out.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(1), "it overwrites nothing");
    let piped: Value = serde_json::from_str(&answered(&home, &["export", "-"])).unwrap();
    assert_eq!(piped["users"], document["users"]);

    let there = Home::new("");
    let _running = Running::start(&there);
    let path = file(&there, "in.json", &document);
    let dry = answered(&there, &["import", &path, "--dry-run"]);
    assert!(
        dry.starts_with("1 users with 0 passkeys would be created"),
        "{dry}"
    );
    assert_eq!(
        answered(&there, &["users", "list"]),
        "There are no users.\n"
    );
    let done = answered(&there, &["import", &path]);
    assert!(
        done.starts_with("1 users with 0 passkeys created"),
        "{done}"
    );
    let done = answered(&there, &["import", &path, "--output", "json"]);
    let done: Value = serde_json::from_str(&done).unwrap();
    assert_eq!(
        (&done["unchanged"], &done["created"]),
        (&json!(1), &json!(0))
    );
}

#[test]
fn one_bad_user_keeps_everybody_out_unless_it_is_left_out() {
    let home = Home::new("");
    let _running = Running::start(&home);
    let users = [
        json!({"name": "ann"}),
        json!({"name": "b b"}),
        json!({"name": "carl"}),
    ];
    let path = file(&home, "in.json", &list(&users));
    let output = order(&home, &["import", &path]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("users[1] b b: refused: name:"),
        "{}",
        said(&output)
    );
    assert!(
        said(&output).contains("Nobody was imported"),
        "{}",
        said(&output)
    );
    assert_eq!(answered(&home, &["users", "list"]), "There are no users.\n");
    let done = answered(&home, &["import", &path, "--skip"]);
    assert!(
        done.starts_with("2 users with 0 passkeys created"),
        "{done}"
    );

    let broken = home.path().join("broken.json");
    std::fs::write(&broken, "{\"users\": [").unwrap();
    let output = order(&home, &["import", broken.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("EOF while parsing"),
        "{}",
        said(&output)
    );
    let output = order(&home, &["import", "/nowhere/users.json"]);
    assert!(
        said(&output).contains("/nowhere/users.json: "),
        "{}",
        said(&output)
    );
}

#[test]
fn a_long_file_comes_in_portions_and_who_is_refused_in_the_last_keeps_the_first_out() {
    let home = Home::new("");
    let _running = Running::start(&home);
    let mut users: Vec<Value> = (0..2_005)
        .map(|n| json!({"name": format!("u{n}")}))
        .collect();
    users.push(json!({"name": "b b"}));
    let path = file(&home, "in.json", &list(&users));
    let output = order(&home, &["import", &path]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("users[2005] b b: refused"),
        "{}",
        said(&output)
    );
    assert_eq!(answered(&home, &["users", "list"]), "There are no users.\n");
    let output = order(&home, &["import", &path, "--skip"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let told = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(
        told.starts_with("2005 users with 0 passkeys created"),
        "{told}"
    );
    assert!(
        said(&output).contains("imported: 2006 users"),
        "{}",
        said(&output)
    );

    // Who comes last in the order of names is found, however many come before.
    let found = answered(&home, &["users", "list", "--search", "u999"]);
    assert!(found.contains("\nu999 "), "{found}");
    assert!(!found.contains("There are more"), "{found}");
    let first = answered(&home, &["users", "list", "--limit", "3"]);
    assert_eq!(first.lines().count(), 5, "{first}");
    assert!(first.contains("There are more: --after u10,"), "{first}");
}

/// A passkey that could sign in; the key is the base point of the curve.
pub(super) fn passkey(id: &str) -> Value {
    json!({
        "id": id, "mount": "webauthn", "aaguid": "00000000-0000-0000-0000-000000000000",
        "sign_count": 0,
        "public_key": "pQECAyYgASFYIGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWIlggT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU",
    })
}

#[test]
fn users_who_cannot_both_come_are_told_before_anything_is_written() {
    let home = Home::new("");
    let _running = Running::start(&home);
    let id = "0b2ef2f0-5a0e-4f0b-a0a5-3d9d2a1c7e11";
    let mut users: Vec<Value> = (0..2_005)
        .map(|n| json!({"name": format!("u{n}")}))
        .collect();
    users[0] = json!({"name": "ann", "id": id});
    users[1] = json!({"name": "bob", "passkeys": [passkey("AAAA")]});
    users.push(json!({"name": "carl", "id": id}));
    users.push(json!({"name": "dora", "passkeys": [passkey("AAAA")]}));
    users.push(json!({"name": "U7"}));
    let mut document = list(&users);
    document["rp_ids"] = json!({"webauthn": "localhost"});
    document["reserved_names"] = json!(["u9", "gone"]);
    let path = file(&home, "in.json", &document);

    let looked = answered(&home, &["import", &path, "--dry-run", "-o", "json"]);
    let looked: Value = serde_json::from_str(&looked).unwrap();
    assert_eq!(
        (
            &looked["created"],
            &looked["conflicts"],
            &looked["passkeys"]
        ),
        (&json!(2_002), &json!(7), &json!(0)),
    );
    for (index, reason) in [
        (0, format!("id {id}: users[2005] of the file has it, too")),
        (
            1,
            "passkey AAAA: users[2006] of the file has it, too".to_owned(),
        ),
        (7, "name u7: users[2007] of the file has it, too".to_owned()),
        (2_005, format!("id {id}: users[0] of the file has it, too")),
        (
            2_006,
            "passkey AAAA: users[1] of the file has it, too".to_owned(),
        ),
        (
            2_007,
            "name u7: users[7] of the file has it, too".to_owned(),
        ),
    ] {
        let line = &looked["users"][index];
        assert_eq!(
            (&line["index"], &line["outcome"], &line["reasons"]),
            (&json!(index), &json!("conflict"), &json!([reason])),
        );
    }
    assert_eq!(looked["users"].as_array().unwrap().len(), users.len());
    assert_eq!(
        (&looked["reserved_names"], &looked["names"][0]["name"]),
        (&json!(1), &json!("u9"))
    );

    let output = order(&home, &["import", &path]);
    assert_eq!(output.status.code(), Some(1));
    let told = said(&output);
    assert!(
        told.contains("users[2007] U7: conflict: name u7: users[7]"),
        "{told}"
    );
    assert!(
        told.contains("reserved_names[0] u9: conflict: a user of the file"),
        "{told}"
    );
    assert_eq!(answered(&home, &["users", "list"]), "There are no users.\n");

    // What the dry run said is what happens.
    let done = answered(&home, &["import", &path, "--skip"]);
    assert!(
        done.starts_with(
            "2002 users with 0 passkeys created, 0 are here already, 0 skipped, 7 in conflict"
        ),
        "{done}"
    );
    assert!(
        done.contains("1 names of deleted users kept from others"),
        "{done}"
    );
    for name in ["ann", "bob", "carl", "dora", "u7"] {
        let output = order(&home, &["users", "show", name]);
        assert_eq!(output.status.code(), Some(1), "{name} was left out");
    }
    let output = order(&home, &["users", "add", "gone"]);
    assert_eq!(output.status.code(), Some(1), "the name stays taken");
    let users = ["users", "list", "--search", "u9", "-o", "json"];
    assert!(answered(&home, &users).contains("\"u9\""));
}

#[test]
fn shells_complete() {
    for shell in ["bash", "zsh", "fish"] {
        let output = latchkey(&["completions", shell]).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(String::from_utf8_lossy(&output.stdout).contains("dry-run"));
    }
    let output = latchkey(&["completions", "cobol"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
