//! The program itself, in a directory of its own.

use crate::http::Connection;
use crate::load::now;
use std::fs::{self, File, Permissions};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A store of a million users opens in less.
const PATIENCE: Duration = Duration::from_secs(60);
/// The kernel counts processor time in these.
const TICKS_PER_SECOND: f64 = 100.0;

/// A running sidecar.
pub(crate) struct Sidecar {
    program: PathBuf,
    dir: PathBuf,
    child: Child,
    pub(crate) public: u16,
    pub(crate) internal: u16,
    /// How long the last start took, until it was ready.
    pub(crate) started_in: Duration,
}

impl Sidecar {
    /// Starts it with an empty store.
    pub(crate) fn start(program: &Path, dir: &Path) -> io::Result<Self> {
        let (public, internal) = (free_port()?, free_port()?);
        let key = dir.join("encryption.key");
        fs::write(&key, "q7Vb0yWcXn4uY2mK8sLr5tPzHjGfDdSa1eRqTwUoIi0=\n")?;
        fs::set_permissions(&key, Permissions::from_mode(0o600))?;
        let config = format!(
            "public_url = \"{origin}/_latchkey\"\n\
             [listen]\npublic = \"127.0.0.1:{public}\"\ninternal = \"127.0.0.1:{internal}\"\n\
             gateways = [\"127.0.0.1\"]\n\
             [storage]\nbackend = \"sled\"\npath = \"{data}\"\n\
             [keys]\nencryption_key_file = \"{key}\"\n\
             [token]\naudiences = [\"app\"]\n\
             [webauthn]\nself_registration = true\n\
             [log]\nlevel = \"error\"\n",
            origin = origin(public),
            data = dir.join("data").display(),
            key = key.display(),
        );
        fs::write(dir.join("latchkey.toml"), config)?;
        let (child, started_in) = launch(program, dir, internal)?;
        Ok(Self {
            program: program.to_owned(),
            dir: dir.to_owned(),
            child,
            public,
            internal,
            started_in,
        })
    }

    /// Where its pages are.
    pub(crate) fn origin(&self) -> String {
        origin(self.public)
    }

    /// Ends it as a supervisor would, and starts it again.
    pub(crate) fn restart(&mut self) -> io::Result<()> {
        self.signal("TERM")?;
        self.resume()
    }

    /// Kills it, and starts it again.
    pub(crate) fn crash(&mut self) -> io::Result<()> {
        self.signal("KILL")?;
        self.resume()
    }

    fn signal(&mut self, name: &str) -> io::Result<()> {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-s", name, &pid]).status()?;
        self.child.wait()?;
        Ok(())
    }

    fn resume(&mut self) -> io::Result<()> {
        let (child, started_in) = launch(&self.program, &self.dir, self.internal)?;
        (self.child, self.started_in) = (child, started_in);
        Ok(())
    }

    /// An operator's order.
    pub(crate) fn order(&self, arguments: &[&str]) -> io::Result<String> {
        let output = Command::new(&self.program)
            .args(arguments)
            .arg("--config")
            .arg(self.dir.join("latchkey.toml"))
            .output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            Err(io::Error::other(text(&output.stderr)))
        }
    }

    /// Processor time that it has used so far.
    pub(crate) fn cpu(&self) -> io::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name of the program, in parentheses, may hold anything.
        let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
        let ticks: f64 = fields
            .split(' ')
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<f64>().ok())
            .sum();
        Ok(Duration::from_secs_f64(ticks / TICKS_PER_SECOND))
    }

    /// Resident bytes.
    pub(crate) fn resident(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        kilobytes
            .map(|kilobytes| kilobytes * 1_024)
            .ok_or_else(|| io::Error::other("the kernel does not tell the memory"))
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn origin(port: u16) -> String {
    format!("http://localhost:{port}")
}

fn launch(program: &Path, dir: &Path, internal: u16) -> io::Result<(Child, Duration)> {
    let start = now();
    let log = dir.join("sidecar.log");
    let mut child = Command::new(program)
        .args(["serve", "--config"])
        .arg(dir.join("latchkey.toml"))
        .stdin(Stdio::null())
        .stderr(File::create(&log)?)
        .spawn()?;
    loop {
        let ready = Connection::open(internal).and_then(|mut it| it.get("/readyz"));
        if ready.is_ok_and(|answer| answer.status == 200) {
            return Ok((child, start.elapsed()));
        }
        let ended = child.try_wait()?;
        if ended.is_some() || start.elapsed() > PATIENCE {
            let _ = child.kill();
            return Err(io::Error::other(format!(
                "the sidecar did not start:\n{}",
                fs::read_to_string(&log)?
            )));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Nobody else is likely to take it at once.
fn free_port() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
