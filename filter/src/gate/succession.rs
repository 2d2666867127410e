//! A configuration that takes another's place.
//!
//! When only the configuration is replaced, both are in one VM for a while. The new one would be
//! closed until it has fetched what the old one has, and for as long as the sidecar is away. So it
//! starts with the keys of the old one, and with what was revoked.

use super::Gate;

#[cfg(test)]
mod tests;

impl Gate {
    /// Takes over what another gate has learned, if it asks the same sidecar in the name of the same
    /// issuer. Whether there were keys to be had.
    ///
    /// Verified tokens are not: whether they hold, and what is told of them, is the configuration's
    /// affair.
    pub fn succeed(&mut self, before: &Self) -> bool {
        let Some(keys) = before.tokens.keys().filter(|_| self.has_source_of(before)) else {
            return false;
        };
        if let (Some(revocations), Some(known)) = (&mut self.revocations, &before.revocations) {
            revocations.succeed(known);
            self.tokens.revoke_keys(revocations.revoked.keys());
        }
        self.tokens.set_keys(keys.clone());
        true
    }

    /// Whether both get their keys and lists from one place.
    fn has_source_of(&self, before: &Self) -> bool {
        let (new, old) = (&self.config, &before.config);
        new.issuer == old.issuer
            && new.sidecar.cluster == old.sidecar.cluster
            && new.sidecar.authority == old.sidecar.authority
            && new.jwks.inline.is_none()
            && old.jwks.inline.is_none()
    }
}
