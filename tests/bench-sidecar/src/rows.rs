//! What is measured, each as one deed of one client.

use crate::http::Connection;
use crate::people::People;
use crate::sidecar::Sidecar;
use serde_json::json;
use software_authenticator::Authenticator;
use std::collections::VecDeque;
use std::io;

const PATH: &str = "/_latchkey/v1/auth/webauthn";

/// Somebody with a connection and an authenticator.
pub(crate) struct Person {
    connection: Connection,
    authenticator: Authenticator,
    name: String,
    number: usize,
    registered: usize,
    /// Who else signs in by this connection, in turn: one account alone would do so too often.
    company: VecDeque<(Authenticator, String)>,
    /// The refresh secrets of the sessions.
    secrets: Vec<String>,
}

impl Person {
    pub(crate) fn new(sidecar: &Sidecar, people: &People, number: usize) -> io::Result<Self> {
        Ok(Self {
            connection: Connection::open(sidecar.public)?,
            authenticator: people.authenticator(number),
            name: People::name(number),
            number,
            registered: 0,
            company: VecDeque::new(),
            secrets: Vec::new(),
        })
    }

    /// The same together with these.
    pub(crate) fn with(mut self, people: &People, numbers: impl Iterator<Item = usize>) -> Self {
        let other = |number| (people.authenticator(number), People::name(number));
        self.company = numbers.map(other).collect();
        self
    }

    /// The next one has the turn.
    fn take_turns(&mut self) {
        if let Some((authenticator, name)) = self.company.pop_front() {
            let authenticator = std::mem::replace(&mut self.authenticator, authenticator);
            let name = std::mem::replace(&mut self.name, name);
            self.company.push_back((authenticator, name));
        }
    }

    /// As a gateway tells it: everybody comes from an address of their own.
    fn from(&self) -> String {
        let [.., a, b, c] = self.number.to_be_bytes();
        let d = self.registered / 100 % 250;
        format!(
            "x-latchkey-client-address: 10.{}.{b}.{c}\r\n",
            (usize::from(a) + d) % 256
        )
    }

    /// Begin and finish, by name.
    pub(crate) fn log_in(&mut self) -> io::Result<bool> {
        let from = self.from();
        let asked = json!({ "username": self.name });
        let begun = self
            .connection
            .post(&format!("{PATH}/login/begin"), &from, &asked)?;
        let response = self.authenticator.get(&begun.expect(200)?["publicKey"]);
        let path = format!("{PATH}/login/finish");
        let finished = self.connection.post(&path, &from, &response)?;
        finished.expect(200)?;
        self.secrets.extend(finished.cookie("latchkey-refresh"));
        self.take_turns();
        Ok(true)
    }

    /// Somebody new: begin and finish.
    pub(crate) fn register(&mut self) -> io::Result<bool> {
        self.registered += 1;
        let from = self.from();
        let asked = json!({ "username": format!("new{}-{}", self.number, self.registered) });
        let path = format!("{PATH}/register/begin");
        let begun = self.connection.post(&path, &from, &asked)?;
        let response = self.authenticator.create(&begun.expect(200)?["publicKey"]);
        self.authenticator.credentials.pop();
        let path = format!("{PATH}/register/finish");
        self.connection.post(&path, &from, &response)?.expect(200)?;
        Ok(true)
    }

    /// The secrets of the sessions, for whoever renews them.
    pub(crate) fn into_secrets(self) -> Vec<String> {
        self.secrets
    }
}

/// A filter's worker, as the internal listener sees it.
pub(crate) struct Worker {
    connection: Connection,
    secrets: Vec<String>,
    next: usize,
}

impl Worker {
    pub(crate) fn new(sidecar: &Sidecar, secrets: Vec<String>) -> io::Result<Self> {
        Ok(Self {
            connection: Connection::open(sidecar.internal)?,
            secrets,
            next: 0,
        })
    }

    /// A new token for the next session, until each has one.
    pub(crate) fn renew(&mut self) -> io::Result<bool> {
        self.renew_again()?;
        Ok(self.next < self.secrets.len())
    }

    /// The token of the next session, in turn.
    pub(crate) fn renew_again(&mut self) -> io::Result<bool> {
        let secret = self.secrets.get(self.next % self.secrets.len().max(1));
        let body = json!({ "refresh": secret });
        self.next += 1;
        let path = "/internal/v1/sessions/refresh";
        self.connection.post(path, "", &body)?.expect(200)?;
        Ok(true)
    }

    pub(crate) fn keys(&mut self) -> io::Result<bool> {
        self.connection.get("/.well-known/jwks.json")?.expect(200)?;
        Ok(true)
    }

    /// The whole list, signed anew: what a worker that starts asks for.
    pub(crate) fn revocations(&mut self) -> io::Result<bool> {
        let path = "/internal/v1/revocations?nonce=AAAAAAAAAAAAAAAAAAAAAA";
        let answer = self.connection.get(path)?;
        // It is no JSON.
        if answer.status != 200 {
            answer.expect(200)?;
        }
        Ok(true)
    }
}
