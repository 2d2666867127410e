//! One connection that is kept for many requests, and opened again when Envoy closes it.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use latchkey_tests::Response;
use latchkey_tests::http::read_response;

/// No answer takes longer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A connection to the gateway.
pub(crate) struct Connection {
    port: u16,
    stream: Option<TcpStream>,
}

impl Connection {
    pub(crate) fn new(port: u16) -> Self {
        Self { port, stream: None }
    }

    /// Sends bytes and reads the answer. `None`: Envoy closed the connection without one, twice,
    /// because the first time may have been about the request before.
    pub(crate) fn exchange(&mut self, bytes: &[u8]) -> Option<Response> {
        for _ in 0..2 {
            let mut stream = self.stream.take().unwrap_or_else(|| self.open());
            // Envoy may answer and close before it has read everything: that answer still counts.
            let _ = stream.write_all(bytes);
            let Some(answer) = read_response(&mut stream, false) else {
                continue;
            };
            let ends = answer.status == 101
                || answer
                    .header("connection")
                    .is_some_and(|value| value == "close");
            if !ends {
                self.stream = Some(stream);
            }
            return Some(answer);
        }
        None
    }

    fn open(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the gateway listens");
        stream
            .set_read_timeout(Some(TIMEOUT))
            .expect("a time limit");
        stream
            .set_write_timeout(Some(TIMEOUT))
            .expect("a time limit");
        stream
    }
}
