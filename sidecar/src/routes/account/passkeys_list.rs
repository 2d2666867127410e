//! `GET /v1/self/passkeys`: the caller's own passkeys.

use crate::app::App;
use crate::problem::Problem;
use crate::routes::caller::{any_caller, storage_problem};
use crate::routes::openapi::{ANY_CALLER, tag};
use crate::routes::passkey::Passkey;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use std::sync::Arc;

/// Passkeys.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct OwnPasskeys {
    passkeys: Vec<Passkey>,
}

/// The caller's own passkeys, oldest first.
#[utoipa::path(
    get,
    path = "/v1/self/passkeys",
    tag = tag::OWN_ACCOUNT,
    responses((status = 200, body = OwnPasskeys)),
    extensions(("x-refuses" = json!([ANY_CALLER]))),
)]
pub(super) async fn handle(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Json<OwnPasskeys>, Problem> {
    let caller = any_caller(&app, &headers).await?;
    let credentials = app.store.credentials_of(caller.user.id).await;
    let credentials = credentials.map_err(|error| storage_problem(&error))?;
    let passkeys = credentials.iter().map(Passkey::from).collect();
    Ok(Json(OwnPasskeys { passkeys }))
}
