//! The host shell: does what the core decides. The only code that touches `proxy-wasm`.
//!
//! The SDK gives the module's frame: how it starts, and where the host puts what it returns. Its
//! accessors are not used: those that return text trap on a byte that is no UTF-8, and all of them
//! trap on a status that they do not know. What is asked of the host goes through [`abi`], where each
//! status is a value; what the host calls is in [`vm`].

mod abi;
mod access_log;
mod calls;
mod failure;
mod http;
mod metrics;
mod refused;
mod root;
mod verifier;
mod vm;

use std::{cell::RefCell, rc::Rc};

use crate::{gate::Gate, key_fetch::FetchesByRequests};
use abi::Level;
use latchkey_token::JwkSet;
use metrics::{Counter, Metrics};

proxy_wasm::main! {{}}

/// What the root context and the requests of one plugin share.
struct Plugin {
    gate: Gate,
    metrics: Metrics,
    verifier: verifier::HostVerifier,
    /// When the keys were fetched last, in Unix milliseconds.
    keys_at: Option<u64>,
    /// A token named a key that is not known; the root context looks at the next tick.
    unknown_key: bool,
    /// What requests may do about that themselves.
    fetches: FetchesByRequests,
}

impl Plugin {
    /// Takes keys that were fetched.
    fn set_keys(&mut self, keys: JwkSet, now: u64) {
        let was_ready = self.gate.is_ready();
        self.gate.set_keys(keys);
        self.metrics.count(Counter::KeyFetches);
        self.keys_at = Some(now);
        if let Some(revocations) = self.gate.revocations() {
            revocations.feed.has_keys(now);
        }
        self.note_readiness(was_ready);
    }

    fn note_readiness(&self, was_ready: bool) {
        let is_ready = self.gate.is_ready();
        self.metrics.set_ready(is_ready);
        if is_ready && !was_ready {
            abi::log(Level::Info, "ready");
        }
    }
}

fn milliseconds() -> Option<u64> {
    abi::now()
        .ok()
        .map(|nanoseconds| nanoseconds.saturating_div(1_000_000))
}

/// Empty until the configuration was accepted.
type Shared = Rc<RefCell<Option<Plugin>>>;
