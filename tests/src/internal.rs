//! A sidecar's internal listener that a test plays itself: keys, what was revoked, new tokens.

use std::io::Write;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::Forge;
use crate::upstream::{Received, read_request};
use crate::wait::unix_now;

/// How long a question without news is kept, as the sidecar does.
const PATIENCE: Duration = Duration::from_secs(25);

/// What the listener answers: status and body.
pub type Answer = (u16, String);

/// How questions for what was revoked are answered.
pub type AnswerFeed = Box<dyn Fn(&Question) -> Answer + Send>;

type AnswerRefresh = Arc<dyn Fn(&str) -> Answer + Send + Sync>;

/// The listener; it stops when dropped.
pub struct Internal {
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    keys: Value,
    signer: Option<Forge>,
    epoch: String,
    sessions: Vec<String>,
    revoked_keys: Vec<String>,
    /// Counts every change, also those of the test's own answers.
    version: u64,
    feed: Option<AnswerFeed>,
    refresh: Option<AnswerRefresh>,
    holds_refreshes: bool,
    is_down: bool,
    is_over: bool,
    connections: usize,
    questions: Vec<Question>,
    refreshes: Vec<String>,
    refreshing: usize,
    most_refreshing: usize,
    key_fetches: usize,
    streams: Vec<TcpStream>,
}

/// A question for what was revoked.
#[derive(Clone, Debug)]
pub struct Question {
    /// What the answer must repeat.
    pub nonce: String,
    /// How far the list is known, if it is.
    pub known: Option<(String, u64)>,
}

impl Internal {
    /// Starts it on a free port; it has nothing to say until [`Internal::publish`].
    ///
    /// # Panics
    /// When there is no free port.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on 127.0.0.1");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Shared::default());
        let internal = Self {
            port,
            shared: Arc::clone(&shared),
        };
        thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let mut state = shared.lock();
                if state.is_over {
                    return;
                }
                state.connections += 1;
                if state.is_down {
                    continue;
                }
                if let Ok(copy) = stream.try_clone() {
                    state.streams.push(copy);
                }
                drop(state);
                let shared = Arc::clone(&shared);
                thread::spawn(move || shared.serve(stream));
            }
        });
        internal
    }

    /// Publishes the key of `signer`, with which lists are signed from now on, in a new epoch.
    pub fn publish(&self, signer: Forge) {
        let mut state = self.shared.lock();
        state.keys = signer.jwks();
        state.signer = Some(signer);
        state.epoch = format!("epoch-{}", state.version);
        state.version += 1;
        self.shared.changed.notify_all();
    }

    /// Changes what is published as keys.
    pub fn publish_keys(&self, keys: Value) {
        self.shared.lock().keys = keys;
    }

    /// Revokes a session.
    pub fn revoke(&self, sid: &str) {
        self.change(|state| state.sessions.push(sid.to_owned()));
    }

    /// Revokes a key.
    pub fn revoke_key(&self, kid: &str) {
        self.change(|state| state.revoked_keys.push(kid.to_owned()));
    }

    /// Begins anew, as a sidecar that was started again, knowing nothing.
    pub fn restart(&self) {
        self.change(|state| {
            state.sessions.clear();
            state.epoch = format!("epoch-{}", state.version);
        });
    }

    /// From now on questions get this answer; `None`: the honest one.
    pub fn answer_feed(&self, answer: Option<AnswerFeed>) {
        self.change(|state| state.feed = answer);
    }

    /// From now on refreshes get this answer.
    pub fn answer_refresh(&self, answer: impl Fn(&str) -> Answer + Send + Sync + 'static) {
        self.change(|state| state.refresh = Some(Arc::new(answer)));
    }

    /// Whether refreshes are kept waiting.
    pub fn hold_refreshes(&self, hold: bool) {
        self.change(|state| state.holds_refreshes = hold);
    }

    /// Whether it is away: connections are closed at once, those that are open too.
    pub fn set_down(&self, is_down: bool) {
        self.change(|state| {
            state.is_down = is_down;
            for stream in state.streams.drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
    }

    /// The questions since the last call.
    #[must_use]
    pub fn take_questions(&self) -> Vec<Question> {
        std::mem::take(&mut self.shared.lock().questions)
    }

    /// The bodies of the refreshes since the last call.
    #[must_use]
    pub fn take_refreshes(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.lock().refreshes)
    }

    /// How many refreshes have come and were not taken yet.
    #[must_use]
    pub fn refreshes(&self) -> usize {
        self.shared.lock().refreshes.len()
    }

    /// How many refreshes were waiting for an answer at the same time, at most.
    #[must_use]
    pub fn most_refreshes_at_once(&self) -> usize {
        self.shared.lock().most_refreshing
    }

    /// How often the keys were asked for since the last call.
    #[must_use]
    pub fn take_key_fetches(&self) -> usize {
        std::mem::take(&mut self.shared.lock().key_fetches)
    }

    /// How many connections were opened since the last call.
    #[must_use]
    pub fn take_connections(&self) -> usize {
        std::mem::take(&mut self.shared.lock().connections)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.shared.lock();
        change(&mut state);
        state.version += 1;
        self.shared.changed.notify_all();
    }
}

