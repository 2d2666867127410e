//! `POST /v1/auth/<mount>/login/finish`: an assertion becomes a session.

use super::arrival::{Arrival, Step};
use super::binding::{NoCertificate, bound_certificate, no_certificate};
use super::compromised::compromised;
use super::sign_count::{regressed, warnings};
use crate::app::{App, MountPoint};
use crate::ceremony::CeremonyError;
use crate::ceremony::authentication::{UntrustedAssertion, VerifiedAssertion, parse};
use crate::ceremony::challenge::{self, Challenge};
use crate::issuer::{Presence, RefreshSecret, begin, step_up};
use crate::model::{AuthenticatorClass, Credential, Seconds, Session, UnixTime, User};
use crate::problem::{Problem, ProblemKind};
use crate::routes::audit::Audit;
use crate::routes::caller::{cookies, storage_problem};
use crate::routes::layers::Client;
use crate::routes::mount::Mounted;
use crate::routes::openapi::{AuthenticationResponse, STORE, tag};
use crate::routes::signed_in::{HandOutError, SignedIn, SignedInAnswer};
use crate::routes::{Named, too_many};
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
    #[error("the credential was disabled: there may be a copy of it")]
    CredentialDisabled,
    #[error("the connection has no client certificate, and a session needs one here")]
    NoCertificate,
    #[error("the challenge was used before")]
    Spent,
    #[error("the counter did not grow from {stored}")]
    SignCount { stored: u32 },
    #[error("user or credential were removed during the ceremony")]
    Gone,
    #[error("too many wrong proofs wait to be looked at")]
    TooOften(Seconds),
    #[error("{error}; one of too many")]
    Slowed {
        error: Box<FinishError>,
        wait: Seconds,
    },
    #[error("the account logs in too often")]
    LoginsTooOften(Seconds),
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
            Self::CredentialDisabled => "credential_disabled",
            Self::NoCertificate => "no_certificate",
            Self::Spent => "challenge_spent",
            Self::SignCount { .. } => "sign_count",
            Self::Gone => "removed_meanwhile",
            Self::TooOften(_) => "too_often",
            Self::Slowed { error, .. } => error.reason(),
            Self::LoginsTooOften(_) => "too_many_logins",
            Self::Full => "too_many_challenges",
            Self::HandOut(error) => error.reason(),
            Self::Storage(_) => "store_unavailable",
        }
    }

    /// Whether the signature was right all the same.
    fn is_signed(&self) -> bool {
        match self {
            Self::Slowed { error, .. } => error.is_signed(),
            error => matches!(error, Self::Ceremony(CeremonyError::SignCount { .. })),
        }
    }

    /// Whether it is about what was sent, rather than about how the server is doing.
    fn is_wrong_proof(&self) -> bool {
        !matches!(
            self,
            Self::NoCertificate
                | Self::TooOften(_)
                | Self::LoginsTooOften(_)
                | Self::Full
                | Self::HandOut(_)
                | Self::Storage(_)
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
            | FinishError::CredentialDisabled
            | FinishError::Spent
            | FinishError::SignCount { .. }
            | FinishError::Gone => Self::ceremony_refused(),
            FinishError::NoCertificate => no_certificate(),
            FinishError::TooOften(wait)
            | FinishError::LoginsTooOften(wait)
            | FinishError::Slowed { wait, .. } => too_many(wait),
            FinishError::Full => too_many(Seconds(30)),
            FinishError::HandOut(error) => error.into(),
            FinishError::Storage(error) => storage_problem(&error),
        }
    }
}

