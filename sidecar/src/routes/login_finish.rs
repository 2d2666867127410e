//! `POST /v1/auth/<mount>/login/finish`: an assertion becomes a session.

use super::audit::Audit;
use super::caller::{cookies, storage_problem};
use super::layers::Client;
use super::mount::Mounted;
use super::signed_in::{HandOutError, SignedIn};
use super::too_many;
use crate::app::{App, MountPoint};
use crate::ceremony::CeremonyError;
use crate::ceremony::authentication::{UntrustedAssertion, VerifiedAssertion, parse};
use crate::ceremony::challenge::{self, Challenge};
use crate::issuer::{Presence, RefreshSecret, begin, step_up};
use crate::model::{AuthenticatorClass, Credential, Seconds, Session, User};
use crate::problem::Problem;
use crate::storage::{Assertion, AssertionRecorded, ChallengeSpent, StorageError};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use std::sync::Arc;

#[derive(Debug, thiserror::Error)]
enum FinishError {
    #[error(transparent)]
    Ceremony(#[from] CeremonyError),
    #[error("nobody has this credential")]
    UnknownCredential,
    #[error("the user is gone")]
    NoUser,
    #[error("the user is disabled")]
    Disabled,
    #[error("the challenge was used before")]
    Spent,
    #[error("the counter did not grow from {stored}")]
    SignCount { stored: u32 },
    #[error("user or credential were removed during the ceremony")]
    Gone,
    #[error("this address tries too often")]
    TooOften(Seconds),
    #[error("too many used challenges are remembered")]
    Full,
    #[error(transparent)]
    HandOut(#[from] HandOutError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl FinishError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Ceremony(error) => error.reason(),
            Self::UnknownCredential => "unknown_credential",
            Self::NoUser => "no_user",
            Self::Disabled => "user_disabled",
            Self::Spent => "challenge_spent",
            Self::SignCount { .. } => "sign_count",
            Self::Gone => "removed_meanwhile",
            Self::TooOften(_) => "too_often",
            Self::Full => "too_many_challenges",
            Self::HandOut(error) => error.reason(),
            Self::Storage(_) => "store_unavailable",
        }
    }

    /// Whether it is about what was sent, rather than about how the server is doing.
    fn is_wrong_proof(&self) -> bool {
        !matches!(
            self,
            Self::TooOften(_) | Self::Full | Self::HandOut(_) | Self::Storage(_)
        )
    }
}

impl From<FinishError> for Problem {
    fn from(error: FinishError) -> Self {
        match error {
            // One answer, so that nobody learns which of them it was.
            FinishError::Ceremony(_)
            | FinishError::UnknownCredential
            | FinishError::NoUser
            | FinishError::Disabled
            | FinishError::Spent
            | FinishError::SignCount { .. }
            | FinishError::Gone => Self::ceremony_refused(),
            FinishError::TooOften(wait) => too_many(wait),
            FinishError::Full => too_many(Seconds(30)),
            FinishError::HandOut(error) => error.into(),
            FinishError::Storage(error) => storage_problem(&error),
        }
    }
}

pub(super) async fn handle(
    State(app): State<Arc<App>>,
    Mounted(mount): Mounted,
    client: Client,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let mut audit = Audit::new("login_finish", &client);
    match finish(&app, &mount, &client, &headers, &body, &mut audit).await {
        Ok(signed_in) => {
            audit.accepted();
            app.metrics.ceremony("login_finish", "ok");
            app.metrics.session("begun");
            Ok(signed_in.answer(&client, None))
        }
        Err(error) => {
            audit.refused(error.reason());
            app.metrics.ceremony("login_finish", error.reason());
            Err(error.into())
        }
    }
}

async fn finish(
    app: &App,
    mount: &MountPoint,
    client: &Client,
    headers: &HeaderMap,
    body: &[u8],
    audit: &mut Audit<'_>,
) -> Result<SignedIn, FinishError> {
    let now = app.now();
    app.refusals
        .check(client.address, now)
        .map_err(FinishError::TooOften)?;
    let assertion = parse(body)?;
    audit.credential(assertion.credential_id());
    let challenge = challenge::open(
        &app.challenge_key,
        assertion.challenge(),
        mount.ceremonies.name(),
        now,
    )
    .map_err(CeremonyError::from)?;
    let (credential, user, verified) = proof(app, mount, client, assertion, &challenge, audit)
        .await
        .inspect_err(|error| {
            if error.is_wrong_proof() {
                let _ = app.refusals.charge(client.address, 1, now);
            }
        })?;

    let held = held_session(app, headers).await?;
    let (session, secret) = new_session(app, client, held.as_ref(), &credential, verified);
    audit.session(session.id);
    let signed_in = SignedIn::new(app, &user, &session, Some(&secret), now)?;
    let replaces = held.map(|held| held.id).filter(|held| *held != session.id);
    let assertion = Assertion {
        sign_count: verified.sign_count,
        backup_state: verified.backup_state,
        at: now,
    };
    match app
        .store
        .record_assertion(&credential.id, assertion, &session, replaces)
        .await?
    {
        AssertionRecorded::Recorded => Ok(signed_in),
        AssertionRecorded::SignCountRegressed { stored } => Err(FinishError::SignCount { stored }),
        AssertionRecorded::Gone => Err(FinishError::Gone),
    }
}