impl Drop for Internal {
    fn drop(&mut self) {
        self.change(|state| {
            state.is_over = true;
            state.is_down = true;
        });
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, mut stream: TcpStream) {
        let mut input = Vec::new();
        while let Some(request) = read_request(&mut stream, &mut input) {
            let (status, body) = self.answer(&request);
            if self.lock().is_down {
                return;
            }
            let answer = format!(
                "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }

    fn answer(&self, request: &Received) -> Answer {
        let target = request.target();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        match path {
            "/.well-known/jwks.json" => {
                let mut state = self.lock();
                state.key_fetches += 1;
                (200, state.keys.to_string())
            }
            "/internal/v1/revocations" => self.answer_question(&Question::read(query)),
            "/internal/v1/sessions/refresh" => {
                self.answer_refresh(&String::from_utf8_lossy(&request.rest))
            }
            _ => (404, String::new()),
        }
    }

    fn answer_refresh(&self, body: &str) -> Answer {
        let mut state = self.lock();
        state.refreshes.push(body.to_owned());
        state.refreshing += 1;
        state.most_refreshing = state.most_refreshing.max(state.refreshing);
        let state = self
            .changed
            .wait_while(state, |state| state.holds_refreshes && !state.is_down)
            .unwrap_or_else(PoisonError::into_inner);
        let refresh = state.refresh.clone();
        // Others may come meanwhile, as to the sidecar.
        drop(state);
        let answer = refresh.map_or((404, String::new()), |answer| answer(body));
        self.lock().refreshing -= 1;
        answer
    }

    fn answer_question(&self, question: &Question) -> Answer {
        let mut state = self.lock();
        state.questions.push(question.clone());
        if let Some(feed) = &state.feed {
            return feed(question);
        }
        let is_known = |state: &mut State| {
            let known = Some((state.epoch.clone(), state.version));
            question.known == known && !state.is_down && state.feed.is_none()
        };
        let (state, _) = self
            .changed
            .wait_timeout_while(state, PATIENCE, is_known)
            .unwrap_or_else(PoisonError::into_inner);
        let Some(signer) = &state.signer else {
            return (503, String::new());
        };
        let mut page = page(signer, question, &state.epoch, state.version);
        let until = unix_now() + 600;
        page["sessions"] = state
            .sessions
            .iter()
            .map(|sid| json!([sid, until]))
            .collect();
        page["keys"] = state.revoked_keys.clone().into();
        (200, sign(signer, &page))
    }
}

impl Question {
    fn read(query: &str) -> Self {
        let value = |name: &str| {
            query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(is, _)| *is == name)
                .map(|(_, value)| value.to_owned())
        };
        let version = value("version").and_then(|version| version.parse().ok());
        Self {
            nonce: value("nonce").unwrap_or_default(),
            known: value("epoch").zip(version),
        }
    }
}

/// A page that answers `question` with nothing.
#[must_use]
pub fn page(signer: &Forge, question: &Question, epoch: &str, version: u64) -> Value {
    json!({
        "iss": signer.issuer, "iat": unix_now(), "nonce": question.nonce, "epoch": epoch,
        "version": version, "more": false, "sessions": [], "users": [], "keys": [],
    })
}

/// A page with a signature.
#[must_use]
pub fn sign(signer: &Forge, page: &Value) -> String {
    let header = json!({"alg": "ES256", "kid": signer.kid, "typ": "revocations+jwt"});
    signer.sign(&header, page)
}
