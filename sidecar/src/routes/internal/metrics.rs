//! Counters, in the text format that Prometheus reads.

use crate::app::{App, MOST_POLLS};
use crate::storage::Writes;
use axum::http::StatusCode;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// A counter's labels are fixed words of this program, never what a client sent: the number of
/// series is bounded by the source code.
type Labels = (&'static str, &'static str);

/// All counters of this process.
#[derive(Debug)]
pub struct Metrics {
    requests: Mutex<BTreeMap<(&'static str, u16), u64>>,
    ceremonies: Mutex<BTreeMap<Labels, u64>>,
    sessions: Mutex<BTreeMap<&'static str, u64>>,
    signatures: AtomicU64,
    store_refuses_writes: AtomicBool,
    renewals: Mutex<BTreeMap<Labels, u64>>,
    revocations: Mutex<BTreeMap<&'static str, u64>>,
    limits: Mutex<BTreeMap<Labels, u64>>,
}

/// What goes well is there from the start, at 0: a rate sees the first one too.
impl Default for Metrics {
    fn default() -> Self {
        Self {
            requests: Mutex::default(),
            ceremonies: zeros([("login_finish", "ok"), ("register_finish", "ok")]),
            sessions: zeros(["begun", "renewed", "ended"]),
            signatures: AtomicU64::default(),
            store_refuses_writes: AtomicBool::default(),
            renewals: zeros([("filter", "ok"), ("page", "ok")]),
            revocations: zeros(["session", "user", "everyone", "key"]),
            limits: Mutex::default(),
        }
    }
}

fn zeros<L: Ord, const N: usize>(labels: [L; N]) -> Mutex<BTreeMap<L, u64>> {
    Mutex::new(labels.into_iter().map(|it| (it, 0)).collect())
}

impl Metrics {
    /// An answer was given on the `public` listener or the `control` socket.
    pub fn answered(&self, listener: &'static str, status: StatusCode) {
        count(&self.requests, (listener, status.as_u16()));
    }

    /// A ceremony step came to an end; `result` is `ok` or the reason of the refusal.
    pub fn ceremony(&self, step: &'static str, result: &'static str) {
        count(&self.ceremonies, (step, result));
    }

    /// Steps of ceremonies that were refused, by step and reason.
    #[must_use]
    pub fn refusals(&self) -> BTreeMap<(&'static str, &'static str), u64> {
        let ceremonies = lock(&self.ceremonies);
        let refused = ceremonies.iter().filter(|((_, result), _)| *result != "ok");
        refused.map(|(labels, n)| (*labels, *n)).collect()
    }

    /// Something happened to a session: `begun`, `renewed` or `ended`.
    pub fn session(&self, event: &'static str) {
        count(&self.sessions, event);
    }

