//! Administration: users, the ways in for them, their passkeys and sessions, signing keys, and the
//! log of what was done. The same endpoints on the public listener, behind [`mod@gate`], and on the control
//! socket, where whoever connects is the operator.

mod audit_log;
mod body;
mod bootstrap;
mod disabling;
mod ending;
mod enrolments;
mod gate;
mod keys;
mod listing;
mod mount_config;
mod mount_schema;
mod mount_view;
mod paging;
mod passkeys;
mod qr;
mod recovery_codes;
mod refusal;
mod revoking;
mod sessions;
mod transfer;
mod user_detail;
mod user_fields;
mod user_view;
mod user_warnings;
mod users;
mod users_list;

pub(super) use gate::{GateError, administrator, gate, is_administered_here};

use super::audit::told;
use super::caller::storage_problem;
use super::layers::Client;
use crate::app::App;
use crate::model::{Actor, AuditRecord, SessionId, User, UserId, UserName};
use crate::problem::{Problem, ProblemKind};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Everything that administrators can do.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(mount_config::list))
        .routes(routes!(
            mount_config::show,
            mount_config::write,
            mount_config::delete
        ))
        .routes(routes!(users_list::list_of_mount))
        .routes(routes!(
            users::show_of_mount,
            users::write_of_mount,
            users::delete_of_mount
        ))
        .routes(routes!(users_list::list, users::create))
        .routes(routes!(users::show, users::change, users::delete))
        .routes(routes!(disabling::disable))
        .routes(routes!(disabling::enable))
        .routes(routes!(enrolments::make, enrolments::revoke))
        .routes(routes!(recovery_codes::revoke))
        .routes(routes!(passkeys::list))
        .routes(routes!(passkeys::label, passkeys::remove))
        .routes(routes!(sessions::list_of_user, sessions::end_all_of_user))
        .routes(routes!(sessions::list, sessions::end_everyones))
        .routes(routes!(sessions::end))
        .routes(routes!(revoking::revoke))
        .routes(routes!(audit_log::search))
        .routes(routes!(bootstrap::make))
        .routes(routes!(transfer::export::handle))
        .routes(routes!(transfer::import::handle))
        .routes(routes!(keys::list))
        .routes(routes!(keys::rotate))
        .routes(routes!(keys::revoke))
}

/// Who acts: whoever mounts the router says so, in the request's extensions.
#[derive(Debug, Clone)]
pub(super) struct Acting(pub(super) Actor);

/// In which session, where there is one.
#[derive(Debug, Clone, Copy)]
struct ActingSession(SessionId);

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
        // An order on this machine comes over a Unix socket, which has no address.
        let has_address = !matches!(self.0, Actor::Operator);
        AuditRecord {
            address: has_address.then(|| client.address.to_string()),
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
