//! The session-token contract between the sidecar, which mints, and the filter, which checks.
//!
//! A token goes through three steps, each a type of its own, so that nothing can read claims that
//! nobody has vouched for:
//!
//! 1. [`UntrustedToken::parse`]: syntax. Size, three parts, exact base64url, a strict header,
//!    claims of the right types. Nothing is shown but the key id.
//! 2. [`UntrustedToken::verify`]: proof. The key that the header names, and no other, with the
//!    algorithm that this key is for.
//! 3. [`SignedToken::validate`]: meaning. Issuer, audience, time.
//!
//! What comes out is a [`VerifiedToken`]. The rules are those of [RFC 7519] (JWT), [RFC 7515]
//! (JWS) and [RFC 8725] (best current practices), with every choice that they leave made on the
//! strict side, because one program of ours writes these tokens and others of ours read them.
//!
//! The list of what was revoked ([`UntrustedRevocations`]) goes through the same three steps, in a
//! token of another type.
//!
//! The crate does no I/O and knows neither clock nor random numbers: time is a parameter, in
//! whole Unix seconds. It builds for native targets and for `wasm32`.
//!
//! [RFC 7515]: https://www.rfc-editor.org/rfc/rfc7515
//! [RFC 7519]: https://www.rfc-editor.org/rfc/rfc7519
//! [RFC 8725]: https://www.rfc-editor.org/rfc/rfc8725

// One panic in the filter takes a worker's VM down with every request in it.
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

mod algorithm;
mod bytes;
mod claims;
mod compact;
pub mod cookie;
mod error;
mod header;
mod id;
pub mod json;
mod jwk_set;
mod members;
mod revocations;
mod signature;
#[cfg(feature = "sign")]
mod signing;
mod untrusted;
mod verified;
mod verifying_key;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use claims::{Authn, Claims, Confirmation};
pub use error::{Part, TokenError};
pub use header::{KnownHeader, MAX_KEY_ID_BYTES, TokenType};
pub use id::{Id, NotAnId};
pub use jwk_set::{JwkSet, JwkSetError, MAX_JWK_SET_BYTES, MAX_JWK_SET_KEYS};
pub use revocations::{
    MAX_REVOCATION_ENTRIES, MAX_REVOCATIONS_BYTES, MAX_REVOKED_KEYS, Revocations, RevokedSession,
    RevokedUser, SignedRevocations, UntrustedRevocations, VerifiedRevocations,
};
pub use signature::{
    InProcess, SignatureOutOfRange, SignatureVerifier, ecdsa_der, ecdsa_der_in_range,
};
#[cfg(feature = "sign")]
pub use signing::{MAX_MINTED_BYTES, SeedError, SignError, SigningKey};
pub use untrusted::{MAX_TOKEN_BYTES, SignedToken, UntrustedToken};
pub use verified::{DEFAULT_CLOCK_SKEW, Expectations, Validity, VerifiedToken};
pub use verifying_key::{JwkError, VerifyingKey};
