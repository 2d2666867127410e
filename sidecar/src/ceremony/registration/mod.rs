//! Registration: a new credential for an account ([WebAuthn Level 3, section 7.1]).
//!
//! The options are [`creation_options`]; the form of the response, its type and whether it came from
//! a frame are [`parse()`]; challenge, origin, authenticator data and statement are
//! [`UntrustedRegistration::verify`]; that one id belongs to one account is the store's.
//!
//! [WebAuthn Level 3, section 7.1]: https://www.w3.org/TR/webauthn-3/#sctn-registering-a-new-credential

mod options;
mod parse;
mod verify;

pub use options::creation_options;
pub use parse::{UntrustedRegistration, known_transports, parse};
pub use verify::NewCredential;
