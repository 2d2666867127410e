//! An application that writes down, byte for byte, what the gateway let through to it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::http::find;

/// The recording application; it stops when dropped.
pub struct Upstream {
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    received: Arc<Mutex<Vec<Received>>>,
    answer: Arc<Mutex<Answer>>,
    stopped: Arc<AtomicBool>,
}

/// One request as the application received it.
#[derive(Clone, Debug)]
pub struct Received {
    /// Request line and headers, up to and with the empty line.
    pub head: Vec<u8>,
    /// The rest: the body as framed on the wire, chunk sizes and trailers included.
    pub rest: Vec<u8>,
}

#[derive(Clone, Debug)]
struct Answer {
    headers: String,
    body: String,
}

impl Upstream {
    /// Starts it on a free port.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on 127.0.0.1");
        let upstream = Self {
            port: listener
                .local_addr()
                .expect("a bound socket has an address")
                .port(),
            received: Arc::default(),
            answer: Arc::new(Mutex::new(Answer {
                headers: "content-type: text/html; charset=utf-8\r\n".to_owned(),
                body: "<!doctype html><title>The application</title><h1>The application</h1>"
                    .to_owned(),
            })),
            stopped: Arc::default(),
        };
        let received = Arc::clone(&upstream.received);
        let answer = Arc::clone(&upstream.answer);
        let stopped = Arc::clone(&upstream.stopped);
        thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (received, answer) = (Arc::clone(&received), Arc::clone(&answer));
                thread::spawn(move || serve(stream, &received, &answer));
            }
        });
        upstream
    }

    /// From now on answers carry these headers and this body. Each header line ends in CR LF.
    pub fn answer_with(&self, headers: &str, body: &str) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Answer {
            headers: headers.to_owned(),
            body: body.to_owned(),
        };
    }

    /// Everything received since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut *self.received.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The one request received since the last call.
    ///
    /// # Panics
    /// When there was none, or more than one.
    #[must_use]
    pub fn only(&self) -> Received {
        let mut received = self.take();
        assert_eq!(
            received.len(),
            1,
            "requests at the application: {received:#?}"
        );
        received.remove(0)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the accepting thread so that it sees the flag.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Received {
    /// The request's target, as received.
    #[must_use]
    pub fn target(&self) -> String {
        let line = self
            .head
            .split(|byte| *byte == b'\r')
            .next()
            .unwrap_or_default();
        String::from_utf8_lossy(line.split(|byte| *byte == b' ').nth(1).unwrap_or_default())
            .into_owned()
    }

    /// All values of a header, whatever the case of its name.
    #[must_use]
    pub fn header_all(&self, wanted: &str) -> Vec<String> {
        self.headers()
            .into_iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value)
            .collect()
    }

    /// The value of a header.
    ///
    /// # Panics
    /// When it is there more than once.
    #[must_use]
    pub fn header(&self, wanted: &str) -> Option<String> {
        let mut values = self.header_all(wanted);
        assert!(
            values.len() < 2,
            "{wanted} is there {} times: {values:?}",
            values.len()
        );
        values.pop()
    }

    /// Names and values of all headers, as received.
    #[must_use]
    pub fn headers(&self) -> Vec<(String, String)> {
        String::from_utf8_lossy(&self.head)
            .split("\r\n")
            .skip(1)
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect()
    }
}

fn serve(mut stream: TcpStream, received: &Mutex<Vec<Received>>, answer: &Mutex<Answer>) {
    let _ = stream.set_read_timeout(Some(Duration::from_mins(2)));
    let mut input = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut input) {
        let upgrade = request
            .headers()
            .iter()
            .any(|(name, value)| name.eq_ignore_ascii_case("upgrade") && value == "websocket");
        let head_only = request.head.starts_with(b"HEAD ");
        received
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(request);
        let answer = answer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let response = if upgrade {
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n"
                .to_owned()
        } else {
            let Answer { headers, body } = answer;
            let length = body.len();
            let body = if head_only { "" } else { &body };
            format!("HTTP/1.1 200 OK\r\n{headers}content-length: {length}\r\n\r\n{body}")
        };
        if stream.write_all(response.as_bytes()).is_err() {
            return;
        }
        if upgrade {
            // It has nothing to say, and stays until the other side goes.
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
            return;
        }
    }
}

pub(crate) fn read_request(stream: &mut TcpStream, input: &mut Vec<u8>) -> Option<Received> {
    let end = read_to(stream, input, |input| {
        find(input, b"\r\n\r\n").map(|end| end + 4)
    })?;
    let head: Vec<u8> = input.drain(..end).collect();
    let mut request = Received {
        head,
        rest: Vec::new(),
    };
    let length = if request.header_all("transfer-encoding").is_empty() {
        let length = request.header_all("content-length");
        let length = length
            .first()
            .and_then(|length| length.parse().ok())
            .unwrap_or(0);
        read_to(stream, input, |input| {
            (input.len() >= length).then_some(length)
        })?
    } else {
        // The last chunk, perhaps trailers, and the empty line.
        read_to(stream, input, |input| {
            let last = if input.starts_with(b"0\r\n") {
                0
            } else {
                find(input, b"\r\n0\r\n")? + 2
            };
            let end = find(input.get(last..)?, b"\r\n\r\n")?;
            Some(last + end + 4)
        })?
    };
    request.rest = input.drain(..length).collect();
    Some(request)
}

/// Reads until `complete` says how many bytes belong together.
fn read_to(
    stream: &mut TcpStream,
    input: &mut Vec<u8>,
    complete: impl Fn(&[u8]) -> Option<usize>,
) -> Option<usize> {
    let mut buffer = [0; 16 * 1024];
    loop {
        if let Some(length) = complete(input) {
            return Some(length);
        }
        let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
        input.extend_from_slice(buffer.get(..count)?);
    }
}
