//! A person without a browser: ceremonies with an authenticator in software, and a cookie jar.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use software_authenticator::Authenticator;

use crate::http::{Client, Request, Response};

/// Someone who signs in the way a browser would.
pub struct Visitor {
    /// Their authenticator.
    pub authenticator: Authenticator,
    /// What the server has set and not cleared.
    pub cookies: BTreeMap<String, String>,
    client: Client,
}

impl Visitor {
    /// Someone at `http://localhost:<port>`, where a gateway listens.
    #[must_use]
    pub fn new(port: u16) -> Self {
        Self {
            authenticator: Authenticator::new(&format!("http://localhost:{port}")),
            cookies: BTreeMap::new(),
            client: Client::new(port),
        }
    }

    /// A request with the cookies that they hold.
    #[must_use]
    pub fn request(&self, method: &str, path: &str) -> Request {
        let request = self.client.request(method, path);
        if self.cookies.is_empty() {
            return request;
        }
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        request.header("cookie", cookies.join("; "))
    }

    /// What a script of the sign-in's own pages sends.
    #[must_use]
    pub fn script_request(&self, method: &str, path: &str, body: &Value) -> Request {
        self.request(method, path)
            .header("origin", &self.authenticator.origin)
            .header("sec-fetch-site", "same-origin")
            .header("sec-fetch-mode", "cors")
            .header("content-type", "application/json")
            .body(body.to_string().as_bytes())
    }

    /// Sends what a script of the sign-in's own pages sends; cookies of the answer are kept.
    ///
    /// # Panics
    /// When there is no answer.
    pub fn call(&mut self, method: &str, path: &str, body: &Value) -> Response {
        let answer = self.script_request(method, path, body).send();
        self.keep_cookies(&answer);
        answer
    }

    /// Keeps what the answer sets, and forgets what it clears.
    pub fn keep_cookies(&mut self, answer: &Response) {
        for (name, value, attributes) in answer.cookies() {
            if value.is_empty() || attributes.contains("Max-Age=0") {
                self.cookies.remove(&name);
            } else {
                self.cookies.insert(name, value);
            }
        }
    }

    /// Makes an account and is logged in then.
    ///
    /// # Panics
    /// When the server refuses.
    pub fn register(&mut self, name: &str) {
        let options = self.begin("register", &json!({"username": name}));
        let response = self.authenticator.create(&options);
        let answer = self.finish("register", &response);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// Logs in.
    ///
    /// # Panics
    /// When the server refuses.
    pub fn log_in(&mut self, name: &str) {
        let options = self.begin("login", &json!({"username": name}));
        let response = self.authenticator.get(&options);
        let answer = self.finish("login", &response);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// Asks for the options of a ceremony (`register` or `login`).
    ///
    /// # Panics
    /// When the server refuses.
    pub fn begin(&mut self, ceremony: &str, body: &Value) -> Value {
        let path = format!("/_latchkey/v1/auth/webauthn/{ceremony}/begin");
        let answer = self.call("POST", &path, body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["publicKey"].clone()
    }

    /// Sends what the authenticator answered.
    pub fn finish(&mut self, ceremony: &str, response: &Value) -> Response {
        self.call(
            "POST",
            &format!("/_latchkey/v1/auth/webauthn/{ceremony}/finish"),
            response,
        )
    }
}
