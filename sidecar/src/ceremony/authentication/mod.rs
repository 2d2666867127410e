//! Authentication: proof of possession of a stored credential ([WebAuthn Level 3, section 7.2]).
//!
//! The options are [`request_options`]; the form of the response, its type and whether it came from
//! a frame are [`parse()`]; the credential's owner, challenge, origin and authenticator data are
//! [`UntrustedAssertion::bind`]; signature and counter are [`BoundAssertion::verify`]; updating the
//! credential record is the store's `record_assertion`.
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
pub use verify::{BoundAssertion, Owner, VerifiedAssertion};
