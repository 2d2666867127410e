//! An operator's orders to the running program, through both of its ends.

use super::*;
use serde_json::{Value, json};

/// An order to the program of this home.
pub(super) fn order(home: &Home, arguments: &[&str]) -> Output {
    let mut command = latchkey(arguments);
    command.arg("--config").arg(home.config());
    command.output().unwrap()
}

pub(super) fn answered(home: &Home, arguments: &[&str]) -> String {
    let output = order(home, arguments);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// State and id of every key.
fn keys(home: &Home) -> Vec<(String, String)> {
    let answer = answered(home, &["keys", "list", "--output", "json"]);
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let keys = answer["keys"].as_array().unwrap().iter();
    keys.map(|key| (text(&key["state"]), text(&key["kid"])))
        .collect()
}

#[test]
fn an_operator_reaches_the_running_program_and_nobody_else_does() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new("");
    let socket = home.path().join("data/control.sock");
    let output = order(&home, &["keys", "list"]);
    assert_eq!(output.status.code(), Some(1));
    let expected = format!("no sidecar is listening at {}", socket.display());
    assert!(said(&output).contains(&expected), "{}", said(&output));

    let mut running = Running::start(&home);
    let mode = socket.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let table = answered(&home, &["keys", "list"]);
    assert!(
        table.starts_with("KID ") && table.contains("  signs  "),
        "{table}"
    );
    assert_eq!(answered(&home, &["users", "list"]), "There are no users.\n");
    let output = order(&home, &["users", "show", "nobody"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("There is no such user"),
        "{}",
        said(&output)
    );
    let output = order(&home, &["keys", "revoke", "-begins-with-a-hyphen"]);
    assert_eq!(output.status.code(), Some(1), "ids may");
    let output = order(&home, &["sessions", "revoke"]);
    assert_eq!(output.status.code(), Some(2), "one of three is needed");
    let done = answered(&home, &["sessions", "revoke", "--everyone"]);
    let audit = answered(&home, &["audit", "--output", "json"]);
    assert!(audit.contains("sessions_revoke"), "{audit}");
    assert!(
        !audit.contains("127.0.0.1"),
        "a socket has no address: {audit}"
    );
    let metrics = running.ask("internal", "/metrics");
    assert!(metrics.contains("latchkey_requests_total{listener=\"control\",status=\"200\"}"));
    assert!(!metrics.contains("latchkey_requests_total{listener=\"public\""));
    assert_eq!(done, "Every session has ended.\n");
    running.signal("TERM");
    running.read_until("stopped");
    assert!(!socket.exists());
}

#[test]
fn a_socket_that_was_left_behind_is_replaced_and_it_can_be_switched_off() {
    let home = Home::new("");
    let mut running = Running::start(&home);
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    assert!(home.path().join("data/control.sock").exists());
    let running = Running::start(&home);
    answered(&home, &["keys", "list"]);
    drop(running);

    let config = std::fs::read_to_string(home.config()).unwrap();
    let off = config.replace("[listen]\n", "[listen]\ncontrol = \"none\"\n");
    std::fs::write(home.config(), off).unwrap();
    let _running = Running::start(&home);
    let output = order(&home, &["keys", "list"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("switches the control socket off"));
}

#[test]
fn what_an_operator_was_told_outlives_kill_9() {
    let home = Home::new("");
    for round in 0..5 {
        let mut running = Running::start(&home);
        let before = keys(&home);
        let early = order(&home, &["keys", "rotate"]);
        assert_eq!(early.status.code(), Some(1));
        let early = said(&early);
        assert!(early.contains("not known to every verifier yet. It can sign from "));
        assert!(early.contains("--now"), "{early}");
        if round % 2 == 0 {
            let told = answered(&home, &["keys", "rotate", "--now"]);
            let signs = &keys(&home)
                .into_iter()
                .find(|it| it.0 == "signs")
                .unwrap()
                .1;
            let done = format!("The next key has taken over: {signs} signs from now on, ");
            assert!(told.starts_with(&done), "{told}");
        } else {
            let kid = &before.last().unwrap().1;
            let told = answered(&home, &["keys", "revoke", kid]);
            assert!(
                told.starts_with(&format!("The key {kid} is revoked: ")),
                "{told}"
            );
            answered(&home, &["sessions", "revoke", "--everyone"]);
        }
        let after = keys(&home);
        assert_ne!(before, after);
        running.child.kill().unwrap();
        running.child.wait().unwrap();

        let running = Running::start(&home);
        assert_eq!(keys(&home), after, "round {round}");
        let metrics = running.ask("internal", "/metrics");
        let live = format!("latchkey_revocations {}\n", [0, 2, 2, 3, 3][round]);
        assert!(metrics.contains(&live), "round {round}: {metrics}");
    }
}

#[test]
fn a_kill_in_a_rotation_leaves_the_old_ring_or_the_new_one() {
    let home = Home::new("");
    let mut known = None;
    for round in 0..20_u32 {
        let mut running = Running::start(&home);
        let before = keys(&home);
        if let Some(known) = known.replace(before.clone()) {
            let of = |ring: &[(String, String)], state: &str| {
                let found = ring.iter().find(|key| key.0 == state);
                found.map(|key| key.1.clone()).unwrap()
            };
            // The one that signed goes on, or the one that waited does.
            let signs = of(&before, "signs");
            assert!(
                signs == of(&known, "signs") || signs == of(&known, "next"),
                "{known:?} {before:?}"
            );
            assert_ne!(of(&before, "next"), signs);
        }
        let mut command = latchkey(&["keys", "rotate", "--now", "--config"]);
        let mut ordering = command.arg(home.config()).spawn().unwrap();
        // At another moment each time: by work done, not by the clock.
        for _ in 0..round {
            running.ask("internal", "/healthz");
        }
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        ordering.wait().unwrap();
    }
}

#[test]
fn a_mount_is_written_and_outlives_the_program() {
    let home = Home::new("");
    let running = Running::start(&home);
    let shown = answered(
        &home,
        &[
            "mounts",
            "set",
            "staff",
            "rp_display_name=Staff",
            "two_factor.timeout=2m",
        ],
    );
    assert!(
        shown.contains("\ntwo_factor.timeout") && shown.contains("administration API"),
        "{shown}"
    );
    let refused = order(&home, &["mounts", "set", "staff", "timeout=1s"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        said(&refused).contains("timeout: expected 30s to 10m"),
        "{}",
        said(&refused)
    );
    let refused = order(&home, &["mounts", "delete", "webauthn", "--yes"]);
    assert!(
        said(&refused).contains("configuration file"),
        "{}",
        said(&refused)
    );
    drop(running);
    let _running = Running::start(&home);
    let table = answered(&home, &["mounts", "list"]);
    assert!(
        table.contains("\nstaff ") && table.contains("served"),
        "{table}"
    );
    let file = home.path().join("staff.json");
    std::fs::write(&file, "{\"timeout\": 60, \"revision\": 1}").unwrap();
    let file = file.to_str().unwrap();
    let shown = answered(
        &home,
        &["mounts", "set", "staff", "--file", file, "-o", "json"],
    );
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(
        (&shown["timeout"], &shown["revision"]),
        (&60.into(), &2.into())
    );
    assert_eq!(shown["rp_display_name"], "Staff");
    let done = answered(&home, &["mounts", "delete", "staff", "--yes"]);
    assert_eq!(done, "The mount staff is deleted.\n");
    let gone = order(&home, &["mounts", "show", "staff"]);
    assert!(
        said(&gone).contains("There is no such mount"),
        "{}",
        said(&gone)
    );
}

#[test]
fn chores_with_many_users_need_no_program_of_ones_own() {
    let home = Home::new("");
    let _running = Running::start(&home);
    let users: Vec<_> = (0..120)
        .map(|it| json!({ "name": format!("u{it:03}") }))
        .collect();
    let file = home.path().join("many.json");
    let document =
        json!({ "format": "latchkey-users", "version": 1, "rp_ids": {}, "users": users });
    std::fs::write(&file, document.to_string()).unwrap();
    answered(&home, &["import", file.to_str().unwrap()]);

    let page = answered(&home, &["users", "list"]);
    assert_eq!(
        page.lines().count(),
        102,
        "heads, 100 users, and where they go on"
    );
    assert!(
        page.ends_with("There are more: --after u099, or --all\n"),
        "{page}"
    );
    let all = answered(&home, &["users", "list", "--all"]);
    assert_eq!(all.lines().count(), 121);

    answered(&home, &["users", "set", "u007", "--group", "eng"]);
    answered(&home, &["users", "set", "u007", "--add-group", "oncall"]);
    let shown = answered(
        &home,
        &[
            "users",
            "set",
            "u007",
            "--remove-group",
            "eng",
            "--token-ttl",
            "5m",
        ],
    );
    assert!(shown.contains("Groups        oncall\n"), "{shown}");
    assert!(shown.contains("Limits        token_ttl 5m\n"), "{shown}");
    let found = answered(&home, &["users", "list", "--group", "oncall"]);
    assert_eq!(found.lines().count(), 2, "{found}");
    answered(&home, &["users", "disable", "u007"]);
    let found = answered(&home, &["users", "list", "--disabled"]);
    assert!(
        found.contains("u007") && found.lines().count() == 2,
        "{found}"
    );
    answered(&home, &["users", "link", "u008", "--expires-in", "2h"]);
    let shown = answered(&home, &["users", "show", "u008"]);
    assert!(
        shown.contains("made by operator for webauthn, is good until"),
        "{shown}"
    );
    assert_eq!(
        answered(&home, &["sessions", "list"]),
        "There are no sessions.\n"
    );

    let lines = answered(
        &home,
        &["audit", "--since", "7d", "--user", "u007", "--lines"],
    );
    let lines: Vec<Value> = lines
        .lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    let told: Vec<_> = lines
        .iter()
        .map(|it| it["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        told,
        ["user_disable", "user_update", "user_update", "user_update"]
    );
}

#[test]
fn what_had_no_effect_is_told() {
    let home = Home::new("");
    let _running = Running::start(&home);
    answered(&home, &["users", "add", "ann"]);
    let shown = answered(&home, &["users", "set", "ann", "--token-ttl", "5m"]);
    assert!(!shown.contains("Warning"), "{shown}");
    let shown = answered(
        &home,
        &[
            "users",
            "set",
            "ann",
            "--remove-group",
            "nope",
            "--token-ttl",
            "20h",
        ],
    );
    for warning in [
        "Warning: remove_groups: the user is not in the group nope",
        "Warning: token_ttl: it has no effect, everyone's is 10m",
    ] {
        assert!(shown.contains(warning), "{shown}");
    }
}

#[test]
fn a_link_stands_where_every_link_does_and_without_its_picture() {
    let home = Home::new("");
    let _running = Running::start(&home);
    answered(&home, &["users", "add", "ann"]);
    for line in [
        ["users", "link", "ann"].as_slice(),
        &["users", "add", "v", "--enroll"],
    ] {
        let made = answered(&home, &[line, &["-o", "json"]].concat());
        let made: Value = serde_json::from_str(&made).unwrap();
        assert!(made["enrolment"]["link"].is_string(), "{made}");
        assert_eq!(made["enrolment"]["qr_svg"], Value::Null, "{made}");
    }
}

#[test]
fn a_refused_order_says_what_to_do() {
    let home = Home::new("[admin]\nenabled = true\n");
    let _running = Running::start(&home);
    answered(&home, &["users", "add", "ann"]);
    answered(&home, &["users", "disable", "ann"]);
    let file = home.path().join("users.json");
    let file = file.to_str().unwrap();
    answered(&home, &["export", file]);
    let realm = home.path().join("realm.json");
    std::fs::write(&realm, r#"{"realm": "r", "users": [{"username": "bob"}]}"#).unwrap();
    let realm = realm.to_str().unwrap();
    for (line, code, says) in [
        (
            vec!["users", "show", "nobody"],
            1,
            "`latchkey users list` shows the users",
        ),
        (
            vec!["users", "remove-passkey", "ann", "x", "--yes"],
            1,
            "`latchkey users passkeys USER` their passkeys",
        ),
        (vec!["users", "link", "ann"], 1, "Enable the account first."),
        (
            vec!["sessions", "revoke", "--session", "xx"],
            1,
            "There is no such session, or it has ended. `latchkey sessions list` shows the sessions",
        ),
        (
            vec!["mounts", "set", "staff", "timeot=2m"],
            1,
            "there is no such field, did you mean timeout?\n",
        ),
        (
            vec!["mounts", "set", "staff", "attestation=direct"],
            1,
            "in the configuration file",
        ),
        (
            vec!["users", "set", "ann"],
            2,
            "required arguments were not provided",
        ),
        (
            vec!["mounts", "show", "none"],
            1,
            "`latchkey mounts list` shows the mounts",
        ),
        (
            vec!["export", file],
            1,
            "there is such a file already; give another name",
        ),
        (vec!["import", realm], 1, "say --format keycloak"),
    ] {
        let output = order(&home, &line);
        assert!(said(&output).contains(says), "{line:?}: {}", said(&output));
        assert_eq!(
            output.status.code(),
            Some(code),
            "{line:?}: {}",
            said(&output)
        );
    }
}

#[test]
fn a_table_of_a_mount_has_its_warnings_apart() {
    let home = Home::new("[admin]\nenabled = true\n");
    let _running = Running::start(&home);
    let table = answered(&home, &["mounts", "set", "staff", "auto_registration=true"]);
    assert!(table.ends_with("can make an account\n"), "{table}");
    assert_eq!(table.matches("\nWarning: ").count(), 1, "{table}");
    assert!(!table.contains("causes") && !table.contains('{'), "{table}");
    let json = answered(&home, &["mounts", "show", "staff", "--output", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["causes"][0]["code"], "accounts-for-anyone");
}
