//! Ids of users and sessions, as revocations name them.

use std::{fmt, str::FromStr};

/// An id in the form of a UUID ([RFC 9562 4](https://www.rfc-editor.org/rfc/rfc9562#section-4)), kept
/// in the 16 bytes that it needs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id([u8; 16]);

/// The text is no UUID in lower case with hyphens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no UUID in lower case with hyphens")]
pub struct NotAnId;

impl Id {
    /// The id that is these bytes, in the order in which they are written.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, in the order in which they are written.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl FromStr for Id {
    type Err = NotAnId;

    /// Takes the one form that `Display` writes, so that one id has one text.
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let mut digits = text.bytes().enumerate();
        let mut bytes = [0; 16];
        for byte in &mut bytes {
            let high = digit(&mut digits)?;
            let low = digit(&mut digits)?;
            *byte = (high << 4) | low;
        }
        match digits.next() {
            None => Ok(Self(bytes)),
            Some(_) => Err(NotAnId),
        }
    }
}

/// The next digit, after the hyphen that must stand before it in some places.
fn digit(text: &mut impl Iterator<Item = (usize, u8)>) -> Result<u8, NotAnId> {
    match text.next().ok_or(NotAnId)? {
        (8 | 13 | 18 | 23, b'-') => digit_value(text.next().ok_or(NotAnId)?.1),
        (8 | 13 | 18 | 23, _) => Err(NotAnId),
        (_, byte) => digit_value(byte),
    }
}

fn digit_value(byte: u8) -> Result<u8, NotAnId> {
    match byte {
        b'0'..=b'9' => Ok(byte.wrapping_sub(b'0')),
        b'a'..=b'f' => Ok(byte.wrapping_sub(b'a').wrapping_add(10)),
        _ => Err(NotAnId),
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, byte) in self.0.iter().enumerate() {
            if matches!(place, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
