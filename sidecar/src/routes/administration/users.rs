//! Users: made, shown, changed, deleted.

use super::body::StrictBody;
use super::user_detail::{created_with, detail_of};
use super::user_fields::{NewUser, UserFields};
use super::user_view::{UserView, revealed, view};
use super::user_warnings::warnings;
use super::{Acting, named, no_such_user, refusal};
use crate::app::{App, MountPoint};
use crate::entropy::random;
use crate::issuer::EnrolmentCode;
use crate::model::{
    EnrolmentPurpose, Reason, ReasonCode, User, UserChange, UserId, UserLimits, UserName,
    UserNameError,
};
use crate::problem::{Problem, ProblemKind};
use crate::routes::audit::told;
use crate::routes::caller::storage_problem;
use crate::routes::in_path::InPath;
use crate::routes::json::Nothing;
use crate::routes::layers::Client;
use crate::routes::mount::Mounted;
use crate::routes::openapi::{STORE, tag};
use crate::storage::{MOST_NAMES, MOST_USER_BYTES, UserAdded, UserChanged, is_bounded};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// A user, as the Vault-style API puts it.
#[derive(Serialize, ToSchema)]
pub(super) struct UserData {
    data: UserView,
}

/// A user.
#[utoipa::path(
    get,
    path = "/v1/admin/users/{user}",
    tag = tag::USERS,
    responses((status = 200, body = UserView)),
    extensions(("x-refuses" = json!([ProblemKind::NotFound, STORE]))),
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    _: Acting,
    InPath(user): InPath<String>,
) -> Result<Json<UserView>, Problem> {
    let user = named(&app, &user).await?;
    shown(&app, &user).await
}

/// A user, as the Vault-style API puts it.
#[utoipa::path(
    get,
    path = "/v1/auth/{mount}/user/{name}",
    tag = tag::USERS,
    responses((status = 200, body = UserData)),
    extensions(("x-refuses" = json!([ProblemKind::NotFound, STORE]))),
)]
pub(super) async fn show_of_mount(
    State(app): State<Arc<App>>,
    _: Mounted,
    _: Acting,
    InPath((_, name)): InPath<(String, String)>,
) -> Result<Json<UserData>, Problem> {
    let user = by_name(&app, &name).await?.ok_or_else(no_such_user)?;
    let Json(data) = shown(&app, &user).await?;
    Ok(Json(UserData { data }))
}

async fn shown(app: &App, user: &User) -> Result<Json<UserView>, Problem> {
    let shown = view(app, user).await;
    shown.map(Json).map_err(|error| storage_problem(&error))
}

/// Makes a user.
#[utoipa::path(
    post,
    path = "/v1/admin/users",
    tag = tag::USERS,
    request_body = NewUser,
    responses((status = 201, body = UserView)),
    extensions(("x-refuses" = json!([
        ProblemKind::InvalidUserName,
        ProblemKind::NameTaken,
        STORE,
    ]))),
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    acting: Acting,
    client: Client,
    StrictBody(fields): StrictBody<UserFields>,
) -> Result<Response, Problem> {
    let name = fields.name.as_deref().unwrap_or_default();
    let name = parsed(name)?;
    let change = fields.check()?;
    let enroll = fields.enroll.unwrap_or(false);
    let enroll = enroll.then_some(&app.default_mount);
    let made = make(&app, &acting, &client, name, &change, enroll).await?;
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

/// Changes what is given, and leaves the rest.
#[utoipa::path(
    patch,
    path = "/v1/admin/users/{user}",
    tag = tag::USERS,
    request_body = UserFields,
    responses((status = 200, body = UserView)),
    extensions(("x-refuses" = json!([ProblemKind::NotFound, ProblemKind::Conflict, STORE]))),
)]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    acting: Acting,
    client: Client,
    InPath(user): InPath<String>,
    StrictBody(fields): StrictBody<UserFields>,
) -> Result<Json<UserView>, Problem> {
    let user = named(&app, &user).await?;
    let changed = update(&app, &acting, &client, &user, &fields).await?;
    Ok(Json(changed))
}

