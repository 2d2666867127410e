//! A gateway without a sidecar: its keys stand in its configuration, so that a test can make every
//! token that it wants to attack with, and good ones to compare with.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use tempfile::TempDir;

use crate::envoy::{Envoy, EnvoyConfig, with_inline_keys};
use crate::forge::Forge;
use crate::http::{Client, Request};
use crate::upstream::Upstream;
use crate::wait;

/// The gateway, the application behind it, and the issuer that it believes.
pub struct Guarded {
    /// Envoy with the filter.
    pub envoy: Envoy,
    /// The application.
    pub upstream: Upstream,
    /// Makes tokens that the gateway believes.
    pub forge: Forge,
    _dir: TempDir,
}

impl Guarded {
    /// The manifest's gateway, changed by `edit`.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start_with(edit: impl FnOnce(&mut EnvoyConfig)) -> Self {
        let upstream = Upstream::start();
        let mut forge = Forge::new("", "test-key", 7);
        let (mut config, port, admin) = with_inline_keys(&forge.jwks(), upstream.port);
        forge.issuer = format!("http://localhost:{port}/_latchkey");
        edit(&mut config);
        let dir = tempfile::tempdir().expect("a temporary directory");
        let envoy = Envoy::start(&config, dir.path(), port, admin);
        wait::until("requests are decided", || {
            let answer = envoy.client().get("/public/warm-up").attempt()?;
            (answer.status == 200).then_some(())
        });
        let guarded = Self {
            envoy,
            upstream,
            forge,
            _dir: dir,
        };
        let _ = guarded.upstream.take();
        guarded
    }

    /// The manifest's gateway.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// A client without a session.
    #[must_use]
    pub fn stranger(&self) -> Client {
        self.envoy.client()
    }

    /// A client with a good session cookie.
    #[must_use]
    pub fn member(&self) -> Client {
        self.stranger()
            .with("cookie", &format!("latchkey={}", self.forge.token()))
    }

    /// Asserts that a request is refused with `status`, for this reason and no other, and that the
    /// application saw nothing of it.
    ///
    /// # Panics
    /// When it is not.
    pub fn assert_refused(&self, what: &str, request: &Request, status: u16, reason: &str) {
        let before = self.refusals();
        let answer = request.attempt();
        let got = answer.as_ref().map(|answer| answer.status);
        assert_eq!(got, Some(status), "{what}: {answer:?}");
        let counted: Vec<String> = self
            .refusals()
            .into_iter()
            .filter(|(name, count)| before.get(name) != Some(count))
            .map(|(name, _)| name)
            .collect();
        assert_eq!(counted, [reason], "{what}");
        let seen = self.upstream.take();
        assert!(seen.is_empty(), "{what}: the application saw {seen:?}");
    }

    /// Asserts that the gateway still serves: a stranger is refused, a member is not.
    ///
    /// # Panics
    /// When it does not.
    pub fn assert_alive(&self, after: &str) {
        assert_eq!(
            self.stranger().get("/alive").send().status,
            401,
            "after {after}"
        );
        assert_eq!(
            self.member().get("/alive").send().status,
            200,
            "after {after}"
        );
        let _ = self.upstream.take();
    }

    /// How often the filter has refused so far, by reason.
    fn refusals(&self) -> BTreeMap<String, u64> {
        let prefix = "wasmcustom.latchkey.denied.";
        self.envoy
            .stats("latchkey.denied")
            .into_iter()
            .filter_map(|(name, count)| {
                Some((name.strip_prefix(prefix)?.to_owned(), count.as_u64()?))
            })
            .collect()
    }
}

/// Rules that the tests of paths and headers put before the manifest's own: one denied tree.
#[must_use]
pub fn denied_tree() -> Value {
    json!([{"match": {"paths": ["/denied/**"]}, "allow": "deny"}])
}
