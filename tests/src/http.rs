//! A client for HTTP/1.1 that sends exactly what it is told, hostile bytes included.
//!
//! An ordinary client would repair or refuse most of what the tests have to send, follow
//! redirects and keep connections; this one does none of that.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

/// No answer is awaited longer than this.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Sends requests to one port of 127.0.0.1, each over a connection of its own.
#[derive(Clone, Debug)]
pub struct Client {
    port: u16,
    headers: Vec<(String, String)>,
}

/// A request that is being put together; [`Request::send`] sends it.
#[derive(Clone, Debug)]
pub struct Request {
    port: u16,
    method: String,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Names in lower case with their values, in order.
    pub headers: Vec<(String, String)>,
    /// The body, with any chunking undone.
    pub body: Vec<u8>,
}

impl Client {
    /// A client whose requests carry `host: localhost:<port>`, as a browser's would.
    #[must_use]
    pub fn new(port: u16) -> Self {
        Self {
            port,
            headers: vec![("host".to_owned(), format!("localhost:{port}"))],
        }
    }

    /// The same client with one more header on each request.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A request of any method.
    #[must_use]
    pub fn request(&self, method: &str, target: &str) -> Request {
        Request {
            port: self.port,
            method: method.to_owned(),
            target: target.to_owned(),
            headers: self
                .headers
                .iter()
                .map(|(name, value)| (name.clone(), value.clone().into_bytes()))
                .collect(),
            body: Vec::new(),
        }
    }

    /// A GET request.
    #[must_use]
    pub fn get(&self, target: &str) -> Request {
        self.request("GET", target)
    }

    /// What a browser sends when a person opens a page.
    #[must_use]
    pub fn navigate(&self, target: &str) -> Request {
        self.get(target)
            .header("accept", "text/html,application/xhtml+xml")
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-dest", "document")
            .header("sec-fetch-site", "none")
    }

    /// A POST request with a JSON body.
    #[must_use]
    pub fn post(&self, target: &str, body: &Value) -> Request {
        self.request("POST", target)
            .header("content-type", "application/json")
            .body(body.to_string().as_bytes())
    }

    /// Sends exactly these bytes; `None` when the connection was closed without an answer.
    #[must_use]
    pub fn raw(&self, bytes: &[u8]) -> Option<Response> {
        exchange(self.port, bytes, false)
    }
}

impl Request {
    /// Adds a header; the same name may be added several times.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers
            .push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Replaces the host that the client would send.
    #[must_use]
    pub fn host(mut self, host: &str) -> Self {
        self.headers.retain(|(name, _)| name != "host");
        self.header("host", host)
    }

    /// Sets the body; its length is announced when the request is sent.
    #[must_use]
    pub fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    /// The request's bytes as they will be sent.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        if !self.body.is_empty() {
            bytes.extend_from_slice(format!("content-length: {}\r\n", self.body.len()).as_bytes());
        }
        if !self.headers.iter().any(|(name, _)| name == "connection") {
            bytes.extend_from_slice(b"connection: close\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Sends it and reads the answer; `None` when there was none.
    #[must_use]
    pub fn attempt(&self) -> Option<Response> {
        exchange(self.port, &self.bytes(), self.method == "HEAD")
    }

    /// Sends it and reads the answer.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn send(&self) -> Response {
        self.attempt()
            .unwrap_or_else(|| panic!("no answer to {} {}", self.method, self.target))
    }
}

impl Response {
    /// The value of a header that must not be there twice.
    ///
    /// # Panics
    /// When it is.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let values = self.header_all(name);
        assert!(values.len() < 2, "{name} is there {} times", values.len());
        values.first().copied()
    }

    /// All values of a header.
    #[must_use]
    pub fn header_all(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none, showing what came instead.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text()))
    }

    /// The cookies that the answer sets: name, value, attributes.
    #[must_use]
    pub fn cookies(&self) -> Vec<(String, String, String)> {
        self.header_all("set-cookie")
            .into_iter()
            .filter_map(|line| {
                let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
                let (name, value) = pair.split_once('=')?;
                Some((
                    name.to_owned(),
                    value.to_owned(),
                    attributes.trim().to_owned(),
                ))
            })
            .collect()
    }
}

/// Sends `bytes` over a new connection and reads one answer.
fn exchange(port: u16, bytes: &[u8], head_only: bool) -> Option<Response> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(TIMEOUT)).ok()?;
    stream.set_write_timeout(Some(TIMEOUT)).ok()?;
    // A server may answer and close before it has read everything: that answer still counts.
    let _ = stream.write_all(bytes);
    read_response(&mut stream, head_only)
}

/// The answer to a request over a Unix socket; `None` when there was none.
#[must_use]
pub fn over_socket(socket: &Path, method: &str, target: &str) -> Option<Response> {
    let mut stream = UnixStream::connect(socket).ok()?;
    stream.set_read_timeout(Some(TIMEOUT)).ok()?;
    let request =
        format!("{method} {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    read_response(&mut stream, method == "HEAD")
}

/// Reads one answer, skipping interim ones.
#[must_use]
pub fn read_response(stream: &mut impl Read, head_only: bool) -> Option<Response> {
    let mut input = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = find(&input, b"\r\n\r\n") {
                break end + 4;
            }
            if !read_more(stream, &mut input) {
                return None;
            }
        };
        let head = String::from_utf8_lossy(input.get(..end)?).into_owned();
        input.drain(..end);
        let mut lines = head.split("\r\n");
        let status: u16 = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        if (100..200).contains(&status) && status != 101 {
            continue;
        }
        let body = if head_only || matches!(status, 101 | 204 | 304) {
            Vec::new()
        } else {
            read_body(stream, input, &headers)
        };
        return Some(Response {
            status,
            headers,
            body,
        });
    }
}

fn read_body(stream: &mut impl Read, mut input: Vec<u8>, headers: &[(String, String)]) -> Vec<u8> {
    let value = |wanted: &str| {
        headers
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.as_str())
    };
    if value("transfer-encoding").is_some_and(|coding| coding.contains("chunked")) {
        return read_chunks(stream, input);
    }
    let length = value("content-length").and_then(|length| length.parse().ok());
    while length.is_none_or(|length: usize| input.len() < length) {
        if !read_more(stream, &mut input) {
            break;
        }
    }
    input.truncate(length.unwrap_or(input.len()));
    input
}

fn read_chunks(stream: &mut impl Read, mut input: Vec<u8>) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let Some(end) = find(&input, b"\r\n") else {
            if read_more(stream, &mut input) {
                continue;
            }
            return body;
        };
        let size = input
            .get(..end)
            .map(String::from_utf8_lossy)
            .unwrap_or_default();
        let size = usize::from_str_radix(size.split(';').next().unwrap_or(""), 16).unwrap_or(0);
        let whole = end + 2 + size + 2;
        while input.len() < whole {
            if !read_more(stream, &mut input) {
                return body;
            }
        }
        if size == 0 {
            return body;
        }
        body.extend_from_slice(input.get(end + 2..end + 2 + size).unwrap_or_default());
        input.drain(..whole);
    }
}

fn read_more(stream: &mut impl Read, input: &mut Vec<u8>) -> bool {
    let mut buffer = [0; 16 * 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return false,
            Ok(count) => {
                input.extend_from_slice(buffer.get(..count).unwrap_or_default());
                return true;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
    }
}

/// Where `needle` begins in `haystack`.
#[must_use]
pub fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}
