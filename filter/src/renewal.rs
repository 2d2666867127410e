//! New tokens for sessions that go on: when the sidecar is asked, and what it answered.

use std::{collections::VecDeque, fmt, rc::Rc, time::Duration};

use latchkey_token::{
    Claims, VerifiedToken,
    cookie::{self, CookieLookup},
    json,
};
use serde_json::Value;

use crate::{cache::Fingerprint, request::Request};

/// Calls in flight per worker. The sidecar answers each in a millisecond or so; more than these
/// would only wait elsewhere.
pub const MAX_CALLS: usize = 64;
/// Of these, how many with secrets that do not belong to their tokens. Whoever makes secrets up
/// fills these, and nobody else's.
const MAX_DOUBTFUL_CALLS: usize = 8;
/// How long an answer serves those who still send the old cookie: pages that load in parallel, and
/// a browser that never saw its new one.
const REMEMBERED_MS: u64 = 30_000;
/// How long it is remembered that a session is over. Whoever asks again gets the same answer.
const OVER_MS: u64 = 2_000;
/// Bounds of what is remembered; the oldest goes first.
const MAX_REMEMBERED: usize = 256;
const MAX_OVER: usize = 256;
const MAX_REMEMBERED_BYTES: usize = 1024 * 1024;
/// Pauses without any call after a failure.
const FIRST_PAUSE_MS: u64 = 125;
const LONGEST_PAUSE_MS: u64 = 1_000;
/// The longest refresh cookie that is passed on. Ours have 80 bytes.
const MAX_REFRESH_BYTES: usize = 256;
/// The longest answer: a token, and two cookies of which one holds it again.
pub const MAX_ANSWER_BYTES: usize = 16 * 1024;
/// Bounds of the `set-cookie` lines of an answer.
const MAX_COOKIES: usize = 4;
const MAX_COOKIE_BYTES: usize = 4096;

/// A request that is to wait for a new token.
#[derive(Clone, PartialEq, Eq)]
pub struct Ask {
    /// Of the session and the refresh cookie together: who has the one without the other gets
    /// nothing from what is remembered.
    pub(crate) pair: Fingerprint,
    share: Share,
    /// The refresh cookie: a secret.
    refresh: String,
    sub: String,
    sid: String,
    exp: u64,
    is_alive: bool,
}

/// Whose calls a call counts among.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Share {
    /// An account's, which shows the secret that its token names, or a token that names none.
    Account(Fingerprint),
    /// Those with secrets that their tokens do not name: made up, or of another login in the same
    /// session.
    Doubtful,
}

/// What the sidecar gave.
#[derive(PartialEq, Eq)]
pub struct Renewed {
    /// The new token.
    pub token: String,
    /// The lines for `set-cookie`.
    pub set_cookie: Vec<String>,
}

/// What became of a call.
#[derive(Debug)]
pub enum Answer {
    /// A new token.
    Renewed(Renewed),
    /// The session is over.
    Over,
    /// The sidecar is not well.
    Failed,
}

/// Calls in flight, and answers that are remembered.
#[derive(Debug, Default)]
pub struct Renewals {
    in_flight: Vec<(Fingerprint, Share)>,
    remembered: VecDeque<Entry>,
    over: VecDeque<(Fingerprint, u64)>,
    bytes: usize,
    closed_until: u64,
    failures: u32,
}

#[derive(Debug)]
struct Entry {
    pair: Fingerprint,
    renewed: Rc<Renewed>,
    until: u64,
}

/// Why no call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoCall {
    /// [`MAX_CALLS`] are in flight, or as many as one account may have.
    Capped,
    /// The last one failed just now.
    Paused,
    /// Another request asks for the same, and this one can go on without.
    NotNeeded,
}

impl fmt::Debug for Ask {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ask")
    }
}

impl fmt::Debug for Renewed {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Renewed")
    }
}

