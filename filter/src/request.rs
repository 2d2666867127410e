//! What the core sees of a request.

/// The headers of a request as Envoy hands them over: names in lower case, values as bytes.
#[derive(Debug, Clone, Default)]
pub struct Request<'a> {
    headers: Vec<(&'a [u8], &'a [u8])>,
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
        Self { headers }
    }

    /// Every value of a header, in order.
    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a [u8]> + 's {
        self.headers
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

    /// Whether the connection is to become another protocol's, a WebSocket's for instance.
    #[must_use]
    pub fn is_upgrade(&self) -> bool {
        self.has("upgrade") || self.has(":protocol") || self.method() == b"CONNECT"
    }
}
