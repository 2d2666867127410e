//! `GET /v1/self/passkeys`: the caller's own passkeys.

use crate::app::App;
use crate::problem::Problem;
use crate::routes::caller::{any_caller, storage_problem};
use crate::routes::passkey::Passkey;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) async fn handle(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    let caller = any_caller(&app, &headers).await?;
    let credentials = app.store.credentials_of(caller.user.id).await;
    let credentials = credentials.map_err(|error| storage_problem(&error))?;
    let passkeys: Vec<Passkey> = credentials.iter().map(Passkey::from).collect();
    Ok(Json(json!({ "passkeys": passkeys })))
}
