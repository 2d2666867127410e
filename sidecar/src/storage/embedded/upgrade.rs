//! From format 1 to format 2, once, when a store is opened.
//!
//! In format 1 a credential's record lay under its id alone, and what a user had was listed apart
//! from the user: `o`, user id, credential id; `p`, user id, session id. Portions are moved whole or
//! not at all, and leave nothing of themselves in the old place, so a process that is killed
//! meanwhile goes on at its next start.

use super::OpenError;
use super::engine::{Engine, guarded};
use super::files::{self, Directory};
use super::layout::{self, FORMAT, Key, Table};
use super::ledger::{Inventory, Ledger};
use crate::model::{Credential, CredentialId, SessionId, UserId};
use crate::storage::StorageError;
use std::io;
use uuid::Uuid;

/// Entries that are moved in one batch.
const PORTION: usize = 512;
/// Table byte and user id in front of an entry's own id.
const OWN_ID: usize = 1 + 16;

const CREDENTIALS_OF_USERS: u8 = b'o';
const SESSIONS_OF_USERS: u8 = b'p';

/// Moves everything, and answers with the inventory after it.
pub(super) fn to_newest(
    engine: &Engine,
    directory: &Directory,
    inventory: Inventory,
) -> Result<Inventory, OpenError> {
    tracing::info!(
        records = inventory.records,
        "the store is brought to format {FORMAT}"
    );
    let upgraded = guarded(|| {
        let inventory = move_all(engine, directory, inventory)?;
        engine.flush()?;
        directory.mark_format()?;
        // Last: what it says of itself brings a store here again, whatever the marker says.
        let format = Key::meta("format");
        let value = layout::encode(&format, &FORMAT).map_err(io::Error::other)?;
        engine.tree.insert(format.bytes(), value)?;
        engine.flush()?;
        directory.raise_watermark(inventory.step)?;
        Ok(inventory)
    });
    let upgraded = upgraded.map_err(|source| OpenError::Io {
        path: directory.path().to_owned(),
        source,
    })?;
    tracing::info!("the store is of format {FORMAT} now; earlier versions refuse it");
    Ok(upgraded)
}

fn move_all(
    engine: &Engine,
    directory: &Directory,
    mut inventory: Inventory,
) -> io::Result<Inventory> {
    for table in [CREDENTIALS_OF_USERS, SESSIONS_OF_USERS] {
        let mut after = vec![table];
        loop {
            let portion = engine.tree.range(after.as_slice()..[table + 1].as_slice());
            let portion = portion.keys().take(PORTION);
            let portion: Vec<_> = portion.collect::<Result<_, _>>()?;
            let Some(last) = portion.last() else {
                break;
            };
            after = last.to_vec();
            if !files::has_room(directory.path())? {
                return Err(io::Error::new(
                    io::ErrorKind::StorageFull,
                    "the disk is almost full: the store needs room to be brought to a new format",
                ));
            }
            let mut ledger = Ledger::new(engine);
            for entry in &portion {
                move_entry(&mut ledger, table, entry).map_err(io::Error::other)?;
            }
            ledger.end_step(true);
            if let Some(change) = ledger.into_change(&inventory)? {
                engine.tree.apply_batch(change.batch)?;
                inventory = change.inventory;
            }
        }
    }
    Ok(inventory)
}

fn move_entry(ledger: &mut Ledger<'_>, table: u8, entry: &[u8]) -> Result<(), StorageError> {
    let id = |part: Option<&[u8]>| part.and_then(|part| Uuid::from_slice(part).ok());
    let own = entry.get(OWN_ID..).unwrap_or_default();
    let damaged = || Key::of(Table::SessionsOfUser, entry).damaged();
    let user = UserId(id(entry.get(1..OWN_ID)).ok_or_else(damaged)?);
    if table == SESSIONS_OF_USERS {
        let session = SessionId(id(Some(own)).ok_or_else(damaged)?);
        ledger.put(&Key::owned_session(user, session), &())?;
    } else {
        let credential = CredentialId::from_bytes(own).map_err(|_| damaged())?;
        // The record lay where its owner is named from now on.
        let owner = Key::owner(&credential);
        if let Some(record) = ledger.record::<Credential>(&owner)? {
            ledger.put(&Key::credential(user, &credential), &record)?;
            ledger.put(&owner, &user)?;
        }
    }
    ledger.remove_raw(entry.to_vec());
    Ok(())
}
