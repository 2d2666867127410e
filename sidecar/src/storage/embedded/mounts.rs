//! `storage::mounts` over sled. A mount can name a thousand models, which is more than one value may
//! hold: so its record lies in pieces, written and removed in one step.

use super::EmbeddedStore;
use super::layout::{self, Key, Table};
use super::ledger::Ledger;
use super::people_steps::append_audit;
use super::view::{View, Way};
use crate::model::{AuditRecord, Credential, MountRecord};
use crate::storage::{LOOKED_AT, Mounts, StorageError};
use async_trait::async_trait;
use std::ops::ControlFlow;

/// Bytes of a piece: as a JSON string, quotes escaped, it still is one value.
const PIECE_BYTES: usize = layout::MOST_VALUE_BYTES / 2 - 2;

type Step<T> = Result<T, StorageError>;

#[async_trait]
impl Mounts for EmbeddedStore {
    async fn mounts(&self) -> Result<Vec<MountRecord>, StorageError> {
        self.scan(mounts).await
    }

    async fn put_mount(
        &self,
        mount: &MountRecord,
        expected: u64,
        audit: &AuditRecord,
    ) -> Result<Option<u64>, StorageError> {
        let (mount, audit) = (mount.clone(), audit.clone());
        self.writer
            .run(move |ledger| put_mount(ledger, mount, expected, &audit))
            .await
    }

    async fn delete_mount(
        &self,
        name: &str,
        expected: u64,
        audit: &AuditRecord,
    ) -> Result<bool, StorageError> {
        let (name, audit) = (name.to_owned(), audit.clone());
        self.writer
            .run(move |ledger| delete_mount(ledger, &name, expected, &audit))
            .await
    }

    async fn credentials_of_mount(&self, mount: &str) -> Result<u64, StorageError> {
        let mount = mount.to_owned();
        self.scan(move |view| credentials_of_mount(view, &mount))
            .await
    }
}

fn mounts(view: &View) -> Result<Vec<MountRecord>, StorageError> {
    let mut texts: Vec<(Vec<u8>, String)> = Vec::new();
    // In one walk, so that no write comes between the pieces.
    view.walk(&Key::mounts(), None, Way::Forward, |_, key, value| {
        let piece: String = layout::decode(&Key::of(Table::Mounts, key), value)?;
        let mount = Key::mount_from(key);
        match texts.last_mut().filter(|(last, _)| last == mount) {
            Some((_, text)) => text.push_str(&piece),
            None => texts.push((mount.to_vec(), piece)),
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let read = texts.iter().map(|(key, text)| {
        serde_json::from_str(text).map_err(|_| Key::of(Table::Mounts, key).damaged())
    });
    read.collect()
}

/// Reads all passkeys, in portions: writers wait while a portion is read.
fn credentials_of_mount(view: &View, mount: &str) -> Result<u64, StorageError> {
    let prefix = Key::all_of(Table::Credentials);
    let (mut found, mut after) = (0, None);
    loop {
        let (mut looked_at, mut last) = (0, None);
        view.walk(&prefix, after.as_ref(), Way::Forward, |_, key, value| {
            let is_credential = Table::Credentials.has(key);
            let key = Key::of(Table::Credentials, key);
            if is_credential {
                let credential: Credential = layout::decode(&key, value)?;
                found += u64::from(credential.mount == mount);
            }
            looked_at += 1;
            last = Some(key);
            Ok(if looked_at < LOOKED_AT {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        })?;
        if looked_at < LOOKED_AT {
            return Ok(found);
        }
        after = last;
    }
}

fn put_mount(
    ledger: &mut Ledger<'_>,
    mount: MountRecord,
    expected: u64,
    audit: &AuditRecord,
) -> Step<Option<u64>> {
    if revision_of(ledger, &mount.name)? != expected {
        return Ok(None);
    }
    remove_pieces(ledger, &mount.name)?;
    let last = ledger.record::<u64>(&Key::mounts_revision())?;
    let revision = last.unwrap_or(0).saturating_add(1);
    ledger.put(&Key::mounts_revision(), &revision)?;
    let mount = MountRecord { revision, ..mount };
    let text = serde_json::to_string(&mount).map_err(|it| StorageError::Write(it.into()))?;
    for (number, piece) in (0..=u16::MAX).zip(pieces(&text)) {
        ledger.put(&Key::mount_piece(&mount.name, number), &piece)?;
    }
    append_audit(ledger, audit)?;
    Ok(Some(revision))
}

fn delete_mount(
    ledger: &mut Ledger<'_>,
    name: &str,
    expected: u64,
    audit: &AuditRecord,
) -> Step<bool> {
    if expected == 0 || revision_of(ledger, name)? != expected {
        return Ok(false);
    }
    remove_pieces(ledger, name)?;
    append_audit(ledger, audit)?;
    Ok(true)
}

/// 0 where there is no such mount.
fn revision_of(ledger: &Ledger<'_>, name: &str) -> Step<u64> {
    let mut text = String::new();
    for key in ledger.stored_keys(&Key::mount(name))? {
        let piece = ledger.record::<String>(&Key::of(Table::Mounts, &key))?;
        text.push_str(&piece.unwrap_or_default());
    }
    if text.is_empty() {
        return Ok(0);
    }
    let mount: MountRecord = serde_json::from_str(&text).map_err(|_| Key::mount(name).damaged())?;
    Ok(mount.revision)
}

fn remove_pieces(ledger: &mut Ledger<'_>, name: &str) -> Step<()> {
    for key in ledger.stored_keys(&Key::mount(name))? {
        ledger.remove_raw(key);
    }
    Ok(())
}

fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE_BYTES));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}
