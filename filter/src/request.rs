//! What the core sees of a request.

/// The headers of a request as Envoy hands them over: names in lower case, values as bytes.
#[derive(Debug, Clone, Default)]
pub struct Request<'a> {
    headers: Vec<(&'a [u8], &'a [u8])>,
    /// The marks of all names. Most headers that are asked for are not there, and this says so of
    /// most of them.
    marks: u64,
}

/// What Envoy knows about a request beyond its headers. Each is asked for only when needed.
pub trait Surroundings {
    /// Name of the cluster that the raw path is routed to (`xds.cluster_name`).
    fn cluster(&self) -> Option<Vec<u8>>;
    /// The client's address and port (`source.address`).
    fn client_address(&self) -> Option<Vec<u8>>;
    /// SHA-256 of the client's certificate in hexadecimal digits
    /// (`connection.sha256_peer_certificate_digest`).
    fn client_certificate(&self) -> Option<Vec<u8>>;
}

impl<'a> Request<'a> {
    /// A view of these headers, pseudo-headers included.
    #[must_use]
    pub fn new(headers: Vec<(&'a [u8], &'a [u8])>) -> Self {
        let marks = headers
            .iter()
            .fold(0, |marks, (name, _)| marks | mark(name));
        Self { headers, marks }
    }

    /// Every value of a header, in order.
    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a [u8]> + 's {
        let may_be_there = self.marks & mark(name.as_bytes()) != 0;
        let headers = if may_be_there {
            self.headers.as_slice()
        } else {
            &[]
        };
        headers
            .iter()
            .filter(move |(is, _)| *is == name.as_bytes())
            .map(|(_, value)| *value)
    }

    /// The value of a header that stands there exactly once.
    #[must_use]
    pub fn only(&self, name: &str) -> Option<&'a [u8]> {
        let mut values = self.all(name);
        values.next().filter(|_| values.next().is_none())
    }

    /// Whether a header is there.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// All headers, in order.
    pub fn pairs(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        self.headers.iter().copied()
    }

    /// The names of all headers.
    pub fn names(&self) -> impl Iterator<Item = &'a [u8]> {
        self.headers.iter().map(|(name, _)| *name)
    }

    /// `:method`.
    #[must_use]
    pub fn method(&self) -> &'a [u8] {
        self.only(":method").unwrap_or_default()
    }

    /// What Envoy names the request by, if it is no more than that.
    #[must_use]
    pub fn id(&self) -> Option<&'a str> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let id = std::str::from_utf8(self.only("x-request-id")?).ok()?;
        (!id.is_empty() && id.len() <= 64 && id.bytes().all(is_plain)).then_some(id)
    }

    /// Whether the connection is to become another protocol's, a WebSocket's for instance.
    #[must_use]
    pub fn is_upgrade(&self) -> bool {
        self.asks_for_protocol() || self.method() == b"CONNECT"
    }

    /// Whether it names the protocol that is to take HTTP's place.
    #[must_use]
    pub fn asks_for_protocol(&self) -> bool {
        self.has("upgrade") || self.has(":protocol")
    }
}

/// One bit of 64, by length, first and last character: the names that are asked for differ in it, and
/// so do most others from them.
fn mark(name: &[u8]) -> u64 {
    let length = u32::try_from(name.len()).unwrap_or_default();
    let character = |at: Option<&u8>| at.copied().map_or(0, u32::from);
    let (first, last) = (character(name.first()), character(name.last()));
    let sum = length
        .wrapping_add(last)
        .wrapping_add(first.wrapping_mul(7));
    1_u64.rotate_left(sum & 63)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_there_is_found(
            names in prop::collection::vec("[a-c:-]{0,3}", 0..9),
            wanted in "[a-c:-]{0,3}",
        ) {
            let values: Vec<[u8; 1]> = (0..9).map(|n| [n]).collect();
            let headers: Vec<_> = names
                .iter()
                .zip(&values)
                .map(|(name, value)| (name.as_bytes(), &value[..]))
                .collect();
            let expected: Vec<&[u8]> = headers
                .iter()
                .filter(|(name, _)| *name == wanted.as_bytes())
                .map(|(_, value)| *value)
                .collect();
            let request = Request::new(headers);
            prop_assert_eq!(request.has(&wanted), !expected.is_empty());
            prop_assert_eq!(request.all(&wanted).collect::<Vec<_>>(), expected);
        }
    }
}
