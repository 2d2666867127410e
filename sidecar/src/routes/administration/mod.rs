//! Administration: users, the ways in for them, their passkeys and sessions, signing keys, and the
//! log of what was done. The same endpoints on the public listener, behind [`mod@gate`], and on the control
//! socket, where whoever connects is the operator.

mod audit_log;
mod bootstrap;
mod disabling;
mod ending;
mod enrolments;
mod gate;
mod keys;
mod listing;
mod mount_config;
mod mount_view;
mod paging;
mod passkeys;
mod qr;
mod refusal;
mod revoking;
mod sessions;
mod transfer;
mod user_fields;
mod user_view;
mod users;

pub(super) use gate::gate;

use super::audit::told;
use super::caller::storage_problem;
use super::json::malformed;
use super::layers::Client;
use crate::app::App;
use crate::model::{Actor, AuditRecord, SessionId, User, UserId, UserName};
use crate::problem::{Problem, ProblemKind};
use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::routing::{delete, get, patch, post};
use std::sync::Arc;

/// Everything that administrators can do.
pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route(
            "/v1/auth/{mount}/config",
            get(mount_config::show)
                .post(mount_config::write)
                .delete(mount_config::delete),
        )
        .route("/v1/admin/mounts", get(mount_config::list))
        .route("/v1/auth/{mount}/user", get(users::list_of_mount))
        .route(
            "/v1/auth/{mount}/user/{name}",
            get(users::show_of_mount)
                .post(users::write_of_mount)
                .delete(users::delete_of_mount),
        )
        .route("/v1/admin/users", get(users::list).post(users::create))
        .route(
            "/v1/admin/users/{user}",
            get(users::show).patch(users::change).delete(users::delete),
        )
        .route(
            "/v1/admin/users/{user}/enrolment",
            post(enrolments::make).delete(enrolments::revoke),
        )
        .route("/v1/admin/users/{user}/passkeys", get(passkeys::list))
        .route(
            "/v1/admin/users/{user}/passkeys/{id}",
            patch(passkeys::label).delete(passkeys::remove),
        )
        .route(
            "/v1/admin/users/{user}/sessions",
            get(sessions::list_of_user).delete(sessions::end_all_of_user),
        )
        .route(
            "/v1/admin/sessions",
            get(sessions::list).delete(sessions::end_everyones),
        )
        .route("/v1/admin/sessions/{id}", delete(sessions::end))
        .route("/v1/admin/audit", get(audit_log::search))
        .route("/v1/admin/bootstrap", post(bootstrap::make))
        .route("/v1/admin/export", get(transfer::export))
        .route("/v1/admin/import", post(transfer::import))
        .route("/v1/admin/keys", get(keys::list))
        .route("/v1/admin/keys/rotate", post(keys::rotate))
        .route("/v1/admin/keys/{kid}/revoke", post(keys::revoke))
        .route("/v1/admin/sessions/revoke", post(revoking::revoke))
        .route("/v1/admin/users/{user}/disable", post(disabling::disable))
        .route("/v1/admin/users/{user}/enable", post(disabling::enable))
}

/// Who acts: whoever mounts the router says so, in the request's extensions.
#[derive(Debug, Clone)]
pub(super) struct Acting(pub(super) Actor);

impl<S: Sync> FromRequestParts<S> for Acting {
    type Rejection = Problem;

    fn from_request_parts(
        parts: &mut Parts,
        _: &S,
    ) -> impl Future<Output = Result<Self, Problem>> + Send {
        // Without one the router was mounted where it must not be: nothing is done for nobody.
        let acting = parts.extensions.get().cloned();
        std::future::ready(acting.ok_or_else(Problem::internal))
    }
}

impl Acting {
    /// The record of what is about to be done; the line for the log goes out with it.
    fn record(&self, app: &App, client: &Client, action: &'static str) -> AuditRecord {
        AuditRecord {
            address: Some(client.address.to_string()),
            request_id: Some(client.request_id.clone()),
            ..AuditRecord::new(app.now(), self.0.clone(), action)
        }
    }

    /// Writes down that an order was refused, and why.
    async fn refused(app: &App, record: AuditRecord, reason: &str) {
        let record = AuditRecord {
            refused: Some(reason.to_owned()),
            ..record
        };
        told(&record);
        if let Err(error) = app.store.append_audit(&record).await {
            tracing::error!(%error, "that an order was refused is in the log only");
        }
    }

    /// Whether it is the actor's own account.
    fn is(&self, user: UserId) -> bool {
        matches!(&self.0, Actor::Administrator { id, .. } if *id == user)
    }
}

/// The user whom a path names, by id or by name.
async fn named(app: &App, text: &str) -> Result<User, Problem> {
    let found = match uuid::Uuid::try_parse(text) {
        Ok(id) => app.store.user(UserId(id)).await,
        Err(_) => match UserName::parse(text) {
            Ok(name) => app.store.user_by_name(&name).await,
            Err(_) => Ok(None),
        },
    };
    found
        .map_err(|error| storage_problem(&error))?
        .ok_or_else(no_such_user)
}

fn no_such_user() -> Problem {
    Problem::new(ProblemKind::NotFound, "There is no such user.")
}

fn session_id(text: &str) -> Result<SessionId, Problem> {
    uuid::Uuid::try_parse(text)
        .map(SessionId)
        .map_err(|_| malformed())
}
