//! `POST /v1/auth/<mount>/login/begin`: request options. Stores nothing, so that no flood of it
//! can fill the store.

use super::arrival::{Arrival, Step};
use crate::app::{App, MountPoint};
use crate::ceremony::authentication::{AllowedCredential, decoys, request_options};
use crate::ceremony::{Policy, challenge, registered_under};
use crate::entropy::random;
use crate::model::{PolicyName, Trait, UserName, UserNameError};
use crate::problem::{Problem, ProblemKind};
use crate::routes::caller::storage_problem;
use crate::routes::json::StrictJson;
use crate::routes::mount::Mounted;
use crate::routes::openapi::{STORE, WebAuthnOptions, tag};
use crate::storage::StorageError;
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use std::sync::Arc;

#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LoginBegin)]
pub(super) struct Begin {
    username: Option<String>,
    /// What the login has to be like, as far as it can be asked of the browser.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    need: Vec<Trait>,
    /// `passwordless` or `two_factor`.
    #[serde(default)]
    #[schema(value_type = String)]
    policy: PolicyName,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum BeginError {
    #[error(transparent)]
    Name(#[from] UserNameError),
    #[error("the mount has no such policy")]
    NoSuchPolicy,
    #[error("the policy needs a user name")]
    NameMissing,
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<BeginError> for Problem {
    fn from(error: BeginError) -> Self {
        match error {
            BeginError::Name(error) => {
                Self::new(ProblemKind::InvalidUserName, format!("Sorry, {error}."))
            }
            BeginError::NoSuchPolicy => no_such_policy(),
            BeginError::NameMissing => Self::new(
                ProblemKind::BadRequest,
                "A second factor needs the user name.",
            ),
            BeginError::Storage(error) => storage_problem(&error),
        }
    }
}

/// For a policy that is not switched on.
pub(super) fn no_such_policy() -> Problem {
    Problem::new(
        ProblemKind::BadRequest,
        "This mount has no policy of that name for this.",
    )
}

/// Request options for a login, with or without a user name. Stores nothing.
#[utoipa::path(
    post,
    path = "/v1/auth/{mount}/login/begin",
    tag = tag::CEREMONIES,
    request_body = Begin,
    responses((status = 200, body = WebAuthnOptions)),
    extensions(("x-refuses" = json!([ProblemKind::NotFound, ProblemKind::InvalidUserName, STORE]))),
)]
pub(super) async fn handle(
    State(app): State<Arc<App>>,
    Mounted(mount): Mounted,
    StrictJson(begin): StrictJson<Begin>,
) -> Result<Json<Value>, Problem> {
    let arrival = Arrival::now();
    let policy = mount.ceremonies.policy(begin.policy);
    let policy = policy.ok_or(BeginError::NoSuchPolicy)?;
    if begin.username.is_none() && !policy.is_loginless() {
        return Err(BeginError::NameMissing.into());
    }
    let name = begin.username.as_deref().map(UserName::parse).transpose();
    let name = name.map_err(BeginError::Name)?;
    let allow = match &name {
        Some(name) => allowed(&app, &mount, policy, name).await?,
        None => Vec::new(),
    };
    let challenge = challenge::issue(
        &app.challenge_key,
        random(&*app.entropy),
        mount.ceremonies.name(),
        name.as_ref(),
        policy,
        app.now().plus(policy.ceremony_life()),
    );
    let relying_party = mount.ceremonies.relying_party();
    let mut options = request_options(relying_party, policy, &allow, &challenge);
    // What is asked for beyond the policy is not demanded at the end: the session says what it got.
    if begin.need.contains(&Trait::UserVerified) {
        options["userVerification"] = "required".into();
    }
    let answer = Json(json!({ "publicKey": options }));
    if name.is_some() {
        arrival.even(Step::Begin).await;
    }
    Ok(answer)
}

/// The user's credentials, or stable ones of the same look for a name that nobody has. Both ways
/// take the same work: what a store would hold for an unknown name is decoded from a stand-in.
async fn allowed(
    app: &App,
    mount: &MountPoint,
    policy: &Policy,
    name: &UserName,
) -> Result<Vec<AllowedCredential>, BeginError> {
    let decoys = decoys(&app.decoy_key, name);
    let user = app.store.user_by_name(name).await?;
    let id = user.as_ref().map_or(app.stand_in.user(), |user| user.id);
    if user.is_none() {
        app.store.user(id).await?;
        app.stand_in.read_user();
    }
    let credentials = app.store.credentials_of(id).await?;
    let mut allowed: Vec<_> = credentials
        .iter()
        .filter(|credential| credential.mount == mount.ceremonies.name())
        .filter(|credential| policy.takes(registered_under(credential)))
        .filter(|credential| credential.disabled_at.is_none())
        .map(AllowedCredential::from)
        .collect();
    if allowed.is_empty() {
        for decoy in decoys {
            app.store.credential(&decoy.id).await?;
            app.stand_in.read_credential();
            allowed.push(decoy);
        }
    }
    Ok(allowed)
}