/// Makes the user, or changes the one who is there.
#[utoipa::path(
    post,
    path = "/v1/auth/{mount}/user/{name}",
    tag = tag::USERS,
    request_body = UserFields,
    responses((status = 200, body = UserData)),
    extensions(("x-refuses" = json!([
        ProblemKind::NotFound,
        ProblemKind::InvalidUserName,
        ProblemKind::NameTaken,
        ProblemKind::Conflict,
        STORE,
    ]))),
)]
pub(super) async fn write_of_mount(
    State(app): State<Arc<App>>,
    Mounted(mount): Mounted,
    acting: Acting,
    client: Client,
    InPath((_, name)): InPath<(String, String)>,
    StrictBody(fields): StrictBody<UserFields>,
) -> Result<Json<UserData>, Problem> {
    let data = match by_name(&app, &name).await? {
        Some(user) => update(&app, &acting, &client, &user, &fields).await?,
        None if fields.name.is_some() => {
            return Err(refusal::field("name", "the name in the path only"));
        }
        None => {
            let change = fields.check()?;
            let enroll = fields.enroll.unwrap_or(false).then_some(&mount);
            make(&app, &acting, &client, parsed(&name)?, &change, enroll).await?
        }
    };
    Ok(Json(UserData { data }))
}

/// Deletes a user with all passkeys and sessions. The name stays taken.
#[utoipa::path(
    delete,
    path = "/v1/admin/users/{user}",
    tag = tag::USERS,
    request_body = Nothing,
    responses((status = 204)),
    extensions(("x-refuses" = json!([ProblemKind::NotFound, ProblemKind::Conflict, STORE]))),
)]
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    acting: Acting,
    client: Client,
    InPath(user): InPath<String>,
    StrictBody(Nothing {}): StrictBody<Nothing>,
) -> Result<StatusCode, Problem> {
    let user = named(&app, &user).await?;
    remove(&app, &acting, &client, &user).await
}

/// Deletes a user, on whatever mount.
#[utoipa::path(
    delete,
    path = "/v1/auth/{mount}/user/{name}",
    tag = tag::USERS,
    request_body = Nothing,
    responses((status = 204)),
    extensions(("x-refuses" = json!([ProblemKind::NotFound, ProblemKind::Conflict, STORE]))),
)]
pub(super) async fn delete_of_mount(
    State(app): State<Arc<App>>,
    _: Mounted,
    acting: Acting,
    client: Client,
    InPath((_, name)): InPath<(String, String)>,
    StrictBody(Nothing {}): StrictBody<Nothing>,
) -> Result<StatusCode, Problem> {
    let user = by_name(&app, &name).await?.ok_or_else(no_such_user)?;
    remove(&app, &acting, &client, &user).await
}

fn parsed(name: &str) -> Result<UserName, Problem> {
    UserName::for_new(name).map_err(|error| {
        let kind = match error {
            UserNameError::Reserved => ProblemKind::NameTaken,
            _ => ProblemKind::InvalidUserName,
        };
        Problem::new(kind, format!("Sorry, {error}."))
    })
}

async fn by_name(app: &App, name: &str) -> Result<Option<User>, Problem> {
    let Ok(name) = UserName::parse(name) else {
        return Ok(None);
    };
    let user = app.store.user_by_name(&name).await;
    user.map_err(|error| storage_problem(&error))
}

