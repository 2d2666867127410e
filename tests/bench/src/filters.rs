//! The filters that are compared, configured to do the same work: the same key, and four claims in
//! four headers.

use std::path::Path;

use serde_json::{Value, json};

use crate::tokens::ISSUER;

/// Ours. `edit` changes its configuration. Each has a VM of its own.
pub(crate) fn latchkey(
    wasm: &Path,
    name: &str,
    jwks: &Value,
    edit: impl FnOnce(&mut Value),
) -> Value {
    let mut config = json!({
        "issuer": ISSUER,
        "audiences": ["app"],
        "hosts": ["app.example.com"],
        "sidecar": {"cluster": "sidecar", "public_cluster": "sidecar-public"},
        "jwks": {"inline": jwks},
        "rules": [{"match": {"paths": ["/public/**"]}, "allow": "public"}],
    });
    edit(&mut config);
    json!({"name": "latchkey", "typed_config": {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
    "config": {
        "name": "latchkey",
        "failure_policy": "FAIL_RELOAD",
        "vm_config": {"vm_id": name, "runtime": "envoy.wasm.runtime.v8",
                      "code": {"local": {"filename": wasm}}},
        "configuration": {"@type": "type.googleapis.com/google.protobuf.StringValue",
                          "value": config.to_string()},
    }}})
}

/// Envoy's own. `cached` tokens are remembered.
pub(crate) fn jwt_authn(jwks: &Value, cached: Option<u32>) -> Value {
    let header = |name: &str, claim: &str| json!({"header_name": name, "claim_name": claim});
    let mut provider = json!({
        "issuer": ISSUER,
        "audiences": ["app"],
        "local_jwks": {"inline_string": jwks.to_string()},
        "clock_skew_seconds": 30,
        "forward": false,
        "claim_to_headers": [
            header("x-auth-request-user", "sub"),
            header("x-auth-request-email", "email"),
            header("x-auth-request-preferred-username", "preferred_username"),
            header("x-auth-request-groups", "groups"),
        ],
    });
    if let Some(size) = cached {
        provider["jwt_cache_config"] = json!({"jwt_cache_size": size});
    }
    json!({"name": "envoy.filters.http.jwt_authn", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
        "providers": {"latchkey": provider},
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "latchkey"}}],
    }})
}

/// Asks a server for each request; the server's four headers go on.
pub(crate) fn ext_authz(port: u16) -> Value {
    let exact = |name: &str| json!({"exact": name});
    json!({"name": "envoy.filters.http.ext_authz", "typed_config": {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
    "http_service": {
        "server_uri": {"uri": format!("http://127.0.0.1:{port}"), "cluster": "authorizer",
                       "timeout": "1s"},
        "authorization_response": {"allowed_upstream_headers": {"patterns": [
            exact("x-auth-request-user"),
            exact("x-auth-request-email"),
            exact("x-auth-request-preferred-username"),
            exact("x-auth-request-groups"),
        ]}},
    }}})
}
