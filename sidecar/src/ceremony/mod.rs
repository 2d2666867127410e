//! Registration and authentication ceremonies of the relying party (WebAuthn Level 3, section 7).
//!
//! Everything here is pure: time, entropy and what is stored come in as values.
//!
//! ```text
//! registration    creation_options -> browser -> parse -> (take the kept ceremony) -> verify
//! authentication  request_options  -> browser -> parse -> (spend the challenge) -> bind -> verify
//! ```
//!
//! `parse` judges the form alone, `bind` what the response claims against what the server knows,
//! and the last step proves it. `strict` is the check of our own in front of webauthn-rs-core,
//! which verifies attestation statements and signatures and repeats most of the rest.

pub mod authentication;
pub mod challenge;
mod choices;
mod core_state;
mod error;
mod imported;
mod mount;
mod policy;
mod record;
pub mod registration;
mod relying_party;
mod statement;
mod strict;
mod tpm;

#[cfg(test)]
mod tests;

pub use choices::{
    Algorithm, Attachment, Conveyance, DiscoverableCredential, Hint, UnknownChoice,
    UserVerification,
};
pub use error::{CborError, CeremonyError, ChallengeError, Part};
pub use imported::{Imported, NotAdmitted};
pub use mount::Mount;
pub use policy::{LONGEST_CEREMONY, Policy, PolicyTag};
pub use record::{attestation_format, public_key, registered_under};
pub use relying_party::{RelyingParty, RelyingPartyError};
pub use tpm::KeyFlaw;
