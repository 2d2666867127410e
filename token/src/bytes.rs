//! Looking for one byte in many, eight at a time: tokens and cookies are the longest things that a
//! request brings, and what a compiler makes of a loop for Wasm looks at each byte.

/// Where a byte stands first.
pub(crate) fn position(bytes: &[u8], wanted: u8) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH_BITS: u64 = u64::from_ne_bytes([0x80; 8]);
    let pattern = u64::from_ne_bytes([wanted; 8]);
    let (words, rest) = bytes.as_chunks::<8>();
    let mut before = 0_usize;
    for word in words {
        // Zero where the byte stands. Taking one from each byte then borrows from its high bit.
        let differs = u64::from_le_bytes(*word) ^ pattern;
        let found = differs.wrapping_sub(ONES) & !differs & HIGH_BITS;
        if found != 0 {
            // A borrow reaches beyond a zero, never in front of it: the lowest one is right.
            let byte = usize::try_from(found.trailing_zeros() / 8).ok()?;
            return Some(before.saturating_add(byte));
        }
        before = before.saturating_add(word.len());
    }
    let at = rest.iter().position(|byte| *byte == wanted)?;
    Some(before.saturating_add(at))
}

/// The pieces between all bytes of one value; one piece where there is none.
pub(crate) fn split(bytes: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let all = rest.take()?;
        let Some((piece, after)) = position(all, separator).and_then(|at| all.split_at_checked(at))
        else {
            return Some(all);
        };
        rest = after.get(1..);
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_found_wherever_it_stands() {
        for length in 0..40 {
            // Neighbours of the wanted byte are what a borrow could be taken for.
            for other in [0, b'.' - 1, b'.' + 1, b'.' | 0x80, 0xff] {
                let mut bytes = vec![other; length];
                assert_eq!(position(&bytes, b'.'), None);
                for at in (0..length).rev() {
                    bytes[at] = b'.';
                    assert_eq!(position(&bytes, b'.'), Some(at), "{at} of {length}");
                }
            }
        }
    }

    #[test]
    fn pieces_are_those_of_the_library() {
        for text in [
            "",
            ".",
            "a",
            "a.b",
            "..",
            "a.b.c.",
            ".a long piece. another long one.x",
        ] {
            let expected: Vec<_> = text.as_bytes().split(|byte| *byte == b'.').collect();
            assert_eq!(split(text.as_bytes(), b'.').collect::<Vec<_>>(), expected);
        }
    }
}
