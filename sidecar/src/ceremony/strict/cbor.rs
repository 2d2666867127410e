//! The CBOR that authenticators send (RFC 8949, within CTAP2 canonical CBOR): definite lengths,
//! no tags, no floats, no key twice, little depth. The order of keys and the shortest form of
//! numbers are not insisted on: some authenticators get them wrong, and neither can be read in two
//! ways.

use super::super::CborError;

/// Compound statements with certificates in extensions are about five deep.
const MAX_DEPTH: usize = 8;
/// No collection of an authenticator comes near; finding a key twice is quadratic.
const MAX_ENTRIES: u64 = 64;

/// One data item.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Item<'a> {
    Unsigned(u64),
    /// The integer is -1 minus this.
    Negative(u64),
    Bytes(&'a [u8]),
    Text(&'a str),
    Array(Vec<Item<'a>>),
    Map(Vec<(Item<'a>, Item<'a>)>),
    Bool(bool),
    Null,
    Undefined,
}

impl<'a> Item<'a> {
    /// The value of a map's text key.
    pub(crate) fn named(&self, name: &str) -> Option<&Item<'a>> {
        self.entries()?
            .iter()
            .find(|(key, _)| *key == Item::Text(name))
            .map(|(_, value)| value)
    }

    /// The value of a map's integer key.
    pub(crate) fn numbered(&self, number: i64) -> Option<&Item<'a>> {
        self.entries()?
            .iter()
            .find(|(key, _)| key.integer() == Some(number))
            .map(|(_, value)| value)
    }

    /// A map's entries.
    pub(crate) fn entries(&self) -> Option<&[(Item<'a>, Item<'a>)]> {
        if let Self::Map(entries) = self {
            Some(entries)
        } else {
            None
        }
    }

    /// An array's items.
    pub(crate) fn items(&self) -> Option<&[Item<'a>]> {
        if let Self::Array(items) = self {
            Some(items)
        } else {
            None
        }
    }

    /// An integer that fits.
    pub(crate) fn integer(&self) -> Option<i64> {
        match *self {
            Self::Unsigned(n) => i64::try_from(n).ok(),
            Self::Negative(n) => i64::try_from(n).ok().map(|n| -1 - n),
            _ => None,
        }
    }

    /// A byte string.
    pub(crate) fn bytes(&self) -> Option<&'a [u8]> {
        if let Self::Bytes(bytes) = *self {
            Some(bytes)
        } else {
            None
        }
    }

    /// A text string.
    pub(crate) fn text(&self) -> Option<&'a str> {
        if let Self::Text(text) = *self {
            Some(text)
        } else {
            None
        }
    }
}

/// Reads one item that fills the input.
pub(crate) fn whole(input: &[u8]) -> Result<Item<'_>, CborError> {
    let (item, rest) = first(input)?;
    if rest.is_empty() {
        Ok(item)
    } else {
        Err(CborError::Trailing)
    }
}

/// Reads one item; what follows it is handed back.
pub(crate) fn first(input: &[u8]) -> Result<(Item<'_>, &[u8]), CborError> {
    let mut rest = input;
    let item = item(&mut rest, MAX_DEPTH)?;
    Ok((item, rest))
}

fn item<'a>(rest: &mut &'a [u8], depth: usize) -> Result<Item<'a>, CborError> {
    let depth = depth.checked_sub(1).ok_or(CborError::Limit)?;
    let [initial] = take(rest)?;
    let (major, minor) = (initial >> 5, initial & 0x1f);
    if major == 7 {
        return match minor {
            20 => Ok(Item::Bool(false)),
            21 => Ok(Item::Bool(true)),
            22 => Ok(Item::Null),
            23 => Ok(Item::Undefined),
            _ => Err(CborError::Unsupported),
        };
    }
    let argument = argument(rest, minor)?;
    match major {
        0 => Ok(Item::Unsigned(argument)),
        1 => Ok(Item::Negative(argument)),
        2 => Ok(Item::Bytes(string(rest, argument)?)),
        3 => std::str::from_utf8(string(rest, argument)?)
            .map(Item::Text)
            .map_err(|_| CborError::Unsupported),
        4 => array(rest, argument, depth),
        5 => map(rest, argument, depth),
        _ => Err(CborError::Unsupported),
    }
}

