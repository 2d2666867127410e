//! The command line.

use std::path::PathBuf;
use std::time::Duration;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Measures the sidecar: registrations, logins, renewals, keys and revocations; start and memory.

  scripts/bench-sidecar [--users N] [--seconds S] [--clients N] [--json]

  --users N      users in the large store, with two passkeys each (100000)
  --seconds S    how long each row is driven (4)
  --clients N    connections at full load (48)
  --json         {\"login_ratio_to_floor\", \"logins_per_second\", \"login_p99_ms_at_half_load\",
                 \"login_cpu_ms\", \"idle_rss_bytes\", \"start_ms\"} on one line
";

const MOST_USERS: usize = 1_000_000;
const MOST_CLIENTS: usize = 512;

/// What to measure.
pub(crate) struct Options {
    /// Users in the large store.
    pub(crate) users: usize,
    /// For how long each row is driven.
    pub(crate) time: Duration,
    /// Connections at full load.
    pub(crate) clients: usize,
    /// JSON instead of the table.
    pub(crate) json: bool,
    /// The sidecar's program.
    pub(crate) program: PathBuf,
}

impl Options {
    /// Reads the arguments; nothing where help is asked for.
    pub(crate) fn parse(
        mut arguments: impl Iterator<Item = String>,
    ) -> Result<Option<Self>, String> {
        let (mut users, mut seconds, mut clients, mut json) = (100_000, 4.0, 48, false);
        while let Some(argument) = arguments.next() {
            let mut value = || {
                let value = arguments.next();
                value.ok_or_else(|| format!("{argument} needs a value"))
            };
            match argument.as_str() {
                "--help" | "-h" => return Ok(None),
                "--json" => json = true,
                "--users" => users = value()?.parse().map_err(|e| format!("--users: {e}"))?,
                "--seconds" => seconds = value()?.parse().map_err(|e| format!("--seconds: {e}"))?,
                "--clients" => clients = value()?.parse().map_err(|e| format!("--clients: {e}"))?,
                _ => return Err(format!("unknown argument «{argument}» (see --help)")),
            }
        }
        if !(1_000..=MOST_USERS).contains(&users) {
            return Err(format!("--users: 1000 to {MOST_USERS}"));
        }
        if !(0.2..=60.0).contains(&seconds) {
            return Err("--seconds: 0.2 to 60".to_owned());
        }
        if !(1..=MOST_CLIENTS).contains(&clients) {
            return Err(format!("--clients: 1 to {MOST_CLIENTS}"));
        }
        let program = std::env::var_os("LATCHKEY_PROGRAM").map(PathBuf::from);
        let program =
            program.ok_or("LATCHKEY_PROGRAM is not set: start scripts/bench-sidecar".to_owned())?;
        Ok(Some(Self {
            users,
            time: Duration::from_secs_f64(seconds),
            clients,
            json,
            program,
        }))
    }
}