/// Who proves presence, with what. All refusals in here are alike to strangers, so each counts the
/// same against the address: if only wrong signatures did, reaching the limit would tell which of
/// the credentials that `login/begin` names are real, and so which users.
async fn proof(
    app: &App,
    mount: &MountPoint,
    client: &Client,
    assertion: UntrustedAssertion,
    challenge: &Challenge,
    audit: &mut Audit<'_>,
) -> Result<(Credential, User, VerifiedAssertion), FinishError> {
    let (credential, user) = owner(app, &assertion, audit).await?;
    let verified = prove(
        app,
        mount,
        client,
        assertion,
        challenge,
        (&credential, &user),
    )
    .await?;
    Ok((credential, user, verified))
}

/// Who has the credential that the assertion names.
async fn owner(
    app: &App,
    assertion: &UntrustedAssertion,
    audit: &mut Audit<'_>,
) -> Result<(Credential, User), FinishError> {
    let credential = app.store.credential(assertion.credential_id()).await?;
    let credential = credential.ok_or(FinishError::UnknownCredential)?;
    let user = app
        .store
        .user(credential.user)
        .await?
        .ok_or(FinishError::NoUser)?;
    audit.user(&user.name, user.id);
    if user.disabled {
        return Err(FinishError::Disabled);
    }
    Ok((credential, user))
}

/// Binds the assertion to what is known, spends the challenge, and only then does cryptography:
/// of parallel finishes one gets that far.
async fn prove(
    app: &App,
    mount: &MountPoint,
    client: &Client,
    assertion: UntrustedAssertion,
    challenge: &Challenge,
    (credential, user): (&Credential, &User),
) -> Result<VerifiedAssertion, FinishError> {
    let policy = mount.ceremonies.policy_of(challenge);
    let bound = assertion.bind(
        mount.ceremonies.relying_party(),
        policy.ok_or(CeremonyError::ChallengeOfOtherPolicy)?,
        challenge,
        credential,
        &user.name,
    )?;
    let (id, expires_at) = (challenge.id(), challenge.expires_at());
    match app
        .store
        .spend_challenge(id, expires_at, client.address, app.now())
        .await?
    {
        ChallengeSpent::Spent => Ok(bound.verify()?),
        ChallengeSpent::AlreadySpent => Err(FinishError::Spent),
        ChallengeSpent::Full => Err(FinishError::Full),
    }
}

/// The living session that this browser proves to hold by its refresh secret.
async fn held_session(app: &App, headers: &HeaderMap) -> Result<Option<Session>, StorageError> {
    let Some(secret) = app.cookies.find_secret(cookies(headers)) else {
        return Ok(None);
    };
    let session = app.store.session(secret.session()).await?;
    Ok(session.filter(|session| secret.opens(session) && session.is_alive(app.now())))
}

/// The same user goes on in the session that the browser holds; anyone else gets a new one, so that
/// a cookie that was planted before is worth nothing afterwards.
fn new_session(
    app: &App,
    client: &Client,
    held: Option<&Session>,
    credential: &Credential,
    verified: VerifiedAssertion,
) -> (Session, RefreshSecret) {
    let attachment = verified
        .attachment
        .map(|attachment| attachment.as_str().to_owned());
    let presence = Presence {
        user: credential.user,
        authn: AuthenticatorClass {
            aaguid: credential.aaguid,
            attested: credential.attested,
            uv: verified.user_verified,
            be: verified.backup_eligible,
            bs: verified.backup_state,
            attachment: attachment.or_else(|| credential.attachment.clone()),
        },
        address: client.address,
        user_agent: client.user_agent.clone(),
    };
    let (limits, entropy, now) = (app.session_limits, &*app.entropy, app.now());
    match held {
        Some(held) => step_up(held, presence, limits, entropy, now),
        None => begin(presence, limits, entropy, now),
    }
}
