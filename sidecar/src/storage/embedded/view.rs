//! The view that readers have of the store.

use super::engine::{Engine, guarded};
use super::layout::{self, Key, Table};
use super::ledger::Inventory;
use crate::storage::StorageError;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::io;
use std::ops::{Bound, ControlFlow};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

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
