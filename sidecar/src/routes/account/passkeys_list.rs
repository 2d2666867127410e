//! `GET /v1/self/passkeys`: the caller's own passkeys, and how passkey managers know the account.

use crate::app::App;
use crate::model::User;
use crate::problem::Problem;
use crate::routes::caller::{any_caller, storage_problem};
use crate::routes::openapi::{ANY_CALLER, tag};
use crate::routes::passkey::Passkey;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::sync::Arc;

/// Passkeys, and whose they are.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct OwnPasskeys {
    passkeys: Vec<Passkey>,
    user: PasskeyUser,
}

/// The account as its passkeys have it (WebAuthn Level 3, section 5.4.3), with its names of this
/// moment.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct PasskeyUser {
    /// The user handle in base64url.
    id: String,
    name: String,
    display_name: String,
}

impl From<&User> for PasskeyUser {
    fn from(user: &User) -> Self {
        Self {
            id: URL_SAFE_NO_PAD.encode(user.handle_bytes()),
            name: user.name.to_string(),
            display_name: user.display_name.clone(),
        }
    }
}

/// The caller's own passkeys, oldest first, and how passkey managers know the account.
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
    let passkeys = credentials.iter().map(|it| Passkey::of(&app, it)).collect();
    let user = PasskeyUser::from(&caller.user);
    Ok(Json(OwnPasskeys { passkeys, user }))
}
