//! What commands do when what they print cannot be written.

use super::operator::answered;
use super::*;

/// Every command that prints an answer.
fn printing(home: &Home) -> Vec<Command> {
    let orders: [&[&str]; 8] = [
        &["users", "list"],
        &["keys", "list"],
        &["sessions", "list", "--user", "ann"],
        &["mounts", "list"],
        &["audit", "--output", "json"],
        &["export", "-"],
        &["admin", "bootstrap"],
        &["keys", "rotate", "--now"],
    ];
    let mut commands: Vec<_> = orders.into_iter().map(latchkey).collect();
    for command in &mut commands {
        command.arg("--config").arg(home.config());
    }
    let mut check = latchkey(&["check-config"]);
    check.arg(home.config());
    commands.extend([check, latchkey(&["completions", "bash"])]);
    commands
}

fn home() -> (Home, Running) {
    let home = Home::new("[admin]\nenabled = true\n");
    let running = Running::start(&home);
    answered(&home, &["users", "add", "ann"]);
    (home, running)
}

#[test]
fn nobody_reading_any_more_is_no_error() {
    let (home, _running) = home();
    for mut command in printing(&home) {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command.stdout(writer).output().unwrap();
        assert_eq!(said(&output), "", "{command:?}");
        assert_eq!(output.status.code(), Some(0), "{command:?}");
    }
}

#[test]
fn a_wrong_configuration_is_one_also_when_nobody_reads() {
    let home = Home::new("");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut check = latchkey(&["check-config"]);
    check.arg(home.config()).arg("/nowhere.json").stdout(writer);
    let output = check.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("/nowhere.json: "));
}

#[test]
fn a_full_disk_is_told_and_ends_with_1() {
    let (home, _running) = home();
    for mut command in printing(&home) {
        let full = std::fs::File::create("/dev/full").unwrap();
        let output = command.stdout(full).output().unwrap();
        let said = said(&output);
        assert!(
            said.starts_with("latchkey: the answer could not be written: ")
                && said.lines().count() == 1,
            "{command:?}: {said}"
        );
        assert_eq!(output.status.code(), Some(1), "{command:?}");
    }
}

#[test]
fn an_error_that_cannot_be_told_keeps_its_code() {
    let full = || std::fs::File::create("/dev/full").unwrap();
    for (arguments, code) in [
        (["check-config", "/nowhere.json"], 2),
        (["serve", "--config=/nowhere.toml"], 2),
        (["keys", "list"], 2),
    ] {
        let mut command = latchkey(&arguments);
        command
            .env("LATCHKEY_CONFIG", "/nowhere.toml")
            .stderr(full());
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{command:?}");
    }
}
