//! `POST /v1/auth/<mount>/register/begin`: creation options, for a new account (with a user name)
//! or for the caller's own (without).

use super::enrolling::{CodeError, CodeOf, code_of};
use super::login_begin::no_such_policy;
use crate::app::{App, MountPoint};
use crate::ceremony::Policy;
use crate::ceremony::registration::creation_options;
use crate::entropy::random;
use crate::model::{
    Credential, PolicyName, Seconds, SessionId, UserHandle, UserId, UserName, UserNameError,
};
use crate::problem::{Problem, ProblemKind};
use crate::routes::audit::Audit;
use crate::routes::caller::{Caller, CallerError, any_caller, storage_problem};
use crate::routes::freshness::{NotFresh, NotVerified, require_fresh, require_verified};
use crate::routes::json::StrictJson;
use crate::routes::layers::Client;
use crate::routes::mount::Mounted;
use crate::routes::openapi::{ANY_CALLER, WebAuthnOptions, tag};
use crate::routes::passkey::label;
use crate::routes::too_many;
use crate::storage::{CeremonyKept, Enrolling, RegistrationCeremony, StorageError};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde_json::{Value, json};
use std::sync::Arc;

/// As many registrations as one answer about a taken name weighs.
const TAKEN_NAME_COST: u32 = 19;

#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RegisterBegin)]
pub(super) struct Begin {
    /// For a new account.
    username: Option<String>,
    display_name: Option<String>,
    /// `passwordless` or `two_factor`.
    #[serde(default)]
    #[schema(value_type = String)]
    policy: PolicyName,
    /// An enrolment code: for the account that it is for.
    code: Option<String>,
}

