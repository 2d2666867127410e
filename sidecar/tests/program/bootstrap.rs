//! The file with the first administrator's code: for its owner alone, whatever the process was given.

use super::operator::{answered, order};
use super::*;
use std::os::unix::fs::PermissionsExt as _;

fn mode(path: &Path) -> u32 {
    let metadata = path.metadata();
    metadata.unwrap().permissions().mode() & 0o777
}

/// Starts it as a careless supervisor does: whatever it creates without a mode of its own, everybody
/// may read and write.
fn start_carelessly(home: &Home) -> Running {
    let serve = home.serve();
    let mut command = Command::new("sh");
    command.args(["-c", "umask 000; exec \"$0\" \"$@\""]);
    command.arg(serve.get_program()).args(serve.get_args());
    command.envs(
        serve
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    Running::of(command)
}

fn code(home: &Home) -> String {
    let made = answered(home, &["admin", "bootstrap", "-o", "json"]);
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    made["enrolment"]["code"].as_str().unwrap().to_owned()
}

#[test]
fn the_bootstrap_code_lies_in_a_file_for_the_owner_alone_and_in_no_log() {
    for there_before in [false, true] {
        let home = Home::new("[admin]\nenabled = true\n");
        let data = home.path().join("data");
        if there_before {
            // A mounted volume, say, which everybody may look into.
            std::fs::create_dir(&data).unwrap();
            std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let mut running = start_carelessly(&home);
        let code = code(&home);
        let file = data.join("bootstrap-code");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), code.clone() + "\n");
        assert_eq!(mode(&file), 0o600);
        // The directory is the owner's, too, where it was made here; and the store in it always is.
        let expected = if there_before { 0o755 } else { 0o700 };
        assert_eq!(mode(&data), expected);
        assert_eq!(mode(&data.join("sled")), 0o700);
        assert_eq!(mode(&data.join("control.sock")), 0o600);

        // A restart shows the same one, as long as it is good.
        running.signal("TERM");
        running.read_until("stopped");
        let log = format!("{:?}", running.log);
        assert!(!log.contains(&code), "{log}");
        assert!(log.contains("latchkey admin bootstrap"), "{log}");
        drop(running);
        let _running = start_carelessly(&home);
        assert_eq!(self::code(&home), code);
    }
}

/// Whoever lays a file or a link there first gets neither the code nor a file of their choice written.
#[test]
fn a_file_that_was_laid_there_before_is_replaced_and_not_written_to() {
    let home = Home::new("[admin]\nenabled = true\n");
    let data = home.path().join("data");
    let mut running = Running::start(&home);
    let before = code(&home);
    running.signal("TERM");
    running.read_until("stopped");
    std::fs::remove_file(data.join("bootstrap-code")).unwrap();
    let elsewhere = home.path().join("elsewhere");
    std::fs::write(&elsewhere, "as it was").unwrap();
    let file = data.join("bootstrap-code");
    std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
    let running = start_carelessly(&home);
    let code = code(&home);
    assert_ne!(code, before);
    assert_eq!(std::fs::read_to_string(&elsewhere).unwrap(), "as it was");
    assert!(!file.symlink_metadata().unwrap().is_symlink());
    assert_eq!(mode(&file), 0o600);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), code + "\n");
    drop(running);
}

#[test]
fn without_administration_there_is_no_code() {
    let home = Home::new("");
    let _running = start_carelessly(&home);
    let refused = order(&home, &["admin", "bootstrap"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        said(&refused).contains("admin.enabled"),
        "{}",
        said(&refused)
    );
    assert!(!home.path().join("data/bootstrap-code").exists());
}
