//! The command line.

use std::{path::PathBuf, time::Duration};

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Measures CPU time of Envoy per request and throughput, for the filter and for Envoy's own filters.

  scripts/bench [--rounds N] [--seconds S] [--rows NAME,...] [--json]

  --rounds N      how often each row is driven, interleaved (7)
  --seconds S     how long each time (1)
  --rows A,B      only these rows and `plain`; no memory, no flood
  --json          {\"rows\": [{\"name\", \"cpu_us_per_request\", \"requests_per_second\"}],
                  \"filter_bytes\", \"vm_bytes\"} on one line; cpu_us_per_request is gross, so
                  subtract that of `plain`. vm_bytes is null with --rows
";

/// How often is enough: a run ends in reasonable time whatever is asked for.
const MAX_ROUNDS: usize = 100;
const MAX_SECONDS: f64 = 60.0;

/// What to measure.
pub(crate) struct Options {
    /// How often each row is driven.
    pub(crate) rounds: usize,
    /// For how long each time.
    pub(crate) time: Duration,
    /// JSON instead of the table.
    pub(crate) json: bool,
    /// Only these rows.
    pub(crate) only: Option<Vec<String>>,
    /// Envoy's program.
    pub(crate) envoy: PathBuf,
    /// The filter's module.
    pub(crate) wasm: PathBuf,
    /// A module that does no more than any filter must.
    pub(crate) least: PathBuf,
}

impl Options {
    /// Reads the arguments; nothing where help is asked for.
    pub(crate) fn parse(
        mut arguments: impl Iterator<Item = String>,
    ) -> Result<Option<Self>, String> {
        let variable = |name: &str| {
            std::env::var_os(name)
                .map(PathBuf::from)
                .ok_or_else(|| format!("{name} is not set: start scripts/bench"))
        };
        let (mut rounds, mut seconds, mut json, mut only) = (7, 1.0, false, None);
        while let Some(argument) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .ok_or_else(|| format!("{argument} needs a value"))
            };
            match argument.as_str() {
                "--help" | "-h" => return Ok(None),
                "--json" => json = true,
                "--rounds" => rounds = value()?.parse().map_err(|e| format!("--rounds: {e}"))?,
                "--seconds" => seconds = value()?.parse().map_err(|e| format!("--seconds: {e}"))?,
                "--rows" => only = Some(value()?.split(',').map(str::to_owned).collect()),
                _ => return Err(format!("unknown argument «{argument}» (see --help)")),
            }
        }
        if !(1..=MAX_ROUNDS).contains(&rounds) {
            return Err(format!("--rounds: 1 to {MAX_ROUNDS}"));
        }
        if !(0.05..=MAX_SECONDS).contains(&seconds) {
            return Err(format!("--seconds: 0.05 to {MAX_SECONDS}"));
        }
        Ok(Some(Self {
            rounds,
            time: Duration::from_secs_f64(seconds),
            json,
            only,
            envoy: variable("ENVOY_BIN")?,
            wasm: variable("LATCHKEY_WASM")?,
            least: variable("LEAST_WASM")?,
        }))
    }
}
