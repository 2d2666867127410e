//! Tokens that must not pass, each with the reason for which it does not. The same tables run
//! natively and, with wasm-bindgen-test, on wasm32.

mod claims;
mod form;
mod header;
#[path = "../issuer/mod.rs"]
mod issuer;
mod meaning;
mod signature;

use issuer::Issuer;
use latchkey_token::{Algorithm, TokenError};

/// Refuses every token of the table, for its own reason; names those that differ.
#[track_caller]
fn refuses(issuer: &Issuer, table: Vec<(&str, String, TokenError)>) {
    issuer
        .outcome(issuer.good().as_bytes())
        .expect("the issuer's good token passes");
    let wrong: Vec<String> = table
        .into_iter()
        .map(|(name, token, reason)| (name, issuer.outcome(token.as_bytes()).err(), reason))
        .filter(|(_, outcome, reason)| outcome.as_ref() != Some(reason))
        .map(|(name, outcome, reason)| format!("{name}: {outcome:?}, expected {reason:?}"))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn es256() -> Issuer {
    Issuer::new(Algorithm::Es256)
}

fn eddsa() -> Issuer {
    Issuer::new(Algorithm::EdDsa)
}