impl Ask {
    /// For a session whose token says `claims`, and has not ended if `is_alive`. `fingerprint` is of
    /// two texts together.
    pub(crate) fn new(
        fingerprint: impl Fn(&[u8], &[u8]) -> Fingerprint,
        refresh: &str,
        claims: &Claims,
        is_alive: bool,
    ) -> Self {
        let is_named = claims
            .rt_hash
            .as_ref()
            .map(|named| cookie::belongs(refresh.as_bytes(), named));
        let account = |class: &[u8]| Share::Account(fingerprint(claims.sub.as_bytes(), class));
        Self {
            pair: fingerprint(claims.sid.as_bytes(), refresh.as_bytes()),
            share: match is_named {
                Some(true) => account(b"named"),
                Some(false) => Share::Doubtful,
                None => account(b""),
            },
            refresh: refresh.to_owned(),
            sub: claims.sub.clone(),
            sid: claims.sid.clone(),
            exp: claims.exp,
            is_alive,
        }
    }

    /// The body of the question.
    #[must_use]
    pub fn body(&self) -> String {
        // The characters of `refresh_secret` need no escape.
        ["{\"refresh\":\"", &self.refresh, "\"}"].concat()
    }

    /// When the token ends, or has ended, that is to be replaced.
    pub(crate) fn old_exp(&self) -> u64 {
        self.exp
    }

    /// Whether `claims` are of the same session.
    pub(crate) fn is_same(&self, claims: &Claims) -> bool {
        self.sub == claims.sub && self.sid == claims.sid
    }
}

impl Answer {
    /// Reads what the sidecar answered.
    #[must_use]
    pub fn read(status: &[u8], body: &[u8]) -> Self {
        match status {
            b"200" => renewed(body).map_or(Self::Failed, Self::Renewed),
            b"401" => Self::Over,
            _ => Self::Failed,
        }
    }
}

impl Renewals {
    /// Takes note of a call that is about to be made, or says why there is none. Times are Unix
    /// milliseconds.
    ///
    /// # Errors
    /// [`NoCall`].
    pub fn start(&mut self, ask: &Ask, now: u64) -> Result<(), NoCall> {
        let pause = self.closed_until.saturating_sub(now);
        // A clock that was set back must not keep the way closed.
        if pause > 0 && pause <= LONGEST_PAUSE_MS {
            return Err(NoCall::Paused);
        }
        if ask.is_alive && self.in_flight.iter().any(|(pair, _)| *pair == ask.pair) {
            return Err(NoCall::NotNeeded);
        }
        // As many as are free: alone, an account gets half of all, and however many others have
        // calls, one that has none gets one.
        let free = MAX_CALLS.saturating_sub(self.in_flight.len());
        let most = match ask.share {
            Share::Account(_) => free,
            Share::Doubtful => free.min(MAX_DOUBTFUL_CALLS),
        };
        let among = |(_, share): &&(Fingerprint, Share)| *share == ask.share;
        if self.in_flight.iter().filter(among).count() >= most {
            return Err(NoCall::Capped);
        }
        self.in_flight.push((ask.pair, ask.share));
        Ok(())
    }

    /// A call has ended, with an answer or without.
    pub fn ended(&mut self, ask: &Ask) {
        let call = (ask.pair, ask.share);
        if let Some(at) = self.in_flight.iter().position(|known| *known == call) {
            self.in_flight.swap_remove(at);
        }
    }

    /// The sidecar is well.
    pub fn succeeded(&mut self) {
        self.failures = 0;
        self.closed_until = 0;
    }

    /// The sidecar is not well: nobody is to wait for it for a while.
    pub fn failed(&mut self, now: u64) {
        let pause = FIRST_PAUSE_MS.saturating_mul(2_u64.saturating_pow(self.failures));
        self.failures = self.failures.saturating_add(1);
        self.closed_until = now.saturating_add(pause.min(LONGEST_PAUSE_MS));
    }

    /// Remembers an answer.
    pub fn remember(&mut self, ask: &Ask, renewed: Renewed, now: u64) {
        self.forget(ask.pair);
        self.bytes = self.bytes.saturating_add(renewed.bytes());
        self.remembered.push_back(Entry {
            pair: ask.pair,
            renewed: Rc::new(renewed),
            until: now.saturating_add(REMEMBERED_MS),
        });
        while self.remembered.len() > MAX_REMEMBERED || self.bytes > MAX_REMEMBERED_BYTES {
            self.drop_oldest();
        }
    }

