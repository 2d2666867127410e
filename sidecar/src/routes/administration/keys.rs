//! `/v1/admin/keys`: the signing keys.

use super::Acting;
use super::body::StrictBody;
use super::listing::{SigningKey, key, moment};
use crate::app::{App, KeyChangeError};
use crate::issuer::{IssuerError, KeyRole, RevokeError, RotateError};
use crate::problem::{Problem, ProblemKind};
use crate::routes::audit::told;
use crate::routes::caller::storage_problem;
use crate::routes::in_path::InPath;
use crate::routes::json::Nothing;
use crate::routes::layers::Client;
use crate::routes::openapi::{STORE, tag};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// What a forced rotation comes with.
const EARLY: &str = "The key that signs now was not published for keys.publish_before: verifiers \
     that have not fetched it yet refuse new tokens until they do.";

/// As much of what was asked for is written down: real ones are shorter.
const KID_SHOWN: usize = 64;

/// Every key that is published.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Keys {
    keys: Vec<SigningKey>,
    /// What a forced rotation brings.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<&'static str>,
}

/// Every key that is published.
#[utoipa::path(
    get,
    path = "/v1/admin/keys",
    tag = tag::KEYS,
    responses((status = 200, body = Keys)),
)]
pub(super) async fn list(State(app): State<Arc<App>>, _: Acting) -> Json<Keys> {
    let keys = app.issuer.keys(app.now());
    Json(Keys {
        keys: keys.iter().map(key).collect(),
        warning: None,
    })
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotate {
    /// Also when verifiers may not know the next key yet.
    #[serde(default)]
    now: bool,
}

/// Lets the next key sign.
#[utoipa::path(
    post,
    path = "/v1/admin/keys/rotate",
    tag = tag::KEYS,
    request_body = Rotate,
    responses((status = 200, body = Keys)),
    extensions(("x-refuses" = json!([ProblemKind::TooSoon, ProblemKind::TooManyKeys, STORE]))),
)]
pub(super) async fn rotate(
    State(app): State<Arc<App>>,
    actor: Acting,
    client: Client,
    StrictBody(body): StrictBody<Rotate>,
) -> Result<Json<Keys>, Problem> {
    let early = is_early(&app);
    let mut record = actor.record(&app, &client, "keys_rotate");
    record.detail = body.now.then(|| "now".to_owned());
    match app.rotate_keys(body.now, record.clone()).await {
        Ok(()) => {
            told(&record);
            let Json(mut answer) = list(State(app), actor).await;
            if early {
                answer.warning = Some(EARLY);
            }
            Ok(Json(answer))
        }
        Err(error) => {
            Acting::refused(&app, record, reason(&error)).await;
            Err(problem(&app, &error))
        }
    }
}

/// Whether verifiers may not have fetched the next key yet.
fn is_early(app: &App) -> bool {
    let (now, wait) = (app.now(), app.issuer.publish_before());
    let keys = app.issuer.keys(now);
    let next = keys.iter().find(|key| key.role == KeyRole::Next);
    next.is_none_or(|next| now.since(next.published_at) < wait)
}

/// Drops a key at once.
#[utoipa::path(
    post,
    path = "/v1/admin/keys/{kid}/revoke",
    tag = tag::KEYS,
    request_body = Nothing,
    responses((status = 200, body = Keys)),
    extensions(("x-refuses" = json!([ProblemKind::NotFound, ProblemKind::TooManyKeys, STORE]))),
)]
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    InPath(kid): InPath<String>,
    actor: Acting,
    client: Client,
    StrictBody(Nothing {}): StrictBody<Nothing>,
) -> Result<Json<Keys>, Problem> {
    let mut record = actor.record(&app, &client, "key_revoke");
    record.detail = Some(kid.chars().take(KID_SHOWN).collect());
    match app.revoke_key(kid, record.clone()).await {
        Ok(()) => {
            told(&record);
            Ok(list(State(app), actor).await)
        }
        Err(error) => {
            Acting::refused(&app, record, reason(&error)).await;
            Err(problem(&app, &error))
        }
    }
}

fn reason(error: &KeyChangeError) -> &'static str {
    match error {
        KeyChangeError::Issuer(IssuerError::Rotate(RotateError::TooSoon { .. })) => "too_soon",
        KeyChangeError::Issuer(IssuerError::Revoke(RevokeError::Unknown)) => "unknown_key",
        KeyChangeError::Issuer(IssuerError::KeySet(_)) => "too_many_keys",
        KeyChangeError::Issuer(_) => "issuer_failed",
        KeyChangeError::Storage(_) => "store_unavailable",
        KeyChangeError::Interrupted(_) => "interrupted",
    }
}

fn problem(app: &App, error: &KeyChangeError) -> Problem {
    match error {
        KeyChangeError::Issuer(IssuerError::Rotate(RotateError::TooSoon { ready_at })) => {
            let wait = ready_at.since(app.now());
            let at = moment(*ready_at);
            let text = format!(
                "It can sign from {} on; with --now (\"now\": true) it signs at once, and verifiers that \
                 have not fetched it refuse new tokens until they do.",
                at.unwrap_or_default()
            );
            Problem::new(ProblemKind::TooSoon, text).retry_after(wait)
        }
        KeyChangeError::Issuer(IssuerError::Revoke(RevokeError::Unknown)) => {
            Problem::new(ProblemKind::NotFound, "There is no such key.")
        }
        KeyChangeError::Issuer(IssuerError::KeySet(_)) => Problem::new(
            ProblemKind::TooManyKeys,
            "Verifiers would refuse the key set. Wait until old keys retire, or revoke some.",
        ),
        KeyChangeError::Storage(error) => storage_problem(error),
        KeyChangeError::Issuer(_) | KeyChangeError::Interrupted(_) => {
            tracing::error!(%error, "the key ring could not be changed");
            Problem::internal()
        }
    }
}
