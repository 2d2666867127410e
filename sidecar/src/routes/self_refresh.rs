//! `POST /v1/self/refresh`: a new session token for the holder of the refresh secret.

use super::audit::Audit;
use super::caller::{cookies, storage_problem};
use super::json::{Nothing, StrictJson};
use super::layers::Client;
use super::signed_in::{HandOutError, SignedIn};
use crate::app::App;
use crate::issuer::renewed_until;
use crate::model::Session;
use crate::problem::Problem;
use crate::storage::StorageError;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use std::sync::Arc;

#[derive(Debug, thiserror::Error)]
enum RefreshError {
    #[error("there is no refresh secret")]
    NoSecret,
    #[error("the session is unknown, or the secret is not its own")]
    Unknown,
    #[error("the session has ended")]
    Ended,
    #[error("the user is disabled or gone")]
    NoUser,
    #[error(transparent)]
    HandOut(#[from] HandOutError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl RefreshError {
    fn reason(&self) -> &'static str {
        match self {
            Self::NoSecret => "no_secret",
            Self::Unknown => "unknown_session",
            Self::Ended => "session_ended",
            Self::NoUser => "no_user",
            Self::HandOut(error) => error.reason(),
            Self::Storage(_) => "store_unavailable",
        }
    }
}

impl From<RefreshError> for Problem {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::NoSecret
            | RefreshError::Unknown
            | RefreshError::Ended
            | RefreshError::NoUser => Self::unauthorized(),
            RefreshError::HandOut(error) => error.into(),
            RefreshError::Storage(error) => storage_problem(&error),
        }
    }
}

pub(super) async fn handle(
    State(app): State<Arc<App>>,
    client: Client,
    headers: HeaderMap,
    StrictJson(Nothing {}): StrictJson<Nothing>,
) -> Result<Response, Problem> {
    let mut audit = Audit::new("session_refresh", &client);
    match refresh(&app, &headers, &mut audit).await {
        Ok(signed_in) => {
            app.metrics.session("renewed");
            audit.accepted();
            Ok(signed_in.answer(&client, None))
        }
        Err(error) => {
            audit.refused(error.reason());
            Err(error.into())
        }
    }
}

async fn refresh(
    app: &App,
    headers: &HeaderMap,
    audit: &mut Audit<'_>,
) -> Result<SignedIn, RefreshError> {
    let now = app.now();
    let mut session = held_session(app, headers)
        .await?
        .ok_or(RefreshError::Unknown)?;
    audit.session(session.id);
    if !session.is_alive(now) {
        return Err(RefreshError::Ended);
    }
    let user = app
        .store
        .user(session.user)
        .await?
        .filter(|user| !user.disabled);
    let user = user.ok_or(RefreshError::NoUser)?;
    audit.user(&user.name, user.id);

    session = session.capped(user.limits);
    if !session.is_alive(now) {
        return Err(RefreshError::Ended);
    }
    session.idle_until = renewed_until(&session, app.session_limits.within(user.limits), now);
    let signed_in = SignedIn::new(app, &user, &session, None, now)?;
    // A logout that came in between wins: the record is gone, and nothing brings it back.
    if extended(app, &session).await? {
        Ok(signed_in)
    } else {
        Err(RefreshError::Ended)
    }
}

/// Moves the idle limit; `false` when the session is gone. A store that takes no writes signs nobody
/// out: the session goes on, until the limit that is stored.
async fn extended(app: &App, session: &Session) -> Result<bool, StorageError> {
    let until = session.idle_until;
    match app.store.extend_session(session.id, until).await {
        Err(StorageError::Write(error)) => {
            tracing::warn!(%error, "a session was renewed without moving its idle limit");
            Ok(app.store.session(session.id).await?.is_some())
        }
        extended => extended,
    }
}

/// The session whose refresh secret this browser holds, alive or not.
async fn held_session(app: &App, headers: &HeaderMap) -> Result<Option<Session>, RefreshError> {
    let secret = app
        .cookies
        .find_secret(cookies(headers))
        .ok_or(RefreshError::NoSecret)?;
    let session = app.store.session(secret.session()).await?;
    Ok(session.filter(|session| secret.opens(session)))
}