/// An assertion becomes a session. A browser gets its cookies, a program also the token.
#[utoipa::path(
    post,
    path = "/v1/auth/{mount}/login/finish",
    tag = tag::CEREMONIES,
    request_body = AuthenticationResponse,
    responses((status = 200, body = SignedInAnswer)),
    extensions(("x-refuses" = json!([
        ProblemKind::NotFound,
        ProblemKind::CeremonyRefused,
        ProblemKind::CertificateRequired,
        ProblemKind::TooMany,
        ProblemKind::TokenTooLarge,
        STORE,
    ]))),
)]
pub(super) async fn handle(
    State(app): State<Arc<App>>,
    Mounted(mount): Mounted,
    client: Client,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let arrival = Arrival::now();
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
            arrival.even(Step::Refusal).await;
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
    let assertion = parse(body)?;
    let credential_id = assertion.credential_id().clone();
    audit.credential(&credential_id);
    let challenge = challenge::open(
        &app.challenge_key,
        assertion.challenge(),
        mount.ceremonies.name(),
        now,
    )
    .map_err(CeremonyError::from)?;
    let proven = proof(app, mount, client, assertion, &challenge, audit).await;
    if proven.as_ref().is_err_and(FinishError::is_signed) {
        regressed(app, client, &credential_id).await?;
    }
    let (credential, user, verified) = proven?;
    // Good proofs alone count: the share of an account is used up by nobody else.
    let share = app.logins.take(user.id, now);
    share.map_err(|wait| {
        app.metrics.limited("logins", "refused");
        FinishError::LoginsTooOften(wait)
    })?;
    let policy = mount.ceremonies.policy_of(&challenge);
    if let Some(error) = compromised(app, client, policy, (&credential, &user)).await? {
        return Err(error.into());
    }

    // Before the session that is held is looked at: a revocation in between shows in it.
    let now = app.stamp(user.id).await?;
    let held = held_session(app, headers).await?;
    let proof = (&credential, &user, verified);
    let (session, secret) = new_session(app, client, held.as_ref(), proof, now)?;
    audit.session(session.id);
    let mut signed_in = SignedIn::new(app, &user, &session, Some(&secret), now)?;
    signed_in.warn(warnings(app, &user).await?);
    let replaces = held.map(|held| held.id).filter(|held| *held != session.id);
    let assertion = Assertion {
        sign_count: verified.sign_count,
        backup_eligible: verified.backup_eligible,
        backup_state: verified.backup_state,
        at: now,
    };
    match app
        .record_assertion(credential.id, assertion, session, replaces)
        .await?
    {
        AssertionRecorded::Recorded { .. } => Ok(signed_in),
        AssertionRecorded::SignCountRegressed { stored } => {
            regressed(app, client, &credential_id).await?;
            Err(FinishError::SignCount { stored })
        }
        AssertionRecorded::Gone => Err(FinishError::Gone),
    }
}

/// Who proves presence, with what. After too many wrong proofs there are turns, and wrong ones are told
/// to wait; a right one is refused for nobody else's.
///
/// All refusals in here are alike to strangers, so each counts the same: if
/// only wrong signatures did, reaching the limit would tell which of the credentials that
/// `login/begin` names are real, and so which users.
async fn proof(
    app: &App,
    mount: &MountPoint,
    client: &Client,
    assertion: UntrustedAssertion,
    challenge: &Challenge,
    audit: &mut Audit<'_>,
) -> Result<(Credential, User, VerifiedAssertion), FinishError> {
    let (address, metrics) = (client.address, &app.metrics);
    let named = named(&assertion, challenge);
    let turn = app.proofs.admit(address, named, metrics, app.now());
    let _turn = turn.await.map_err(FinishError::TooOften)?;
    let proven = spend_and_prove(app, mount, assertion, challenge, audit).await;
    match proven {
        Err(error) if error.is_wrong_proof() => {
            match app.proofs.wrong(address, named, metrics, app.now()) {
                Some(wait) => Err(FinishError::Slowed {
                    error: Box::new(error),
                    wait,
                }),
                None => Err(error),
            }
        }
        proven => proven,
    }
}

/// The account that the proof names, known or not: by what the login was begun with, or else by the
/// credential.
fn named(assertion: &UntrustedAssertion, challenge: &Challenge) -> Option<Named> {
    let user = challenge.user().map(|hash| Named::user(hash));
    user.or_else(|| Some(Named::credential(assertion.credential_id())))
}

/// Spends the challenge, and only then does cryptography: of parallel finishes one gets that far.
/// A wrong proof gives the challenge back. That is worth nothing to whoever sent it, who can have
/// any number of challenges; but if wrong proofs were remembered, they could fill the memory.
async fn spend_and_prove(
    app: &App,
    mount: &MountPoint,
    assertion: UntrustedAssertion,
    challenge: &Challenge,
    audit: &mut Audit<'_>,
) -> Result<(Credential, User, VerifiedAssertion), FinishError> {
    let owner = match owner(app, &assertion, audit).await {
        Err(FinishError::Storage(error)) => return Err(error.into()),
        owner => owner,
    };
    let account = match &owner {
        Ok((credential, _)) => credential.user,
        Err(_) => app.stand_in.user(),
    };
    let (id, expires_at) = (challenge.id(), challenge.expires_at());
    let spent = app
        .store
        .spend_challenge(id, expires_at, account, app.now())
        .await?;
    if spent == ChallengeSpent::AlreadySpent {
        return Err(FinishError::Spent);
    }
    let proven = prove(app, mount, assertion, challenge, owner);
    match (spent, &proven) {
        // Told to good proofs alone, so that a full memory does not tell who is real.
        (ChallengeSpent::Full, Ok(_)) => {
            app.metrics.limited("spent_challenges", "refused");
            return Err(FinishError::Full);
        }
        (ChallengeSpent::Spent, Err(error)) if !error.is_signed() => {
            app.store.release_challenge(id).await?;
        }
        _ => {}
    }
    proven
}