fn array<'a>(rest: &mut &'a [u8], entries: u64, depth: usize) -> Result<Item<'a>, CborError> {
    if entries > MAX_ENTRIES {
        return Err(CborError::Limit);
    }
    (0..entries)
        .map(|_| item(rest, depth))
        .collect::<Result<_, _>>()
        .map(Item::Array)
}

fn map<'a>(rest: &mut &'a [u8], entries: u64, depth: usize) -> Result<Item<'a>, CborError> {
    if entries > MAX_ENTRIES {
        return Err(CborError::Limit);
    }
    let mut map: Vec<(Item<'a>, Item<'a>)> = Vec::new();
    for _ in 0..entries {
        let key = item(rest, depth)?;
        if map.iter().any(|(known, _)| *known == key) {
            return Err(CborError::DuplicateKey);
        }
        map.push((key, item(rest, depth)?));
    }
    Ok(Item::Map(map))
}

/// The number behind an initial byte (RFC 8949, section 3).
fn argument(rest: &mut &[u8], minor: u8) -> Result<u64, CborError> {
    match minor {
        0..=23 => Ok(u64::from(minor)),
        24 => take(rest).map(|[byte]| u64::from(byte)),
        25 => take(rest).map(|bytes| u64::from(u16::from_be_bytes(bytes))),
        26 => take(rest).map(|bytes| u64::from(u32::from_be_bytes(bytes))),
        27 => take(rest).map(u64::from_be_bytes),
        _ => Err(CborError::Unsupported),
    }
}

fn string<'a>(rest: &mut &'a [u8], bytes: u64) -> Result<&'a [u8], CborError> {
    let (head, tail) = usize::try_from(bytes)
        .ok()
        .and_then(|bytes| rest.split_at_checked(bytes))
        .ok_or(CborError::Truncated)?;
    *rest = tail;
    Ok(head)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], CborError> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or(CborError::Truncated)?;
    *rest = tail;
    Ok(*head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_authenticators_send() {
        assert_eq!(whole(&[0x18, 0x2a]), Ok(Item::Unsigned(42)));
        assert_eq!(whole(&[0x26]), Ok(Item::Negative(6)));
        assert_eq!(whole(&[0x26]).map(|item| item.integer()), Ok(Some(-7)));
        assert_eq!(whole(b"\x63fmt"), Ok(Item::Text("fmt")));
        assert_eq!(whole(b"\x42ab"), Ok(Item::Bytes(b"ab")));
        assert_eq!(
            whole(&[0x83, 0xf4, 0xf5, 0xf6]),
            Ok(Item::Array(vec![
                Item::Bool(false),
                Item::Bool(true),
                Item::Null
            ]))
        );
        let smallest = [0x3b, 255, 255, 255, 255, 255, 255, 255, 255];
        assert_eq!(whole(&smallest).map(|item| item.integer()), Ok(None));
    }

    #[test]
    fn what_they_do_not() {
        for (bytes, refused) in [
            (&[][..], CborError::Truncated),
            (&[0x19, 0x01], CborError::Truncated),
            (&[0x44, 0x01], CborError::Truncated),
            (
                &[0x5b, 255, 255, 255, 255, 255, 255, 255, 255],
                CborError::Truncated,
            ),
            (&[0x82, 0x01], CborError::Truncated),
            (&[0xa1, 0x01], CborError::Truncated),
            (&[0x01, 0x01], CborError::Trailing),
            (
                &[0xa2, 0x01, 0x01, 0x18, 0x01, 0x01],
                CborError::DuplicateKey,
            ),
            (&[0x61, 0xff], CborError::Unsupported),
            (&[0xc1, 0x01], CborError::Unsupported),
            (&[0xfb, 0, 0, 0, 0, 0, 0, 0, 0], CborError::Unsupported),
            (&[0x5f, 0x41, 0x01, 0xff], CborError::Unsupported),
            (&[0x9f, 0xff], CborError::Unsupported),
            (&[0xff], CborError::Unsupported),
            (&[0x1c], CborError::Unsupported),
            (&[0x98, 0x41], CborError::Limit),
            (&[0xb8, 0x41], CborError::Limit),
            (
                &[0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x01],
                CborError::Limit,
            ),
        ] {
            assert_eq!(whole(bytes), Err(refused), "{bytes:02x?}");
        }
    }
}