    /// Remembers that a session is over, or that the secret is of another one.
    pub(crate) fn remember_over(&mut self, ask: &Ask, now: u64) {
        if self.over.len() >= MAX_OVER {
            self.over.pop_front();
        }
        self.over.push_back((ask.pair, now.saturating_add(OVER_MS)));
    }

    /// Whether the same question was answered so a moment ago. `now` is in Unix seconds.
    pub(crate) fn is_over(&mut self, ask: &Ask, now: u64) -> bool {
        let now = now.saturating_mul(1_000);
        // A clock that was set back must not keep anybody out.
        let counts = |until: u64| until > now && until.saturating_sub(now) <= OVER_MS + 1_000;
        while self.over.front().is_some_and(|(_, until)| !counts(*until)) {
            self.over.pop_front();
        }
        self.over.iter().any(|(pair, _)| *pair == ask.pair)
    }

    /// The answer to the same question, if it came not long ago. `now` is in Unix seconds.
    pub(crate) fn remembered(&mut self, pair: Fingerprint, now: u64) -> Option<Rc<Renewed>> {
        let now = now.saturating_mul(1_000);
        while self
            .remembered
            .front()
            .is_some_and(|oldest| oldest.until <= now)
        {
            self.drop_oldest();
        }
        self.remembered
            .iter()
            .find(|entry| entry.pair == pair)
            .map(|entry| Rc::clone(&entry.renewed))
    }

    /// Forgets an answer, for instance because its token is good for nothing any more.
    pub(crate) fn forget(&mut self, pair: Fingerprint) {
        if let Some(at) = self.remembered.iter().position(|entry| entry.pair == pair)
            && let Some(entry) = self.remembered.remove(at)
        {
            self.bytes = self.bytes.saturating_sub(entry.renewed.bytes());
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(entry) = self.remembered.pop_front() {
            self.bytes = self.bytes.saturating_sub(entry.renewed.bytes());
        }
    }

    /// How many calls are in flight.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }
}

impl Renewed {
    fn bytes(&self) -> usize {
        self.set_cookie
            .iter()
            .fold(self.token.len(), |sum, line| sum.saturating_add(line.len()))
    }
}

/// Whether a token that still lives is to be replaced: it is about to end, and has lived for half
/// its time, so that one with a short life is not replaced by every request. `now` is in Unix
/// seconds.
pub(crate) fn is_due(token: &VerifiedToken, refresh_before: Duration, now: u64) -> bool {
    let claims = token.claims();
    let left = claims.exp.saturating_sub(now);
    left < refresh_before.as_secs() && now.saturating_sub(claims.iat) >= left
}

/// The refresh cookie, if there is one and it could be ours.
pub(crate) fn refresh_secret<'a>(request: &Request<'a>, name: &str) -> Option<&'a str> {
    let CookieLookup::One(secret) = cookie::find(request.all("cookie"), name) else {
        return None;
    };
    let is_plain =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    let is_ours =
        !secret.is_empty() && secret.len() <= MAX_REFRESH_BYTES && secret.iter().all(is_plain);
    std::str::from_utf8(secret).ok().filter(|_| is_ours)
}

fn renewed(body: &[u8]) -> Option<Renewed> {
    let mut members = json::parse_object(body).ok()?;
    let Some(Value::String(token)) = members.remove("token") else {
        return None;
    };
    let Some(Value::Array(lines)) = members.remove("set_cookie") else {
        return None;
    };
    let set_cookie: Option<Vec<String>> = lines.into_iter().map(cookie_line).collect();
    let set_cookie = set_cookie.filter(|lines| lines.len() <= MAX_COOKIES)?;
    Some(Renewed { token, set_cookie })
}

fn cookie_line(line: Value) -> Option<String> {
    match line {
        Value::String(line)
            if line.len() <= MAX_COOKIE_BYTES
                && line.bytes().all(|byte| matches!(byte, b' '..=b'~')) =>
        {
            Some(line)
        }
        _ => None,
    }
}
