//! The OpenAPI document of each listener, made from the handlers' own annotations: a route of the
//! API is mounted by its annotation, so none can be served without being in it.
//!
//! An annotation says what an endpoint takes, what it answers, and under [`REFUSES`] which kinds of
//! problem it can answer of itself. What every request can meet on the way (another origin, a body
//! too large, a missing session in front of the administration) is added here, for the listener as
//! a whole; so are ids, path parameters and the form of problems.

mod document;
mod refusals;
mod schema;

pub(super) use refusals::{ANY_CALLER, CALLER, STORE};
pub(super) use schema::{
    AuthenticationResponse, ReasonView, RegistrationResponse, WebAuthnOptions,
};

use super::administration::is_administered_here;
use crate::app::App;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse as _, Response};
use document::{Part, document};
use std::sync::Arc;
use utoipa::openapi::OpenApi;

/// The extension of an annotation that lists, as [`crate::problem::ProblemKind`]s and slices of
/// them, what an endpoint refuses.
pub(super) const REFUSES: &str = "x-refuses";

/// Groups of endpoints.
pub(super) mod tag {
    pub(in crate::routes) const CEREMONIES: &str = "Ceremonies";
    pub(in crate::routes) const OWN_ACCOUNT: &str = "Own account";
    pub(in crate::routes) const DOCUMENTS: &str = "Documents";
    pub(in crate::routes) const USERS: &str = "Users";
    pub(in crate::routes) const SESSIONS: &str = "Sessions";
    pub(in crate::routes) const AUDIT: &str = "Audit";
    pub(in crate::routes) const KEYS: &str = "Signing keys";
    pub(in crate::routes) const MOUNTS: &str = "Mounts";
    pub(in crate::routes) const INTERNAL: &str = "Gateways and platform";
}

/// The documents of a listener, as they are sent.
#[derive(Debug, Clone)]
pub(super) struct Documents {
    /// Without administration.
    plain: Bytes,
    /// All of it.
    whole: Bytes,
}

/// For the public listener: `below` the public path, at the `root` of the host, and the
/// administration's own endpoints.
pub(super) fn public(
    app: &App,
    below: OpenApi,
    root: OpenApi,
    administration: OpenApi,
) -> Documents {
    let path = app.settings.public_path.as_str();
    let cookies = Some(&app.cookies);
    let parts = [
        Part::new(below).guarded(),
        Part::new(root).at_root(),
        Part::new(administration).guarded().gated(),
    ];
    let [below, root, administration] = parts;
    let plain = document("Latchkey", path, cookies, &[&below, &root]);
    let whole = document("Latchkey", path, cookies, &[&below, &root, &administration]);
    Documents { plain, whole }
}

/// For the internal listener.
pub(super) fn internal(api: OpenApi) -> Documents {
    let whole = document("Latchkey, for gateways", "/", None, &[&Part::new(api)]);
    Documents::of(whole)
}

/// For the control socket.
pub(super) fn control(api: OpenApi) -> Documents {
    let part = Part::new(api).guarded();
    Documents::of(document("Latchkey, for its operator", "/", None, &[&part]))
}

impl Documents {
    fn of(whole: Bytes) -> Self {
        Self {
            plain: whole.clone(),
            whole,
        }
    }
}

/// The description of this API (OpenAPI 3.1).
///
/// Whoever reaches the listener may read it: it tells nothing of the installation. Administration is
/// in it where administration is served.
#[utoipa::path(
    get,
    path = "/v1/openapi.json",
    tag = tag::DOCUMENTS,
    responses((status = 200, body = serde_json::Map<String, serde_json::Value>)),
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Extension(documents): Extension<Documents>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if is_administered_here(&app, &uri, &headers) {
        sent(documents.whole)
    } else {
        sent(documents.plain)
    }
}

/// The description of this API (OpenAPI 3.1).
#[utoipa::path(
    get,
    path = "/v1/openapi.json",
    tag = tag::DOCUMENTS,
    responses((status = 200, body = serde_json::Map<String, serde_json::Value>)),
)]
pub(super) async fn show_whole(Extension(documents): Extension<Documents>) -> Response {
    sent(documents.whole)
}

fn sent(document: Bytes) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document).into_response()
}
