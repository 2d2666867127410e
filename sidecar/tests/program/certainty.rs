//! What cannot be undone is asked about at a terminal, and takes `--yes` everywhere else.

use super::operator::{answered, order};
use super::*;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::{File, OpenOptions};
use std::os::unix::ffi::OsStrExt as _;

/// The program at a terminal where this is typed: what is seen there, and how it ended.
fn at_a_terminal(home: &Home, arguments: &[&str], typed: &str) -> (String, Option<i32>) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let name = Path::new(std::ffi::OsStr::from_bytes(name.as_bytes()));
    let theirs = OpenOptions::new().read(true).write(true).open(name).unwrap();
    let mut command = latchkey(arguments);
    command.arg("--config").arg(home.config());
    command.stdin(theirs.try_clone().unwrap()).stderr(theirs);
    let child = command.spawn().unwrap();
    // The terminal keeps it until it is read.
    let mut ours = File::from(ours);
    writeln!(ours, "{typed}").unwrap();
    let status = child.wait_with_output().unwrap().status;
    drop(command);
    let mut seen = Vec::new();
    // At the end, with nobody at the other side, a terminal answers with an error.
    let _ = ours.read_to_end(&mut seen);
    (String::from_utf8(seen).unwrap(), status.code())
}

fn is_there(home: &Home, arguments: &[&str]) -> bool {
    order(home, arguments).status.success()
}

#[test]
fn a_script_has_to_say_that_it_means_it() {
    let home = Home::new("");
    let _running = Running::start(&home);
    answered(&home, &["users", "add", "bob"]);
    answered(&home, &["mounts", "set", "staff", "timeout=2m"]);
    for line in [
        ["users", "delete", "bob"].as_slice(),
        &["users", "remove-passkey", "bob", "x"],
        &["mounts", "delete", "staff"],
    ] {
        let output = order(&home, line);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains("say --yes"), "{}", said(&output));
    }
    assert!(is_there(&home, &["users", "show", "bob"]));
    assert!(is_there(&home, &["mounts", "show", "staff"]));
    // A yes in a pipe may be meant for something else.
    let mut command = latchkey(&["users", "delete", "bob", "--config"]);
    let mut child = command.arg(home.config()).stdin(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(b"y\n");
    assert_eq!(child.wait().unwrap().code(), Some(2));
    assert!(is_there(&home, &["users", "show", "bob"]));

    assert_eq!(answered(&home, &["users", "delete", "bob", "--yes"]), "bob is deleted.\n");
    answered(&home, &["mounts", "delete", "staff", "-y"]);
    assert!(!is_there(&home, &["users", "show", "bob"]));
    assert!(!is_there(&home, &["mounts", "show", "staff"]));
}

#[test]
fn whoever_sits_at_a_terminal_is_asked() {
    let home = Home::new("");
    let _running = Running::start(&home);
    answered(&home, &["users", "add", "bob", "--display-name", "Bob Smith"]);
    for typed in ["", "n", "bob", "\u{4}"] {
        let (seen, code) = at_a_terminal(&home, &["users", "delete", "bob"], typed);
        let asked = "bob (Bob Smith) will be deleted for good, passkeys: 0, sessions: 0; nobody can \
                     have the name again. Go on? [y/N]";
        assert!(seen.contains(asked), "{seen}");
        assert!(seen.contains("nothing was done"), "{seen}");
        assert_eq!(code, Some(1), "{typed:?}");
        assert!(is_there(&home, &["users", "show", "bob"]));
    }
    let (seen, code) = at_a_terminal(&home, &["users", "delete", "eve"], "y");
    assert!(seen.contains("There is no such user"), "{seen}");
    assert_eq!(code, Some(1));
    let (seen, code) = at_a_terminal(&home, &["users", "delete", "bob"], "Yes");
    assert_eq!(code, Some(0), "{seen}");
    assert!(!is_there(&home, &["users", "show", "bob"]));
}
