//! One kept-alive connection, one request at a time.

use serde_json::Value;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// The longest that any answer may take: a run that hangs ends.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A connection to one of the listeners.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        Ok(Self {
            stream,
            buffer: Vec::new(),
        })
    }

    pub(crate) fn get(&mut self, path: &str) -> io::Result<Answer> {
        self.ask("GET", path, "", "")
    }

    /// Posts JSON; `headers` are whole lines.
    pub(crate) fn post(&mut self, path: &str, headers: &str, body: &Value) -> io::Result<Answer> {
        self.ask("POST", path, headers, &body.to_string())
    }

    fn ask(&mut self, method: &str, path: &str, headers: &str, body: &str) -> io::Result<Answer> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             {headers}content-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(request.as_bytes())?;
        self.read()
    }

    fn read(&mut self) -> io::Result<Answer> {
        self.buffer.clear();
        let mut chunk = [0; 16 * 1024];
        loop {
            let read = self.stream.read(&mut chunk)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.buffer
                .extend_from_slice(chunk.get(..read).unwrap_or_default());
            if let Some(answer) = whole(&self.buffer) {
                return answer;
            }
        }
    }
}

fn whole(text: &[u8]) -> Option<io::Result<Answer>> {
    let end = text.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(text.get(..end)?).into_owned();
    let length = match field(&head, "content-length").next() {
        Some(length) => length.parse().ok()?,
        None => 0,
    };
    let body = text.get(end..end + length)?.to_vec();
    let status = head.get(9..12).and_then(|status| status.parse().ok());
    let broken = || io::Error::other("an answer without a status");
    Some(status.map_or_else(|| Err(broken()), |status| Ok(Answer { status, head, body })))
}

fn field<'a>(head: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    head.split("\r\n").filter_map(move |line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

impl Answer {
    /// The JSON of an answer that must have this status.
    pub(crate) fn expect(&self, status: u16) -> io::Result<Value> {
        if self.status != status {
            let text = String::from_utf8_lossy(&self.body);
            return Err(io::Error::other(format!(
                "status {} instead of {status}: {text}",
                self.status
            )));
        }
        serde_json::from_slice(&self.body).map_err(io::Error::other)
    }

    /// The value of a cookie that it sets.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        field(&self.head, "set-cookie").find_map(|line| {
            let value = line.strip_prefix(name)?.strip_prefix('=')?;
            value.split(';').next().map(str::to_owned)
        })
    }
}
