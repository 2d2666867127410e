//! An application behind a WebSocket that sends everything back.

use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use http::HeaderMap;
use tungstenite::handshake::server::{Callback, ErrorResponse, Request, Response};

/// The echoing application; it takes no more connections when dropped.
pub struct Echo {
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    handshakes: Arc<Mutex<Vec<HeaderMap>>>,
    stopped: Arc<AtomicBool>,
}

/// Writes down the headers of each handshake.
struct Recorder(Arc<Mutex<Vec<HeaderMap>>>);

impl Callback for Recorder {
    fn on_request(self, request: &Request, response: Response) -> Result<Response, ErrorResponse> {
        let mut handshakes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        handshakes.push(request.headers().clone());
        Ok(response)
    }
}

impl Echo {
    /// Starts it on a free port.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on 127.0.0.1");
        let echo = Self {
            port: listener.local_addr().expect("an address").port(),
            handshakes: Arc::default(),
            stopped: Arc::default(),
        };
        let (handshakes, stopped) = (Arc::clone(&echo.handshakes), Arc::clone(&echo.stopped));
        thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let recorder = Recorder(Arc::clone(&handshakes));
                thread::spawn(move || {
                    let Ok(mut socket) = tungstenite::accept_hdr(stream, recorder) else {
                        return;
                    };
                    while let Ok(message) = socket.read() {
                        if !message.is_close() && socket.send(message).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        echo
    }

    /// The headers of the handshakes since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<HeaderMap> {
        let mut handshakes = self
            .handshakes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *handshakes)
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the accepting thread so that it sees the flag.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}
