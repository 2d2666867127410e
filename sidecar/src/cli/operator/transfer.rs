//! `latchkey export` and `latchkey import`: users and passkeys as a file.

use super::client::{Client, ClientError};
use super::document::{self, DocumentError, Overview};
use super::{Output, show};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

/// Users that are sent at a time: as many as the sidecar takes, because they all come or none.
const PORTION: usize = 2_000;
/// Names of deleted users that are sent at a time.
const NAMES_PORTION: usize = 10_000;
/// Lines of a report that a table shows.
const MOST_LINES: usize = 40;

/// `latchkey export`
#[derive(Debug, Args)]
#[group(id = "export-order")]
pub struct Export {
    /// Where to write; it must not exist yet. "-" is standard output
    #[arg(value_hint = clap::ValueHint::FilePath)]
    pub file: PathBuf,
}

/// `latchkey import`
#[derive(Debug, Args)]
#[group(id = "import-order")]
pub struct Import {
    /// What to read
    #[arg(value_hint = clap::ValueHint::FilePath)]
    pub file: PathBuf,
    /// Whose format it has
    #[arg(long, value_enum, default_value = "latchkey")]
    pub format: Format,
    /// Only say what would happen
    #[arg(long)]
    pub dry_run: bool,
    /// Leave out whoever is refused, or in conflict with someone here; otherwise nobody comes
    #[arg(long)]
    pub skip: bool,
    /// Where the passkeys of a Keycloak realm come to, if not to the mount webauthn
    #[arg(long, value_name = "NAME")]
    pub mount: Option<String>,
}

/// Formats that an import reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// What `latchkey export` writes.
    Latchkey,
    /// A realm export of Keycloak, or one of its files of users.
    Keycloak,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::Latchkey => "latchkey",
            Self::Keycloak => "keycloak",
        }
    }
}

/// Why a file did not go over.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The sidecar was not reached, or refused.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Nothing is overwritten.
    #[error("{}: there is such a file already; give another name, or remove it first", .0.display())]
    Exists(PathBuf),
    /// It is not what it should be.
    #[error("{}: {source}", path.display())]
    Document {
        /// Which.
        path: PathBuf,
        /// Why.
        source: DocumentError,
    },
    /// Somebody was refused, so nobody was imported.
    #[error("{0}")]
    Refused(String),
}

/// Writes the export.
///
/// # Errors
/// When the sidecar is not reached, or the file cannot be written. Then there is no file.
pub(super) async fn export(
    client: &Client<'_>,
    to: &Export,
    output: Output,
) -> Result<String, TransferError> {
    let path = &to.file;
    if path.as_os_str() == "-" {
        let mut out = io::stdout().lock();
        client.download("/v1/admin/export", &mut out).await?;
        out.flush().map_err(ClientError::Written)?;
        return Ok(String::new());
    }
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => TransferError::Exists(path.clone()),
        _ => TransferError::File {
            path: path.clone(),
            source,
        },
    };
    // For the owner alone: names, addresses and groups of everyone.
    let file = OpenOptions::new()
        .mode(0o600)
        .create_new(true)
        .write(true)
        .open(path)
        .map_err(failed)?;
    match write_out(client, &file).await {
        Ok(bytes) => {
            let text = format!("{}: every user, {bytes} bytes", path.display());
            Ok(show::done(&text, output))
        }
        Err(error) => {
            // Half a document is none.
            let _ = std::fs::remove_file(path);
            Err(error)
        }
    }
}

async fn write_out(client: &Client<'_>, file: &File) -> Result<u64, TransferError> {
    let mut out = BufWriter::new(file);
    let bytes = client.download("/v1/admin/export", &mut out).await?;
    let done = out.flush().and_then(|()| file.sync_all());
    done.map_err(|source| ClientError::Written(source).into())
        .map(|()| bytes)
}

/// Sends the file, portion by portion: first all of it as a dry run, so that whoever would be
/// refused keeps everybody out, and then in earnest.
pub(super) async fn import(
    client: &Client<'_>,
    order: &Import,
    output: Output,
) -> Result<String, TransferError> {
    let wrong = |source| TransferError::Document {
        path: order.file.clone(),
        source,
    };
    let size = std::fs::metadata(&order.file).map_err(|source| TransferError::File {
        path: order.file.clone(),
        source,
    })?;
    let overview = document::overview(&order.file, order.format).map_err(wrong)?;
    let looked = send(client, order, &overview, true, size.len()).await?;
    if order.dry_run {
        return Ok(looked.shown(output));
    }
    if looked.has_obstacles() && !order.skip {
        return Err(TransferError::Refused(format!(
            "{}\nNobody was imported. Mend the file, or leave those out with --skip.",
            looked.shown(Output::Table)
        )));
    }
    let done = send(client, order, &overview, false, size.len()).await?;
    if done.has_obstacles() && !order.skip {
        // Somebody was faster, between the look and the deed.
        return Err(TransferError::Refused(done.shown(Output::Table)));
    }
    Ok(done.shown(output))
}

