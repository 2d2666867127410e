//! sled, opened and checked; and the view that readers have of it.

use super::OpenError;
use super::files::Directory;
use super::layout::{self, FORMAT, Key, Table, open_value};
use super::ledger::Inventory;
use super::seal;
use crate::storage::StorageError;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::{Bound, ControlFlow};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
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
        Ok(Self { tree, durable })
    }

    /// Everything written so far survives a power cut when this returns.
    pub(super) fn flush(&self) -> io::Result<()> {
        self.tree.flush()?;
        self.durable.sync_all()
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

/// What readers see.
#[derive(Default)]
pub(super) struct View {
    shown: RwLock<Shown>,
    /// Held while a step is applied: sled lets a scan see half of a batch.
    applying: RwLock<()>,
    /// A damaged record was met, so nobody may vouch for this store any more.
    suspect: AtomicBool,
}

#[derive(Default)]
pub(super) struct Shown {
    /// Absent only when it could not be opened again after a failure, or after closing.
    pub(super) engine: Option<Engine>,
    /// After a failed write sled shows it all the same until it is opened again. These are the
    /// values from before.
    pub(super) undone: BTreeMap<Vec<u8>, Option<sled::IVec>>,
}

impl View {
    pub(super) fn read(&self) -> RwLockReadGuard<'_, Shown> {
        self.shown.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Shown> {
        self.shown.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers that a record was damaged.
    pub(super) fn noted<T>(&self, read: Result<T, StorageError>) -> Result<T, StorageError> {
        if matches!(read, Err(StorageError::Damaged { .. })) {
            self.suspect.store(true, Ordering::Relaxed);
        }
        read
    }

    /// Whether a damaged record was met.
    pub(super) fn is_suspect(&self) -> bool {
        self.suspect.load(Ordering::Relaxed)
    }

    /// Applies a step; scans see it whole or not at all.
    pub(super) fn apply(&self, engine: &Engine, batch: sled::Batch) -> io::Result<()> {
        let _applying = self
            .applying
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        guarded(|| Ok(engine.tree.apply_batch(batch)?))
    }

    fn scan(&self, prefix: &Key) -> Result<BTreeMap<Vec<u8>, sled::IVec>, StorageError> {
        let shown = self.read();
        let _not_applying = self.applying.read().unwrap_or_else(PoisonError::into_inner);
        shown.entries(prefix)
    }

    /// The record under this key.
    pub(super) fn record<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, StorageError> {
        let value = self.read().value(key.bytes())?;
        self.noted(value.map(|value| layout::decode(key, &value)).transpose())
    }

    /// Fails when the store cannot be read.
    pub(super) fn prove_readable(&self) -> Result<(), StorageError> {
        let inventory = Key::meta("inventory");
        match self.record::<Inventory>(&inventory)? {
            Some(_) => Ok(()),
            None => Err(inventory.damaged()),
        }
    }

    /// Whether readers see the values from before a write that failed.
    pub(super) fn is_undone(&self) -> bool {
        !self.read().undone.is_empty()
    }

    /// The keys that begin with this one, in order.
    pub(super) fn keys(&self, prefix: &Key) -> Result<Vec<Vec<u8>>, StorageError> {
        Ok(self.scan(prefix)?.into_keys().collect())
    }

    /// How many records a table has.
    pub(super) fn count(&self, table: Table) -> Result<u64, StorageError> {
        let mut count = 0;
        self.walk(&Key::all_of(table), None, Way::Forward, |_, key, _| {
            count += u64::from(table.has(key));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(count)
    }

    /// Every record of a table.
    pub(super) fn records<T: DeserializeOwned>(
        &self,
        table: Table,
    ) -> Result<Vec<T>, StorageError> {
        self.records_under(table, &Key::all_of(table))
    }

    /// The records of a table whose keys begin with this one.
    pub(super) fn records_under<T: DeserializeOwned>(
        &self,
        table: Table,
        prefix: &Key,
    ) -> Result<Vec<T>, StorageError> {
        let entries = self.scan(prefix)?;
        let records = entries
            .iter()
            .filter(|(key, _)| table.has(key))
            .map(|(key, value)| layout::decode(&Key::of(table, key), value));
        self.noted(records.collect())
    }
}

/// Which way a walk goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Forward,
    Backward,
}

impl View {
    /// Shows `visit` the records under `prefix` in order, from after `after` (or before it), until
    /// it breaks. Nothing is gathered: what it costs is what is visited.
    pub(super) fn walk(
        &self,
        prefix: &Key,
        after: Option<&Key>,
        way: Way,
        mut visit: impl FnMut(&Shown, &[u8], &[u8]) -> Result<ControlFlow<()>, StorageError>,
    ) -> Result<(), StorageError> {
        let shown = self.read();
        let _not_applying = self.applying.read().unwrap_or_else(PoisonError::into_inner);
        let beyond = |key: &[u8]| match (after, way) {
            (None, _) => true,
            (Some(after), Way::Forward) => key > after.bytes(),
            (Some(after), Way::Backward) => key < after.bytes(),
        };
        // After a failed write: rare, and what it costs matters less than what it shows.
        if !shown.undone.is_empty() {
            let entries = shown.entries(prefix)?;
            let mut entries: Vec<_> = entries.iter().filter(|(key, _)| beyond(key)).collect();
            if way == Way::Backward {
                entries.reverse();
            }
            for (key, value) in entries {
                if visit(&shown, key, value)?.is_break() {
                    break;
                }
            }
            return Ok(());
        }
        let engine = shown.engine()?;
        let mut end = prefix.bytes().to_vec();
        // Tags are ASCII, so the last byte of a prefix can always be one more.
        if let Some(last) = end.last_mut() {
            *last = last.saturating_add(1);
        }
        let (from, to) = match (after, way) {
            (None, _) => (Bound::Included(prefix.bytes()), end.as_slice()),
            (Some(after), Way::Forward) => (Bound::Excluded(after.bytes()), end.as_slice()),
            (Some(after), Way::Backward) => (Bound::Included(prefix.bytes()), after.bytes()),
        };
        let mut range = engine.tree.range::<&[u8], _>((from, Bound::Excluded(to)));
        loop {
            let next = guarded(|| {
                let next = match way {
                    Way::Forward => range.next(),
                    Way::Backward => range.next_back(),
                };
                Ok(next.transpose()?)
            });
            match next.map_err(StorageError::Read)? {
                Some((key, value)) if visit(&shown, &key, &value)?.is_continue() => {}
                _ => return Ok(()),
            }
        }
    }
}

impl Shown {
    fn engine(&self) -> Result<&Engine, StorageError> {
        self.engine.as_ref().ok_or_else(|| {
            StorageError::Read(io::Error::other(
                "the store is closed, or could not be opened again",
            ))
        })
    }

    /// The record under this key, for whoever looks already.
    pub(super) fn record<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, StorageError> {
        let value = self.value(key.bytes())?;
        value.map(|value| layout::decode(key, &value)).transpose()
    }

    fn value(&self, key: &[u8]) -> Result<Option<sled::IVec>, StorageError> {
        if let Some(before) = self.undone.get(key) {
            return Ok(before.clone());
        }
        let engine = self.engine()?;
        guarded(|| Ok(engine.tree.get(key)?)).map_err(StorageError::Read)
    }

    fn entries(&self, prefix: &Key) -> Result<BTreeMap<Vec<u8>, sled::IVec>, StorageError> {
        let engine = self.engine()?;
        let mut entries = guarded(|| {
            let scan = engine.tree.scan_prefix(prefix.bytes());
            scan.map(|entry| entry.map(|(key, value)| (key.to_vec(), value)))
                .collect::<Result<BTreeMap<_, _>, _>>()
                .map_err(io::Error::from)
        })
        .map_err(StorageError::Read)?;
        for (key, before) in &self.undone {
            match before {
                Some(value) if key.starts_with(prefix.bytes()) => {
                    entries.insert(key.clone(), value.clone());
                }
                Some(_) => {}
                None => {
                    entries.remove(key);
                }
            }
        }
        Ok(entries)
    }
}
