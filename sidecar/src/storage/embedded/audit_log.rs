//! `storage::AuditLog` over sled.

use super::layout::{self, Key, Table};
use super::view::{View, Way};
use super::{EmbeddedStore, people_steps as steps};
use crate::model::{AuditBook, AuditFilter, AuditRecord, UnixTime};
use crate::storage::people::{looked_at, merged};
use crate::storage::{AuditCursor, AuditLog, Page, StorageError};
use async_trait::async_trait;
use std::ops::ControlFlow;

/// What one step of pruning removes at most, so that logins do not wait behind a long one.
const PORTION: usize = 256;

#[async_trait]
impl AuditLog for EmbeddedStore {
    async fn append_audit(&self, record: &AuditRecord) -> Result<(), StorageError> {
        let record = record.clone();
        self.writer
            .run(move |ledger| steps::append_audit(ledger, &record))
            .await
    }

    async fn audit_page(
        &self,
        from: AuditCursor,
        filter: &AuditFilter,
        most: usize,
    ) -> Result<Page<AuditRecord, AuditCursor>, StorageError> {
        let filter = filter.clone();
        self.scan(move |view| {
            let looked_at = looked_at(&filter, most);
            let read = |book, before| newest(view, book, before, looked_at);
            let administration = read(AuditBook::Administration, from.administration)?;
            let people = read(AuditBook::People, from.people)?;
            Ok(merged(from, administration, people, &filter, most))
        })
        .await
    }

    async fn prune_audit(&self, before: UnixTime, most: u64) -> Result<u64, StorageError> {
        let mut removed = 0;
        for book in [AuditBook::Administration, AuditBook::People] {
            loop {
                let numbers = self.scan(move |view| oldest(view, book, before, most));
                let numbers = numbers.await?;
                if numbers.is_empty() {
                    break;
                }
                let step = self
                    .writer
                    .run(move |ledger| steps::prune_audit(ledger, book, &numbers))
                    .await?;
                removed += step;
                if step == 0 {
                    break;
                }
            }
        }
        Ok(removed)
    }
}

/// The records of a book from before this number, newest first, as many as one page looks at.
fn newest(
    view: &View,
    book: AuditBook,
    before: u64,
    most: usize,
) -> Result<Vec<(u64, AuditRecord)>, StorageError> {
    let mut found = Vec::new();
    let after = Key::audit(book, before);
    view.walk(
        &Key::audit_book(book),
        Some(&after),
        Way::Backward,
        |_, key, value| {
            let record = layout::decode(&Key::of(Table::Audit, key), value)?;
            found.extend(Key::audit_number(key).map(|number| (number, record)));
            Ok(if found.len() >= most {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        },
    )?;
    Ok(found)
}

/// The numbers of a portion of the records that are too old, or too many.
fn oldest(
    view: &View,
    book: AuditBook,
    before: UnixTime,
    most: u64,
) -> Result<Vec<u64>, StorageError> {
    let mut last = None;
    let prefix = Key::audit_book(book);
    view.walk(&prefix, None, Way::Backward, |_, key, _| {
        last = Key::audit_number(key);
        Ok(ControlFlow::Break(()))
    })?;
    // Numbers have no gaps but at the beginning.
    let keep_from = last.unwrap_or(0).saturating_sub(most);
    let mut found = Vec::new();
    view.walk(&prefix, None, Way::Forward, |_, key, value| {
        let record: AuditRecord = layout::decode(&Key::of(Table::Audit, key), value)?;
        let number = Key::audit_number(key).filter(|number| Some(*number) != last);
        let Some(number) = number.filter(|it| *it <= keep_from || record.at < before) else {
            return Ok(ControlFlow::Break(()));
        };
        found.push(number);
        Ok(if found.len() >= PORTION {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    Ok(found)
}
