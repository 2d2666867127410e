//! `/v1/admin/users`.

use super::{Actor, audit, listing, named_user};
use crate::app::App;
use crate::model::UserName;
use crate::problem::{Problem, ProblemKind};
use crate::routes::caller::storage_problem;
use crate::routes::json::{Nothing, StrictJson};
use crate::routes::layers::Client;
use crate::storage::StorageError;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;

const PAGE_USERS: usize = 100;
const PAGE_USERS_MAX: usize = 1_000;
const SEARCH_MAX_CHARS: usize = 100;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct Listing {
    /// Part of a name, display name or email; all users when not given.
    #[serde(default)]
    search: String,
    /// The last name of the page before.
    after: Option<String>,
    limit: Option<usize>,
}

/// Users by name, a page at a time: `next` is what `after` has to be for the page that follows.
pub(in crate::routes) async fn list(
    State(app): State<Arc<App>>,
    _: Actor,
    query: Result<Query<Listing>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let wrong = || {
        Problem::new(
            ProblemKind::BadRequest,
            "Ask with ?search=, ?after= (a user name) and ?limit= (1 to 1000).",
        )
    };
    let Query(query) = query.map_err(|_| wrong())?;
    let limit = query.limit.unwrap_or(PAGE_USERS);
    let after = query.after.as_deref().map(UserName::parse).transpose();
    let after = after.map_err(|_| wrong())?;
    if !(1..=PAGE_USERS_MAX).contains(&limit) || query.search.chars().count() > SEARCH_MAX_CHARS {
        return Err(wrong());
    }
    let part = query.search.trim().to_lowercase();
    // One more tells whether there is a next page.
    let found = app.store.users(after.as_ref(), &part, limit + 1).await;
    let mut users = found.map_err(|error| storage_problem(&error))?;
    let more = users.len() > limit;
    users.truncate(limit);
    let next = more.then(|| users.last().map(|user| user.name.clone()));
    let users: Vec<_> = users.iter().map(listing::user).collect();
    Ok(Json(json!({ "users": users, "next": next.flatten() })))
}

/// One user, with their passkeys' number and their living sessions' number.
pub(in crate::routes) async fn show(
    State(app): State<Arc<App>>,
    Path(user): Path<String>,
    _: Actor,
) -> Result<Json<Value>, Problem> {
    let user = named_user(&app, &user).await?;
    let counts = async {
        let passkeys = app.store.credentials_of(user.id).await?.len();
        let sessions = app.living_sessions_of(user.id).await?.len();
        Ok::<_, StorageError>((passkeys, sessions))
    };
    let (passkeys, sessions) = counts.await.map_err(|error| storage_problem(&error))?;
    let mut shown = listing::user(&user);
    shown["passkeys"] = passkeys.into();
    shown["sessions"] = sessions.into();
    Ok(Json(shown))
}

/// Lets a user in no more, and ends every session of theirs.
pub(in crate::routes) async fn disable(
    State(app): State<Arc<App>>,
    Path(user): Path<String>,
    actor: Actor,
    client: Client,
    StrictJson(Nothing {}): StrictJson<Nothing>,
) -> Result<StatusCode, Problem> {
    let user = named_user(&app, &user).await?;
    let mut audit = audit("user_disable", &client, &actor);
    audit.user(&user.name, user.id);
    answer(&audit, app.disable(user.id).await)
}

/// Lets a user in again. Sessions that were ended stay so.
pub(in crate::routes) async fn enable(
    State(app): State<Arc<App>>,
    Path(user): Path<String>,
    actor: Actor,
    client: Client,
    StrictJson(Nothing {}): StrictJson<Nothing>,
) -> Result<StatusCode, Problem> {
    let user = named_user(&app, &user).await?;
    let mut audit = audit("user_enable", &client, &actor);
    audit.user(&user.name, user.id);
    answer(&audit, app.store.set_disabled(user.id, false, None).await)
}

fn answer(
    audit: &crate::routes::audit::Audit<'_>,
    done: Result<bool, StorageError>,
) -> Result<StatusCode, Problem> {
    match done {
        Ok(true) => {
            audit.accepted();
            Ok(StatusCode::NO_CONTENT)
        }
        Ok(false) => {
            audit.refused("no_user");
            Err(Problem::new(
                ProblemKind::NotFound,
                "There is no such user.",
            ))
        }
        Err(error) => {
            audit.refused("store_unavailable");
            Err(storage_problem(&error))
        }
    }
}
