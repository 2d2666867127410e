//! The writer's side: one step at a time, several to a batch, with the inventory kept in it.

use super::engine::Engine;
use super::layout::{self, Key, open_value};
use crate::storage::StorageError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What all records together must add up to. It finds a record that is lost, doubled or older than
/// it should be, wherever that happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Inventory {
    /// How many.
    pub(super) records: u64,
    /// The sum of their checksums.
    sum: u64,
    /// The number of the last batch.
    pub(super) step: u64,
}

impl Inventory {
    pub(super) fn add(&mut self, checksum: u32) {
        self.records = self.records.wrapping_add(1);
        self.sum = self.sum.wrapping_add(checksum.into());
    }

    /// Both together.
    pub(super) fn with(mut self, other: &Self) -> Self {
        self.records = self.records.wrapping_add(other.records);
        self.sum = self.sum.wrapping_add(other.sum);
        self
    }

    fn subtract(&mut self, checksum: u32) {
        self.records = self.records.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(checksum.into());
    }

    /// Whether these counted records are the ones.
    pub(super) fn holds(&self, counted: &Self) -> bool {
        (self.records, self.sum) == (counted.records, counted.sum)
    }
}

/// Records as they are to be; `None` for one that goes.
type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// Steps in the making that are written together. Each sees what those before it have changed.
pub(super) struct Ledger<'a> {
    engine: &'a Engine,
    /// Of the steps that are kept.
    kept: Changes,
    /// Of the step that runs.
    staged: Changes,
}

fn beginning_with<'a>(
    changes: &'a Changes,
    prefix: &'a Key,
) -> impl Iterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)> {
    changes
        .range(prefix.bytes().to_vec()..)
        .take_while(|(key, _)| key.starts_with(prefix.bytes()))
}

/// Finished steps: what to hand to sled, and what to go back to.
pub(super) struct Change {
    /// Atomic: after a crash all of it is there or nothing.
    pub(super) batch: sled::Batch,
    /// The inventory with it.
    pub(super) inventory: Inventory,
    /// The values from before.
    pub(super) before: Vec<(Vec<u8>, Option<sled::IVec>)>,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(engine: &'a Engine) -> Self {
        Self {
            engine,
            kept: BTreeMap::new(),
            staged: BTreeMap::new(),
        }
    }

    /// Ends a step: what it changed is kept, or forgotten.
    pub(super) fn end_step(&mut self, keep: bool) {
        let mut staged = std::mem::take(&mut self.staged);
        if keep {
            self.kept.append(&mut staged);
        }
    }

    /// How many records the steps that are kept have changed.
    pub(super) fn kept(&self) -> usize {
        self.kept.len()
    }

    fn changed(&self, key: &[u8]) -> Option<&Option<Vec<u8>>> {
        self.staged.get(key).or_else(|| self.kept.get(key))
    }

    /// The record under this key, with what this step has changed.
    pub(super) fn record<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, StorageError> {
        if let Some(changed) = self.changed(key.bytes()) {
            return changed
                .as_ref()
                .map(|value| layout::decode(key, value))
                .transpose();
        }
        let value = self
            .engine
            .tree
            .get(key.bytes())
            .map_err(|e| StorageError::Read(e.into()))?;
        value.map(|value| layout::decode(key, &value)).transpose()
    }

    /// Whether there is a record, whatever it holds.
    pub(super) fn has(&self, key: &Key) -> Result<bool, StorageError> {
        if let Some(changed) = self.changed(key.bytes()) {
            return Ok(changed.is_some());
        }
        let found = self.engine.tree.contains_key(key.bytes());
        found.map_err(|error| StorageError::Read(error.into()))
    }

    /// The keys that begin with this one in order, without what this step has changed.
    pub(super) fn stored_keys(&self, prefix: &Key) -> Result<Vec<Vec<u8>>, StorageError> {
        let mut keys = BTreeSet::new();
        for key in self.engine.tree.scan_prefix(prefix.bytes()).keys() {
            keys.insert(key.map_err(|e| StorageError::Read(e.into()))?.to_vec());
        }
        for (key, value) in beginning_with(&self.kept, prefix) {
            match value {
                Some(_) => keys.insert(key.clone()),
                None => keys.remove(key),
            };
        }
        Ok(keys.into_iter().collect())
    }

    /// The last key that begins with this one, with what this step has added. What a step has
    /// removed may be it all the same.
    pub(super) fn last_key(&self, prefix: &Key) -> Result<Option<Vec<u8>>, StorageError> {
        let mut stored = self.engine.tree.scan_prefix(prefix.bytes()).keys();
        let stored = stored.next_back().transpose();
        let stored = stored.map_err(|error| StorageError::Read(error.into()))?;
        let last = |changes| {
            let added = beginning_with(changes, prefix).filter(|(_, value)| value.is_some());
            added.map(|(key, _)| key).last()
        };
        let changed = last(&self.kept).max(last(&self.staged));
        Ok(changed.cloned().max(stored.map(|key| key.to_vec())))
    }

    /// Writes a record, over one that may be there.
    pub(super) fn put(&mut self, key: &Key, value: &impl Serialize) -> Result<(), StorageError> {
        self.staged
            .insert(key.bytes().to_vec(), Some(layout::encode(key, value)?));
        Ok(())
    }

    /// Removes a record, if it is there.
    pub(super) fn remove(&mut self, key: &Key) {
        self.remove_raw(key.bytes().to_vec());
    }

    /// The same, for a key that was read from the store.
    pub(super) fn remove_raw(&mut self, key: Vec<u8>) {
        self.staged.insert(key, None);
    }

    /// The steps that are kept as one batch, with the inventory that holds after them; `None` when
    /// they change nothing.
    pub(super) fn into_change(self, inventory: &Inventory) -> std::io::Result<Option<Change>> {
        if self.kept.is_empty() {
            return Ok(None);
        }
        let mut inventory = *inventory;
        let mut before = Vec::with_capacity(self.kept.len());
        let mut batch = sled::Batch::default();
        for (key, value) in self.kept {
            let old = self.engine.tree.get(&key)?;
            if let Some((checksum, _)) = old.as_ref().and_then(|old| open_value(&key, old)) {
                inventory.subtract(checksum);
            }
            match value {
                Some(value) => {
                    if let Some((checksum, _)) = open_value(&key, &value) {
                        inventory.add(checksum);
                    }
                    batch.insert(key.as_slice(), value);
                }
                None => batch.remove(key.as_slice()),
            }
            before.push((key, old));
        }
        inventory.step = inventory.step.saturating_add(1);
        let stored = Key::meta("inventory");
        let value = layout::encode(&stored, &inventory).map_err(std::io::Error::other)?;
        batch.insert(stored.bytes(), value);
        Ok(Some(Change {
            batch,
            inventory,
            before,
        }))
    }
}
