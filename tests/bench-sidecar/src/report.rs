//! Measures everything, and says what came of it.

use crate::floor;
use crate::load::{Measured, drive};
use crate::options::Options;
use crate::people::People;
use crate::rows::{Person, Worker};
use crate::sidecar::Sidecar;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io;
use std::time::Duration;

/// Users of the small store that the large one is compared with.
const FEW: usize = 1_000;
/// Sessions that are renewed in turn, each while its last renewal is remembered.
const FEW_SESSIONS: usize = 512;
/// Connections of the internal listener.
const WORKERS: usize = 16;
/// How long an idle program may settle before its memory is read.
const SETTLE: Duration = Duration::from_secs(3);

const MOST_START: Duration = Duration::from_secs(1);
const MOST_RESIDENT: u64 = 150 * 1024 * 1024;
const MOST_P99_MS: f64 = 20.0;
const LEAST_RATIO: f64 = 0.5;
/// As many people sign in by one connection: each of them 30 times in five minutes at most.
const COMPANY: usize = 100;

/// What a login may cost more among many users, and still be called flat.
const FLAT: f64 = 1.2;

/// What was measured.
pub(crate) struct Report {
    users: usize,
    floor: f64,
    rows: Vec<Row>,
    few_cpu_ms: f64,
    login_cpu_ms: f64,
    start: Duration,
    start_after_crash: Duration,
    start_cpu: [Duration; 2],
    idle_resident: u64,
    resident_after_crash: u64,
    imported_in: Duration,
}

struct Row {
    name: &'static str,
    full: Measured,
    half: Measured,
}

impl Report {
    pub(crate) fn measure(options: &Options) -> io::Result<Self> {
        let floor = floor::logins_per_second();
        let dir = tempfile::tempdir()?;
        let mut sidecar = Sidecar::start(&options.program, dir.path())?;
        let people = People::new(&sidecar.origin());
        let import = |sidecar: &Sidecar, numbers| {
            let path = dir.path().join("users.json");
            people.write(&path, numbers)?;
            let begun = crate::load::now();
            sidecar.order(&["import", &path.to_string_lossy()])?;
            Ok::<_, io::Error>(begun.elapsed())
        };
        import(&sidecar, 0..FEW)?;
        let few_cpu_ms = log_in(&sidecar, &people, options, FEW)?.1;
        let imported_in = import(&sidecar, FEW..options.users)?;
        sidecar.crash()?;
        std::thread::sleep(SETTLE);
        let (start_after_crash, resident_after_crash) = (sidecar.started_in, sidecar.resident()?);
        let cpu_after_crash = sidecar.cpu()?;
        sidecar.restart()?;
        std::thread::sleep(SETTLE);
        let (start, idle_resident) = (sidecar.started_in, sidecar.resident()?);
        let start_cpu = [sidecar.cpu()?, cpu_after_crash];

        let (logins, login_cpu_ms, mut secrets) = log_in_twice(&sidecar, &people, options)?;
        let mut rows = vec![logins];
        let persons = people_of(&sidecar, &people, options.clients, options.users)?;
        rows.push(row("registrations", persons, options, Person::register)?);
        let workers = |secrets: &[String]| -> io::Result<Vec<Worker>> {
            let share = |number| {
                let own = secrets.iter().skip(number).step_by(WORKERS);
                Worker::new(&sidecar, own.cloned().collect())
            };
            (0..WORKERS).map(share).collect()
        };
        let later = secrets.split_off(secrets.len() / 2);
        let (full, _) = drive(workers(&secrets)?, options.time, None, Worker::renew)?;
        let pace = Some(full.rate / 2.0);
        let (half, _) = drive(workers(&later)?, options.time, pace, Worker::renew)?;
        let name = "renewals";
        rows.push(Row { name, full, half });
        secrets.truncate(FEW_SESSIONS);
        let again = workers(&secrets)?;
        rows.push(row("the same again", again, options, Worker::renew_again)?);
        rows.push(row("key sets", workers(&[])?, options, Worker::keys)?);
        rows.push(row(
            "revocations",
            workers(&[])?,
            options,
            Worker::revocations,
        )?);
        Ok(Self {
            users: options.users,
            floor,
            rows,
            few_cpu_ms,
            login_cpu_ms,
            start,
            start_after_crash,
            start_cpu,
            idle_resident,
            resident_after_crash,
            imported_in,
        })
    }

    fn logins(&self) -> (f64, f64) {
        self.rows.first().map_or((f64::NAN, f64::NAN), |it| {
            (it.full.rate, it.half.percentile(99))
        })
    }

    /// The figures as JSON.
    pub(crate) fn json(&self) -> Value {
        let (rate, p99) = self.logins();
        json!({
            "login_ratio_to_floor": rounded(rate / self.floor, 1_000.0),
            "logins_per_second": rounded(rate, 10.0),
            "login_p99_ms_at_half_load": rounded(p99, 100.0),
            "login_cpu_ms": rounded(self.login_cpu_ms, 1_000.0),
            "idle_rss_bytes": self.idle_resident,
            "start_ms": self.start.as_millis(),
        })
    }

