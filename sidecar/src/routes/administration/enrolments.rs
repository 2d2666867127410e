//! Links with which a user registers a passkey: a new one, or one who has lost them all.

use super::body::StrictBody;
use super::user_fields::Span;
use super::user_view::{EnrolmentView, revealed};
use super::{Acting, named, no_such_user, refusal};
use crate::app::App;
use crate::issuer::EnrolmentCode;
use crate::model::{EnrolmentPurpose, Reason, ReasonCode, Seconds};
use crate::problem::{Problem, ProblemKind};
use crate::routes::audit::told;
use crate::routes::caller::storage_problem;
use crate::routes::in_path::InPath;
use crate::routes::json::Nothing;
use crate::routes::layers::Client;
use crate::routes::openapi::{STORE, tag};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use std::sync::Arc;

const SHORTEST: u64 = 60;

/// What a link can be asked to be.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EnrolmentWish {
    /// Seconds, or a text like `2h`; not more than `people.link_lifetime`.
    expires_in: Option<Span>,
    /// Where the passkey is for; the default mount when not given.
    mount: Option<String>,
}

/// A link that was made.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub(super) struct EnrolmentMade {
    enrolment: EnrolmentView,
}

/// Makes a link, in place of the one before.
#[utoipa::path(
    post,
    path = "/v1/admin/users/{user}/enrolment",
    tag = tag::USERS,
    request_body = EnrolmentWish,
    responses((status = 201, body = EnrolmentMade)),
    extensions(("x-refuses" = json!([ProblemKind::NotFound, ProblemKind::Conflict, STORE]))),
)]
pub(super) async fn make(
    State(app): State<Arc<App>>,
    acting: Acting,
    client: Client,
    InPath(user): InPath<String>,
    StrictBody(wish): StrictBody<EnrolmentWish>,
) -> Result<Response, Problem> {
    let user = named(&app, &user).await?;
    if user.disabled {
        let reason = Reason::new(
            ReasonCode::UserDisabled,
            "The user is disabled. Enable the account first.",
        );
        return Err(refusal::conflict(reason));
    }
    let most = app.settings.people.link_lifetime;
    let life = wish.expires_in.map_or(Some(most.0), |it| it.seconds());
    let life = life.unwrap_or_default();
    if !(SHORTEST..=most.0).contains(&life) {
        let expected = format!("{SHORTEST} to {} seconds (people.link_lifetime)", most.0);
        return Err(refusal::field("expires_in", expected));
    }
    let name = wish.mount.as_deref();
    let name = name.unwrap_or_else(|| app.default_mount.ceremonies.name());
    let served = app.mount_points.served();
    let mount = served
        .named(name)
        .ok_or_else(|| refusal::field("mount", "the name of a mount"))?;
    let passkeys = app.store.credentials_of(user.id).await;
    let passkeys = passkeys.map_err(|error| storage_problem(&error))?;
    let purpose = match passkeys.as_slice() {
        [] => EnrolmentPurpose::Enrol,
        _ => EnrolmentPurpose::Recover,
    };
    let (by, entropy) = (acting.0.shown(), &*app.entropy);
    let whose = (user.id, mount.ceremonies.name());
    let drawn = EnrolmentCode::draw(whose, purpose, by, Seconds(life), entropy, app.now());
    let (code, enrolment) = drawn;
    let mut record = acting.record(&app, &client, "enrolment_create");
    record.detail = Some(purpose.as_str().to_owned());
    let record = record.to(user.id, &user.name);
    let put = app.store.put_enrolment(&enrolment, &record).await;
    if !put.map_err(|error| storage_problem(&error))? {
        return Err(no_such_user());
    }
    told(&record);
    let enrolment = revealed(&app, &code, &enrolment);
    Ok((StatusCode::CREATED, Json(EnrolmentMade { enrolment })).into_response())
}

/// Withdraws the link that is out.
#[utoipa::path(
    delete,
    path = "/v1/admin/users/{user}/enrolment",
    tag = tag::USERS,
    request_body = Nothing,
    responses((status = 204)),
    extensions(("x-refuses" = json!([ProblemKind::NotFound, STORE]))),
)]
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    acting: Acting,
    client: Client,
    InPath(user): InPath<String>,
    StrictBody(Nothing {}): StrictBody<Nothing>,
) -> Result<StatusCode, Problem> {
    let user = named(&app, &user).await?;
    let record = acting.record(&app, &client, "enrolment_revoke");
    let record = record.to(user.id, &user.name);
    let revoked = app.store.revoke_enrolment(user.id, &record).await;
    if !revoked.map_err(|error| storage_problem(&error))? {
        return Err(Problem::new(ProblemKind::NotFound, "There is no link."));
    }
    told(&record);
    Ok(StatusCode::NO_CONTENT)
}
