//! Random bytes as a value that is handed in, so that tests choose them.

#[cfg(test)]
use std::sync::atomic::{AtomicU64, Ordering};

/// Gives bytes that nobody can guess.
pub trait Entropy: Send + Sync {
    /// Overwrites all of `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// `N` fresh bytes.
#[must_use]
pub fn random<const N: usize>(entropy: &(impl Entropy + ?Sized)) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    /// # Panics
    /// When the operating system has no generator: nothing safe can be made without one.
    #[expect(
        clippy::expect_used,
        reason = "a guessable secret would be worse than a stop"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}

/// A counter in disguise: every call gives other bytes, every run the same ones.
#[cfg(test)]
#[derive(Debug, Default)]
pub struct SequenceEntropy(AtomicU64);

#[cfg(test)]
impl Entropy for SequenceEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let n = self.0.fetch_add(1, Ordering::SeqCst).wrapping_add(1);
            // SplitMix64's finaliser spreads the counter over all bits.
            let mut z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let word = (z ^ (z >> 31)).to_le_bytes();
            for (to, from) in chunk.iter_mut().zip(word) {
                *to = from;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        assert_ne!(random::<32>(&OsEntropy), random::<32>(&OsEntropy));
        let sequence = SequenceEntropy::default();
        assert_ne!(random::<16>(&sequence), random::<16>(&sequence));
    }

    #[test]
    fn a_sequence_repeats_from_its_start_and_fills_odd_lengths() {
        let first: [u8; 13] = random(&SequenceEntropy::default());
        assert_eq!(first, random::<13>(&SequenceEntropy::default()));
        assert!(first.iter().any(|byte| *byte != 0));
    }
}
