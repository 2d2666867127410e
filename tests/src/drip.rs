//! A server that can answer one byte a second, and that counts how many callers it keeps waiting.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::http::find;

const TURN: Duration = Duration::from_millis(20);
/// A byte a second.
const TURNS_PER_BYTE: usize = 50;

/// The dripping server; it stops when dropped.
///
/// One thread serves all connections in turns, and looks for callers who have gone before it takes
/// the next one in: a caller who gives up and calls again is never counted twice.
pub struct Drip {
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    state: Arc<Mutex<State>>,
    stopped: Arc<AtomicBool>,
}

#[derive(Default)]
struct State {
    answer: String,
    drips: bool,
    calls: usize,
    most_at_once: usize,
}

/// One caller, and what they are still to be sent.
struct Caller {
    stream: TcpStream,
    input: Vec<u8>,
    output: Vec<u8>,
    drips: bool,
    turns: usize,
}

impl Drip {
    /// Starts it on a free port; at first it answers at once, with `body`.
    ///
    /// # Panics
    /// When there is no port.
    #[must_use]
    pub fn start(body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on 127.0.0.1");
        let port = listener.local_addr().expect("an address").port();
        listener.set_nonblocking(true).expect("a socket");
        let drip = Self {
            port,
            state: Arc::default(),
            stopped: Arc::default(),
        };
        drip.answer(body);
        let (state, stopped) = (Arc::clone(&drip.state), Arc::clone(&drip.stopped));
        thread::spawn(move || {
            let mut callers: Vec<Caller> = Vec::new();
            while !stopped.load(Ordering::SeqCst) {
                if let Ok((stream, _)) = listener.accept() {
                    stream.set_nonblocking(true).expect("a socket");
                    callers.push(Caller::new(stream));
                } else {
                    thread::sleep(TURN);
                }
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                callers.retain_mut(|caller| caller.serve(&mut state));
                let waiting = callers.iter().filter(|caller| caller.waits()).count();
                state.most_at_once = state.most_at_once.max(waiting);
            }
        });
        drip
    }

    /// From now on calls are answered at once, with this body.
    pub fn answer(&self, body: &str) {
        self.set(body, false);
    }

    /// From now on calls are answered with this body, one byte a second.
    pub fn drip(&self, body: &str) {
        self.set(body, true);
    }

    /// How many calls have begun since [`Drip::answer`] or [`Drip::drip`], and how many of them
    /// were waiting at the same time at most.
    #[must_use]
    pub fn calls(&self) -> (usize, usize) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.calls, state.most_at_once)
    }

    fn set(&self, body: &str, drips: bool) {
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = State {
            answer,
            drips,
            ..State::default()
        };
    }
}

impl Drop for Drip {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
    }
}

impl Caller {
    fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            input: Vec::new(),
            output: Vec::new(),
            drips: false,
            turns: 0,
        }
    }

    fn waits(&self) -> bool {
        !self.output.is_empty()
    }

    /// Does what is to be done now; `false` when the caller has gone.
    fn serve(&mut self, state: &mut State) -> bool {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(0) => return false,
            Ok(count) => self
                .input
                .extend_from_slice(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return false,
        }
        // A call of the filter's has no body.
        if let Some(end) = find(&self.input, b"\r\n\r\n") {
            self.input.drain(..end + 4);
            self.output = state.answer.clone().into_bytes();
            self.drips = state.drips;
            state.calls += 1;
        }
        let now = if self.drips {
            self.turns += 1;
            usize::from(self.turns.is_multiple_of(TURNS_PER_BYTE))
        } else {
            self.output.len()
        };
        let now = now.min(self.output.len());
        let bytes: Vec<u8> = self.output.drain(..now).collect();
        self.stream.write_all(&bytes).is_ok()
    }
}
