//! Recovery codes: written down by their owner, typed in when every passkey is lost.

use crate::entropy::{Entropy, random};
use crate::model::{SecretHash, UserId};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// As many as an account has.
pub const RECOVERY_CODES: usize = 10;

/// 100 random bits: more than anyone can try, so that no slow hash and no lock is needed.
const CHARS: usize = 20;
const GROUP: usize = 5;
/// Digits and letters that nobody mistakes for each other (Crockford's Base32).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Draws a code, as it is shown: `ABCDE-FGHJK-...`.
#[must_use]
pub fn draw_recovery_code(entropy: &(impl Entropy + ?Sized)) -> Zeroizing<String> {
    let bytes: Zeroizing<[u8; CHARS]> = Zeroizing::new(random(entropy));
    let mut code = Zeroizing::new(String::with_capacity(CHARS + CHARS / GROUP));
    for (n, byte) in bytes.iter().enumerate() {
        if n > 0 && n % GROUP == 0 {
            code.push('-');
        }
        // The alphabet has 32 characters: five bits of the byte choose one, without a bias.
        let letter = ALPHABET.get(usize::from(byte & 31)).copied();
        code.push(char::from(letter.unwrap_or(b'0')));
    }
    code
}

/// What the store keeps of a code that somebody typed: case, spaces and hyphens do not matter, and
/// letters that look like digits are those. `None` when it cannot be one.
#[must_use]
pub fn recovery_code_hash(user: UserId, typed: &str) -> Option<SecretHash> {
    let mut code = Zeroizing::new(String::with_capacity(CHARS));
    for c in typed.chars().filter(|c| *c != '-' && !c.is_whitespace()) {
        let c = match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            c => c,
        };
        if !c.is_ascii() || !ALPHABET.contains(&(c as u8)) || code.len() >= CHARS {
            return None;
        }
        code.push(c);
    }
    if code.len() != CHARS {
        return None;
    }
    let digest = Sha256::new()
        .chain_update(b"latchkey recovery code 1\0")
        .chain_update(user.0.as_bytes())
        .chain_update(code.as_bytes())
        .finalize();
    Some(SecretHash(digest.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SequenceEntropy;

    fn user(n: u128) -> UserId {
        UserId(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = draw_recovery_code(&SequenceEntropy::default());
        assert_eq!(code.len(), 23, "{}", *code);
        let hash = recovery_code_hash(user(1), &code);
        assert!(hash.is_some());
        let sloppy = format!(" {} ", code.to_lowercase().replace('-', " "));
        assert_eq!(recovery_code_hash(user(1), &sloppy), hash);
        assert_ne!(
            recovery_code_hash(user(2), &code),
            hash,
            "bound to its user"
        );
        let looks = recovery_code_hash(user(1), "OOOOO-IIIII-LLLLL-00000");
        let means = recovery_code_hash(user(1), "00000-11111-11111-00000");
        assert_eq!(looks, means);
    }

    #[test]
    fn what_cannot_be_a_code_has_no_hash() {
        let code = draw_recovery_code(&SequenceEntropy::default());
        for typed in [
            "",
            &code[1..],
            &format!("{}0", *code),
            "UUUUU-UUUUU-UUUUU-UUUUU",
            "é",
        ] {
            assert_eq!(recovery_code_hash(user(1), typed), None, "{typed:?}");
        }
    }
}
