//! sled, opened and checked.

use super::OpenError;
use super::files::Directory;
use super::layout::{self, FORMAT, Key, Table, open_value};
use super::ledger::Inventory;
use super::seal;
use std::fs::File;
use std::io;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Pages in memory. 200,000 credentials work from far less; sled's own default is a gigabyte.
const CACHE_BYTES: u64 = 32 * 1024 * 1024;

const LOCK_ATTEMPTS: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// An open sled database and the handle that makes it durable.
pub(super) struct Engine {
    pub(super) tree: sled::Db,
    /// sled's own flush on Linux is no fsync.
    durable: File,
    #[cfg(test)]
    path: std::path::PathBuf,
}

impl Engine {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        remove_unfinished_snapshots(path)?;
        let config = sled::Config::new()
            .path(path)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(None)
            .mode(sled::Mode::HighThroughput);
        // On some damages sled panics instead of answering with an error.
        let tree = open_tree(&config)?;
        let durable = File::open(path.join("db"))?;
        Ok(Self {
            tree,
            durable,
            #[cfg(test)]
            path: path.to_owned(),
        })
    }

    /// Everything written so far survives a power cut when this returns.
    pub(super) fn flush(&self) -> io::Result<()> {
        self.tree.flush()?;
        self.sync()
    }

    fn sync(&self) -> io::Result<()> {
        self.durable.sync_all()?;
        #[cfg(test)]
        super::tests::power_cut::synced(&self.path);
        Ok(())
    }
}

/// After closing, sled's own file lock can outlive the handle for a moment. Other processes are
/// kept away by the lock on the directory, so this one only needs patience.
fn open_tree(config: &sled::Config) -> io::Result<sled::Db> {
    for _ in 0..LOCK_ATTEMPTS {
        match guarded(|| Ok(config.open()?)) {
            Err(error) if error.to_string().contains("could not acquire lock") => {
                std::thread::sleep(LOCK_PAUSE);
            }
            opened => return opened,
        }
    }
    guarded(|| Ok(config.open()?))
}

/// Runs sled, with its panics as errors.
pub(super) fn guarded<T>(work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or_default();
        // One line, not a dump.
        let text: String = text.chars().take_while(|c| *c != '\n').take(200).collect();
        Err(io::Error::other(format!("sled stopped: {text}")))
    })
}

/// A process that was killed while sled wrote a snapshot leaves an unfinished one, which sled
/// would take for the newest and then refuse. The finished one is removed only after its successor
/// is in place, so this one is not needed.
fn remove_unfinished_snapshots(path: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Compares what is there with what the store says of itself: by reading every record, unless its
/// files are as they were when it was closed at the step `sealed`. Answers with its inventory, and
/// with its format.
pub(super) fn verify(
    engine: &Engine,
    directory: &Directory,
    sealed: Option<u64>,
) -> Result<(Inventory, u32), OpenError> {
    let damaged = |damage: String| OpenError::Damaged {
        path: directory.path().to_owned(),
        damage,
    };
    let meta = |key: &Key| -> Result<Option<sled::IVec>, OpenError> {
        guarded(|| Ok(engine.tree.get(key.bytes())?)).map_err(|error| damaged(error.to_string()))
    };
    let (format, stored) = (Key::meta("format"), Key::meta("inventory"));
    let (Some(format_value), Some(stored_value)) = (meta(&format)?, meta(&stored)?) else {
        return Err(damaged("its beginning is lost".to_owned()));
    };
    let found: u32 = layout::decode(&format, &format_value).map_err(|e| damaged(e.to_string()))?;
    if !(1..=FORMAT).contains(&found) {
        return Err(OpenError::Format {
            path: directory.path().to_owned(),
            found,
            known: FORMAT,
        });
    }
    let stored: Inventory =
        layout::decode(&stored, &stored_value).map_err(|e| damaged(e.to_string()))?;
    if sealed != Some(stored.step) {
        let counted =
            guarded(|| count(&engine.tree)).map_err(|error| damaged(error.to_string()))?;
        if !stored.holds(&counted) {
            return Err(damaged(format!(
                "{} records are there and whole, {} should be",
                counted.records, stored.records
            )));
        }
    }
    match directory.watermark() {
        Some(watermark) if watermark > stored.step => Err(damaged(format!(
            "it ends at step {}, but step {watermark} was reached",
            stored.step
        ))),
        Some(_) => Ok((stored, found)),
        None => {
            tracing::warn!("the file watermark was not readable; it is written again");
            Ok((stored, found))
        }
    }
}

/// All records, by several threads: each takes the next of the parts into which [`cuts`] cut the
/// keys.
fn count(tree: &sled::Db) -> io::Result<Inventory> {
    let cuts = cuts();
    let next = AtomicUsize::new(0);
    let counted = seal::in_threads(cuts.len(), || {
        let mut counted = Inventory::default();
        loop {
            let part = next.fetch_add(1, Ordering::Relaxed);
            let Some(from) = cuts.get(part) else {
                return Ok(counted);
            };
            let to = cuts.get(part + 1).map_or(Bound::Unbounded, Bound::Excluded);
            count_part(tree, (Bound::Included(from), to), &mut counted)?;
        }
    })?;
    Ok(counted.iter().fold(Inventory::default(), Inventory::with))
}

fn count_part(
    tree: &sled::Db,
    part: (Bound<&Vec<u8>>, Bound<&Vec<u8>>),
    counted: &mut Inventory,
) -> io::Result<()> {
    for entry in tree.range::<&Vec<u8>, _>(part) {
        let (key, value) = entry?;
        if key.first() == Some(&Table::Meta.tag()) {
            continue;
        }
        // A record that is damaged is not counted, so that the sums differ.
        if let Some((checksum, _)) = open_value(&key, &value) {
            counted.add(checksum);
        }
    }
    Ok(())
}

/// Where parts of the keys begin, in order: sixteen for each first byte that a table could have.
/// Together they leave nothing out.
fn cuts() -> Vec<Vec<u8>> {
    let of_table = |tag: u8| (0..16_u8).map(move |high| vec![tag, high << 4]);
    let mut cuts = vec![Vec::new()];
    cuts.extend((b'a'..=b'z').flat_map(of_table));
    cuts
}
