//! Registration: a new credential for an account ([WebAuthn Level 3, section 7.1]).
//!
//! Steps 1 and 2 are [`creation_options`]; 3 to 7, 10, 11 and 13 are [`parse()`]; 8, 9, 12 and 14 to
//! 28 are [`UntrustedRegistration::verify`]; 26 and 29 (one id, one account) are the store's.
//!
//! [WebAuthn Level 3, section 7.1]: https://www.w3.org/TR/webauthn-3/#sctn-registering-a-new-credential

mod options;
mod parse;
mod verify;

pub use options::creation_options;
pub use parse::{UntrustedRegistration, parse};
pub use verify::NewCredential;
