//! The versioned list.

use crate::model::{Revocation, Revoked, UnixTime};
use std::collections::{BTreeMap, HashMap};

/// As much as a gateway takes at once (its memory never shrinks).
const PAGE_ENTRIES: usize = latchkey_token::MAX_REVOCATION_ENTRIES;
const PAGE_KEYS: usize = latchkey_token::MAX_REVOKED_KEYS;

/// Sweeps come once a minute: so many of them as the longest-lived token has minutes, skew included,
/// and one for the minute that was begun.
const SWEEPS_KEPT: u32 = 66;
const SWEEPS_EACH: u64 = 60;

/// What a gateway knows already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    /// The epoch of its version.
    pub epoch: Option<String>,
    /// How far it has come.
    pub version: u64,
}

/// What it does not know yet, or the first part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// How far the list goes with this page.
    pub version: u64,
    /// Whether there is more.
    pub more: bool,
    /// The oldest changes first.
    pub entries: Vec<Revocation>,
}

/// Each entry has the version of its last change; no two have the same.
#[derive(Debug, Default)]
pub(super) struct List {
    version: u64,
    entries: HashMap<Revoked, Entry>,
    by_version: BTreeMap<u64, Revoked>,
    sweeps: u32,
}

#[derive(Debug)]
struct Entry {
    revocation: Revocation,
    version: u64,
    /// How many sweeps there must have been before it ends.
    sweeps: u32,
}

impl List {
    pub(super) fn new(stored: Vec<Revocation>) -> Self {
        let mut list = Self::default();
        for revocation in stored {
            // It may have grown out of one whose tokens lived longer.
            list.keep(revocation, SWEEPS_KEPT);
        }
        list
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn of(&self, what: &Revoked) -> Option<&Revocation> {
        self.entries.get(what).map(|entry| &entry.revocation)
    }

    /// Whether every token has ended that was minted before the program started.
    pub(super) fn outlived_the_start(&self) -> bool {
        self.sweeps > SWEEPS_KEPT
    }

    pub(super) fn add(&mut self, revocation: Revocation) {
        let sweeps = u32::try_from(revocation.span().0.div_ceil(SWEEPS_EACH)).unwrap_or(u32::MAX);
        self.keep(revocation, sweeps.saturating_add(1).min(SWEEPS_KEPT));
    }

    fn keep(&mut self, mut revocation: Revocation, sweeps: u32) {
        self.version += 1;
        let mut sweeps = self.sweeps.saturating_add(sweeps);
        if let Some(known) = self.entries.get(&revocation.what) {
            self.by_version.remove(&known.version);
            revocation.grow(&known.revocation);
            sweeps = sweeps.max(known.sweeps);
        }
        self.by_version
            .insert(self.version, revocation.what.clone());
        let entry = Entry {
            version: self.version,
            sweeps,
            revocation,
        };
        self.entries.insert(entry.revocation.what.clone(), entry);
    }

    pub(super) fn remove(&mut self, what: &Revoked) -> Option<Revocation> {
        let entry = self.entries.remove(what)?;
        self.by_version.remove(&entry.version);
        Some(entry.revocation)
    }

    pub(super) fn since(&self, version: u64) -> Page {
        let mut page = Page {
            version: self.version,
            more: false,
            entries: Vec::new(),
        };
        let (mut reached, mut keys) = (version, 0);
        for (version, what) in self.by_version.range(version.saturating_add(1)..) {
            let is_key = usize::from(matches!(what, Revoked::Key(_)));
            if page.entries.len() >= PAGE_ENTRIES || keys + is_key > PAGE_KEYS {
                page.more = true;
                page.version = reached;
                return page;
            }
            keys += is_key;
            reached = *version;
            page.entries.extend(self.of(what).cloned());
        }
        page
    }

    pub(super) fn ended(&mut self, now: UnixTime) -> Vec<Revoked> {
        self.sweeps = self.sweeps.saturating_add(1);
        let over = |entry: &&Entry| entry.revocation.until <= now && self.sweeps > entry.sweeps;
        let ended = self.entries.values().filter(over);
        ended.map(|entry| entry.revocation.what.clone()).collect()
    }
}
