//! Keeping private keys unreadable at rest: XChaCha20-Poly1305 under a key-encryption key that
//! never lies in the store.

use crate::entropy::{Entropy, random};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// 192-bit nonces can be drawn at random without ever keeping count.
const NONCE_BYTES: usize = 24;

/// The key that seals others. It comes from a file or the environment.
pub struct KeyEncryptionKey(Zeroizing<[u8; 32]>);

/// Why something sealed cannot be opened: another key, other associated data, or damage. Which of
/// them it was cannot be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it was sealed under another key, or is damaged")]
pub struct OpenError;

impl KeyEncryptionKey {
    /// Takes 32 bytes that nobody can guess.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Seals `secret`, so that it opens only together with `associated`: nonce, then ciphertext.
    ///
    /// # Errors
    /// When it is longer than any cipher takes.
    pub fn seal(
        &self,
        secret: &[u8],
        associated: &[u8],
        entropy: &(impl Entropy + ?Sized),
    ) -> Result<Vec<u8>, OpenError> {
        let nonce: [u8; NONCE_BYTES] = random(entropy);
        let payload = Payload {
            msg: secret,
            aad: associated,
        };
        let ciphertext = self
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| OpenError)?;
        Ok([nonce.as_slice(), &ciphertext].concat())
    }

    /// Opens what [`Self::seal`] made with the same `associated`.
    ///
    /// # Errors
    /// When it was made under another key or with other associated data, or was changed since.
    pub fn open(&self, sealed: &[u8], associated: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(OpenError)?;
        let payload = Payload {
            msg: ciphertext,
            aad: associated,
        };
        let opened = self
            .cipher()
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| OpenError)?;
        Ok(Zeroizing::new(opened))
    }

    /// Another secret that is the same at every start: HMAC-SHA-256 of `purpose`.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        use hmac::KeyInit as _;
        // HMAC takes keys of every length.
        Hmac::<Sha256>::new_from_slice(self.0.as_slice())
            .map(|mac| mac.chain_update(purpose).finalize().into_bytes().into())
            .unwrap_or_default()
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.0).into())
    }
}

impl std::fmt::Debug for KeyEncryptionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyEncryptionKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SequenceEntropy;

    fn key(byte: u8) -> KeyEncryptionKey {
        KeyEncryptionKey::new([byte; 32])
    }

    #[test]
    fn what_was_sealed_opens_again() {
        let entropy = SequenceEntropy::default();
        let sealed = key(1).seal(b"secret", b"kid", &entropy).unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        assert_eq!(*key(1).open(&sealed, b"kid").unwrap(), b"secret");
        assert_ne!(
            sealed,
            key(1).seal(b"secret", b"kid", &entropy).unwrap(),
            "a fresh nonce"
        );
    }

    #[test]
    fn another_key_another_name_and_a_changed_byte_are_refused() {
        let sealed = key(1)
            .seal(b"secret", b"kid", &SequenceEntropy::default())
            .unwrap();
        assert_eq!(key(2).open(&sealed, b"kid").unwrap_err(), OpenError);
        assert_eq!(key(1).open(&sealed, b"another kid").unwrap_err(), OpenError);
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            assert!(key(1).open(&changed, b"kid").is_err(), "byte {position}");
            assert!(
                key(1).open(&sealed[..position], b"kid").is_err(),
                "cut at {position}"
            );
        }
    }

    #[test]
    fn derived_secrets_differ_by_purpose_and_key() {
        assert_eq!(key(1).derive("a"), key(1).derive("a"));
        assert_ne!(key(1).derive("a"), key(1).derive("b"));
        assert_ne!(key(1).derive("a"), key(2).derive("a"));
        assert_ne!(key(1).derive("a"), [0; 32]);
    }

    #[test]
    fn debug_output_shows_no_key() {
        assert_eq!(format!("{:?}", key(7)), "KeyEncryptionKey(..)");
    }
}
