//! The messages of Envoy's foreign function `verify_signature`, which checks an ECDSA signature
//! with native code ([`foreign.proto`]).
//!
//! [`foreign.proto`]: https://github.com/envoyproxy/envoy/blob/v1.36.0/source/extensions/common/wasm/ext/verify_signature.proto

/// The name of the function.
pub const NAME: &str = "verify_signature";

/// The arguments: hash function, public key (`SubjectPublicKeyInfo`), signature (DER), text.
#[must_use]
pub fn arguments(public_key: &[u8], signature: &[u8], text: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(text.len().saturating_add(256));
    for (tag, value) in [
        (0x0a, &b"sha256"[..]),
        (0x12, public_key),
        (0x1a, signature),
        (0x22, text),
    ] {
        message.push(tag);
        push_length(&mut message, value.len());
        message.extend_from_slice(value);
    }
    message
}

/// Whether the answer says that the signature is good. Its first field is the verdict; a refusal
/// has none, because false is the default, and the error's text behind it.
#[must_use]
pub fn is_good(answer: &[u8]) -> bool {
    answer.starts_with(&[0x08, 0x01])
}

fn push_length(message: &mut Vec<u8>, length: usize) {
    let mut rest = length;
    while rest > 0x7f {
        // The low seven bits, and one that says that more follow.
        message.push(u8::try_from(rest & 0x7f).unwrap_or_default() | 0x80);
        rest >>= 7;
    }
    message.push(u8::try_from(rest).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_protobuf() {
        let long = [7; 300];
        let message = arguments(b"key", b"", &long);
        let mut expected = b"\x0a\x06sha256\x12\x03key\x1a\x00\x22\xac\x02".to_vec();
        expected.extend(long);
        assert_eq!(message, expected);
    }

    #[test]
    fn only_a_clear_yes_is_one() {
        assert!(is_good(b"\x08\x01"));
        assert!(is_good(b"\x08\x01\x12\x00"));
        for answer in [
            &b""[..],
            b"\x08",
            b"\x08\x00",
            b"\x12\x05error",
            b"\x01",
            b"1",
        ] {
            assert!(!is_good(answer), "{answer:?}");
        }
    }
}
