//! The program as a supervisor and an administrator see it: exit codes, messages, signals, logs.

mod bootstrap;
mod certainty;
mod links;
mod operator;
mod printing;
mod transfer;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// A directory with a configuration whose listeners take any free port.
struct Home(tempfile::TempDir);

impl Home {
    fn new(more: &str) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        let text = format!(
            "public_url = \"http://localhost:8080/_latchkey\"\n\
             {more}\n\
             [listen]\npublic = \"127.0.0.1:0\"\ninternal = \"127.0.0.1:0\"\n\
             [storage]\npath = '{}'\n\
             [token]\naudiences = [\"app\"]\n",
            home.path().join("data").display()
        );
        std::fs::write(home.config(), text).unwrap();
        home
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn config(&self) -> PathBuf {
        self.path().join("latchkey.toml")
    }

    fn serve(&self) -> Command {
        let mut command = latchkey(&["serve", "--config"]);
        command
            .arg(self.config())
            .env("LATCHKEY_LOG__FORMAT", "json");
        command.env("LATCHKEY_KEY_ENCRYPTION_KEY", KEY);
        command
    }
}

fn latchkey(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    command
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A running program that listens, with what it has logged so far.
struct Running {
    child: Child,
    lines: Option<std::io::Lines<BufReader<std::process::ChildStderr>>>,
    log: Vec<serde_json::Value>,
}

impl Running {
    fn start(home: &Home) -> Self {
        Self::of(home.serve())
    }

    fn of(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut running = Self {
            child,
            lines: Some(lines),
            log: Vec::new(),
        };
        running.read_until("listening");
        running
    }

    /// Every line must be JSON.
    fn read_until(&mut self, message: &str) {
        for line in self.lines.iter_mut().flatten() {
            let line = line.unwrap();
            let line: serde_json::Value =
                serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}"));
            let found = line["message"] == message;
            self.log.push(line);
            if found {
                return;
            }
        }
        panic!("{message:?} was never logged: {:?}", self.log);
    }

    fn ask(&self, listener: &str, path: &str) -> String {
        let address = self.log.last().unwrap()[listener].as_str().unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let secrets = "cookie: latchkey=secret-token\r\nauthorization: Bearer secret-token";
        let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\n{secrets}\r\nconnection: close");
        write!(stream, "{head}\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill")
            .args(["-s", name, &id])
            .status()
            .unwrap();
        assert!(status.success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_wrong_configuration_names_its_key_and_ends_with_2() {
    let home = Home::new("publik_url = 1");
    let output = home.serve().output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = said(&output);
    assert!(
        said.contains("latchkey.toml: publik_url: there is no such key"),
        "{said}"
    );
    assert!(!home.path().join("data").exists());

    let output = home
        .serve()
        .env("LATCHKEY_CONFIG", "/nowhere")
        .arg("--bogus")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn without_a_configuration_it_says_how_to_name_one() {
    let nowhere = tempfile::tempdir().unwrap();
    for arguments in [["serve"].as_slice(), &["users", "list"]] {
        let mut command = latchkey(arguments);
        let output = command
            .env_remove("LATCHKEY_CONFIG")
            .current_dir(nowhere.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        let said = said(&output);
        let file = nowhere.path().canonicalize().unwrap().join("latchkey.toml");
        assert!(
            said.contains(&format!("{}: there is no such file", file.display())),
            "{said}"
        );
        for word in ["--config", "LATCHKEY_CONFIG", "example-config"] {
            assert!(said.contains(word), "{said}");
        }
    }
}

#[test]
fn the_example_is_a_configuration_that_is_right() {
    let home = Home::new("");
    let output = latchkey(&["example-config"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let example = home.path().join("example.toml");
    std::fs::write(&example, &output.stdout).unwrap();
    let output = latchkey(&["check-config"]).arg(&example).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

#[test]
fn where_it_cannot_listen_it_leaves_no_store_behind() {
    let home = Home::new("");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for key in ["LATCHKEY_LISTEN__PUBLIC", "LATCHKEY_LISTEN__INTERNAL"] {
        let output = home.serve().env(key, &address).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let said = said(&output);
        assert!(said.contains(&format!("{address}: Address already in use")), "{said}");
        assert!(!home.path().join("data").exists(), "{key}");
    }
}

#[test]
fn check_config_says_right_or_what_is_wrong() {
    let home = Home::new("");
    let config = home.config();
    let output = latchkey(&["check-config"]).arg(&config).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let answer = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        answer.contains("latchkey.toml: right (a configuration of the sidecar)"),
        "{answer}"
    );

    let output = latchkey(&["check-config"])
        .arg(&config)
        .arg("/nowhere.json")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "one wrong file is enough");
    assert!(said(&output).contains("/nowhere.json: "));
}

#[test]
fn check_config_fails_for_notes_where_it_shall() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("latchkey.toml");
    let text =
        "public_url = \"https://app.example.com/_latchkey\"\n[token]\naudiences = [\"app\"]\n";
    std::fs::write(&config, text).unwrap();
    let check = |strict: &[&str], key: Option<&str>| {
        let mut check = latchkey(&["check-config"]);
        check.args(strict).arg(&config);
        check.envs(key.map(|key| ("LATCHKEY_KEY_ENCRYPTION_KEY", key)));
        check.output().unwrap()
    };
    let without_key = check(&["--strict"], None);
    assert_eq!(without_key.status.code(), Some(2), "{}", said(&without_key));
    assert!(said(&without_key).contains("latchkey.toml: --strict: it has notes"));
    assert_eq!(check(&[], None).status.code(), Some(0));
    let key = "00".repeat(32);
    assert_eq!(check(&["--strict"], Some(&key)).status.code(), Some(0));
}

#[test]
fn it_serves_both_listeners_and_stops_on_either_signal() {
    let home = Home::new("");
    for signal in ["TERM", "INT"] {
        let mut running = Running::start(&home);
        assert!(
            running
                .ask("internal", "/readyz")
                .starts_with("HTTP/1.1 200")
        );
        assert!(
            running
                .ask("public", "/_latchkey/login")
                .starts_with("HTTP/1.1 200")
        );
        assert!(
            running
                .ask("public", "/metrics")
                .starts_with("HTTP/1.1 404"),
            "internal only"
        );
        // An idle connection does not hold it up.
        let address = running.log.last().unwrap()["public"]
            .as_str()
            .unwrap()
            .to_owned();
        let _idle = TcpStream::connect(address).unwrap();
        running.signal(signal);
        running.read_until("stopped");
        assert_eq!(running.child.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn it_goes_on_when_its_log_cannot_be_written() {
    let home = Home::new("");
    let mut running = Running::start(&home);
    running.lines = None;
    for path in ["/_latchkey/login", "/_latchkey/nothing", "/_latchkey/login"] {
        let answer = running.ask("public", path);
        assert!(answer.starts_with("HTTP/1.1 "), "{path}: {answer:?}");
    }
    running.signal("TERM");
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
}

#[test]
fn no_secret_is_logged_and_none_lies_open_in_the_store() {
    let home = Home::new("");
    std::fs::write(
        home.config(),
        std::fs::read_to_string(home.config()).unwrap() + "[log]\nlevel = \"trace\"\n",
    )
    .unwrap();
    let mut running = Running::start(&home);
    running.ask("public", "/_latchkey/login?rd=%2Fsecret-page");
    running.signal("TERM");
    running.read_until("stopped");
    let log = running
        .log
        .iter()
        .map(ToString::to_string)
        .collect::<String>();
    for secret in [
        KEY,
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "applying batch",
        "secret-page",
        "secret-token",
    ] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
    assert!(
        !home.path().join("data/key-encryption-key").exists(),
        "one was given"
    );
}

#[test]
fn a_store_in_use_is_refused_with_1_and_its_holder() {
    let home = Home::new("");
    let running = Running::start(&home);
    let output = home.serve().output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    assert!(
        said.contains(&format!(
            "in use by another process (process {})",
            running.child.id()
        )),
        "{said}"
    );
}

#[test]
fn a_store_on_a_volume_that_is_not_mounted_is_refused_with_1() {
    let home = Home::new("");
    let output = home
        .serve()
        .env("LATCHKEY_STORAGE__PATH", home.path().join("not/there"))
        .output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    assert!(
        said.contains("is missing") && said.contains("is the right volume mounted"),
        "{said}"
    );
}

#[test]
fn another_key_encryption_key_is_refused_with_1() {
    let home = Home::new("");
    let mut running = Running::start(&home);
    running.signal("TERM");
    running.read_until("stopped");
    drop(running);
    let other = KEY.replace("00", "ff");
    let output = home
        .serve()
        .env("LATCHKEY_KEY_ENCRYPTION_KEY", other)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    assert!(
        said.contains("cannot be opened") && said.contains("encryption_key_file"),
        "{said}"
    );
}
