//! `/v1/self/recovery-codes`: the caller's own recovery codes: how many are left, and new ones.

use crate::app::App;
use crate::issuer::{RECOVERY_CODES, draw_recovery_code, recovery_code_hash};
use crate::model::RecoveryCodes;
use crate::problem::{Problem, ProblemKind};
use crate::routes::audit::own_record;
use crate::routes::audit::told;
use crate::routes::caller::{caller, storage_problem};
use crate::routes::freshness::{require_fresh, require_verified};
use crate::routes::json::{Nothing, StrictJson};
use crate::routes::layers::Client;
use crate::routes::openapi::{CALLER, tag};
use crate::routes::passkey::rfc3339;
use crate::routes::too_many;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What there is of recovery codes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecoveryCodesLeft {
    /// Whether people can make some here.
    offered: bool,
    /// How many are unused.
    left: usize,
    created_at: Option<String>,
}

/// New codes, shown once.
#[derive(Serialize, ToSchema)]
pub(super) struct NewRecoveryCodes {
    codes: Vec<String>,
}

/// How many of the caller's recovery codes are left.
#[utoipa::path(
    get,
    path = "/v1/self/recovery-codes",
    tag = tag::OWN_ACCOUNT,
    responses((status = 200, body = RecoveryCodesLeft)),
    extensions(("x-refuses" = json!([CALLER]))),
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Json<RecoveryCodesLeft>, Problem> {
    let caller = caller(&app, &headers).await?;
    let codes = app.store.recovery_codes(caller.user.id).await;
    let codes = codes.map_err(|error| storage_problem(&error))?;
    Ok(Json(RecoveryCodesLeft {
        offered: app.settings.people.recovery_codes,
        left: codes.as_ref().map_or(0, |it| it.left.len()),
        created_at: codes.map(|it| rfc3339(it.created_at)),
    }))
}

/// Makes new ones, in place of those before. They are shown this once.
#[utoipa::path(
    post,
    path = "/v1/self/recovery-codes",
    tag = tag::OWN_ACCOUNT,
    request_body = Nothing,
    responses((status = 200, body = NewRecoveryCodes)),
    extensions(("x-refuses" = json!([
        CALLER,
        ProblemKind::NotFound,
        ProblemKind::FreshLoginRequired,
        ProblemKind::TooMany,
    ]))),
)]
pub(super) async fn make(
    State(app): State<Arc<App>>,
    client: Client,
    headers: HeaderMap,
    StrictJson(Nothing {}): StrictJson<Nothing>,
) -> Result<Json<NewRecoveryCodes>, Problem> {
    let caller = caller(&app, &headers).await?;
    if !app.settings.people.recovery_codes {
        return Err(Problem::new(
            ProblemKind::NotFound,
            "There are no recovery codes here.",
        ));
    }
    require_fresh(&caller, app.settings.fresh_for, app.now())?;
    // Whoever has one registers a passkey of any mount with it, of the strict policy.
    let served = app.mount_points.served();
    let policies = served.all().iter();
    let policies = policies.map(|mount| mount.ceremonies.passwordless());
    require_verified(&caller, policies)?;
    let user = &caller.user;
    app.take_change(user.id).map_err(too_many)?;
    let codes: Vec<_> = (0..RECOVERY_CODES)
        .map(|_| draw_recovery_code(&*app.entropy))
        .collect();
    let kept = RecoveryCodes {
        created_at: app.now(),
        left: codes
            .iter()
            .filter_map(|code| recovery_code_hash(user.id, code))
            .collect(),
    };
    let record = own_record(&app, &client, (user.id, &user.name), "recovery_codes_made");
    let session = caller.session.id;
    let put = app
        .store
        .put_recovery_codes(user.id, session, &kept, &record);
    let put = put.await;
    if !put.map_err(|error| storage_problem(&error))? {
        return Err(Problem::unauthorized());
    }
    told(&record);
    let codes = codes.iter().map(|code| code.to_string()).collect();
    Ok(Json(NewRecoveryCodes { codes }))
}