#[derive(Debug, thiserror::Error)]
enum BeginError {
    #[error(transparent)]
    Caller(#[from] CallerError),
    #[error(transparent)]
    NotFresh(#[from] NotFresh),
    #[error("the mount has no such policy, or not for a new account")]
    NoSuchPolicy,
    #[error(transparent)]
    NotVerified(#[from] NotVerified),
    #[error("strangers cannot make accounts")]
    RegistrationOff,
    #[error(transparent)]
    Name(#[from] UserNameError),
    #[error("the display name is empty, too long or unreadable")]
    DisplayName,
    #[error(transparent)]
    Code(#[from] CodeError),
    #[error("the user name is taken")]
    NameTaken,
    #[error("the account has as many passkeys as it can have")]
    TooManyPasskeys,
    #[error("this address registers too often, or too many wrong codes wait to be looked at")]
    TooOften(Seconds),
    #[error("{error}; one of too many")]
    Slowed { error: &'static str, wait: Seconds },
    #[error("too many registrations are under way")]
    TooManyUnderWay,
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl BeginError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Caller(error) => error.reason(),
            Self::NotFresh(_) => "not_fresh",
            Self::NoSuchPolicy => "no_such_policy",
            Self::NotVerified(_) => "not_verified",
            Self::RegistrationOff => "registration_off",
            Self::Name(_) => "user_name",
            Self::DisplayName => "display_name",
            Self::Code(error) => error.reason(),
            Self::NameTaken => "name_taken",
            Self::TooManyPasskeys => "too_many_passkeys",
            Self::TooOften(_) => "too_often",
            Self::Slowed { error, .. } => error,
            Self::TooManyUnderWay => "too_many_under_way",
            Self::Storage(_) => "store_unavailable",
        }
    }
}

impl From<BeginError> for Problem {
    fn from(error: BeginError) -> Self {
        match error {
            BeginError::Caller(error) => error.into(),
            BeginError::NotFresh(error) => error.into(),
            BeginError::NoSuchPolicy => no_such_policy(),
            BeginError::NotVerified(error) => error.into(),
            BeginError::RegistrationOff => registration_off(),
            BeginError::Name(UserNameError::Reserved) | BeginError::NameTaken => {
                Self::new(ProblemKind::NameTaken, "Choose another user name.")
            }
            BeginError::Name(error) => {
                Self::new(ProblemKind::InvalidUserName, format!("Sorry, {error}."))
            }
            BeginError::DisplayName => Self::new(
                ProblemKind::BadRequest,
                "A display name goes with a user name, and has 1 to 64 visible characters.",
            ),
            BeginError::TooManyPasskeys => too_many_passkeys(),
            BeginError::TooOften(wait) | BeginError::Slowed { wait, .. } => too_many(wait),
            BeginError::TooManyUnderWay => too_many(Seconds(60)),
            BeginError::Code(CodeError::Storage(error)) | BeginError::Storage(error) => {
                storage_problem(&error)
            }
            BeginError::Code(_) => code_refused(),
        }
    }
}

/// Where accounts are made by administrators.
pub(super) fn registration_off() -> Problem {
    Problem::new(
        ProblemKind::RegistrationOff,
        "Ask an administrator for an account.",
    )
}

/// For an account that is full.
pub(super) fn too_many_passkeys() -> Problem {
    Problem::new(
        ProblemKind::TooManyPasskeys,
        "Remove a passkey that you no longer use.",
    )
}

/// The one answer to codes that are worth nothing.
pub(super) fn code_refused() -> Problem {
    Problem::new(
        ProblemKind::CodeRefused,
        "The link was used already, replaced or withdrawn, or it is too old. Ask for a new one.",
    )
}

/// The account that a passkey is for.
struct Account {
    id: UserId,
    handle: Option<UserHandle>,
    name: UserName,
    display_name: String,
    session: Option<SessionId>,
    enrolling: Option<Enrolling>,
    exclude: Vec<Credential>,
}

/// Creation options, for a new account (with a user name), for the holder of a code, or for the
/// caller's own account (with neither).
#[utoipa::path(
    post,
    path = "/v1/auth/{mount}/register/begin",
    tag = tag::CEREMONIES,
    request_body = Begin,
    security((), ("cookie" = []), ("bearer" = [])),
    responses((status = 200, body = WebAuthnOptions)),
    extensions(("x-refuses" = json!([
        ANY_CALLER,
        ProblemKind::NotFound,
        ProblemKind::FreshLoginRequired,
        ProblemKind::RegistrationOff,
        ProblemKind::InvalidUserName,
        ProblemKind::NameTaken,
        ProblemKind::CodeRefused,
        ProblemKind::TooManyPasskeys,
        ProblemKind::TooMany,
    ]))),
)]
pub(super) async fn handle(
    State(app): State<Arc<App>>,
    Mounted(mount): Mounted,
    client: Client,
    headers: HeaderMap,
    StrictJson(begin): StrictJson<Begin>,
) -> Result<Json<Value>, Problem> {
    let mut audit = Audit::new("register_begin", &client);
    match options(&app, &mount, &client, &headers, begin, &mut audit).await {
        Ok(options) => {
            app.metrics.ceremony("register_begin", "ok");
            Ok(Json(json!({ "publicKey": options })))
        }
        Err(error) => {
            audit.refused(error.reason());
            app.metrics.ceremony("register_begin", error.reason());
            Err(error.into())
        }
    }
}

async fn options(
    app: &Arc<App>,
    mount: &MountPoint,
    client: &Client,
    headers: &HeaderMap,
    begin: Begin,
    audit: &mut Audit<'_>,
) -> Result<Value, BeginError> {
    let now = app.now();
    let policy = mount.ceremonies.policy(begin.policy);
    let policy = policy.ok_or(BeginError::NoSuchPolicy)?;
    let account = match (begin.code, begin.username) {
        // A second factor cannot be somebody's first, nor the way back in.
        (Some(_), _) | (_, Some(_)) if policy.name != PolicyName::Passwordless => {
            return Err(BeginError::NoSuchPolicy);
        }
        (Some(code), name) => {
            let names = (name.as_deref(), begin.display_name);
            coded_account(app, mount, client, &code, names, audit).await?
        }
        (None, Some(name)) => {
            new_account(app, mount, client, &name, begin.display_name, audit).await?
        }
        (None, None) if begin.display_name.is_some() => return Err(BeginError::DisplayName),
        (None, None) => own_account(app, mount, policy, headers, audit).await?,
    };
    let challenge: [u8; 32] = random(&*app.entropy);
    let exclude: Vec<&Credential> = account.exclude.iter().collect();
    let handle = UserHandle::bytes_of(&account.id, account.handle.as_ref());
    let user = (
        handle.as_slice(),
        &account.name,
        account.display_name.as_str(),
    );
    let options = creation_options(
        mount.ceremonies.relying_party(),
        policy,
        user,
        &exclude,
        &challenge,
    );
    let ceremony = RegistrationCeremony {
        challenge: challenge.to_vec(),
        mount: mount.ceremonies.name().to_owned(),
        policy: policy.name,
        user: account.id,
        user_name: account.name,
        display_name: account.display_name,
        existing: account.session.is_some(),
        session: account.session,
        enrolling: account.enrolling,
        address: client.address,
        expires_at: now.plus(policy.ceremony_life()),
    };
    match app.store.keep_registration(&ceremony, now).await? {
        CeremonyKept::Kept => Ok(options),
        CeremonyKept::TooMany => {
            app.metrics.limited("registrations_under_way", "refused");
            Err(BeginError::TooManyUnderWay)
        }
    }
}

async fn new_account(
    app: &App,
    mount: &MountPoint,
    client: &Client,
    name: &str,
    display_name: Option<String>,
    audit: &mut Audit<'_>,
) -> Result<Account, BeginError> {
    if !mount.self_registration {
        return Err(BeginError::RegistrationOff);
    }
    let charge = |cost| {
        let charged = app.registrations.charge(client.address, cost, app.now());
        charged.map_err(|wait| {
            app.metrics.limited("registrations", "refused");
            BeginError::TooOften(wait)
        })
    };
    charge(1)?;
    let shown = display_name
        .as_deref()
        .map(str::trim)
        .filter(|shown| !shown.is_empty());
    let shown = shown
        .map(|shown| label(shown).ok_or(BeginError::DisplayName))
        .transpose()?;
    let name = UserName::for_new(name)?;
    audit.name(&name);
    if app.store.is_name_taken(&name).await? {
        // The one thing about others that a stranger can learn here: slowly.
        charge(TAKEN_NAME_COST)?;
        return Err(BeginError::NameTaken);
    }
    let id = UserId(uuid::Builder::from_random_bytes(random(&*app.entropy)).into_uuid());
    let display_name = shown.unwrap_or_else(|| name.as_str().to_owned());
    Ok(Account {
        id,
        handle: None,
        name,
        display_name,
        session: None,
        enrolling: None,
        exclude: Vec::new(),
    })
}

/// The account that a code is for. Wrong codes count against the address as wrong proofs do.
async fn coded_account(
    app: &App,
    mount: &MountPoint,
    client: &Client,
    code: &str,
    (name, display_name): (Option<&str>, Option<String>),
    audit: &mut Audit<'_>,
) -> Result<Account, BeginError> {
    let (address, metrics) = (client.address, &app.metrics);
    let turn = app.proofs.admit(address, None, metrics, app.now());
    let _turn = turn.await.map_err(BeginError::TooOften)?;
    let found = match code_of(app, mount.ceremonies.name(), code).await {
        Err(CodeError::Storage(error)) => return Err(error.into()),
        Err(error) => match app.proofs.wrong(address, None, metrics, app.now()) {
            Some(wait) => {
                let error = error.reason();
                return Err(BeginError::Slowed { error, wait });
            }
            None => Err(error),
        },
        found => found,
    };
    let (enrolling, whose) = found?;
    let shown = display_name.as_deref().map(str::trim);
    let shown = shown.filter(|shown| !shown.is_empty());
    let shown = shown
        .map(|shown| label(shown).ok_or(BeginError::DisplayName))
        .transpose()?;
    match (whose, name) {
        (CodeOf::User(user, exclude), None) if shown.is_none() => {
            let user = *user;
            audit.user(&user.name, user.id);
            if exclude.len() >= most_when_needed(mount) {
                return Err(BeginError::TooManyPasskeys);
            }
            Ok(Account {
                id: user.id,
                handle: user.handle,
                name: user.name,
                display_name: user.display_name,
                session: None,
                enrolling: Some(enrolling),
                exclude,
            })
        }
        (CodeOf::Nobody, Some(name)) => {
            let name = UserName::for_new(name)?;
            audit.name(&name);
            if app.store.is_name_taken(&name).await? {
                return Err(BeginError::NameTaken);
            }
            let id = UserId(uuid::Builder::from_random_bytes(random(&*app.entropy)).into_uuid());
            Ok(Account {
                id,
                handle: None,
                display_name: shown.unwrap_or_else(|| name.as_str().to_owned()),
                name,
                session: None,
                enrolling: Some(enrolling),
                exclude: Vec::new(),
            })
        }
        (CodeOf::User(..), _) | (CodeOf::Nobody, None) => Err(CodeError::UserName.into()),
    }
}

/// Passkeys beside the limit for whoever comes in with a code, or must register one: those that they have
/// lost, or that are not good enough, still count, and they can remove none of them before. As many as
/// there are recovery codes.
const BESIDE_THE_LIMIT: usize = 10;

/// Passkeys that a user may have who cannot do without another one.
pub(super) fn most_when_needed(mount: &MountPoint) -> usize {
    mount.max_credentials.saturating_add(BESIDE_THE_LIMIT)
}

/// Passkeys that the caller may have.
pub(super) fn most_of(mount: &MountPoint, caller: &Caller) -> usize {
    if caller.session.is_restricted(&caller.user) {
        most_when_needed(mount)
    } else {
        mount.max_credentials
    }
}

async fn own_account(
    app: &Arc<App>,
    mount: &MountPoint,
    policy: &Policy,
    headers: &HeaderMap,
    audit: &mut Audit<'_>,
) -> Result<Account, BeginError> {
    let caller = any_caller(app, headers).await?;
    audit.user(&caller.user.name, caller.user.id);
    require_fresh(&caller, app.settings.fresh_for, app.now())?;
    require_verified(&caller, [policy])?;
    let exclude = app.store.credentials_of(caller.user.id).await?;
    if exclude.len() >= most_of(mount, &caller) {
        return Err(BeginError::TooManyPasskeys);
    }
    Ok(Account {
        id: caller.user.id,
        handle: caller.user.handle,
        name: caller.user.name,
        display_name: caller.user.display_name,
        session: Some(caller.session.id),
        enrolling: None,
        exclude,
    })
}
