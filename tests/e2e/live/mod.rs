//! What the filter learns while it runs: what was revoked, new tokens, new keys. The sidecar's side
//! is played by the tests; `whole` has the real one.

mod certificates;
mod expiry;
mod keys;
mod limits;
mod metrics;
mod open_connections;
mod renewal;
mod replaced;
mod revocations;
mod shared_data;
mod speed;
mod whole;

use latchkey_tests::envoy::manifest_values;
use latchkey_tests::http::Request;
use latchkey_tests::wait::unix_now;
use latchkey_tests::{Client, Envoy, EnvoyConfig, Forge, Internal, Upstream, ports, wait};
use serde_json::{Value, json};
use tempfile::TempDir;

const SECRET: &str = "0191d7a0-5d0c-7b6e-9a53-2f6f5e0c1a11.c2VjcmV0";

/// The manifest's gateway, in front of an application and a sidecar of the test's own.
struct Live {
    envoy: Envoy,
    app: Upstream,
    internal: Internal,
    forge: Forge,
    _dir: TempDir,
}

impl Live {
    fn start() -> Self {
        Self::start_with(|_| {})
    }

    fn start_with(edit: impl FnOnce(&mut EnvoyConfig)) -> Self {
        let live = Self::launch(edit);
        live.internal.publish(live.signer());
        live.await_ready();
        live
    }

    /// Without keys and without a list.
    fn launch(edit: impl FnOnce(&mut EnvoyConfig)) -> Self {
        let (app, internal) = (Upstream::start(), Internal::start());
        let (port, admin) = (ports::free(), ports::free());
        let values = manifest_values(port, admin, ports::free(), internal.port, app.port);
        let mut config = EnvoyConfig::from_manifest("manifests/envoy/envoy.yaml", &values);
        // Tests keep calls waiting, on machines that are busy.
        config.edit_filter(|filter| filter["sidecar"]["timeout"] = json!("30s"));
        edit(&mut config);
        let dir = tempfile::tempdir().expect("a temporary directory");
        let envoy = Envoy::start(&config, dir.path(), port, admin);
        let forge = Forge::new(&format!("http://localhost:{port}/_latchkey"), "key-1", 7);
        Self {
            envoy,
            app,
            internal,
            forge,
            _dir: dir,
        }
    }

    /// The issuer once more.
    fn signer(&self) -> Forge {
        Forge::new(&self.forge.issuer, "key-1", 7)
    }

    /// Waits until every worker decides: a stranger is refused many times in a row.
    fn await_ready(&self) {
        self.await_everywhere("the gateway is ready", |client| {
            client.get("/").attempt().map(|answer| answer.status) == Some(401)
        });
    }

    /// Waits until `holds` on each worker: connections are spread over them at random.
    fn await_everywhere(&self, what: &str, holds: impl Fn(&Client) -> bool) {
        wait::until(what, || {
            let client = self.envoy.client();
            (0..20).all(|_| holds(&client)).then_some(())
        });
    }

    /// The claims of a session whose token has `left` seconds to go, of ten minutes.
    fn ending(&self, left: i64) -> Value {
        let mut claims = self.forge.claims();
        let exp = unix_now().saturating_add_signed(left);
        claims["iat"] = (exp - 600).into();
        claims["exp"] = exp.into();
        claims
    }

    fn token(&self, claims: &Value) -> String {
        self.forge.sign(&self.forge.header(), claims)
    }

    /// What a browser with this token sends.
    fn browser(&self, token: &str) -> Client {
        self.with_secret(token, SECRET)
    }

    fn with_secret(&self, token: &str, secret: &str) -> Client {
        let cookie = format!("latchkey={token}; latchkey-refresh={secret}");
        self.envoy.client().with("cookie", &cookie)
    }

    fn status(&self, token: &str) -> u16 {
        self.bearer(token).send().status
    }

    fn bearer(&self, token: &str) -> Request {
        let bearer = format!("Bearer {token}");
        self.envoy.client().get("/").header("authorization", bearer)
    }

    /// From now on the sidecar gives this token.
    fn renew_with(&self, token: &str) {
        let answer = renewed(token);
        self.internal.answer_refresh(move |_| (200, answer.clone()));
    }

    fn stat(&self, name: &str) -> u64 {
        self.envoy.stat(&format!("wasmcustom.latchkey.{name}"))
    }
}

/// What the sidecar answers with a new token.
fn renewed(token: &str) -> String {
    let cookie = format!("latchkey={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age=600");
    let refresh = format!("latchkey-refresh={SECRET}; Path=/; HttpOnly; SameSite=Lax; Max-Age=600");
    json!({"token": token, "set_cookie": [cookie, refresh]}).to_string()
}
