//! Envoy's metrics, under `wasmcustom.latchkey.`.

use std::{cell::RefCell, collections::BTreeMap};

use super::abi::{self, Level, Metric};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        /// What is counted, but for refusals, which are counted by their reason.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Counter {
            $($(#[$doc])* $name,)+
        }

        impl Counter {
            const ALL: [Self; [$($text),+].len()] = [$(Self::$name,)+];

            fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

counters! {
    /// Requests that went on.
    Allowed = "allowed",
    /// Requests that would have gone on, where nothing is enforced.
    ShadowAllowed = "shadow.allowed",
    /// Tokens that were known already.
    CacheHits = "cache.hits",
    /// Tokens that had to be verified.
    CacheMisses = "cache.misses",
    /// Key fetches that brought a good set.
    KeyFetches = "jwks.fetched",
    /// Key fetches that did not.
    KeyFetchFailures = "jwks.failed",
    /// Answers about what was revoked that were good.
    FeedAnswers = "revocations.fetched",
    /// Those that were not, and those that never came.
    FeedFailures = "revocations.failed",
    /// New tokens that were given.
    Renewals = "renewals.ok",
    /// Calls for a new token that the sidecar did not answer well.
    RenewalFailures = "renewals.failed",
    /// Sessions that turned out to be over.
    RenewalsRefused = "renewals.refused",
    /// Calls for a new token that were not made: too many in flight, or one has just failed.
    RenewalsCapped = "renewals.capped",
}

/// The host's numbers of what is counted. What cannot be counted is no reason to refuse anybody.
#[derive(Default)]
pub(super) struct Metrics {
    counters: [Option<u32>; Counter::ALL.len()],
    /// By reason, defined when first used.
    denials: RefCell<BTreeMap<&'static str, Option<u32>>>,
    shadow_denials: RefCell<BTreeMap<&'static str, Option<u32>>>,
    ready: Option<u32>,
    key_age: Option<u32>,
    revocations_age: Option<u32>,
    revocations: Option<u32>,
}

impl Metrics {
    /// Defines those that should be there before anything happens.
    pub(super) fn new(enforce: bool) -> Self {
        if let Some(id) = define(Metric::Gauge, "enforce") {
            let _ = abi::record_metric(id, u64::from(enforce));
        }
        Self {
            counters: Counter::ALL.map(|counter| {
                let is_used = !enforce || counter != Counter::ShadowAllowed;
                is_used.then(|| define(Metric::Counter, counter.name()))?
            }),
            ready: define(Metric::Gauge, "ready"),
            key_age: define(Metric::Gauge, "jwks.age_ms"),
            revocations_age: define(Metric::Gauge, "revocations.age_ms"),
            revocations: define(Metric::Gauge, "revocations.entries"),
            ..Self::default()
        }
    }

    #[expect(clippy::as_conversions, reason = "the number of a variant")]
    pub(super) fn count(&self, counter: Counter) {
        if let Some(Some(id)) = self.counters.get(counter as usize) {
            let _ = abi::increment_metric(*id);
        }
    }

    /// Counts a refused request by its reason.
    pub(super) fn count_denial(&self, reason: &'static str) {
        increment(&self.denials, reason, |reason| format!("denied.{reason}"));
    }

    /// Counts a request that would have been refused, by its reason.
    pub(super) fn count_shadow_denial(&self, reason: &'static str) {
        increment(&self.shadow_denials, reason, |reason| {
            format!("shadow.denied.{reason}")
        });
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