    /// The rows, and which targets are met.
    pub(crate) fn table(&self) -> String {
        let mut text = format!(
            "{:<14} {:>10} {:>9} {:>9} {:>12} {:>12}\n",
            "", "per second", "p50 ms", "p99 ms", "half: p50 ms", "half: p99 ms"
        );
        for Row { name, full, half } in &self.rows {
            let _ = writeln!(
                text,
                "{name:<14} {:>10.0} {:>9.2} {:>9.2} {:>12.2} {:>12.2}",
                full.rate,
                full.percentile(50),
                full.percentile(99),
                half.percentile(50),
                half.percentile(99)
            );
        }
        let (rate, p99) = self.logins();
        let _ = writeln!(
            text,
            "\nThe floor, a login's cryptography alone on one core: {:.0} per second.\n\
             {} users with two passkeys each came in {:.1} s.\n",
            self.floor,
            self.users,
            self.imported_in.as_secs_f64()
        );
        let ratio = rate / self.floor;
        let flat = self.login_cpu_ms / self.few_cpu_ms;
        let [start_cpu, cpu_after_crash] = self.start_cpu.map(|cpu| cpu.as_millis());
        let megabytes = |bytes: u64| bytes / (1024 * 1024);
        for (met, line) in [
            (
                ratio >= LEAST_RATIO,
                format!("logins / floor: {ratio:.2}, at least {LEAST_RATIO}"),
            ),
            (
                p99 < MOST_P99_MS,
                format!("p99 of a login at half load: {p99:.1} ms, under {MOST_P99_MS}"),
            ),
            (
                flat <= FLAT,
                format!(
                    "CPU of a login: {:.3} ms, {:.3} among {FEW} users: {flat:.2}, at most {FLAT}",
                    self.login_cpu_ms, self.few_cpu_ms
                ),
            ),
            (
                self.start < MOST_START,
                format!(
                    "start: {} ms ({start_cpu} ms of processor time), under {}",
                    self.start.as_millis(),
                    MOST_START.as_millis()
                ),
            ),
            (
                self.start_after_crash < MOST_START,
                format!(
                    "start after kill -9: {} ms ({cpu_after_crash} ms of processor time)",
                    self.start_after_crash.as_millis()
                ),
            ),
            (
                self.idle_resident < MOST_RESIDENT,
                format!(
                    "resident, idle: {} MB, under {}; {} MB after kill -9",
                    megabytes(self.idle_resident),
                    megabytes(MOST_RESIDENT),
                    megabytes(self.resident_after_crash)
                ),
            ),
        ] {
            let _ = writeln!(text, "{} {line}", if met { "ok  " } else { "MISS" });
        }
        text
    }
}

/// Persons from all over the store.
fn people_of(
    sidecar: &Sidecar,
    people: &People,
    many: usize,
    of: usize,
) -> io::Result<Vec<Person>> {
    let person = |number| {
        let first = number * of / many;
        let company = (1..COMPANY).map(|next| (first + next) % of);
        Ok(Person::new(sidecar, people, first)?.with(people, company))
    };
    (0..many).map(person).collect()
}

/// Logins at full load, what one costs the program, and the secrets of the sessions.
fn log_in(
    sidecar: &Sidecar,
    people: &People,
    options: &Options,
    users: usize,
) -> io::Result<(Measured, f64, Vec<String>)> {
    let persons = people_of(sidecar, people, options.clients, users)?;
    let before = sidecar.cpu()?;
    let (measured, persons) = drive(persons, options.time, None, Person::log_in)?;
    let cpu = sidecar.cpu()?.saturating_sub(before);
    #[expect(clippy::cast_precision_loss, reason = "a few hundred thousand at most")]
    let each = cpu.as_secs_f64() * 1_000.0 / measured.count() as f64;
    let secrets = persons.into_iter().flat_map(Person::into_secrets);
    Ok((measured, each, secrets.collect()))
}

/// The same at full and at half load, and the secrets of all the sessions.
fn log_in_twice(
    sidecar: &Sidecar,
    people: &People,
    options: &Options,
) -> io::Result<(Row, f64, Vec<String>)> {
    let (full, cpu_ms, mut secrets) = log_in(sidecar, people, options, options.users)?;
    let persons = people_of(sidecar, people, options.clients, options.users)?;
    let pace = Some(full.rate / 2.0);
    let (half, persons) = drive(persons, options.time, pace, Person::log_in)?;
    secrets.extend(persons.into_iter().flat_map(Person::into_secrets));
    let name = "logins";
    Ok((Row { name, full, half }, cpu_ms, secrets))
}

/// One row at full load, and at half of it.
fn row<C: Send>(
    name: &'static str,
    clients: Vec<C>,
    options: &Options,
    deed: impl Fn(&mut C) -> io::Result<bool> + Sync,
) -> io::Result<Row> {
    let (full, clients) = drive(clients, options.time, None, &deed)?;
    let (half, _) = drive(clients, options.time, Some(full.rate / 2.0), &deed)?;
    Ok(Row { name, full, half })
}

fn rounded(figure: f64, to: f64) -> f64 {
    (figure * to).round() / to
}
