//! Upkeep of the audit log: what strangers are refused is counted and written down as sums, so that
//! no stranger can make the store grow; what is too old, or too much, goes.

use super::App;
use crate::model::{Actor, AuditRecord, Seconds, UnixTime};
use crate::storage::StorageError;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// One sum for each kind of refusal in so long.
const SUM_OVER: Seconds = Seconds(600);

/// Refusals that are in the log already.
#[derive(Debug, Default)]
pub(super) struct Tallied(Mutex<(Option<UnixTime>, Counts)>);

type Counts = BTreeMap<(&'static str, &'static str), u64>;

impl App {
    /// Writes sums down and removes what is too old. Called once a minute.
    ///
    /// # Errors
    /// When the store refuses: the sums are written down next time.
    pub async fn tend_audit_log(&self) -> Result<(), StorageError> {
        let now = self.now();
        let counts = self.metrics.refusals();
        let (since, before) = self.tallied().clone();
        let since = since.unwrap_or(now);
        if now.since(since) >= SUM_OVER {
            for (kind, count) in &counts {
                let new = count.saturating_sub(before.get(kind).copied().unwrap_or(0));
                if new > 0 {
                    self.store
                        .append_audit(&sum(now, *kind, new, since))
                        .await?;
                    // One by one, so that none is written twice when the next one fails.
                    self.tallied().1.insert(*kind, *count);
                }
            }
            self.tallied().0 = Some(now);
        } else {
            self.tallied().0 = Some(since);
        }
        let retention = &self.settings.audit;
        let oldest = UnixTime(now.0.saturating_sub(retention.retention.0));
        self.store
            .prune_audit(oldest, retention.max_records)
            .await?;
        Ok(())
    }

    fn tallied(&self) -> std::sync::MutexGuard<'_, (Option<UnixTime>, Counts)> {
        self.tallied
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn sum(
    now: UnixTime,
    (step, reason): (&'static str, &'static str),
    count: u64,
    since: UnixTime,
) -> AuditRecord {
    AuditRecord {
        refused: Some(reason.to_owned()),
        count: Some(count),
        detail: Some(format!("seconds: {}", now.since(since).0)),
        ..AuditRecord::new(now, Actor::Stranger, step)
    }
}
