//! The root context: configuration, and the keys.

use std::rc::Rc;

use latchkey_filter_config::FilterConfig;
use proxy_wasm::{
    traits::{Context, HttpContext, RootContext},
    types::ContextType,
};

use super::{
    Plugin, Shared,
    abi::{self, Buffer, Level},
    http::Http,
    keys::{self, FetchError},
    metrics::{KEY_FETCH_FAILURES, KEY_FETCHES, Metrics},
    verifier::HostVerifier,
};
use crate::{gate::Gate, key_fetch::KeyFetch};

/// Envoy makes calls only once it runs, so the first fetch waits for a tick that comes soon.
const FIRST_TICK_MS: u32 = 10;
/// How often the timetable of the fetches is looked at.
const TICK_MS: u32 = 250;

/// One plugin in one worker.
#[derive(Default)]
pub(super) struct Root {
    shared: Shared,
    fetch: Option<KeyFetch>,
    call: Option<u32>,
    has_ticked: bool,
}

impl Context for Root {
    fn on_http_call_response(&mut self, call: u32, _: usize, body_size: usize, _: usize) {
        if self.call == Some(call) {
            self.call = None;
            self.fetched(keys::finish(body_size));
        }
    }
}

impl RootContext for Root {
    fn on_configure(&mut self, size: usize) -> bool {
        match self.configure(size) {
            Ok(()) => true,
            Err(problem) => {
                abi::log(Level::Error, &format!("configuration refused: {problem}"));
                false
            }
        }
    }

    fn on_tick(&mut self) {
        if !self.has_ticked {
            self.has_ticked = true;
            if let Err(status) = abi::set_tick_period(TICK_MS) {
                abi::log(Level::Error, &format!("tick period: {status}"));
            }
        }
        self.fetch_if_due();
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Http::new(Rc::clone(&self.shared))))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

impl Root {
    fn configure(&mut self, size: usize) -> Result<(), String> {
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
        };
        *self
            .shared
            .try_borrow_mut()
            .map_err(|error| error.to_string())? = Some(plugin);
        Ok(())
    }

    fn fetch_if_due(&mut self) {
        let (Some(fetch), Some(now)) = (&mut self.fetch, milliseconds()) else {
            return;
        };
        let Ok(mut shared) = self.shared.try_borrow_mut() else {
            return;
        };
        let Some(plugin) = shared.as_mut() else {
            return;
        };
        if std::mem::take(&mut plugin.unknown_key) {
            fetch.wanted(now);
        }
        if !fetch.is_due(now) {
            return;
        }
        fetch.started(now);
        let started = keys::start(&plugin.gate.config().sidecar);
        drop(shared);
        match started {
            Ok(call) => self.call = Some(call),
            Err(error) => self.fetched(Err(error)),
        }
    }

    /// Takes new keys, or keeps the old ones.
    fn fetched(&mut self, result: Result<latchkey_token::JwkSet, FetchError>) {
        let (Some(fetch), Some(now)) = (&mut self.fetch, milliseconds()) else {
            return;
        };
        let Ok(mut shared) = self.shared.try_borrow_mut() else {
            return;
        };
        let Some(plugin) = shared.as_mut() else {
            return;
        };
        match result {
            Ok(keys) => {
                fetch.succeeded(now);
                if !plugin.gate.is_ready() {
                    abi::log(Level::Info, &format!("ready: {} keys", keys.len()));
                }
                plugin.gate.set_keys(keys);
                plugin.metrics.count(KEY_FETCHES);
                plugin.metrics.set_ready(true);
            }
            Err(error) => {
                fetch.failed(now);
                plugin.metrics.count(KEY_FETCH_FAILURES);
                let kept = if plugin.gate.is_ready() {
                    "the old keys stay"
                } else {
                    "there are no keys yet"
                };
                abi::log(Level::Warn, &format!("key fetch failed, {kept}: {error}"));
            }
        }
    }
}

fn milliseconds() -> Option<u64> {
    abi::now()
        .ok()
        .map(|nanoseconds| nanoseconds.saturating_div(1_000_000))
}
