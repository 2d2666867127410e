//! Latchkey's Proxy-Wasm filter: checks session tokens inside Envoy.
//!
//! The core is plain Rust and knows no host: [`gate::Gate`] takes a configuration, keys, a
//! [`request::Request`] and the time, and gives a [`gate::Decision`]. What happens to a request,
//! in this order:
//!
//! 1. Host and path are read as bytes; what no well-behaved client sends is refused
//!    ([`authority`], [`path`]).
//! 2. The path is normalised once. What is matched is what is forwarded.
//! 3. The sign-in goes on without a token, where Envoy really sends it to the sidecar
//!    ([`sign_in`]).
//! 4. The first rule that matches says what is needed ([`rules`]); paths that servers read in
//!    different ways are refused, and methods that they do ([`method_override`]).
//! 5. The one token is found ([`credentials`]) and checked, or known already ([`tokens`],
//!    [`cache`]).
//! 6. What was revoked is refused ([`revocations`]), and so are a token that is bound to another
//!    client certificate ([`certificate`]) and requests that another site makes a browser send
//!    ([`cross_site`], [`cors`]).
//! 7. A token that has expired, or is about to, is replaced while the request waits ([`renewal`]).
//! 8. Requests whose session is not what the rule asks for are refused ([`requirements`],
//!    [`step_up`]).
//! 9. The application is told who it is, and nothing else that looks like it ([`identity`],
//!    [`reserved`], [`upstream`]).
//!
//! Where nothing is enforced, all of it is only counted ([`shadow`]).
//!
//! Refusals are pages for people and problem details for programs ([`refusal`]). `host` does what
//! the core decides; it exists on wasm32 only and is the one module that touches `proxy-wasm`.

// One panic takes a worker's VM down with every request in it.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::as_conversions,
        clippy::arithmetic_side_effects
    )
)]

pub mod authority;
pub mod cache;
pub mod certificate;
pub mod cors;
pub mod credentials;
pub mod cross_site;
pub mod gate;
pub mod header_map;
#[cfg(target_arch = "wasm32")]
mod host;
pub mod identity;
pub mod key_fetch;
pub mod method_override;
pub mod path;
pub mod reason;
pub mod refusal;
pub mod renewal;
pub mod request;
pub mod requirements;
pub mod reserved;
pub mod revocations;
pub mod rules;
pub mod shadow;
pub mod sign_in;
pub mod step_up;
#[cfg(test)]
mod test_support;
pub mod tokens;
pub mod upstream;
pub mod verify_signature;
