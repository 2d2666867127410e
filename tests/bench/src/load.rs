//! The load: one thread, some keep-alive connections, always one request on each.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpStream},
    time::{Duration, Instant},
};

/// How many clients there are. As many requests wait for Envoy whenever it wakes.
const CONNECTIONS: usize = 16;
/// The longest that any answer may take: a run that hangs ends.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Requests in the order in which they are sent, over and over.
pub(crate) struct Requests {
    texts: Vec<Vec<u8>>,
    next: usize,
}

impl Requests {
    /// One request for each credential: a header field with its name.
    pub(crate) fn new(credentials: impl IntoIterator<Item = String>) -> Self {
        // What a browser's call to an API carries, more or less.
        let texts = credentials.into_iter().map(|credential| {
            format!(
                "GET /orders/42?page=1 HTTP/1.1\r\n\
                 host: app.example.com\r\n\
                 user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\
                 accept: application/json\r\n\
                 accept-language: en-US,en;q=0.5\r\n\
                 sec-fetch-dest: empty\r\n\
                 sec-fetch-mode: cors\r\n\
                 sec-fetch-site: same-origin\r\n\
                 {credential}\r\n\r\n"
            )
            .into_bytes()
        });
        let texts: Vec<_> = texts.collect();
        assert!(!texts.is_empty(), "a load needs requests");
        Self { texts, next: 0 }
    }

    fn next(&mut self) -> &[u8] {
        let at = self.next;
        self.next = (at + 1) % self.texts.len();
        &self.texts[at]
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }
}

/// Clients of one listener.
pub(crate) struct Clients {
    connections: Vec<Connection>,
    expected: u16,
}

impl Clients {
    /// Connects. Every answer must have the status `expected`.
    pub(crate) fn connect(port: u16, expected: u16) -> io::Result<Self> {
        let connections = (0..CONNECTIONS)
            .map(|_| Connection::open(port))
            .collect::<io::Result<_>>()?;
        Ok(Self {
            connections,
            expected,
        })
    }

    /// Connects once a request is answered as expected: our filter first has to learn what was
    /// revoked.
    pub(crate) fn connect_when_ready(
        port: u16,
        expected: u16,
        requests: &mut Requests,
    ) -> io::Result<Self> {
        let mut visitor = Visitor::connect(port)?;
        let mut last = None;
        wait(|| {
            last = visitor.visit(requests).ok().map(|(status, _)| status);
            (last == Some(expected)).then_some(())
        })
        .ok_or_else(|| io::Error::other(format!("answers {last:?} instead of {expected}")))?;
        Self::connect(port, expected)
    }

    /// Sends requests for this long and gives their number.
    pub(crate) fn drive(&mut self, requests: &mut Requests, time: Duration) -> io::Result<u64> {
        let start = now();
        let mut sent = 0;
        while start.elapsed() < time {
            sent += self.send_to_all(requests)?;
        }
        Ok(sent)
    }

    /// Sends at least this many requests.
    pub(crate) fn send(&mut self, requests: &mut Requests, number: usize) -> io::Result<()> {
        for _ in 0..number.div_ceil(self.connections.len()) {
            self.send_to_all(requests)?;
        }
        Ok(())
    }

    fn send_to_all(&mut self, requests: &mut Requests) -> io::Result<u64> {
        for connection in &mut self.connections {
            connection.ask(requests.next())?;
        }
        let mut answered = 0;
        for connection in &mut self.connections {
            let status = connection.answer()?;
            if status != self.expected {
                return Err(io::Error::other(format!(
                    "status {status} instead of {}",
                    self.expected
                )));
            }
            answered += 1;
        }
        Ok(answered)
    }
}

/// A client that sends one request after another and takes the time of each.
pub(crate) struct Visitor {
    connection: Connection,
}

impl Visitor {
    /// Connects.
    pub(crate) fn connect(port: u16) -> io::Result<Self> {
        Connection::open(port).map(|connection| Self { connection })
    }

    /// Status of the answer and the time that it took.
    pub(crate) fn visit(&mut self, requests: &mut Requests) -> io::Result<(u16, Duration)> {
        let start = now();
        self.connection.ask(requests.next())?;
        Ok((self.connection.answer()?, start.elapsed()))
    }
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    fn open(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        let buffer = vec![0; 16 * 1024];
        Ok(Self { stream, buffer })
    }

    fn ask(&mut self, request: &[u8]) -> io::Result<()> {
        self.stream.write_all(request)
    }

    /// Reads one whole answer and gives its status.
    fn answer(&mut self) -> io::Result<u16> {
        let mut filled = 0;
        loop {
            let rest = self.buffer.get_mut(filled..).unwrap_or_default();
            let read = self.stream.read(rest)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            filled += read;
            let text = self.buffer.get(..filled).unwrap_or_default();
            if let Some((status, length)) = head(text)
                && filled >= length
            {
                return Ok(status);
            }
        }
    }
}

/// Status and length, head and body, of an answer whose head is complete. Envoy writes the names of
/// headers in lower case and gives the length of what it answers itself.
fn head(text: &[u8]) -> Option<(u16, usize)> {
    let end = text.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(text.get(..end)?).ok()?;
    let status = head.get(9..12)?.parse().ok()?;
    let body = match head.split_once("\r\ncontent-length: ") {
        Some((_, rest)) => rest.split_once("\r\n")?.0.parse().ok()?,
        None => 0,
    };
    Some((status, end + body))
}

#[expect(clippy::disallowed_methods, reason = "time is what is measured")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Waits until a condition holds; nothing after ten seconds.
pub(crate) fn wait<T>(mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    let start = now();
    while start.elapsed() < TIMEOUT {
        if let Some(found) = attempt() {
            return Some(found);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    None
}
