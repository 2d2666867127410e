//! What a platform team writes into the filter's configuration, at the running gateway.

mod access_log;
mod certificates;
mod other_origins;
mod requirements;
mod shadow;
mod told;

use latchkey_tests::Guarded;
use serde_json::{Value, json};

/// A gateway with these rules before those of the manifest.
fn with_rules(rules: Value) -> Guarded {
    Guarded::start_with(|config| config.rules_first(rules))
}

/// The cookie of a good session whose token says this too.
fn session(gateway: &Guarded, said: &Value) -> String {
    let mut claims = gateway.forge.claims();
    let said = said.as_object().expect("an object").clone();
    claims.as_object_mut().expect("claims").extend(said);
    let token = gateway.forge.sign(&gateway.forge.header(), &claims);
    format!("latchkey={token}")
}

/// An authenticator of the strongest kind.
fn security_key() -> Value {
    json!({"aaguid": "ee882879-721c-4913-9775-3dfcce97072a", "attested": true, "uv": true,
           "be": false, "bs": false, "attachment": "cross-platform"})
}
