//! The HTTP surface as clients meet it: a whole router over a store in memory, with a clock that
//! stands still and entropy that repeats.

mod account;
mod adding;
mod admin_page;
mod admin_routes;
mod administration;
mod alike;
mod audit_trail;
mod binding;
mod compromised;
mod described_mounts;
mod documented;
mod hardening;
mod hostile_realms;
mod keycloak;
mod links;
mod live;
mod login;
mod mounts;
mod people;
mod readiness;
mod reasons;
mod refusals;
mod registration;
mod renewal;
mod reserved_names;
mod secrecy;
mod sessions;
mod timeouts;
mod transfer;
mod ways_back;
mod written_mounts;

use crate::app::App;
use crate::clock::ManualClock;
use crate::config::{Config, KeyEncryptionKey};
use crate::entropy::SequenceEntropy;
use crate::model::{Seconds, UnixTime, User};
use crate::storage::memory::MemoryStore;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::{Value, json};
use software_authenticator::Authenticator;
use std::collections::BTreeMap;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use tower::ServiceExt as _;
use tracing_subscriber::fmt::MakeWriter;

const START: UnixTime = UnixTime(1_800_000_000);
const ORIGIN: &str = "https://app.example.com";
const CONFIG: &str = "\
public_url = \"https://app.example.com/_latchkey\"
[listen]
gateways = [\"10.9.0.0/16\"]
[storage]
backend = \"memory\"
[token]
audiences = [\"app\"]
[webauthn]
self_registration = true
max_credentials = 3
";

/// A running program, seen from outside.
struct Place {
    app: Arc<App>,
    router: Router,
    clock: Arc<ManualClock>,
    memory: Arc<MemoryStore>,
    log: Log,
    _logging: tracing::subscriber::DefaultGuard,
}

impl Place {
    async fn new() -> Self {
        Self::configured(CONFIG).await
    }

    async fn configured(text: &str) -> Self {
        let config = Config::parse(text, &Vec::new()).unwrap();
        let clock = Arc::new(ManualClock::new(START));
        let key = KeyEncryptionKey::from_bytes([7; 32]);
        let store = Arc::new(MemoryStore::new());
        let entropy = Arc::new(SequenceEntropy::default());
        let app = App::build(&config, &key, store.clone(), clock.clone(), entropy)
            .await
            .unwrap();
        let app = Arc::new(app);
        let log = Log::default();
        let logging = tracing_subscriber::fmt()
            .json()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(log.clone());
        let logging = tracing::subscriber::set_default(logging.finish());
        Self {
            router: super::public(&app),
            app,
            memory: store,
            clock,
            log,
            _logging: logging,
        }
    }

    /// The same store and clock after a restart.
    async fn restarted(&self) -> Arc<App> {
        self.restarted_with(CONFIG).await
    }

    /// The same with another configuration.
    async fn restarted_with(&self, text: &str) -> Arc<App> {
        let config = Config::parse(text, &Vec::new()).unwrap();
        let key = KeyEncryptionKey::from_bytes([7; 32]);
        let (store, clock) = (Arc::clone(&self.app.store), self.clock.clone());
        let entropy = Arc::new(SequenceEntropy::default());
        let app = App::build(&config, &key, store, clock, entropy).await;
        Arc::new(app.unwrap())
    }

    fn person(&self) -> Person<'_> {
        Person {
            place: self,
            authenticator: Authenticator::new(ORIGIN),
            cookies: BTreeMap::new(),
            browser: true,
        }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        self.send_from([192, 0, 2, 7].into(), request).await
    }

    async fn send_from(&self, peer: IpAddr, request: Request<Body>) -> Answer {
        Self::send_to(self.router.clone(), peer, request).await
    }

    /// As a filter does, or an operator's command.
    async fn ask(router: Router, method: Method, path: &str, body: Value) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .body(Body::from(if body.is_null() {
                String::new()
            } else {
                body.to_string()
            }))
            .unwrap();
        Self::send_to(router, [127, 0, 0, 1].into(), request).await
    }

    async fn internal(&self, method: Method, path: &str, body: Value) -> Answer {
        Self::ask(super::internal(&self.app), method, path, body).await
    }

    async fn control(&self, method: Method, path: &str, body: Value) -> Answer {
        Self::ask(super::control(&self.app), method, path, body).await
    }

    async fn send_to(router: Router, peer: IpAddr, mut request: Request<Body>) -> Answer {
        request
            .extensions_mut()
            .insert(ConnectInfo(SocketAddr::new(peer, 40_000)));
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        };
        documented::check(&method, &path, &answer).await;
        answer
    }

    /// The reason that the last audit line gives.
    fn reason(&self) -> String {
        self.audit()["reason"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// The fields of the last audit line.
    fn audit(&self) -> Value {
        let lines = self.log.lines();
        let audit = lines.iter().rev().find(|line| line["target"] == "audit");
        audit.map(|line| line["fields"].clone()).unwrap_or_default()
    }

    async fn user(&self, name: &str) -> User {
        let name = crate::model::UserName::parse(name).unwrap();
        self.app.store.user_by_name(&name).await.unwrap().unwrap()
    }

    fn later(&self, seconds: u64) {
        self.clock.advance(Seconds(seconds));
    }
}

/// Everything that was logged, as JSON lines.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn lines(&self) -> Vec<Value> {
        self.text()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The slug of a problem.
    fn problem(&self) -> String {
        assert_eq!(
            self.headers["content-type"], "application/problem+json",
            "{self:?}"
        );
        let slug = self.json()["type"].as_str().unwrap().to_owned();
        slug.strip_prefix("urn:latchkey:problem:")
            .unwrap()
            .to_owned()
    }

    fn set_cookies(&self) -> Vec<String> {
        let lines = self.headers.get_all(header::SET_COOKIE).iter();
        lines
            .map(|line| line.to_str().unwrap().to_owned())
            .collect()
    }

    fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status,
            status,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        self
    }
}

