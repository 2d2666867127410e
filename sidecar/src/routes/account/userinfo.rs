//! `GET /userinfo` (OpenID Connect Core 1.0, section 5.3): who the caller is, for single-page
//! applications.

use crate::app::App;
use crate::problem::Problem;
use crate::routes::caller::caller;
use crate::routes::openapi::{CALLER, tag};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use latchkey_token::Claims;
use std::sync::Arc;

/// The claims about the user and the login; nothing that is only for verifiers.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct UserInfo {
    sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
    groups: Vec<String>,
    policies: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<String>,
    amr: Vec<String>,
}

impl From<Claims> for UserInfo {
    fn from(claims: Claims) -> Self {
        Self {
            sub: claims.sub,
            preferred_username: claims.preferred_username,
            name: claims.name,
            email: claims.email,
            email_verified: claims.email_verified,
            groups: claims.groups,
            policies: claims.policies,
            auth_time: claims.auth_time,
            acr: claims.acr,
            amr: claims.amr,
        }
    }
}

/// Who the caller is (OpenID Connect Core 1.0, section 5.3).
#[utoipa::path(
    get,
    path = "/userinfo",
    tag = tag::OWN_ACCOUNT,
    responses((status = 200, body = UserInfo)),
    extensions(("x-refuses" = json!([CALLER]))),
)]
pub(super) async fn handle(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Json<UserInfo>, Problem> {
    Ok(Json(caller(&app, &headers).await?.claims.into()))
}
