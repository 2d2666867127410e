//! What a login cannot cost less than: its cryptography, in a loop on one core.

use crate::load::now;
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};
use std::hint::black_box;
use std::time::Duration;

/// Whatever else the machine does only ever makes a round slower: the best one counts.
const ROUNDS: u32 = 5;
const ROUND: Duration = Duration::from_millis(400);
/// What a login hashes beside the two signatures: the client data, the relying party id, the MAC of
/// the challenge (issued and opened, two blocks each way), a new refresh secret.
const HASHES: usize = 8;

/// Logins per second: one ES256 verification (the assertion), one ES256 signature (the token), and
/// the hashes.
pub(crate) fn logins_per_second() -> f64 {
    let key = SigningKey::from_slice(&[7; 32]).expect("a private key");
    let verifying = VerifyingKey::from(&key);
    let message = [9_u8; 69];
    let signature: Signature = key.sign(&message);
    let claims = [5_u8; 700];
    let mut best = 0.0_f64;
    for _ in 0..ROUNDS {
        let (start, mut done) = (now(), 0_u32);
        while start.elapsed() < ROUND {
            // The key is read anew, as it is from a stored record.
            let point = black_box(&verifying).to_sec1_point(false);
            let read = VerifyingKey::from_sec1_bytes(point.as_bytes()).expect("a point");
            read.verify(black_box(&message), &signature).expect("good");
            let token: Signature = key.sign(black_box(&claims));
            black_box(token);
            for _ in 0..HASHES {
                black_box(Sha256::digest(black_box(&message)));
            }
            done += 1;
        }
        best = best.max(f64::from(done) / start.elapsed().as_secs_f64());
    }
    best
}
