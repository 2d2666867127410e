//! The host shell: does what the core decides. The only code that touches `proxy-wasm`.
//!
//! The SDK gives the dispatch of callbacks. Its accessors are not used: those that return text
//! trap on a byte that is no UTF-8, and all of them trap on a status that they do not know. What
//! is asked of the host goes through [`abi`], where each status is a value.

mod abi;
mod access_log;
mod http;
mod keys;
mod metrics;
mod root;
mod verifier;

use std::{cell::RefCell, rc::Rc};

use crate::gate::Gate;
use metrics::Metrics;

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(root::Root::default()));
}}

/// What the root context and the requests of one plugin share.
struct Plugin {
    gate: Gate,
    metrics: Metrics,
    verifier: verifier::HostVerifier,
    /// A token named a key that is not known; the root context looks at the next tick.
    unknown_key: bool,
}

/// Empty until the configuration was accepted.
type Shared = Rc<RefCell<Option<Plugin>>>;
