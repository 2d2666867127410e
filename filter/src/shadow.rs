//! `enforce: false`: everything is decided and counted, and nothing is done about it.
//!
//! An application's requests go on as they came, whatever is decided. Only what Envoy sends to the
//! sidecar is handled as ever: it is no live traffic of an application, and without this anyone
//! could tell the sidecar to be at an address of their choice.

use latchkey_filter_config::FilterConfig;

use crate::{request::Surroundings, sign_in, upstream::Changes};

/// What is changed although nothing is enforced. `spoofed` gives the names that no client may send.
pub fn changes(
    config: &FilterConfig,
    surroundings: &impl Surroundings,
    spoofed: impl FnOnce() -> Vec<Vec<u8>>,
) -> Changes {
    if sign_in::is_routed_to_sidecar(config, surroundings) {
        Changes {
            remove: spoofed(),
            set: sign_in::headers(surroundings),
        }
    } else {
        Changes::default()
    }
}
