//! `POST /v1/auth/<mount>/recover`: a recovery code becomes an enrolment code. It opens nothing but
//! the registration of one passkey, so there is no session that could do more.

use super::arrival::{Arrival, Step};
use crate::app::{App, MountPoint};
use crate::issuer::{EnrolmentCode, recovery_code_hash};
use crate::model::{Enrolment, EnrolmentPurpose, Seconds, UserId, UserName};
use crate::problem::{Problem, ProblemKind};
use crate::routes::audit::Audit;
use crate::routes::audit::own_record;
use crate::routes::caller::storage_problem;
use crate::routes::json::StrictJson;
use crate::routes::layers::Client;
use crate::routes::mount::Mounted;
use crate::routes::openapi::{STORE, tag};
use crate::routes::passkey::rfc3339;
use crate::routes::{Named, too_many};
use crate::storage::StorageError;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Long enough to find an authenticator.
const LIFE: Seconds = Seconds(900);

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Recover {
    username: String,
    code: String,
}

#[derive(Debug, thiserror::Error)]
enum RecoverError {
    #[error("too many wrong proofs wait to be looked at")]
    TooOften(Seconds),
    #[error("{error}; one of too many")]
    Slowed {
        error: Box<RecoverError>,
        wait: Seconds,
    },
    #[error("there are no recovery codes here")]
    Off,
    #[error("there is no such user")]
    NoUser,
    #[error("it does not have the form of a code")]
    Form,
    #[error("it is none of the unused codes of this user")]
    WrongCode,
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl RecoverError {
    fn reason(&self) -> &'static str {
        match self {
            Self::TooOften(_) => "too_often",
            Self::Slowed { error, .. } => error.reason(),
            Self::Off => "recovery_off",
            Self::NoUser => "no_user",
            Self::Form => "code_form",
            Self::WrongCode => "wrong_code",
            Self::Storage(_) => "store_unavailable",
        }
    }
}

impl From<RecoverError> for Problem {
    fn from(error: RecoverError) -> Self {
        match error {
            RecoverError::TooOften(wait) | RecoverError::Slowed { wait, .. } => too_many(wait),
            // One answer, so that nobody learns whether there is such a user.
            RecoverError::Off
            | RecoverError::NoUser
            | RecoverError::Form
            | RecoverError::WrongCode => Self::new(
                ProblemKind::CodeRefused,
                "The user name or the code is wrong, or the code was used before.",
            ),
            RecoverError::Storage(error) => storage_problem(&error),
        }
    }
}

/// An enrolment code, for the recovery code.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Recovered {
    code: String,
    expires_at: String,
}

/// A recovery code becomes an enrolment code, which registers one passkey.
#[utoipa::path(
    post,
    path = "/v1/auth/{mount}/recover",
    tag = tag::CEREMONIES,
    request_body = Recover,
    responses((status = 200, body = Recovered)),
    extensions(("x-refuses" = json!([
        ProblemKind::NotFound,
        ProblemKind::CodeRefused,
        ProblemKind::TooMany,
        STORE,
    ]))),
)]
pub(super) async fn handle(
    State(app): State<Arc<App>>,
    Mounted(mount): Mounted,
    client: Client,
    StrictJson(recover): StrictJson<Recover>,
) -> Result<Json<Recovered>, Problem> {
    let arrival = Arrival::now();
    let mut audit = Audit::new("recover", &client);
    match attempt(&app, &mount, &client, &recover, &mut audit).await {
        Ok((code, enrolment)) => {
            audit.accepted();
            app.metrics.ceremony("recover", "ok");
            Ok(Json(Recovered {
                code: code.text().to_string(),
                expires_at: rfc3339(enrolment.expires_at),
            }))
        }
        Err(error) => {
            audit.refused(error.reason());
            app.metrics.ceremony("recover", error.reason());
            // Or the time would tell who there is, and who has codes.
            arrival.even(Step::Refusal).await;
            Err(error.into())
        }
    }
}

async fn attempt(
    app: &App,
    mount: &MountPoint,
    client: &Client,
    recover: &Recover,
    audit: &mut Audit<'_>,
) -> Result<(EnrolmentCode, Enrolment), RecoverError> {
    let (address, metrics) = (client.address, &app.metrics);
    // Whatever is typed there, known or not.
    let named = Some(Named::user(recover.username.trim().as_bytes()));
    let turn = app.proofs.admit(address, named, metrics, app.now());
    let _turn = turn.await.map_err(RecoverError::TooOften)?;
    let tried = spend(app, mount, client, recover, audit).await;
    match tried {
        Err(error @ (RecoverError::NoUser | RecoverError::Form | RecoverError::WrongCode)) => {
            match app.proofs.wrong(address, named, metrics, app.now()) {
                Some(wait) => Err(RecoverError::Slowed {
                    error: Box::new(error),
                    wait,
                }),
                None => Err(error),
            }
        }
        tried => tried,
    }
}

async fn spend(
    app: &App,
    mount: &MountPoint,
    client: &Client,
    recover: &Recover,
    audit: &mut Audit<'_>,
) -> Result<(EnrolmentCode, Enrolment), RecoverError> {
    if !app.settings.people.recovery_codes {
        return Err(RecoverError::Off);
    }
    let name = UserName::parse(&recover.username).map_err(|_| RecoverError::NoUser)?;
    audit.name(&name);
    let user = app.store.user_by_name(&name).await?;
    // The same steps for a name that nobody has, so that time tells nothing.
    let id = user
        .as_ref()
        .map_or(UserId(uuid::Uuid::nil()), |user| user.id);
    let hash = recovery_code_hash(id, &recover.code).ok_or(RecoverError::Form)?;
    let by = name.as_str();
    let purpose = EnrolmentPurpose::Recover;
    let whose = (id, mount.ceremonies.name());
    let (code, enrolment) = EnrolmentCode::draw(whose, purpose, by, LIFE, &*app.entropy, app.now());
    let record = own_record(app, client, (id, &name), "recovery_code_used");
    if !app
        .store
        .spend_recovery_code(hash, &enrolment, &record)
        .await?
    {
        return Err(match user {
            Some(_) => RecoverError::WrongCode,
            None => RecoverError::NoUser,
        });
    }
    audit.user(&name, id);
    Ok((code, enrolment))
}
