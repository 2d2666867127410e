//! `POST /v1/admin/import`: users with their passkeys, all of them or none.

use super::candidate::{Reader, Reading};
use super::document::UsersDocument;
use super::keycloak::KeycloakRealm;
use super::plan::{Manner, Plan};
use super::report::ImportReport;
use super::{document, keycloak};
use crate::app::App;
use crate::model::{Reason, ReasonCode};
use crate::problem::{Problem, ProblemKind};
use crate::routes::administration::paging::StrictQuery;
use crate::routes::administration::{Acting, refusal};
use crate::routes::audit::told;
use crate::routes::caller::storage_problem;
use crate::routes::layers::{Client, read_body};
use crate::routes::openapi::{STORE, tag};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use std::sync::Arc;
use std::time::Duration;

/// A document of the most users that one can hold, with two passkeys each.
const BODY_MAX_BYTES: usize = 4 * 1024 * 1024;
/// How long it may take to arrive.
const BODY_DEADLINE: Duration = Duration::from_mins(1);

/// What an import can be asked.
#[derive(Debug, Default, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::routes::administration) struct Options {
    /// Whose format the document has.
    #[serde(default)]
    #[param(required = false, inline)]
    format: Format,
    /// Where the passkeys of a Keycloak realm come to.
    mount: Option<String>,
    /// Only say what would happen.
    #[serde(default)]
    #[param(required = false)]
    dry_run: bool,
    /// Leave out whoever cannot be imported.
    #[serde(default)]
    #[param(required = false)]
    skip: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    #[default]
    Latchkey,
    Keycloak,
}

/// What an import reads.
#[derive(utoipa::ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes what the two formats' own readers read")]
enum ImportDocument<'a> {
    Latchkey(UsersDocument<'a>),
    Keycloak(KeycloakRealm<'a>),
}

/// Users with their passkeys, all of them or none.
#[utoipa::path(
    post,
    path = "/v1/admin/import",
    tag = tag::USERS,
    params(Options),
    request_body = ImportDocument<'static>,
    responses((status = 200, body = ImportReport)),
    extensions(("x-refuses" = json!([ProblemKind::Conflict, STORE]))),
)]
pub(in crate::routes::administration) async fn handle(
    State(app): State<Arc<App>>,
    acting: Acting,
    client: Client,
    StrictQuery(options): StrictQuery<Options>,
    request: Request,
) -> Result<Response, Problem> {
    let manner = Manner {
        dry_run: options.dry_run,
        skip: options.skip,
    };
    // One at a time: each takes many times the memory of its document.
    let _turn = app.importing.try_acquire().map_err(|_| {
        let text = "Another import is under way. Try again when it has ended.";
        refusal::conflict(Reason::new(ReasonCode::ImportUnderWay, text))
    })?;
    let body = read_body(request.into_body(), BODY_MAX_BYTES, BODY_DEADLINE).await?;
    let reading = read(&app, options, body).await?;
    let mut record = acting.record(&app, &client, "import");
    let plan = Plan::of(&app, reading).await;
    let mut plan = plan.map_err(|error| storage_problem(&error))?;
    let carried_out = plan.carry_out(&app, manner, &mut record).await;
    carried_out.map_err(|error| storage_problem(&error))?;
    if record.detail.is_some() && plan.is_done() {
        told(&record);
    }
    let answers = plan.is_done() || manner.dry_run;
    let report = plan.report(manner);
    if answers {
        return Ok(Json(report).into_response());
    }
    let text = "Nothing was imported: the report says what is in the way.";
    let refused = refusal::conflict(Reason::new(ReasonCode::NothingImported, text));
    let report = serde_json::to_value(report).map_err(|_| Problem::internal())?;
    Ok(refused.with("report", report).into_response())
}

/// Parsing and checking some thousand keys is no work for the threads that answer requests.
async fn read(app: &Arc<App>, options: Options, body: Bytes) -> Result<Reading, Problem> {
    let (app, now) = (Arc::clone(app), app.now());
    let read = tokio::task::spawn_blocking(move || {
        let reader = Reader { app: &app, now };
        match options.format {
            Format::Latchkey if options.mount.is_some() => {
                let reason =
                    Reason::new(ReasonCode::MountInDocument, "the document itself says it");
                Err(reason.at("mount"))
            }
            Format::Latchkey => document::read(&body, &reader),
            Format::Keycloak => {
                let default = app.default_mount.ceremonies.name();
                let mount = options.mount.as_deref().unwrap_or(default);
                keycloak::read(&body, mount, &reader)
            }
        }
    });
    let read = read.await.map_err(|_| Problem::internal())?;
    read.map_err(refusal::bad)
}