/// Someone with an authenticator and a cookie jar: a browser, or a program.
struct Person<'a> {
    place: &'a Place,
    authenticator: Authenticator,
    cookies: BTreeMap<String, String>,
    browser: bool,
}

impl Person<'_> {
    fn request(&self, method: Method, path: &str, body: &Value) -> Request<Body> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/_latchkey{path}"))
            .header("host", "app.example.com")
            .header("content-type", "application/json");
        if self.browser {
            request = request
                .header("origin", ORIGIN)
                .header("sec-fetch-site", "same-origin")
                .header("sec-fetch-mode", "cors");
        }
        for (name, value) in &self.cookies {
            request = request.header("cookie", format!("{name}={value}"));
        }
        request.body(Body::from(body.to_string())).unwrap()
    }

    async fn call(&mut self, method: Method, path: &str, body: Value) -> Answer {
        let answer = self.place.send(self.request(method, path, &body)).await;
        for line in answer.set_cookies() {
            let (pair, _) = line.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    async fn post(&mut self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, body).await
    }

    async fn read(&mut self, path: &str) -> Answer {
        self.call(Method::GET, path, Value::Null).await
    }

    async fn begin(&mut self, ceremony: &str, body: Value) -> Value {
        let answer = self
            .post(&format!("/v1/auth/webauthn/{ceremony}/begin"), body)
            .await;
        answer.expect(200).json()["publicKey"].clone()
    }

    async fn finish(&mut self, ceremony: &str, response: Value) -> Answer {
        self.post(&format!("/v1/auth/webauthn/{ceremony}/finish"), response)
            .await
    }

    async fn register(&mut self, name: &str) -> Answer {
        let options = self.begin("register", json!({ "username": name })).await;
        let response = self.authenticator.create(&options);
        self.finish("register", response).await.expect(200)
    }

    async fn log_in(&mut self, name: &str) -> Answer {
        let options = self.begin("login", json!({ "username": name })).await;
        let response = self.authenticator.get(&options);
        self.finish("login", response).await.expect(200)
    }

    /// Adds a passkey of another authenticator to the own account.
    async fn add(&mut self, other: &mut Authenticator) -> Answer {
        let options = self.begin("register", json!({})).await;
        let response = other.create(&options);
        self.finish("register", response).await
    }

    fn session_id(&self) -> String {
        let token = self.cookies["__Host-latchkey"].as_bytes();
        self.place
            .app
            .issuer
            .verify(token, self.place.app.now())
            .unwrap()
            .claims()
            .sid
            .clone()
    }
}
