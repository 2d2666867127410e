//! Envoy's metrics, under `wasmcustom.latchkey.`.

use std::{cell::RefCell, collections::BTreeMap};

use super::abi::{self, Level, Metric};

/// Requests that went on.
pub(super) const ALLOWED: &str = "allowed";
/// Tokens that were known already.
pub(super) const CACHE_HITS: &str = "cache.hits";
/// Tokens that had to be verified.
pub(super) const CACHE_MISSES: &str = "cache.misses";
/// Key fetches that brought a good set.
pub(super) const KEY_FETCHES: &str = "jwks.fetched";
/// Key fetches that did not.
pub(super) const KEY_FETCH_FAILURES: &str = "jwks.failed";

/// Answers about what was revoked that were good.
pub(super) const FEED_ANSWERS: &str = "revocations.fetched";
/// Those that were not, and those that never came.
pub(super) const FEED_FAILURES: &str = "revocations.failed";
/// New tokens that were given.
pub(super) const RENEWALS: &str = "renewals.ok";
/// Calls for a new token that the sidecar did not answer well.
pub(super) const RENEWAL_FAILURES: &str = "renewals.failed";
/// Sessions that turned out to be over.
pub(super) const RENEWALS_REFUSED: &str = "renewals.refused";
/// Calls for a new token that were not made: too many in flight, or one has just failed.
pub(super) const RENEWALS_CAPPED: &str = "renewals.capped";

/// Counters by name, defined when first used. What they cannot do is no reason to refuse anybody.
#[derive(Default)]
pub(super) struct Metrics {
    counters: RefCell<BTreeMap<&'static str, Option<u32>>>,
    denials: RefCell<BTreeMap<&'static str, Option<u32>>>,
    ready: Option<u32>,
    key_age: Option<u32>,
    revocations_age: Option<u32>,
    revocations: Option<u32>,
}

impl Metrics {
    /// Defines those that should be there before anything happens.
    pub(super) fn new() -> Self {
        let metrics = Self {
            ready: define(Metric::Gauge, "ready"),
            key_age: define(Metric::Gauge, "jwks.age_ms"),
            revocations_age: define(Metric::Gauge, "revocations.age_ms"),
            revocations: define(Metric::Gauge, "revocations.entries"),
            ..Self::default()
        };
        for name in [
            ALLOWED,
            CACHE_HITS,
            CACHE_MISSES,
            KEY_FETCHES,
            KEY_FETCH_FAILURES,
            FEED_ANSWERS,
            FEED_FAILURES,
            RENEWALS,
            RENEWAL_FAILURES,
            RENEWALS_REFUSED,
            RENEWALS_CAPPED,
        ] {
            metrics
                .counters
                .borrow_mut()
                .insert(name, define(Metric::Counter, name));
        }
        metrics
    }

    pub(super) fn count(&self, name: &'static str) {
        increment(&self.counters, name, str::to_owned);
    }

    /// Counts a refused request by its reason.
    pub(super) fn count_denial(&self, reason: &'static str) {
        increment(&self.denials, reason, |reason| format!("denied.{reason}"));
    }

    /// Whether this worker can check tokens.
    pub(super) fn set_ready(&self, ready: bool) {
        record(self.ready, u64::from(ready));
    }

    /// How old the keys are, in milliseconds.
    pub(super) fn set_key_age(&self, age: u64) {
        record(self.key_age, age);
    }

    /// How old the list of revocations is, in milliseconds, and how long.
    pub(super) fn set_revocations(&self, age: Option<u64>, entries: usize) {
        if let Some(age) = age {
            record(self.revocations_age, age);
        }
        record(self.revocations, u64::try_from(entries).unwrap_or(u64::MAX));
    }
}

fn record(gauge: Option<u32>, value: u64) {
    if let Some(id) = gauge {
        let _ = abi::record_metric(id, value);
    }
}

fn increment(
    ids: &RefCell<BTreeMap<&'static str, Option<u32>>>,
    key: &'static str,
    name: impl FnOnce(&str) -> String,
) {
    let id = *ids
        .borrow_mut()
        .entry(key)
        .or_insert_with(|| define(Metric::Counter, &name(key)));
    if let Some(id) = id {
        let _ = abi::increment_metric(id);
    }
}

fn define(kind: Metric, name: &str) -> Option<u32> {
    let name = format!("latchkey.{name}");
    abi::define_metric(kind, &name)
        .inspect_err(|status| abi::log(Level::Warn, &format!("metric {name}: {status}")))
        .ok()
}
