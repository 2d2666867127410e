//! The code for the first administrator.

use super::Acting;
use super::body::StrictBody;
use crate::app::{App, Bootstrap};
use crate::model::Actor;
use crate::problem::{Problem, ProblemKind};
use crate::routes::audit::told;
use crate::routes::caller::storage_problem;
use crate::routes::json::Nothing;
use crate::routes::openapi::{STORE, tag};
use crate::routes::passkey::rfc3339;
use axum::Json;
use axum::extract::State;
use std::sync::Arc;

/// The code for the first administrator, where every other link is as well.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub(super) struct BootstrapMade {
    enrolment: BootstrapLink,
}

#[derive(serde::Serialize, utoipa::ToSchema)]
struct BootstrapLink {
    code: String,
    link: String,
    expires_at: String,
}

/// Shows the code that is there, or makes a new one; on the control socket only.
#[utoipa::path(
    post,
    path = "/v1/admin/bootstrap",
    tag = tag::USERS,
    request_body = Nothing,
    responses((status = 200, body = BootstrapMade)),
    extensions(("x-refuses" = json!([ProblemKind::NotFound, ProblemKind::Conflict, STORE]))),
)]
pub(super) async fn make(
    State(app): State<Arc<App>>,
    acting: Acting,
    StrictBody(Nothing {}): StrictBody<Nothing>,
) -> Result<Json<BootstrapMade>, Problem> {
    if acting.0 != Actor::Operator {
        return Err(Problem::new(ProblemKind::NotFound, "Nothing is here."));
    }
    if !app.settings.admin.enabled {
        return Err(conflict(
            "Administration over the public listener is off (admin.enabled).",
        ));
    }
    let bootstrap = app.bootstrap(Actor::Operator).await;
    match bootstrap.map_err(|error| storage_problem(&error))? {
        Bootstrap::Needless => Err(conflict(
            "There is an administrator already, who can let others in.",
        )),
        Bootstrap::Code { code, record } => {
            if let Some(record) = record {
                told(&record);
            }
            let enrolment = BootstrapLink {
                code: code.text.to_string(),
                link: code.link.to_string(),
                expires_at: rfc3339(code.expires_at),
            };
            Ok(Json(BootstrapMade { enrolment }))
        }
    }
}

/// Only the operator on the machine asks, who reads English.
fn conflict(detail: &'static str) -> Problem {
    Problem::new(ProblemKind::Conflict, detail)
}
