//! Signatures checked by Envoy's own code where it can, which takes a tenth of the time.

use std::cell::Cell;

use latchkey_token::{Algorithm, InProcess, SignatureVerifier, VerifyingKey, ecdsa_der_in_range};

use super::abi::{self, Level, Status};
use crate::verify_signature;

/// Asks the host for ES256, and checks here what it cannot.
#[derive(Default)]
pub(super) struct HostVerifier {
    host_lacks_it: Cell<bool>,
}

impl SignatureVerifier for HostVerifier {
    fn verify(&self, key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
        match key.algorithm() {
            Algorithm::Es256 if !self.host_lacks_it.get() => self
                .ask_host(key, message, signature)
                .unwrap_or_else(|| InProcess.verify(key, message, signature)),
            _ => InProcess.verify(key, message, signature),
        }
    }
}

impl HostVerifier {
    /// The host's verdict, if it gives one.
    fn ask_host(&self, key: &VerifyingKey, message: &[u8], signature: &[u8]) -> Option<bool> {
        let Ok(signature) = signature.try_into().map(ecdsa_der_in_range) else {
            return Some(false);
        };
        let arguments = verify_signature::arguments(key.spki_der(), &signature, message);
        match abi::call_foreign_function(verify_signature::NAME, &arguments) {
            Ok(answer) => Some(verify_signature::is_good(&answer)),
            Err(Status::NOT_FOUND) => {
                self.host_lacks_it.set(true);
                abi::log(
                    Level::Warn,
                    "the host has no verify_signature: ES256 is checked in Wasm, which is slow",
                );
                None
            }
            Err(status) => {
                abi::log(Level::Warn, &format!("verify_signature: {status}"));
                None
            }
        }
    }
}