async fn send(
    client: &Client<'_>,
    order: &Import,
    overview: &Overview,
    dry: bool,
    size: u64,
) -> Result<Summary, TransferError> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("format", order.format.name());
    query.append_pair("dry_run", if dry { "true" } else { "false" });
    query.append_pair("skip", if order.skip { "true" } else { "false" });
    if let Some(mount) = &order.mount {
        query.append_pair("mount", mount);
    }
    let path = format!("/v1/admin/import?{}", query.finish());
    let mut summary = Summary::of(overview, dry);
    let left_out = overview.in_the_way.keys().copied().collect();
    let mut portions = document::Portions::open(&order.file, PORTION, left_out);
    while let Some(portion) = portions.next().await {
        let portion = portion.map_err(|source| TransferError::Document {
            path: order.file.clone(),
            source,
        })?;
        let report = reported(client, &path, overview.head.with(&portion.users)).await?;
        let numbers = portion.users.iter().map(|(number, _)| *number);
        summary.add(&report, &numbers.collect::<Vec<_>>());
        let what = if dry { "looked at" } else { "imported" };
        show::progress(&format!(
            "{what}: {} users, {} of {} KB",
            summary.users,
            portion.read.div_ceil(1_024),
            size.div_ceil(1_024)
        ));
        if !dry && report["done"] != true {
            show::progress_ends();
            return Ok(summary);
        }
    }
    show::progress_ends();
    for names in overview.reserved.chunks(NAMES_PORTION) {
        let report = reported(client, &path, overview.head.with_names(names)).await?;
        summary.add_names(&report, names);
    }
    Ok(summary)
}

/// The report of one document, whether it was taken or not.
async fn reported(client: &Client<'_>, path: &str, document: String) -> Result<Value, ClientError> {
    match client.order_text(path, document).await {
        Err(ClientError::Refused {
            report: Some(report),
            ..
        }) => Ok(*report),
        answer => answer,
    }
}

/// The reports of all portions together.
struct Summary {
    dry: bool,
    users: usize,
    counts: [u64; 7],
    lines: Vec<Value>,
    names: Vec<Value>,
}

const COUNTS: [&str; 7] = [
    "created",
    "unchanged",
    "skipped",
    "conflicts",
    "refused",
    "passkeys",
    "reserved_names",
];

impl Summary {
    /// With what is in the way within the file itself.
    fn of(overview: &Overview, dry: bool) -> Self {
        let conflict = |index: usize, name: &str, reasons: &[String]| {
            json!({
                "index": index, "name": name, "outcome": "conflict", "passkeys": null,
                "reasons": reasons, "notes": [],
            })
        };
        let users = overview.in_the_way.iter();
        let users = users.map(|(index, (name, reasons))| conflict(*index, name, reasons));
        let reason = ["a user of the file has this name".to_owned()];
        let names = overview.names_in_the_way.iter();
        let names = names.map(|(index, name)| conflict(*index, name, &reason));
        let (lines, names): (Vec<_>, Vec<_>) = (users.collect(), names.collect());
        let conflicts = lines.len().saturating_add(names.len());
        let mut counts = [0; 7];
        counts[3] = u64::try_from(conflicts).unwrap_or(u64::MAX);
        Self {
            dry,
            users: lines.len(),
            counts,
            lines,
            names,
        }
    }

    fn count(&mut self, report: &Value) {
        for (sum, name) in self.counts.iter_mut().zip(COUNTS) {
            *sum = sum.saturating_add(report[name].as_u64().unwrap_or(0));
        }
    }

    /// The report of users that have these numbers in the file.
    fn add(&mut self, report: &Value, numbers: &[usize]) {
        self.count(report);
        let lines = placed(&report["users"], |place| numbers.get(place).copied());
        self.users = self.users.saturating_add(lines.len());
        self.lines.extend(lines);
        self.lines.sort_by_key(|line| line["index"].as_u64());
    }

    fn add_names(&mut self, report: &Value, names: &[(usize, String)]) {
        self.count(report);
        let number = |place| names.get(place).map(|(number, _)| *number);
        self.names.extend(placed(&report["names"], number));
    }

    fn has_obstacles(&self) -> bool {
        let [_, _, _, conflicts, refused, _, _] = self.counts;
        conflicts > 0 || refused > 0
    }

    fn shown(&self, output: Output) -> String {
        if output == Output::Json {
            let mut all = json!({ "dry_run": self.dry, "users": self.lines, "names": self.names });
            for (count, name) in self.counts.iter().zip(COUNTS) {
                all[name] = json!(count);
            }
            return show::pretty(&all);
        }
        let [
            created,
            unchanged,
            skipped,
            conflicts,
            refused,
            passkeys,
            reserved,
        ] = self.counts;
        let would = if self.dry {
            "would be created"
        } else {
            "created"
        };
        let mut text = format!(
            "{created} users with {passkeys} passkeys {would}, {unchanged} are here already, \
             {skipped} skipped, {conflicts} in conflict, {refused} refused"
        );
        if reserved > 0 {
            let _ = write!(text, ", {reserved} names of deleted users kept from others");
        }
        let told = |line: &&Value| {
            line["outcome"] != "created" && line["outcome"] != "unchanged"
                || line["notes"].as_array().is_some_and(|it| !it.is_empty())
        };
        let users = self.lines.iter().filter(told).map(|it| ("users", it));
        let names = self.names.iter().map(|it| ("reserved_names", it));
        let told: Vec<_> = users.chain(names).collect();
        for (list, line) in told.iter().take(MOST_LINES) {
            let _ = write!(text, "\n{}", show::imported(list, line));
        }
        let more = told.len().saturating_sub(MOST_LINES);
        if more > 0 {
            let _ = write!(text, "\n... and {more} more: see --output json");
        }
        text
    }
}

/// Lines of a report, with their numbers in the file instead of those in the document that was sent.
fn placed(lines: &Value, number: impl Fn(usize) -> Option<usize>) -> Vec<Value> {
    let lines = lines.as_array().into_iter().flatten();
    let placed = lines.map(|line| {
        let place = line["index"].as_u64();
        let place = place.and_then(|it| usize::try_from(it).ok());
        let mut line = line.clone();
        line["index"] = json!(place.and_then(&number));
        line
    });
    placed.collect()
}
