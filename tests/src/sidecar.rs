//! The real sidecar, with its store in a directory of the test's own.

use std::fs;
use std::path::{Path, PathBuf};

use crate::http::{self, Client};
use crate::process::Process;
use crate::{ports, programs, wait};

/// What a test may choose about a sidecar.
#[derive(Clone, Debug)]
pub struct SidecarConfig {
    /// Where people reach the sign-in.
    pub public_url: String,
    /// The public listener's port.
    pub public_port: u16,
    /// The internal listener's port.
    pub internal_port: u16,
    /// Whether it listens on `public.sock` and `internal.sock` in its directory instead.
    pub on_sockets: bool,
    /// Whose word about a client's address is taken.
    pub gateways: Vec<String>,
    /// How long its tokens live.
    pub token_ttl: String,
    /// Whether strangers can make accounts.
    pub self_registration: bool,
    /// Further lines of TOML, appended after the sections below.
    pub more: String,
}

impl SidecarConfig {
    /// A sidecar for a gateway at `http://localhost:<gateway_port>`.
    #[must_use]
    pub fn behind(gateway_port: u16) -> Self {
        Self {
            public_url: format!("http://localhost:{gateway_port}/_latchkey"),
            public_port: ports::free(),
            internal_port: ports::free(),
            on_sockets: false,
            gateways: vec!["127.0.0.1".to_owned()],
            token_ttl: "10m".to_owned(),
            self_registration: true,
            more: String::new(),
        }
    }

    fn to_toml(&self, dir: &Path) -> String {
        let Self {
            public_url,
            public_port,
            internal_port,
            on_sockets,
            gateways,
            token_ttl,
            self_registration,
            more,
        } = self;
        let listen = |name: &str, port: &u16| match on_sockets {
            true => format!("unix:{}", dir.join(name).display()),
            false => format!("127.0.0.1:{port}"),
        };
        let public = listen("public.sock", public_port);
        let internal = listen("internal.sock", internal_port);
        let data = dir.join("data");
        let key = dir.join("encryption.key");
        format!(
            r#"public_url = "{public_url}"

[listen]
public = "{public}"
internal = "{internal}"
gateways = {gateways:?}

[storage]
backend = "sled"
path = "{data}"

[keys]
encryption_key_file = "{key}"

[token]
audiences = ["app"]
ttl = "{token_ttl}"

[webauthn]
rp_display_name = "Latchkey test"
self_registration = {self_registration}
{more}"#,
            data = data.display(),
            key = key.display(),
        )
    }
}

/// A running sidecar.
pub struct Sidecar {
    /// What it was started with.
    pub config: SidecarConfig,
    dir: PathBuf,
    process: Process,
}

impl Sidecar {
    /// Starts a sidecar in `dir` and waits until it is ready.
    ///
    /// # Panics
    /// When it refuses to start, with its own words.
    #[must_use]
    pub fn start(config: SidecarConfig, dir: &Path) -> Self {
        let mut sidecar = Self::launch(config, dir);
        sidecar.await_ready();
        sidecar
    }

    /// Starts a sidecar without waiting, for ones that should refuse.
    ///
    /// # Panics
    /// When its configuration cannot be written.
    #[must_use]
    pub fn launch(config: SidecarConfig, dir: &Path) -> Self {
        prepare(&config, dir);
        let process = start_process(dir);
        Self {
            config,
            dir: dir.to_owned(),
            process,
        }
    }

    /// Starts a sidecar whose store has a disk of its own, of so many mebibytes, and waits until it is
    /// ready; `None` where this machine lets nobody mount one.
    ///
    /// # Panics
    /// When the sidecar refuses to start, with its own words.
    #[must_use]
    pub fn on_small_disk(config: SidecarConfig, dir: &Path, mebibytes: u32) -> Option<Self> {
        prepare(&config, dir);
        fs::create_dir(dir.join("data")).expect("a directory");
        let mount = format!("mount -t tmpfs -o mode=700,size={mebibytes}m tmpfs \"$0\"");
        let inside = |script: &str| {
            let namespace = ["--user", "--map-root-user", "--mount", "sh", "-c", script];
            let mut arguments = namespace.map(str::to_owned).to_vec();
            arguments.push(dir.join("data").display().to_string());
            arguments
        };
        let mut trial = std::process::Command::new("unshare");
        let trial = trial.args(inside(&mount)).output();
        if !trial.is_ok_and(|output| output.status.success()) {
            return None;
        }
        let mut arguments = inside(&format!("{mount} && exec \"$@\""));
        arguments.push(programs::sidecar().display().to_string());
        arguments.extend(["serve", "--config"].map(str::to_owned));
        arguments.push(dir.join("latchkey.toml").display().to_string());
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut sidecar = Self {
            config,
            dir: dir.to_owned(),
            process: Process::start("sidecar", dir, Path::new("unshare"), &arguments),
        };
        sidecar.await_ready();
        Some(sidecar)
    }

    /// The store of a sidecar with a disk of its own, as it sees it.
    #[must_use]
    pub fn own_disk(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.process.id()));
        let data = self.data();
        root.join(data.strip_prefix("/").unwrap_or(&data))
    }

    fn await_ready(&mut self) {
        let internal = self.internal();
        let socket = self.dir.join("internal.sock");
        let on_sockets = self.config.on_sockets;
        let process = &mut self.process;
        wait::until("the sidecar is ready", || {
            if let Some(status) = process.exited() {
                panic!("the sidecar ended ({status}):\n{}", process.log());
            }
            let response = if on_sockets {
                http::over_socket(&socket, "GET", "/readyz")?
            } else {
                internal.get("/readyz").attempt()?
            };
            (response.status == 200).then_some(())
        });
    }

    /// Ends it as a supervisor would, and starts it again on the same store.
    pub fn restart(&mut self) {
        self.process.terminate();
        self.resume();
    }

    /// Starts it again after it has ended, and waits until it is ready.
    pub fn resume(&mut self) {
        self.process = start_process(&self.dir);
        self.await_ready();
    }

    /// Its process, for its log, its memory and its end.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Where its store lies.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// A client for the public listener that does not go through the gateway.
    #[must_use]
    pub fn public(&self) -> Client {
        Client::new(self.config.public_port)
    }

    /// A client for the internal listener.
    #[must_use]
    pub fn internal(&self) -> Client {
        Client::new(self.config.internal_port)
    }
}

/// Writes the key and the configuration.
fn prepare(config: &SidecarConfig, dir: &Path) {
    let key = dir.join("encryption.key");
    if !key.exists() {
        fs::write(&key, "q7Vb0yWcXn4uY2mK8sLr5tPzHjGfDdSa1eRqTwUoIi0=\n").expect("key file");
        let only_owner = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(&key, only_owner).expect("key file");
    }
    let file = dir.join("latchkey.toml");
    fs::write(&file, config.to_toml(dir)).expect("the sidecar's configuration can be written");
}

fn start_process(dir: &Path) -> Process {
    let file = dir.join("latchkey.toml");
    let file = file.to_str().expect("a path in UTF-8");
    Process::start(
        "sidecar",
        dir,
        &programs::sidecar(),
        &["serve", "--config", file],
    )
}
