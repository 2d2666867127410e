//! Measures everything, and says what came of it.

use std::{fmt::Write as _, fs, io, path::Path, time::Duration};

use serde_json::{Value, json};

use crate::{
    envoy::{Envoy, Listener},
    flood::{self, Flooded},
    load::{Clients, wait},
    memory,
    options::Options,
    rows::{self, Material, Row, bearers},
    server,
    tokens::Signer,
};

/// As much more CPU time as counts as equal, in microseconds: two rows of the same listener differ
/// by that on a machine with other work.
const EQUAL_US: f64 = 5.0;
/// How long a row is driven before the next has its turn. Short, so that what else the machine does
/// hits all rows of a round alike.
const TURN: Duration = Duration::from_millis(40);
/// What the filter may weigh.
const MAX_FILTER_BYTES: u64 = 400_000;
/// What a VM may take.
const MAX_VM_BYTES: u64 = 24 << 20;
/// What memory may grow by and still be called flat: a few pages, for what the filling did not touch.
const FLAT_BYTES: u64 = 1 << 20;
/// How many requests follow before memory is looked at again.
const MORE_REQUESTS: usize = 50_000;

/// What was measured.
pub(crate) struct Report {
    rows: Vec<Row>,
    lookups: Lookups,
    filter_bytes: u64,
    memory: Option<Memory>,
    flooded: Vec<Flooded>,
}

/// Tokens that should have been new to the filter, and those that were.
struct Lookups {
    expected: u64,
    missed: u64,
}

struct Memory {
    filled: u64,
    later: u64,
}

impl Report {
    /// Measures, in this directory.
    pub(crate) fn measure(options: &Options, dir: &Path) -> io::Result<Self> {
        let material = Material::new();
        let server = server::start(Signer::es256(7), Signer::eddsa(7))?;
        let (rows, lookups) = measure_rows(options, dir, &material, server)?;
        let whole = options.only.is_none();
        let memory = whole.then(|| measure_memory(options, dir, &material, server));
        let flooded = whole.then(|| flood::measure(options, dir, &material, server));
        Ok(Self {
            rows,
            lookups,
            filter_bytes: fs::metadata(&options.wasm)?.len(),
            memory: memory.transpose()?,
            flooded: flooded.transpose()?.unwrap_or_default(),
        })
    }

    /// The rows as JSON.
    pub(crate) fn json(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            json!({"name": row.name,
                   "cpu_us_per_request": rounded(median(&row.cpu)),
                   "requests_per_second": rounded(median(&row.throughput))})
        });
        json!({"rows": rows.collect::<Vec<_>>(), "filter_bytes": self.filter_bytes,
               "vm_bytes": self.memory.as_ref().map(|memory| memory.filled.max(memory.later))})
    }

    /// The rows, and which targets are met.
    pub(crate) fn table(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(
            text,
            "{:<20} {:>9} {:>8} {:>17} {:>9}",
            "", "CPU us", "net", "(rounds)", "req/s"
        );
        for row in &self.rows {
            let (low, high) = bounds(&row.cpu);
            let _ = writeln!(
                text,
                "{:<20} {:>9.1} {:>8.1} {:>17} {:>9.0}",
                row.name,
                median(&row.cpu),
                self.net(row.name).unwrap_or(f64::NAN),
                format!("({low:.1} - {high:.1})"),
                median(&row.throughput)
            );
        }
        let _ = writeln!(
            text,
            "\nCPU time of Envoy per request, median of {} rounds; net of plain.\n",
            self.rows.first().map_or(0, |row| row.cpu.len())
        );
        for (what, limit) in [
            (("known", "jwt_cached"), 1.0),
            (("known", "ext_authz"), 0.125),
            (("first_seen", "jwt_uncached"), 1.0),
            (("forged", "jwt_forged"), 1.0),
        ] {
            self.compare(&mut text, what, limit);
        }
        for (few, many) in [
            ("known_1_rule", "known_1000_rules"),
            ("known", "known_10000_tokens"),
            ("known", "known_100000_revoked"),
        ] {
            self.flat(&mut text, few, many);
        }
        self.sizes(&mut text);
        text
    }

    fn net(&self, name: &str) -> Option<f64> {
        let gross = |name: &str| {
            let row = self.rows.iter().find(|row| row.name == name)?;
            Some(median(&row.cpu))
        };
        Some(gross(name)? - gross("plain")?)
    }

    fn compare(&self, text: &mut String, (ours, theirs): (&str, &str), limit: f64) {
        let (Some(one), Some(other)) = (self.net(ours), self.net(theirs)) else {
            return;
        };
        // Only where the two are to be equal: an eighth is meant as it stands.
        let within = if limit < 1.0 { 0.0 } else { EQUAL_US };
        let met = one <= other * limit + within;
        let _ = writeln!(
            text,
            "{} {ours} / {theirs}: {:.3}, at most {limit}",
            verdict(met),
            one / other
        );
    }

    /// Gross: the request as a whole costs the same.
    fn flat(&self, text: &mut String, few: &str, many: &str) {
        let gross = |name: &str| {
            let row = self.rows.iter().find(|row| row.name == name)?;
            Some(median(&row.cpu))
        };
        let (Some(one), Some(other)) = (gross(few), gross(many)) else {
            return;
        };
        let _ = writeln!(
            text,
            "{} {many} / {few}: {:.3}, at most 1.1 (gross)",
            verdict(other <= one * 1.1),
            other / one
        );
    }

    fn sizes(&self, text: &mut String) {
        let Lookups { expected, missed } = self.lookups;
        let _ = writeln!(
            text,
            "{} tokens new to the filter: {missed}, to be {expected}",
            verdict(missed == expected)
        );
        let _ = writeln!(
            text,
            "{} filter: {} bytes, at most {MAX_FILTER_BYTES}",
            verdict(self.filter_bytes <= MAX_FILTER_BYTES),
            self.filter_bytes
        );
        if let Some(memory) = &self.memory {
            let _ = writeln!(
                text,
                "{} VM: {} bytes with {} tokens and {} revocations, {} after {MORE_REQUESTS} more requests, at most {MAX_VM_BYTES}",
                verdict(memory.later <= MAX_VM_BYTES && memory.later <= memory.filled + FLAT_BYTES),
                memory.filled,
                rows::MANY,
                server::MANY_REVOKED.1,
                memory.later
            );
        }
        let [ours, theirs @ ..] = &self.flooded[..] else {
            return;
        };
        for other in theirs {
            let _ = writeln!(
                text,
                "{} p99 of the signed-in under a flood of forgeries: {:.0} us, {} {:.0} us",
                verdict(ours.p99() <= other.p99()),
                ours.p99(),
                other.name,
                other.p99()
            );
        }
    }
}

