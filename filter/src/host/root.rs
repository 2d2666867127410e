//! The root context: configuration, the keys, and what was revoked.

use std::rc::Rc;

use latchkey_filter_config::FilterConfig;

use super::{
    Plugin, Shared,
    abi::{self, Buffer, Level},
    calls::{self, CallError},
    metrics::{Counter, Metrics},
    milliseconds,
    verifier::HostVerifier,
};
use crate::{
    gate::Gate,
    key_fetch::{FetchesByRequests, KeyFetch},
};

/// Envoy makes calls only once it runs, so the first fetch waits for a tick that comes soon.
const FIRST_TICK_MS: u32 = 10;
/// How often the timetable of the fetches is looked at.
const TICK_MS: u32 = 250;
/// The same while connections are ended, one at each tick.
const ENDING_TICK_MS: u32 = 1;

/// One plugin in one worker.
#[derive(Default)]
pub(super) struct Root {
    shared: Shared,
    fetch: Option<KeyFetch>,
    call: Option<u32>,
    feed_call: Option<u32>,
    has_ticked: bool,
    ending: Ending,
}

/// How far the look for connections that were revoked has come.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Ending {
    /// Nothing was revoked since the last one.
    #[default]
    Idle,
    /// It has to begin.
    Due,
    /// It goes on behind the request with this number.
    Behind(u32),
}

impl Root {
    /// What the requests of this plugin share with it.
    pub(super) fn shared(&self) -> Shared {
        Rc::clone(&self.shared)
    }

    /// From which request on to look for a connection that was revoked, if that is to be done.
    pub(super) fn looks_from(&self) -> Option<u32> {
        match self.ending {
            Ending::Idle => None,
            Ending::Due => Some(0),
            Ending::Behind(request) => Some(request.saturating_add(1)),
        }
    }

    /// Takes note of the next one that was found, or that there is none.
    pub(super) fn has_found(&mut self, request: Option<u32>) {
        let next = request.map_or(Ending::Idle, Ending::Behind);
        let was_hurried = matches!(self.ending, Ending::Behind(_));
        self.ending = next;
        let is_hurried = next != Ending::Idle;
        let period = if is_hurried { ENDING_TICK_MS } else { TICK_MS };
        if is_hurried != was_hurried
            && let Err(status) = abi::set_tick_period(period)
        {
            abi::log(Level::Error, &format!("tick period: {status}"));
        }
    }

    /// Whether this is the answer to a call of its own; if so, takes it.
    pub(super) fn take_answer(&mut self, call: u32, body_size: usize) -> bool {
        if self.call == Some(call) {
            self.call = None;
            if self.fetched(calls::finish_keys(body_size)) {
                self.ask_if_due();
            }
        } else if self.feed_call == Some(call) {
            self.feed_call = None;
            let is_good = self.answered(calls::finish_revocations(body_size));
            if is_good {
                self.ending = match self.ending {
                    // Those before may have been revoked meanwhile; the ticks are quick already.
                    Ending::Behind(_) => Ending::Behind(0),
                    Ending::Idle | Ending::Due => Ending::Due,
                };
            }
            self.fetch_if_due();
            if is_good {
                self.ask_if_due();
            }
        } else {
            return false;
        }
        true
    }

    /// Takes the configuration, if it is a good one. `others` are the plugins of this VM, one of which
    /// it may replace.
    pub(super) fn on_configure(&mut self, size: usize, others: &[Shared]) -> bool {
        match self.configure(size, others) {
            Ok(()) => true,
            Err(problem) => {
                abi::log(Level::Error, &format!("configuration refused: {problem}"));
                false
            }
        }
    }

    pub(super) fn on_tick(&mut self) {
        if !self.has_ticked {
            self.has_ticked = true;
            if let Err(status) = abi::set_tick_period(TICK_MS) {
                abi::log(Level::Error, &format!("tick period: {status}"));
            }
        }
        self.fetch_if_due();
        self.ask_if_due();
        self.tidy();
    }

    fn configure(&mut self, size: usize, others: &[Shared]) -> Result<(), String> {
        let config = abi::buffer(Buffer::PluginConfiguration, size).map_err(|s| s.to_string())?;
        let config = FilterConfig::parse(&config).map_err(|error| error.to_string())?;
        let mut hash_key = [0; 16];
        abi::random(&mut hash_key).map_err(|status| format!("no random bytes: {status}"))?;
        abi::set_tick_period(FIRST_TICK_MS).map_err(|status| format!("no timer: {status}"))?;
        let inline = config.jwks.inline.clone();
        let fetch = KeyFetch::new(config.jwks.refresh, config.sidecar.timeout);
        self.fetch = inline.is_none().then_some(fetch);
        let mut gate = Gate::new(config, hash_key);
        if let Some(keys) = inline {
            gate.set_keys(keys);
        }
        let keys_at = succeed_one(&mut gate, others);
        let enforce = gate.config().enforce;
        if !enforce {
            abi::log(
                Level::Warn,
                "enforce is false: every request passes, and nothing is checked for applications",
            );
        }
        let metrics = Metrics::new(enforce);
        metrics.set_ready(gate.is_ready());
        let plugin = Plugin {
            gate,
            metrics,
            verifier: HostVerifier::default(),
            unknown_key: false,
            keys_at,
            fetches: FetchesByRequests::default(),
        };
        *self
            .shared
            .try_borrow_mut()
            .map_err(|error| error.to_string())? = Some(plugin);
        Ok(())
    }

