//! One Envoy with one worker: its configuration, its CPU time, its memory.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use crate::load::wait;

/// A listener to be: its name, its port, the HTTP filter in it.
pub(crate) struct Listener {
    /// Also the prefix of its statistics.
    pub(crate) name: String,
    /// On 127.0.0.1.
    pub(crate) port: u16,
    /// What stands before the router.
    pub(crate) filter: Option<Value>,
}

impl Listener {
    /// A listener on a free port.
    pub(crate) fn new(name: &str, filter: Option<Value>) -> io::Result<Self> {
        Ok(Self {
            name: name.to_owned(),
            port: free_port()?,
            filter,
        })
    }

    fn config(&self) -> Value {
        let router = json!({"name": "envoy.filters.http.router", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}});
        let filters: Vec<_> = self.filter.iter().chain([&router]).collect();
        json!({
            "name": self.name,
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": self.port}},
            "filter_chains": [{"filters": [{
                "name": "envoy.filters.network.http_connection_manager",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                    "stat_prefix": self.name,
                    "normalize_path": true,
                    "use_remote_address": true,
                    "http_filters": filters,
                    "route_config": {"virtual_hosts": [{"name": "everything", "domains": ["*"],
                        "routes": [{"match": {"prefix": "/"},
                                    "direct_response": {"status": 200, "body": {"inline_string": "ok"}}}]}]},
                }}]}],
        })
    }
}

/// A running Envoy; it ends with this value.
pub(crate) struct Envoy {
    child: Child,
    admin_port: u16,
}

impl Envoy {
    /// Starts it and waits until it says that it is ready. `server` answers for both clusters,
    /// `authorizer` and `sidecar`.
    pub(crate) fn start(
        program: &Path,
        dir: &Path,
        listeners: &[&Listener],
        server: u16,
    ) -> io::Result<Self> {
        let admin_port = free_port()?;
        let cluster = |name: &str| {
            json!({"name": name, "connect_timeout": "1s",
                   "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [{
                       "endpoint": {"address": {"socket_address":
                           {"address": "127.0.0.1", "port_value": server}}}}]}]}})
        };
        let config = json!({
            "node": {"id": "bench", "cluster": "bench"},
            "admin": {"address": {"socket_address":
                {"address": "127.0.0.1", "port_value": admin_port}}},
            "static_resources": {
                "listeners": listeners.iter().map(|listener| listener.config()).collect::<Vec<_>>(),
                "clusters": [cluster("authorizer"), cluster("sidecar")],
            },
        });
        let file = dir.join(format!("envoy-{admin_port}.json"));
        let log = dir.join(format!("envoy-{admin_port}.log"));
        fs::write(&file, config.to_string())?;
        let output = fs::File::create(&log)?;
        // The kernel ends it with this program, whatever ends that.
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--"])
            .arg(program)
            .arg("-c")
            .arg(&file)
            .args(["--disable-hot-restart", "--concurrency", "1"])
            // What Istio's gateways log.
            .args(["--log-level", "warn"])
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()?;
        let mut envoy = Self { child, admin_port };
        let ready = wait(|| {
            if let Ok(Some(_)) = envoy.child.try_wait() {
                return Some(false);
            }
            let answer = envoy.admin("/ready").unwrap_or_default();
            answer.starts_with("HTTP/1.1 200").then_some(true)
        });
        if ready == Some(true) {
            return Ok(envoy);
        }
        let log = fs::read_to_string(log).unwrap_or_default();
        Err(io::Error::other(format!("Envoy did not start:\n{log}")))
    }

    /// CPU time of all its threads so far. Exact while Envoy is idle.
    pub(crate) fn cpu(&self) -> io::Result<Duration> {
        let mut nanoseconds = 0;
        for task in fs::read_dir(self.proc("task"))? {
            let text = fs::read_to_string(task?.path().join("schedstat"))?;
            let ran = text.split_whitespace().next().unwrap_or_default();
            nanoseconds += ran.parse::<u64>().map_err(io::Error::other)?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// The sum of the counters with these names.
    pub(crate) fn counted(&self, name: &str) -> io::Result<u64> {
        let text = self.admin(&format!("/stats?filter={name}"))?;
        let values = text.lines().filter_map(|line| line.split_once(": "));
        let values = values.filter(|(known, _)| *known == name);
        Ok(values
            .filter_map(|(_, value)| value.trim().parse::<u64>().ok())
            .sum())
    }

    /// A file about the process.
    pub(crate) fn proc(&self, file: &str) -> String {
        format!("/proc/{}/{file}", self.child.id())
    }

    fn admin(&self, target: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.admin_port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(
            stream,
            "GET {target} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n"
        )?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