fn measure_rows(
    options: &Options,
    dir: &Path,
    material: &Material,
    server: u16,
) -> io::Result<(Vec<Row>, Lookups)> {
    let mut rows = rows::all(options, material, server)?;
    let listeners: Vec<_> = rows::listeners(&rows).collect();
    let envoy = Envoy::start(&options.envoy, dir, &listeners, server)?;
    for row in &mut rows {
        row.warm_up()?;
    }
    let before = envoy.counted("wasmcustom.latchkey.cache.misses")?;
    for _ in 0..options.rounds {
        let mut left = options.time;
        while !left.is_zero() {
            left = left.saturating_sub(TURN);
            for row in &mut rows {
                row.drive(&envoy, TURN)?;
            }
        }
        for row in &mut rows {
            row.end_round()?;
        }
    }
    // What the rows are called must be what happened: of the tokens that should be new to the filter
    // each was, and no other.
    let new = ["first_seen", "first_seen_eddsa", "forged"];
    let expected = rows
        .iter()
        .filter(|row| new.contains(&row.name))
        .map(|row| row.sent)
        .sum();
    let missed = || {
        let now = envoy.counted("wasmcustom.latchkey.cache.misses").ok()?;
        Some(now.saturating_sub(before))
    };
    let _ = wait(|| missed().filter(|missed| *missed == expected));
    let lookups = Lookups {
        expected,
        missed: missed().unwrap_or_default(),
    };
    Ok((rows, lookups))
}

fn measure_memory(
    options: &Options,
    dir: &Path,
    material: &Material,
    server: u16,
) -> io::Result<Memory> {
    let filter = material.latchkey(options, "memory", |config| {
        config["sidecar"]["authority"] = server::MANY_REVOKED.0.into();
    });
    let listener = Listener::new("memory", Some(filter))?;
    let envoy = Envoy::start(&options.envoy, dir, &[&listener], server)?;
    let mut requests = bearers(material.many());
    let mut clients = Clients::connect_when_ready(listener.port, 200, &mut requests)?;
    clients.send(&mut requests, rows::MANY)?;
    let filled = memory::largest_vm(&envoy)?;
    clients.send(&mut requests, MORE_REQUESTS)?;
    let later = memory::largest_vm(&envoy)?;
    Ok(Memory { filled, later })
}

fn verdict(met: bool) -> &'static str {
    if met { "ok  " } else { "MISS" }
}

fn median(figures: &[f64]) -> f64 {
    let mut figures = figures.to_vec();
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match (figures.get(middle), figures.len() % 2) {
        (Some(figure), 1) => *figure,
        (Some(figure), _) => f64::midpoint(figures[middle - 1], *figure),
        (None, _) => f64::NAN,
    }
}

fn bounds(figures: &[f64]) -> (f64, f64) {
    let low = figures.iter().copied().fold(f64::INFINITY, f64::min);
    let high = figures.iter().copied().fold(0.0, f64::max);
    (low, high)
}

fn rounded(figure: f64) -> f64 {
    (figure * 10.0).round() / 10.0
}
