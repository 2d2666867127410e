//! `latchkey export` and `latchkey import`: users and passkeys as a file.

use super::client::{Client, ClientError};
use super::document::{self, DocumentError};
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
    let failed = |source| TransferError::File {
        path: path.clone(),
        source,
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
    let head = document::head(&order.file, order.format).map_err(wrong)?;
    let looked = send(client, order, &head, true, size.len()).await?;
    if order.dry_run {
        return Ok(looked.shown(output));
    }
    if looked.has_obstacles() && !order.skip {
        return Err(TransferError::Refused(format!(
            "{}\nNobody was imported. Mend the file, or leave those out with --skip.",
            looked.shown(Output::Table)
        )));
    }
    let done = send(client, order, &head, false, size.len()).await?;
    if done.has_obstacles() && !order.skip {
        // Somebody was faster, between the look and the deed.
        return Err(TransferError::Refused(done.shown(Output::Table)));
    }
    Ok(done.shown(output))
}

async fn send(
    client: &Client<'_>,
    order: &Import,
    head: &document::Head,
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
    let mut summary = Summary::new(dry);
    let mut portions = document::Portions::open(&order.file, PORTION);
    while let Some(portion) = portions.next().await {
        let portion = portion.map_err(|source| TransferError::Document {
            path: order.file.clone(),
            source,
        })?;
        let answer = client.order_text(&path, head.with(&portion.users)).await;
        let report = match answer {
            Err(ClientError::Refused {
                report: Some(report),
                ..
            }) => *report,
            answer => answer?,
        };
        summary.add(&report, portion.first);
        let what = if dry { "looked at" } else { "imported" };
        show::progress(&format!(
            "{what}: {} users, {} of {} KB",
            summary.users,
            portion.read / 1_024,
            size / 1_024
        ));
        if !dry && report["done"] != true {
            break;
        }
    }
    show::progress_ends();
    Ok(summary)
}

/// The reports of all portions together.
struct Summary {
    dry: bool,
    users: usize,
    counts: [u64; 6],
    lines: Vec<Value>,
}

const COUNTS: [&str; 6] = [
    "created",
    "unchanged",
    "skipped",
    "conflicts",
    "refused",
    "passkeys",
];

impl Summary {
    fn new(dry: bool) -> Self {
        Self {
            dry,
            users: 0,
            counts: [0; 6],
            lines: Vec::new(),
        }
    }

    fn add(&mut self, report: &Value, first: usize) {
        for (sum, name) in self.counts.iter_mut().zip(COUNTS) {
            *sum = sum.saturating_add(report[name].as_u64().unwrap_or(0));
        }
        for line in report["users"].as_array().into_iter().flatten() {
            let mut line = line.clone();
            let index = line["index"]
                .as_u64()
                .and_then(|it| usize::try_from(it).ok());
            line["index"] = json!(index.unwrap_or(0).saturating_add(first));
            self.users = self.users.saturating_add(1);
            self.lines.push(line);
        }
    }

    fn has_obstacles(&self) -> bool {
        let [_, _, _, conflicts, refused, _] = self.counts;
        conflicts > 0 || refused > 0
    }

    fn shown(&self, output: Output) -> String {
        if output == Output::Json {
            let mut all = json!({ "dry_run": self.dry, "users": self.lines });
            for (count, name) in self.counts.iter().zip(COUNTS) {
                all[name] = json!(count);
            }
            return show::pretty(&all);
        }
        let [created, unchanged, skipped, conflicts, refused, passkeys] = self.counts;
        let would = if self.dry {
            "would be created"
        } else {
            "created"
        };
        let mut text = format!(
            "{created} users with {passkeys} passkeys {would}, {unchanged} are here already, \
             {skipped} skipped, {conflicts} in conflict, {refused} refused"
        );
        let told = |line: &&Value| {
            line["outcome"] != "created" && line["outcome"] != "unchanged"
                || line["notes"].as_array().is_some_and(|it| !it.is_empty())
        };
        let told: Vec<&Value> = self.lines.iter().filter(told).collect();
        for line in told.iter().take(MOST_LINES) {
            let _ = write!(text, "\n{}", show::imported(line));
        }
        let more = told.len().saturating_sub(MOST_LINES);
        if more > 0 {
            let _ = write!(text, "\n... and {more} more: see --output json");
        }
        text
    }
}
