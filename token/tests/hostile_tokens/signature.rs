//! Signatures of the wrong form, of the wrong key, or in a second form.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::issuer::encode;
use crate::{eddsa, es256, refuses};
use ed25519_dalek::{Signature, Verifier as _};
use latchkey_token::TokenError;
use sha2::{Digest as _, Sha512};
use std::ops::{Add, Mul};

#[test]
fn the_key_of_another_algorithm() {
    let (es256, eddsa) = (es256(), eddsa());
    let mut header = eddsa.header();
    header["kid"] = es256.key.kid().into();
    refuses(
        &es256,
        vec![(
            "signed with Ed25519, in the name of a P-256 key",
            eddsa.with_header(&header.to_string()),
            TokenError::AlgorithmMismatch,
        )],
    );
    let mut header = es256.header();
    header["kid"] = eddsa.key.kid().into();
    refuses(
        &eddsa,
        vec![(
            "signed with P-256, in the name of an Ed25519 key",
            es256.with_header(&header.to_string()),
            TokenError::AlgorithmMismatch,
        )],
    );
}

#[test]
fn signatures_of_the_wrong_form() {
    let issuer = es256();
    let good = issuer.good();
    let (message, _) = good.rsplit_once('.').unwrap();
    let signature = issuer.signature(message.as_bytes());
    let with = |signature: &[u8]| format!("{message}.{}", encode(signature));
    let length = |bytes| TokenError::SignatureLength { bytes };
    let der = latchkey_token::ecdsa_der(&signature).unwrap();
    let half = |half: usize, value: &[u8; 32]| {
        let mut changed = signature;
        changed[half * 32..][..32].copy_from_slice(value);
        with(&changed)
    };
    let mut order_plus_one = P256_ORDER;
    order_plus_one[31] += 1;
    let huge = with(&vec![0x41; 21_000]);
    let huge_bytes = huge.len();
    let mut flipped = signature;
    flipped[63] ^= 1;
    let out_of_range = TokenError::SignatureOutOfRange;
    refuses(
        &issuer,
        vec![
            ("DER", with(&der), length(der.len())),
            ("63 bytes", with(&signature[..63]), length(63)),
            (
                "65 bytes",
                with(&[signature.as_slice(), &[0]].concat()),
                length(65),
            ),
            ("21 KB", huge, TokenError::TooLong { bytes: huge_bytes }),
            ("r is 0", half(0, &[0; 32]), out_of_range),
            ("s is 0", half(1, &[0; 32]), out_of_range),
            ("all zeros", with(&[0; 64]), out_of_range),
            ("r is n", half(0, &P256_ORDER), out_of_range),
            ("s is n", half(1, &P256_ORDER), out_of_range),
            ("r is n + 1", half(0, &order_plus_one), out_of_range),
            ("s is n + 1", half(1, &order_plus_one), out_of_range),
            ("all ones", with(&[0xff; 64]), out_of_range),
            (
                "one bit flipped",
                with(&flipped),
                TokenError::SignatureInvalid,
            ),
        ],
    );
}

#[test]
fn ed25519_signatures_in_a_second_form() {
    let issuer = eddsa();
    let good = issuer.good();
    let (message, _) = good.rsplit_once('.').unwrap();
    let mut signature = issuer.signature(message.as_bytes());
    let mut carry = 0;
    for (byte, order) in signature[32..].iter_mut().zip(ED25519_ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    let mut neutral = [0; 64];
    neutral[0] = 1;
    refuses(
        &issuer,
        vec![
            (
                "S + L",
                format!("{message}.{}", encode(signature)),
                TokenError::SignatureInvalid,
            ),
            (
                "R neutral, S zero",
                format!("{message}.{}", encode(neutral)),
                TokenError::SignatureInvalid,
            ),
        ],
    );
}

/// The order n of P-256 ([SEC 2, 2.4.2](https://www.secg.org/sec2-v2.pdf)).
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// The order L of Ed25519's group, little-endian
/// ([RFC 8032 5.1](https://www.rfc-editor.org/rfc/rfc8032#section-5.1)).
const ED25519_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10,
];

/// The key's own holder can choose R neutral and S = k a. A lax verifier takes that, a strict one
/// does not, and where two verifiers differ the stricter is right
/// ([Taming the many EdDSAs](https://eprint.iacr.org/2020/1244)).
#[test]
fn ed25519_signatures_that_only_a_lax_verifier_takes() {
    let issuer = eddsa();
    let good = issuer.good();
    let (message, _) = good.rsplit_once('.').unwrap();
    let key = ed25519_dalek::SigningKey::from_bytes(&issuer.key.secret_bytes());
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let hash = Sha512::new()
        .chain_update(neutral)
        .chain_update(key.verifying_key().as_bytes())
        .chain_update(message)
        .finalize();
    let s = product_modulo_order(hash.as_slice(), key.to_scalar());
    let signature = [neutral, s.to_bytes()].concat();
    key.verifying_key()
        .verify(
            message.as_bytes(),
            &Signature::from_slice(&signature).unwrap(),
        )
        .expect("a lax verifier takes it");
    refuses(
        &issuer,
        vec![(
            "R neutral, S = k a",
            format!("{message}.{}", encode(signature)),
            TokenError::SignatureInvalid,
        )],
    );
}

/// A little-endian number times a scalar, by Horner's rule.
fn product_modulo_order<S>(number: &[u8], scalar: S) -> S
where
    S: Copy + From<u8> + Add<Output = S> + Mul<Output = S>,
{
    let base = S::from(0xff) + S::from(1);
    let reduced = number
        .iter()
        .rev()
        .fold(S::from(0), |sum, byte| sum * base + S::from(*byte));
    reduced * scalar
}
