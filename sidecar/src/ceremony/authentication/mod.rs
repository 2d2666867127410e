//! Authentication: proof of possession of a stored credential ([WebAuthn Level 3, section 7.2]).
//!
//! Steps 1 and 2 are [`request_options`]; 3, 4, 7 to 10, 13 and 14 are [`parse()`]; 5, 6, 11, 12, 15
//! to 19 are [`UntrustedAssertion::bind`]; 20 to 23 are [`BoundAssertion::verify`]; 24 and 25 are
//! the store's `record_assertion`.
//!
//! [WebAuthn Level 3, section 7.2]: https://www.w3.org/TR/webauthn-3/#sctn-verifying-assertion

mod decoys;
mod options;
mod parse;
mod stand_in;
mod verify;

pub use decoys::{DecoyKey, decoys, is_decoy};
pub use options::{AllowedCredential, request_options};
pub use parse::{UntrustedAssertion, parse};
pub use stand_in::StandIn;
pub use verify::{BoundAssertion, VerifiedAssertion};
