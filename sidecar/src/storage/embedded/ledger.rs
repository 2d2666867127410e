//! The writer's side: one step at a time, with the inventory kept in the same batch.

use super::engine::Engine;
use super::layout::{self, Key, open_value};
use crate::storage::StorageError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What all records together must add up to. It finds a record that is lost, doubled or older than
/// it should be, wherever that happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Inventory {
    /// How many.
    pub(super) records: u64,
    /// The sum of their checksums.
    sum: u64,
    /// The number of the last step.
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

/// One step in the making.
pub(super) struct Ledger<'a> {
    engine: &'a Engine,
    staged: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

/// A finished step: what to hand to sled, and what to go back to.
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
            staged: BTreeMap::new(),
        }
    }

    /// The record under this key, with what this step has changed.
    pub(super) fn record<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, StorageError> {
        if let Some(staged) = self.staged.get(key.bytes()) {
            return staged
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
        if let Some(staged) = self.staged.get(key.bytes()) {
            return Ok(staged.is_some());
        }
        let found = self.engine.tree.contains_key(key.bytes());
        found.map_err(|error| StorageError::Read(error.into()))
    }

    /// The stored keys that begin with this one, without what this step has changed.
    pub(super) fn stored_keys(&self, prefix: &Key) -> Result<Vec<Vec<u8>>, StorageError> {
        let scan = self.engine.tree.scan_prefix(prefix.bytes()).keys();
        scan.map(|key| {
            key.map(|key| key.to_vec())
                .map_err(|e| StorageError::Read(e.into()))
        })
        .collect()
    }

    /// The last key that begins with this one, with what this step has added.
    pub(super) fn last_key(&self, prefix: &Key) -> Result<Option<Vec<u8>>, StorageError> {
        let mut stored = self.engine.tree.scan_prefix(prefix.bytes()).keys();
        let stored = stored.next_back().transpose();
        let stored = stored.map_err(|error| StorageError::Read(error.into()))?;
        let staged = self
            .staged
            .range(prefix.bytes().to_vec()..)
            .take_while(|(key, _)| key.starts_with(prefix.bytes()))
            .filter(|(_, value)| value.is_some())
            .last();
        Ok(staged
            .map(|(key, _)| key.clone())
            .max(stored.map(|key| key.to_vec())))
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

    /// The step as one batch, with the inventory that holds after it; `None` when it changes
    /// nothing.
    pub(super) fn into_change(self, inventory: &Inventory) -> std::io::Result<Option<Change>> {
        if self.staged.is_empty() {
            return Ok(None);
        }
        let mut inventory = *inventory;
        let mut before = Vec::with_capacity(self.staged.len());
        let mut batch = sled::Batch::default();
        for (key, value) in self.staged {
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
