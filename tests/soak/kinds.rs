//! What is sent: one kind of request after the other, each never quite the same.

use std::fmt::Write as _;

use crate::connection::Connection;

/// What an answer may be: a status, or a closed connection where Envoy itself refuses.
type Expected = (&'static [u16], bool);

const OK: Expected = (&[200], false);
const UNKNOWN: Expected = (&[401], false);
const FOREIGN: Expected = (&[403], false);
const BAD: Expected = (&[400], true);
const BAD_OR_UNKNOWN: Expected = (&[400, 401], true);
const TOO_LARGE: Expected = (&[401, 431], false);

/// Makes requests of every kind.
pub(crate) struct Kinds {
    host: String,
    sender: u64,
    /// Of a member, once; it runs out in the course of a long run.
    old: String,
    state: u64,
}

impl Kinds {
    pub(crate) fn new(port: u16, sender: u64, old: &str) -> Self {
        Self {
            host: format!("localhost:{port}"),
            sender,
            old: old.to_owned(),
            state: sender + 1,
        }
    }

    /// Sends the next request; `token` is a member's.
    ///
    /// # Panics
    /// When the answer is none of the expected ones.
    pub(crate) fn send(&mut self, connection: &mut Connection, number: u64, token: &str) {
        let (what, bytes, (statuses, may_close)) = self.request(number, token);
        let answer = connection.exchange(&bytes);
        let status = answer.as_ref().map(|answer| answer.status);
        let expected = status.map_or(may_close, |status| statuses.contains(&status));
        assert!(
            expected,
            "request {number} ({what}): {status:?} instead of {statuses:?}\n{}",
            answer.map_or_else(String::new, |answer| answer.text())
        );
    }

    #[expect(clippy::too_many_lines, reason = "one list of all kinds")]
    fn request(&mut self, number: u64, token: &str) -> (&'static str, Vec<u8>, Expected) {
        let guarded = format!("/guarded/{number}?x={number}");
        let cookie = format!("cookie: a=1; latchkey={token}\r\n");
        let spoofed = "x-auth-request-user: root\r\nX-Auth_Request-Groups: admins\r\n\
                       x-auth-request-preferred-username: root\r\n";
        let origin = format!("origin: http://{}\r\n", self.host);
        let upgrade = "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                       sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        let get = |path: &str, headers: &str| self.get(path, headers);
        match number % 24 {
            0..=3 => ("a member's cookie", get(&guarded, &cookie), OK),
            4 | 5 => {
                let bearer = format!("authorization: Bearer {token}\r\n");
                ("a member's bearer token", get(&guarded, &bearer), OK)
            }
            6 => (
                "spoofed, member",
                get(&guarded, &format!("{cookie}{spoofed}")),
                OK,
            ),
            7 => (
                "spoofed, public",
                get(&format!("/public/{number}"), spoofed),
                OK,
            ),
            8 => ("public", get(&format!("/public/{number}"), &cookie), OK),
            9 | 10 => {
                let forged = self.forged(token);
                let bearer = format!("authorization: Bearer {forged}\r\n");
                ("a forged token", self.get(&guarded, &bearer), UNKNOWN)
            }
            11 => {
                let rubbish = self.random_text(400);
                let cookie = format!("cookie: latchkey={rubbish}\r\n");
                ("rubbish as a cookie", self.get(&guarded, &cookie), UNKNOWN)
            }
            12 => {
                let head = r#"{"alg":"ES256","typ":"session+jwt","kid":"made-up"}"#;
                let parts = token.split_once('.').map_or("", |(_, rest)| rest);
                let made_up = format!("{}.{parts}", base64url(head));
                let bearer = format!("authorization: Bearer {made_up}\r\n");
                ("a key id that is made up", get(&guarded, &bearer), UNKNOWN)
            }
            13 => {
                let mut bytes = self.get(&guarded, "cookie: latchkey=");
                // Before the end of the head.
                bytes.truncate(bytes.len() - 2);
                bytes.extend((0..50).map(|_| self.random_byte()));
                bytes.extend(b"\r\n\r\n");
                ("bytes in a cookie", bytes, BAD_OR_UNKNOWN)
            }
            14 => {
                let mut bytes = b"GET /public/".to_vec();
                bytes.extend((0..20).map(|_| self.random_byte() | 0x80));
                bytes.extend(self.get("", "").split_off(b"GET ".len()));
                ("bytes in a path", bytes, BAD)
            }
            15 => {
                let cookie = format!(
                    "cookie: {}latchkey={token}x\r\n",
                    "a=1234567; ".repeat(4000)
                );
                ("a huge cookie", get(&guarded, &cookie), TOO_LARGE)
            }
            16 => {
                let cookie = format!("cookie: latchkey={token}; latchkey={}\r\n", self.old);
                ("two sessions", get(&guarded, &cookie), UNKNOWN)
            }
            17 => {
                let headers = format!("{upgrade}{origin}");
                ("a stranger's WebSocket", get(&guarded, &headers), UNKNOWN)
            }
            18 => {
                let headers = format!("{upgrade}{cookie}origin: http://sibling.localhost\r\n");
                (
                    "a foreign page's WebSocket",
                    get(&guarded, &headers),
                    FOREIGN,
                )
            }
            19 => {
                let headers = format!("{upgrade}{cookie}{origin}");
                (
                    "a member's WebSocket",
                    get(&guarded, &headers),
                    (&[101], false),
                )
            }
            20 => {
                let path = [
                    "/public/..%2fguarded",
                    "/public/..%5cx",
                    "/public/%00",
                    "/public/%zz",
                ];
                let index = usize::try_from(number / 24).unwrap_or(0) % path.len();
                ("an ambiguous path", get(path[index], &cookie), BAD)
            }
            21 => {
                let page = "accept: text/html\r\nsec-fetch-mode: navigate\r\n";
                (
                    "a stranger's page load",
                    get(&guarded, page),
                    (&[302], false),
                )
            }
            22 => ("no session", get(&guarded, ""), UNKNOWN),
            _ if number.is_multiple_of(5) => ("the login page", get("/_latchkey/login", ""), OK),
            _ => (
                "the keys",
                get("/_latchkey/.well-known/jwks.json", &cookie),
                OK,
            ),
        }
    }

    fn get(&self, path: &str, headers: &str) -> Vec<u8> {
        let mut text = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n", self.host);
        let _ = write!(text, "x-sender: {}\r\n{headers}", self.sender);
        // An unfinished header is finished, and ended, by the caller.
        text.push_str(if headers.ends_with('=') { ".." } else { "\r\n" });
        text.into_bytes()
    }

    /// A member's token with a signature of the right form that nobody made.
    fn forged(&mut self, token: &str) -> String {
        let message = token.rsplit_once('.').map_or("", |(message, _)| message);
        // 64 bytes are 86 characters, the last of which has four bits that must be zero.
        let signature = self.random_text(85);
        format!("{message}.{signature}A")
    }

    fn random_text(&mut self, length: usize) -> String {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        (0..length)
            .map(|_| char::from(ALPHABET[usize::from(self.random_byte()) % ALPHABET.len()]))
            .collect()
    }

    /// xorshift: the same for the same sender.
    fn random_byte(&mut self) -> u8 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state.to_be_bytes()[0]
    }
}

fn base64url(text: &str) -> String {
    use base64::Engine;
    base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(text)
}
