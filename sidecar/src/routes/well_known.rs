//! Documents at fixed addresses. They hold configuration only, and may be cached.

use super::openapi::tag;
use crate::app::App;
use crate::ceremony::RelyingParty;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::sync::Arc;

/// Short enough for a rotation to be seen long before the next key signs.
const JWKS_CACHE: &str = "public, max-age=60";
/// Mounts change while the program runs.
const ORIGINS_CACHE: &str = "public, max-age=60";
const DOCUMENT_CACHE: &str = "public, max-age=3600";

/// The keys that verify tokens (RFC 7517, section 5).
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = tag::DOCUMENTS,
    responses((status = 200, body = Map<String, Value>, content_type = "application/jwk-set+json")),
)]
pub(super) async fn jwks(State(app): State<Arc<App>>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/jwk-set+json"),
        (header::CACHE_CONTROL, JWKS_CACHE),
    ];
    (headers, app.issuer.jwks()).into_response()
}

/// What a resource server needs to verify tokens.
///
/// There is no authorization endpoint, because this is no OpenID provider for other sites.
#[utoipa::path(
    get,
    path = "/.well-known/openid-configuration",
    tag = tag::DOCUMENTS,
    responses((status = 200, body = Map<String, Value>)),
)]
pub(super) async fn openid_configuration(State(app): State<Arc<App>>) -> Response {
    let url = &app.settings.public_url;
    document(&json!({
        "issuer": app.issuer.name(),
        "jwks_uri": format!("{url}/.well-known/jwks.json"),
        "userinfo_endpoint": format!("{url}/userinfo"),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "EdDSA"],
        "response_types_supported": [],
        "claims_supported": [
            "sub", "sid", "auth_time", "acr", "amr", "preferred_username", "name", "email",
            "email_verified", "groups", "policies",
        ],
    }))
}

/// The origins that share passkeys (WebAuthn Level 3, section 5.11.1).
///
/// Browsers ask at the host that is the relying party's id, so the host chooses among the mounts.
#[utoipa::path(
    get,
    path = "/.well-known/webauthn",
    tag = tag::DOCUMENTS,
    responses((status = 200, body = Map<String, Value>)),
)]
pub(super) async fn related_origins(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let named = || {
        let host = headers.get(header::HOST)?.to_str().ok()?;
        host.split(':').next()
    };
    // HTTP/2 has it in `:authority`, and need not have the header (RFC 9113, section 8.3.1).
    let host = uri.host().or_else(named).unwrap_or_default();
    let served = app.mount_points.served();
    let parties = served.all().iter();
    let mut here: Vec<_> = parties
        .map(|mount| mount.ceremonies.relying_party())
        .filter(|party| party.id().eq_ignore_ascii_case(host))
        .collect();
    if here.is_empty() {
        here.push(app.default_mount.ceremonies.relying_party());
    }
    let mut origins: Vec<&String> = Vec::new();
    for origin in here.into_iter().flat_map(RelyingParty::origins) {
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }
    let headers = [
        (header::CACHE_CONTROL, ORIGINS_CACHE),
        (header::VARY, "host"),
    ];
    (headers, Json(json!({ "origins": origins }))).into_response()
}

/// Where passkeys are managed (W3C, "A Well-Known URL for Relying Party Passkey Endpoints").
#[utoipa::path(
    get,
    path = "/.well-known/passkey-endpoints",
    tag = tag::DOCUMENTS,
    responses((status = 200, body = Map<String, Value>)),
)]
pub(super) async fn passkey_endpoints(State(app): State<Arc<App>>) -> Response {
    let account = format!("{}/account", app.settings.public_url);
    document(&json!({ "enroll": account, "manage": account }))
}

fn document(value: &Value) -> Response {
    ([(header::CACHE_CONTROL, DOCUMENT_CACHE)], Json(value)).into_response()
}
