//! The embedded store: sled underneath, one writer in front.
//!
//! - Every change is a step that runs on one writer thread, so steps never race. The steps that
//!   wait at the same time share one flush and one fsync, and each is answered after it.
//! - A step is in one sled batch, together with others that waited: after a crash all of it is
//!   there or nothing.
//! - Reads go to sled directly, on the caller's thread.
//! - sled alone would open a damaged file with whatever it can still read. So every record has a
//!   checksum, an inventory counts and sums all records, a watermark outside of sled remembers how
//!   far the store has come, and opening checks all of it: a store opens whole or not at all.

mod audit_log;
mod ceremonies;
mod engine;
mod files;
mod layout;
mod ledger;
mod metadata;
mod mounts;
mod open_error;
mod people;
mod people_steps;
mod revocations;
mod seal;
mod sessions;
mod signing_keys;
mod steps;
mod upgrade;
mod users;
mod view;
mod writer;

#[cfg(test)]
mod tests;

pub use open_error::OpenError;

use super::bounded::CeremoniesUnderWay;
use super::{StorageError, Store, Writes};
use async_trait::async_trait;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use view::View;
use writer::Writer;

/// What a sweep looks at in one go, and removes in one step at most, so that logins do not wait behind
/// a long one.
const PORTION: usize = 128;

/// A durable store in one directory, for one process.
pub struct EmbeddedStore {
    view: Arc<View>,
    writer: Writer,
    directory: PathBuf,
    /// In memory on purpose: the key that vouches for challenges is new at each start, so what is
    /// spent need not outlive the process, and strangers cannot make the store grow.
    ceremonies: Mutex<CeremoniesUnderWay>,
}

impl EmbeddedStore {
    /// Opens the store in `directory`, and makes one where there is nothing yet.
    ///
    /// # Errors
    /// When it is locked, missing or damaged. Nothing is repaired or replaced by itself.
    pub fn open(directory: &Path) -> Result<Self, OpenError> {
        let (view, writer) = writer::open(directory)?;
        Ok(Self {
            view,
            writer,
            directory: directory.to_owned(),
            ceremonies: Mutex::default(),
        })
    }

    /// Whether opening it would make a new store.
    #[must_use]
    pub fn is_new(directory: &Path) -> bool {
        files::is_new(directory)
    }

    /// Runs what reads a whole table, away from the threads that answer requests.
    async fn scan<T: Send + 'static>(
        &self,
        work: impl FnOnce(&View) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let view = Arc::clone(&self.view);
        tokio::task::spawn_blocking(move || view.noted(work(&view)))
            .await
            .map_err(|_| StorageError::Read(std::io::ErrorKind::Other.into()))?
    }

    fn ceremonies(&self) -> MutexGuard<'_, CeremoniesUnderWay> {
        self.ceremonies
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for EmbeddedStore {
    async fn probe(&self) -> Result<Writes, StorageError> {
        self.view.prove_readable()?;
        if !self.writer.is_alive() {
            return Err(writer::closed());
        }
        let room = files::has_room(&self.directory).unwrap_or(false);
        Ok(if room && !self.view.is_undone() {
            Writes::Accepted
        } else {
            Writes::Refused
        })
    }

    async fn close(&self) -> Result<(), StorageError> {
        self.writer.close().await
    }
}
