//! The form in which host and filter exchange headers: the number of pairs, the lengths of each
//! pair, then each name and value with a zero byte behind it; numbers in little-endian, 32 bits.
//! ([Proxy-Wasm ABI 0.2.1](https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#serialization))

/// One header: name and value.
pub type Pair<'a> = (&'a [u8], &'a [u8]);

/// Reads headers, or nothing if these bytes are no such map.
#[must_use]
pub fn parse(bytes: &[u8]) -> Option<Vec<Pair<'_>>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    let (count, rest) = number(bytes)?;
    let (mut lengths, mut texts) = rest.split_at_checked(count.checked_mul(8)?)?;
    let mut pairs = Vec::with_capacity(count);
    for _ in 0..count {
        let (name_length, after) = number(lengths)?;
        let (value_length, after) = number(after)?;
        lengths = after;
        let (name, after) = terminated(texts, name_length)?;
        let (value, after) = terminated(after, value_length)?;
        texts = after;
        pairs.push((name, value));
    }
    Some(pairs)
}

/// Writes headers; nothing if one is too long for the form.
#[must_use]
pub fn serialise(pairs: &[Pair<'_>]) -> Option<Vec<u8>> {
    let mut bytes = u32::try_from(pairs.len()).ok()?.to_le_bytes().to_vec();
    for (name, value) in pairs {
        bytes.extend(u32::try_from(name.len()).ok()?.to_le_bytes());
        bytes.extend(u32::try_from(value.len()).ok()?.to_le_bytes());
    }
    for text in pairs.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend_from_slice(text);
        bytes.push(0);
    }
    Some(bytes)
}

fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((usize::try_from(u32::from_le_bytes(*number)).ok()?, rest))
}

fn terminated(bytes: &[u8], length: usize) -> Option<(&[u8], &[u8])> {
    let (text, rest) = bytes.split_at_checked(length)?;
    Some((text, rest.strip_prefix(b"\0")?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_empty_map_is_no_pairs() {
        assert_eq!(parse(b""), Some(Vec::new()));
        assert_eq!(parse(&[0, 0, 0, 0]), Some(Vec::new()));
    }

    #[test]
    fn what_is_cut_off_is_no_map() {
        let whole = serialise(&[(b"a", b"bc"), (b"d", b"")]).unwrap();
        for length in 1..whole.len() {
            assert_eq!(parse(&whole[..length]), None, "{length}");
        }
        assert_eq!(parse(&[255; 40]), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(pairs in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 0..9), prop::collection::vec(any::<u8>(), 0..9)), 0..9)
        ) {
            let pairs: Vec<Pair<'_>> = pairs.iter().map(|(n, v)| (&n[..], &v[..])).collect();
            let written = serialise(&pairs).unwrap();
            prop_assert_eq!(parse(&written), Some(pairs));
        }

        #[test]
        fn any_bytes_have_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = parse(&bytes);
        }
    }
}