/// Who has the credential that the assertion names.
async fn owner(
    app: &App,
    assertion: &UntrustedAssertion,
    audit: &mut Audit<'_>,
) -> Result<(Credential, User), FinishError> {
    let credential = app.store.credential(assertion.credential_id()).await?;
    let user = credential
        .as_ref()
        .map_or(app.stand_in.user(), |credential| credential.user);
    let user = app.store.user(user).await?;
    if credential.is_none() {
        // As much to decode as when there is one.
        app.stand_in.read_credential();
        app.stand_in.read_user();
    }
    let credential = credential.ok_or(FinishError::UnknownCredential)?;
    let user = user.ok_or(FinishError::NoUser)?;
    audit.user(&user.name, user.id);
    if user.disabled {
        return Err(FinishError::Disabled);
    }
    if credential.disabled_at.is_some() {
        return Err(FinishError::CredentialDisabled);
    }
    Ok((credential, user))
}

/// Binds the assertion to what is known, and verifies its signature. Whatever is wrong before that,
/// a signature is verified all the same: otherwise time would tell a real credential from one that
/// nobody has, or that is another user's.
fn prove(
    app: &App,
    mount: &MountPoint,
    assertion: UntrustedAssertion,
    challenge: &Challenge,
    owner: Result<(Credential, User), FinishError>,
) -> Result<(Credential, User, VerifiedAssertion), FinishError> {
    app.metrics.signature_checked();
    let spare = assertion.clone();
    let relying_party = mount.ceremonies.relying_party();
    // A challenge of a policy that is gone is refused below, by the policy that it is not of.
    let policy = mount.ceremonies.policy_of(challenge);
    let policy = policy.unwrap_or(mount.ceremonies.passwordless());
    let bound = owner.as_ref().map(|(credential, user)| {
        assertion.bind(relying_party, policy, challenge, credential, user.into())
    });
    let verified = match bound {
        Ok(Ok(bound)) => bound.verify()?,
        Ok(Err(refused)) => {
            app.stand_in.refuse(spare, relying_party, policy);
            return Err(refused.into());
        }
        Err(_) => {
            app.stand_in.refuse(spare, relying_party, policy);
            return Err(owner.err().unwrap_or(FinishError::UnknownCredential));
        }
    };
    let (credential, user) = owner?;
    Ok((credential, user, verified))
}

/// The living session that this browser proves to hold by its refresh secret.
pub(super) async fn held_session(
    app: &App,
    headers: &HeaderMap,
) -> Result<Option<Session>, StorageError> {
    let Some(secret) = app.cookies.find_secret(cookies(headers)) else {
        return Ok(None);
    };
    let session = app.store.session(secret.session()).await?;
    Ok(session.filter(|session| secret.opens(session) && app.is_alive(session)))
}

/// The same user goes on in the session that the browser holds; anyone else gets a new one, so that
/// a cookie that was planted before is worth nothing afterwards.
fn new_session(
    app: &App,
    client: &Client,
    held: Option<&Session>,
    (credential, user, verified): (&Credential, &User, VerifiedAssertion),
    now: UnixTime,
) -> Result<(Session, RefreshSecret), FinishError> {
    let certificate =
        bound_certificate(app, client).map_err(|NoCertificate| FinishError::NoCertificate)?;
    let attachment = verified
        .attachment
        .map(|attachment| attachment.as_str().to_owned());
    let presence = Presence {
        user: credential.user,
        credential: credential.id.clone(),
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
        certificate,
    };
    let limits = app.session_limits.within(user.limits);
    let entropy = &*app.entropy;
    let (mut session, secret) = match held {
        Some(held) => step_up(held, presence, limits, entropy, now),
        None => begin(presence, limits, entropy, now),
    };
    session.restricted = user.must_register;
    Ok((session, secret))
}