    /// A signature of a login was verified, right or wrong.
    pub fn signature_checked(&self) {
        self.signatures.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the store takes writes was looked at; `true` when that has changed.
    pub fn store_looked_at(&self, writes: Writes) -> bool {
        let refused = writes == Writes::Refused;
        self.store_refuses_writes.swap(refused, Ordering::Relaxed) != refused
    }

    /// A renewal came to an end, asked for by a `filter` or a `page`; `result` is `ok` or the reason
    /// of the refusal.
    pub fn renewal(&self, by: &'static str, result: &'static str) {
        count(&self.renewals, (by, result));
    }

    /// Something was revoked: a `session`, a `user`, `everyone` or a `key`.
    pub fn revoked(&self, kind: &'static str) {
        count(&self.revocations, kind);
    }

    /// A limit did something: `slowed`, `told_to_wait` or `refused`.
    pub fn limited(&self, limit: &'static str, what: &'static str) {
        count(&self.limits, (limit, what));
    }

    /// The text for `/metrics`.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::from(
            "# HELP latchkey_requests_total Answers on the public listener and the control socket.\n\
             # TYPE latchkey_requests_total counter\n",
        );
        for ((listener, status), n) in &*lock(&self.requests) {
            let labels = format!("listener=\"{listener}\",status=\"{status}\"");
            let _ = writeln!(text, "latchkey_requests_total{{{labels}}} {n}");
        }
        text.push_str(
            "# HELP latchkey_ceremonies_total Steps of ceremonies by result.\n\
             # TYPE latchkey_ceremonies_total counter\n",
        );
        for ((step, result), n) in &*lock(&self.ceremonies) {
            let labels = format!("step=\"{step}\",result=\"{result}\"");
            let _ = writeln!(text, "latchkey_ceremonies_total{{{labels}}} {n}");
        }
        text.push_str(
            "# HELP latchkey_sessions_total What happened to sessions.\n\
             # TYPE latchkey_sessions_total counter\n",
        );
        for (event, n) in &*lock(&self.sessions) {
            let _ = writeln!(text, "latchkey_sessions_total{{event=\"{event}\"}} {n}");
        }
        let _ = writeln!(
            text,
            "# HELP latchkey_signature_checks_total Signatures of logins that were verified, right or wrong.\n\
             # TYPE latchkey_signature_checks_total counter\n\
             latchkey_signature_checks_total {}",
            self.signatures.load(Ordering::Relaxed)
        );
        let _ = writeln!(
            text,
            "# HELP latchkey_store_writes_refused 1 while the store takes no writes (its disk is full or failing).\n\
             # TYPE latchkey_store_writes_refused gauge\n\
             latchkey_store_writes_refused {}",
            u8::from(self.store_refuses_writes.load(Ordering::Relaxed))
        );
        text.push_str(
            "# HELP latchkey_renewals_total Renewals by who asked and result.\n\
             # TYPE latchkey_renewals_total counter\n",
        );
        for ((by, result), n) in &*lock(&self.renewals) {
            let labels = format!("by=\"{by}\",result=\"{result}\"");
            let _ = writeln!(text, "latchkey_renewals_total{{{labels}}} {n}");
        }
        text.push_str(
            "# HELP latchkey_revocations_total Revocations by what was revoked.\n\
             # TYPE latchkey_revocations_total counter\n",
        );
        for (kind, n) in &*lock(&self.revocations) {
            let _ = writeln!(text, "latchkey_revocations_total{{kind=\"{kind}\"}} {n}");
        }
        text.push_str(
            "# HELP latchkey_limits_total What limits did: proofs looked at one after another (slowed), wrong ones told to wait, requests refused.\n\
             # TYPE latchkey_limits_total counter\n",
        );
        for ((limit, what), n) in &*lock(&self.limits) {
            let labels = format!("limit=\"{limit}\",what=\"{what}\"");
            let _ = writeln!(text, "latchkey_limits_total{{{labels}}} {n}");
        }
        text
    }
}

/// What is not counted but so at the moment.
pub(super) fn gauges(app: &App) -> String {
    let (now, live) = (app.now(), app.revocations.len());
    let waiting = MOST_POLLS.saturating_sub(app.polls.available_permits());
    let mut text = format!(
        "# HELP latchkey_revocations Revocations that gateways have to know.\n\
         # TYPE latchkey_revocations gauge\n\
         latchkey_revocations {live}\n\
         # HELP latchkey_revocation_polls_waiting Questions of gateways' workers that wait.\n\
         # TYPE latchkey_revocation_polls_waiting gauge\n\
         latchkey_revocation_polls_waiting {waiting}\n\
         # HELP latchkey_signing_key_age_seconds How long ago each key was published.\n\
         # TYPE latchkey_signing_key_age_seconds gauge\n"
    );
    for key in app.issuer.keys(now) {
        let (kid, role) = (key.kid, key.role.as_str());
        let age = now.since(key.published_at).0;
        let labels = format!("kid=\"{kid}\",role=\"{role}\"");
        let _ = writeln!(text, "latchkey_signing_key_age_seconds{{{labels}}} {age}");
    }
    let _ = writeln!(
        text,
        "# HELP latchkey_slow_lane_waiting Proofs that wait for their turn.\n\
         # TYPE latchkey_slow_lane_waiting gauge\n\
         latchkey_slow_lane_waiting {}\n\
         # HELP latchkey_limited Addresses and accounts with too many wrong proofs lately; total is 1 when there are in all.\n\
         # TYPE latchkey_limited gauge",
        app.proofs.in_lane()
    );
    for (limit, n) in app.proofs.limited(now) {
        let _ = writeln!(text, "latchkey_limited{{limit=\"{limit}\"}} {n}");
    }
    text
}

fn count<K: Ord>(counters: &Mutex<BTreeMap<K, u64>>, key: K) {
    *lock(counters).entry(key).or_default() += 1;
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_rendered_with_their_labels() {
        let metrics = Metrics::default();
        metrics.answered("public", StatusCode::OK);
        metrics.answered("public", StatusCode::OK);
        metrics.answered("control", StatusCode::OK);
        metrics.ceremony("login_finish", "challenge_spent");
        metrics.session("begun");
        let text = metrics.render();
        assert!(text.contains("latchkey_requests_total{listener=\"public\",status=\"200\"} 2\n"));
        assert!(text.contains(
            "latchkey_ceremonies_total{step=\"login_finish\",result=\"challenge_spent\"} 1\n"
        ));
        assert!(text.contains("latchkey_sessions_total{event=\"begun\"} 1\n"));
    }
}