    fn fetch_if_due(&mut self) {
        let Some(fetch) = &mut self.fetch else {
            return;
        };
        let started = with_plugin(&self.shared, |plugin, now| {
            if std::mem::take(&mut plugin.unknown_key) {
                fetch.wanted(now);
            }
            let revocations = plugin.gate.revocations();
            if revocations.is_some_and(|revocations| revocations.feed.wants_key()) {
                fetch.wanted_for_list(now);
            }
            fetch.is_due(now).then(|| {
                fetch.started(now);
                calls::keys(&plugin.gate.config().sidecar)
            })
        });
        match started.flatten() {
            Some(Ok(call)) => self.call = Some(call),
            Some(Err(error)) => {
                self.fetched(Err(error));
            }
            None => {}
        }
    }

    /// Takes new keys, or keeps the old ones. Whether there are new ones.
    fn fetched(&mut self, result: Result<latchkey_token::JwkSet, CallError>) -> bool {
        let Some(fetch) = &mut self.fetch else {
            return false;
        };
        let is_good = result.is_ok();
        with_plugin(&self.shared, |plugin, now| match result {
            Ok(keys) => {
                fetch.succeeded(now);
                plugin.set_keys(keys, now);
            }
            Err(error) => {
                fetch.failed(now);
                plugin.metrics.count(Counter::KeyFetchFailures);
                let kept = if plugin.gate.has_keys() {
                    "the old keys stay"
                } else {
                    "there are no keys yet"
                };
                abi::log(Level::Warn, &format!("key fetch failed, {kept}: {error}"));
            }
        });
        is_good
    }

    /// Keeps the question for what was revoked open. Nobody could read an answer without keys.
    fn ask_if_due(&mut self) {
        let started = with_plugin(&self.shared, |plugin, now| {
            let has_keys = plugin.gate.has_keys();
            let feed = &mut plugin.gate.revocations()?.feed;
            if !has_keys || !feed.is_due(now) {
                return None;
            }
            let mut nonce = [0; 16];
            if let Err(status) = abi::random(&mut nonce) {
                return Some(Err(status.into()));
            }
            let path = feed.ask(now, nonce);
            Some(calls::revocations(&plugin.gate.config().sidecar, &path))
        });
        match started.flatten() {
            Some(Ok(call)) => self.feed_call = Some(call),
            Some(Err(error)) => {
                self.answered(Err(error));
            }
            None => {}
        }
    }

    /// Takes what was revoked, or keeps what is known. Whether it was a good answer: after another
    /// the next question waits for a tick, because a call that fails at once would be followed by
    /// the next at once.
    fn answered(&mut self, result: Result<Vec<u8>, CallError>) -> bool {
        with_plugin(&self.shared, |plugin, now| {
            let was_ready = plugin.gate.is_ready();
            let taken = match result {
                Ok(answer) => plugin
                    .gate
                    .take_revocations(&answer, now, &plugin.verifier)
                    .map_err(CallError::from),
                Err(error) => {
                    if let Some(revocations) = plugin.gate.revocations() {
                        revocations.feed.failed(now);
                    }
                    Err(error)
                }
            };
            if let Err(error) = &taken {
                plugin.metrics.count(Counter::FeedFailures);
                abi::log(Level::Warn, &format!("revocations: {error}"));
            } else {
                plugin.metrics.count(Counter::FeedAnswers);
            }
            plugin.note_readiness(was_ready);
            taken.is_ok()
        })
        .unwrap_or(false)
    }

    /// Forgets what is over, and says how old things are.
    fn tidy(&self) {
        with_plugin(&self.shared, |plugin, now| {
            if let Some(at) = plugin.keys_at {
                plugin.metrics.set_key_age(now.saturating_sub(at));
            }
            if let Some(revocations) = plugin.gate.revocations() {
                revocations.sweep(now);
                let (age, entries) = (revocations.feed.age(now), revocations.revoked.len());
                plugin.metrics.set_revocations(age, entries);
            }
        });
    }
}

/// Takes over what this gate would have to fetch, from the newest plugin that has all of it; gives when
/// its keys were fetched.
fn succeed_one(gate: &mut Gate, others: &[Shared]) -> Option<u64> {
    let mut keys_at = None;
    for other in others.iter().rev() {
        if gate.is_ready() {
            break;
        }
        let Ok(other) = other.try_borrow() else {
            continue;
        };
        if let Some(before) = other.as_ref()
            && gate.succeed(&before.gate)
        {
            keys_at = before.keys_at;
        }
    }
    keys_at
}

fn with_plugin<T>(shared: &Shared, act: impl FnOnce(&mut Plugin, u64) -> T) -> Option<T> {
    let now = milliseconds()?;
    let mut shared = shared.try_borrow_mut().ok()?;
    shared.as_mut().map(|plugin| act(plugin, now))
}