async fn make(
    app: &App,
    acting: &Acting,
    client: &Client,
    name: UserName,
    change: &UserChange,
    // At which mount, if a link is wanted.
    enroll: Option<&Arc<MountPoint>>,
) -> Result<UserView, Problem> {
    let now = app.now();
    let blank = User {
        id: UserId(uuid::Builder::from_random_bytes(random(&*app.entropy)).into_uuid()),
        display_name: name.as_str().to_owned(),
        name,
        email: None,
        groups: Vec::new(),
        policies: Vec::new(),
        disabled: false,
        created_at: now,
        limits: UserLimits::default(),
        must_register: app.settings.people.must_register_passkey,
        passkey_alert: false,
        handle: None,
    };
    let user = change.applied_to(&blank);
    if !is_bounded(&user) {
        return Err(too_large());
    }
    let code = enroll.map(|mount| {
        EnrolmentCode::draw(
            (user.id, mount.ceremonies.name()),
            EnrolmentPurpose::Enrol,
            acting.0.shown(),
            app.settings.people.link_lifetime,
            &*app.entropy,
            now,
        )
    });
    let mut record = acting
        .record(app, client, "user_create")
        .to(user.id, &user.name);
    record.detail = created_with(&user, enroll.is_some());
    let enrolment = code.as_ref().map(|(_, enrolment)| enrolment);
    let added = app.store.add_user(&user, enrolment, &record).await;
    match added.map_err(|error| storage_problem(&error))? {
        UserAdded::Added => told(&record),
        UserAdded::NameTaken => {
            return Err(Problem::new(
                ProblemKind::NameTaken,
                "The name belongs, or belonged, to someone.",
            ));
        }
    }
    let Json(mut made) = shown(app, &user).await?;
    if let Some((code, enrolment)) = &code {
        made.enrolment = Some(revealed(app, code, enrolment));
    }
    Ok(made.warned(warnings(app, change, &blank, &user)))
}

async fn update(
    app: &Arc<App>,
    acting: &Acting,
    client: &Client,
    user: &User,
    fields: &UserFields,
) -> Result<UserView, Problem> {
    if fields.name.is_some() || fields.enroll.is_some() {
        return Err(refusal::field(
            "name, enroll",
            "neither: a name never changes, and a link is made at .../enrolment",
        ));
    }
    let change = fields.check()?;
    if change.disabled == Some(true) && acting.is(user.id) {
        return Err(own_account());
    }
    let after = change.applied_to(user);
    let action = match (change.fields().as_slice(), change.disabled) {
        (["disabled"], Some(true)) => "user_disable",
        (["disabled"], Some(false)) => "user_enable",
        _ => "user_update",
    };
    let mut record = acting.record(app, client, action).to(user.id, &user.name);
    record.detail = Some(detail_of(&change, user, &after));
    let changed = app.store.change_user(user.id, &change, &record).await;
    let changed = match changed.map_err(|error| storage_problem(&error))? {
        UserChanged::Changed(user) => *user,
        UserChanged::Gone => return Err(no_such_user()),
        UserChanged::TooLarge => return Err(too_large()),
    };
    told(&record);
    if change.disabled == Some(true) {
        let ended = app.end_sessions(Some(user.id), None).await;
        ended.map_err(|error| storage_problem(&error))?;
    }
    let Json(shown) = shown(app, &changed).await?;
    Ok(shown.warned(warnings(app, &change, user, &changed)))
}

/// More than one user can have.
fn too_large() -> Problem {
    let text = format!(
        "expected at most {MOST_NAMES} names each, and less text: with the rest of the user's \
         fields they are more than a record holds"
    );
    let reason = Reason::new(ReasonCode::RecordTooLarge, text).with("most", MOST_USER_BYTES);
    refusal::bad(reason.at("groups, token_policies"))
}

async fn remove(
    app: &Arc<App>,
    acting: &Acting,
    client: &Client,
    user: &User,
) -> Result<StatusCode, Problem> {
    if acting.is(user.id) {
        return Err(own_account());
    }
    let record = acting
        .record(app, client, "user_delete")
        .to(user.id, &user.name);
    let removed = app.delete_user(user.id, &record).await;
    if !removed.map_err(|error| storage_problem(&error))? {
        return Err(no_such_user());
    }
    told(&record);
    Ok(StatusCode::NO_CONTENT)
}

/// So that no administration is left without its last administrator by a slip of the hand.
pub(super) fn own_account() -> Problem {
    refusal::conflict(Reason::new(
        ReasonCode::OwnAccount,
        "Nobody disables or deletes their own account. Ask another administrator.",
    ))
}
