//! Links for everybody who has no passkey, in one go.

use super::operator::{answered, order};
use super::transfer::passkey;
use super::*;
use serde_json::{Value, json};

const ALL: [&str; 3] = ["users", "link", "--all-without-passkey"];

fn import(home: &Home, users: &[Value]) {
    let path = home.path().join("in.json");
    let document = json!({
        "format": "latchkey-users", "version": 1, "rp_ids": {"webauthn": "localhost"}, "users": users,
    });
    std::fs::write(&path, document.to_string()).unwrap();
    answered(home, &["import", path.to_str().unwrap()]);
}

/// What was made, by name, and what was said beside it.
fn made(home: &Home, more: &[&str]) -> (Vec<(String, String)>, String) {
    let output = order(home, &[&ALL[..], &["--output", "json"], more].concat());
    assert!(output.status.success(), "{}", said(&output));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let links = answer["links"].as_array().unwrap().iter();
    let links = links.map(|it| (text(&it["name"]), text(&it["link"])));
    (links.collect(), said(&output))
}

#[test]
fn everybody_who_could_not_sign_in_gets_a_link_and_keeps_it() {
    let home = Home::new("");
    let _running = Running::start(&home);
    import(
        &home,
        &[
            json!({"name": "ann", "disabled": true}),
            json!({"name": "bob", "display_name": "Bob, B.", "email": "bob@example.com"}),
            json!({"name": "carl", "groups": ["eng"]}),
            json!({"name": "dora", "passkeys": [passkey("AAAA")]}),
        ],
    );
    let output = order(&home, &[&ALL[..], &["--csv"]].concat());
    let csv = String::from_utf8(output.stdout.clone()).unwrap();
    let rows: Vec<_> = csv.lines().collect();
    let [head, bob, carl] = rows[..] else {
        panic!("{csv}");
    };
    assert_eq!(head, "name,display_name,email,link,good_until");
    let before = "bob,\"Bob, B.\",bob@example.com,http://localhost:8080/_latchkey/enroll#";
    assert!(bob.starts_with(before), "{bob}");
    assert!(carl.starts_with("carl,carl,,http://"), "{carl}");
    assert_eq!(said(&output), "links made: 2\n");

    // Again: nobody's link is taken from them, and who is new gets one.
    let told = answered(&home, &ALL);
    assert_eq!(told, "Nobody needs a link.\n");
    answered(&home, &["users", "add", "eve"]);
    let (links, said) = made(&home, &[]);
    assert_eq!(links.len(), 1, "{links:?}");
    assert_eq!(links[0].0, "eve");
    assert!(
        said.contains("2 users have one that is still good"),
        "{said}"
    );
    let (links, _) = made(&home, &["--again", "--group", "eng"]);
    assert_eq!(links.len(), 1, "{links:?}");
    assert_eq!(links[0].0, "carl");
    assert!(!csv.contains(&links[0].1), "it is a new one");
    let table = answered(
        &home,
        &[&ALL[..], &["--again", "--expires-in", "2h"]].concat(),
    );
    assert!(table.starts_with("NAME  EMAIL"), "{table}");
    assert_eq!(table.lines().count(), 4, "{table}");
    // What was asked for in vain is said.
    let refused = order(
        &home,
        &[&ALL[..], &["--again", "--expires-in", "20d"]].concat(),
    );
    assert!(
        super::said(&refused).contains("people.link_lifetime"),
        "{}",
        super::said(&refused)
    );
    for line in [
        ["users", "link"].as_slice(),
        &["users", "link", "bob", "--all-without-passkey"],
        &["users", "link", "bob", "--csv"],
        &["users", "link", "bob", "--again"],
        &["users", "link", "bob", "--group", "eng"],
        &["users", "link", "--csv"],
        &["users", "link", "--all-without-passkey", "--revoke"],
    ] {
        assert_eq!(order(&home, line).status.code(), Some(2), "{line:?}");
    }
}

#[test]
fn many_come_in_portions() {
    let home = Home::new("");
    let mut running = Running::start(&home);
    // A line for each link is more than a pipe holds that nobody reads.
    running.lines = None;
    let users: Vec<_> = (0..1_205)
        .map(|n| json!({"name": format!("u{n}")}))
        .collect();
    import(&home, &users);
    let (mut links, _) = made(&home, &[]);
    assert_eq!(links.len(), 1_205);
    links.dedup_by(|one, other| one.1 == other.1);
    assert_eq!(links.len(), 1_205);
}
