//! `POST /v1/auth/<mount>/register/finish`: a new passkey, for a new account (which is then signed
//! in) or for the caller's own.

use super::arrival::{Arrival, Step};
use super::binding::{NoCertificate, bound_certificate, no_certificate};
use super::enrolling::{RedeemError, redeem};
use super::login_finish::held_session;
use super::register_begin::{code_refused, most_of, registration_off, too_many_passkeys};
use crate::app::{App, MountPoint};
use crate::ceremony::CeremonyError;
use crate::ceremony::authentication::is_decoy;
use crate::ceremony::registration::{NewCredential, UntrustedRegistration, parse};
use crate::issuer::{Presence, begin};
use crate::model::{AuditRecord, AuthenticatorClass, Credential, Seconds, Session, User};
use crate::problem::{Problem, ProblemKind};
use crate::routes::audit::{Audit, own_record};
use crate::routes::caller::{Caller, CallerError, any_caller, storage_problem};
use crate::routes::layers::Client;
use crate::routes::mount::Mounted;
use crate::routes::openapi::{RegistrationResponse, STORE, tag};
use crate::routes::passkey::{Passkey, label, model_name};
use crate::routes::signed_in::{Auth, HandOutError, SignedIn, SignedInAnswer};
use crate::routes::too_many;
use crate::storage::{CredentialInserted, RegistrationCeremony, StorageError, UserCreated};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use std::sync::Arc;

#[derive(Debug, thiserror::Error)]
enum FinishError {
    #[error(transparent)]
    Ceremony(#[from] CeremonyError),
    #[error("no such ceremony is under way")]
    UnknownCeremony,
    #[error("the ceremony began at another mount")]
    OtherMount,
    #[error("strangers cannot make accounts any more")]
    RegistrationOff,
    #[error("the ceremony belongs to a session that this request does not carry: {0}")]
    Caller(#[source] CallerError),
    #[error("the ceremony belongs to another session")]
    OtherSession,
    #[error("the label is empty, too long or unreadable")]
    Label,
    #[error("the credential id is known already")]
    CredentialTaken,
    #[error("the account is gone")]
    NoUser,
    #[error("the user name was taken meanwhile")]
    NameTaken,
    #[error("the account has as many passkeys as it can have")]
    TooManyPasskeys,
    #[error("the account is changed too often")]
    TooOften(Seconds),
    #[error("the code was spent, replaced or revoked meanwhile")]
    CodeSpent,
    #[error("the connection has no client certificate, and a session needs one here")]
    NoCertificate,
    #[error(transparent)]
    HandOut(#[from] HandOutError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl FinishError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Ceremony(error) => error.reason(),
            Self::UnknownCeremony => "unknown_ceremony",
            Self::OtherMount => "other_mount",
            Self::RegistrationOff => "registration_off",
            Self::Caller(error) => error.reason(),
            Self::OtherSession => "other_session",
            Self::Label => "label",
            Self::CredentialTaken => "credential_taken",
            Self::NoUser => "no_user",
            Self::CodeSpent => "code_spent",
            Self::TooOften(_) => "too_often",
            Self::NameTaken => "name_taken",
            Self::TooManyPasskeys => "too_many_passkeys",
            Self::NoCertificate => "no_certificate",
            Self::HandOut(error) => error.reason(),
            Self::Storage(_) => "store_unavailable",
        }
    }
}

impl From<RedeemError> for FinishError {
    fn from(error: RedeemError) -> Self {
        match error {
            RedeemError::Spent => Self::CodeSpent,
            RedeemError::CredentialTaken => Self::CredentialTaken,
            RedeemError::TooMany => Self::TooManyPasskeys,
            RedeemError::NameTaken => Self::NameTaken,
            RedeemError::HandOut(error) => error.into(),
            RedeemError::Storage(error) => error.into(),
        }
    }
}

impl From<FinishError> for Problem {
    fn from(error: FinishError) -> Self {
        match error {
            FinishError::Caller(CallerError::Storage(error)) | FinishError::Storage(error) => {
                storage_problem(&error)
            }
            // The browser was told already what is asked for; this says nothing about anybody.
            FinishError::Ceremony(error) if error.is_of_the_policy() => Self::passkey_not_taken(),
            // One answer, so that nobody learns which of them it was.
            FinishError::Ceremony(_)
            | FinishError::UnknownCeremony
            | FinishError::OtherMount
            | FinishError::Caller(_)
            | FinishError::OtherSession
            | FinishError::CredentialTaken
            | FinishError::NoUser => Self::ceremony_refused(),
            FinishError::RegistrationOff => registration_off(),
            FinishError::Label => Self::new(
                ProblemKind::BadRequest,
                "A label has 1 to 64 characters, none of them invisible.",
            ),
            FinishError::NameTaken => {
                Self::new(ProblemKind::NameTaken, "Choose another user name.")
            }
            FinishError::CodeSpent => code_refused(),
            FinishError::TooManyPasskeys => too_many_passkeys(),
            FinishError::TooOften(wait) => too_many(wait),
            FinishError::NoCertificate => no_certificate(),
            FinishError::HandOut(error) => error.into(),
        }
    }
}

/// A new passkey, for a new account (which is then signed in) or for the caller's own.
#[utoipa::path(
    post,
    path = "/v1/auth/{mount}/register/finish",
    tag = tag::CEREMONIES,
    request_body = RegistrationResponse,
    security((), ("cookie" = []), ("bearer" = [])),
    responses((status = 200, body = SignedInAnswer)),
    extensions(("x-refuses" = json!([
        ProblemKind::NotFound,
        ProblemKind::CeremonyRefused,
        ProblemKind::PasskeyNotTaken,
        ProblemKind::NameTaken,
        ProblemKind::RegistrationOff,
        ProblemKind::CodeRefused,
        ProblemKind::TooManyPasskeys,
        ProblemKind::TooMany,
        ProblemKind::CertificateRequired,
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
    let mut audit = Audit::new("register_finish", &client);
    match finish(&app, &mount, &client, &headers, &body, &mut audit).await {
        Ok(response) => {
            audit.accepted();
            app.metrics.ceremony("register_finish", "ok");
            Ok(response)
        }
        Err(error) => {
            audit.refused(error.reason());
            app.metrics.ceremony("register_finish", error.reason());
            arrival.even(Step::Refusal).await;
            Err(error.into())
        }
    }
}

async fn finish(
    app: &Arc<App>,
    mount: &MountPoint,
    client: &Client,
    headers: &HeaderMap,
    body: &[u8],
    audit: &mut Audit<'_>,
) -> Result<Response, FinishError> {
    let now = app.now();
    let response = parse(body)?;
    // Before the ceremony is used up: a label can be corrected.
    let label = chosen_label(&response)?;
    let ceremony = app
        .store
        .take_registration(response.challenge(), now)
        .await?;
    let ceremony = ceremony.ok_or(FinishError::UnknownCeremony)?;
    audit.user(&ceremony.user_name, ceremony.user);
    if ceremony.mount != mount.ceremonies.name() {
        return Err(FinishError::OtherMount);
    }
    // The mount may have changed since; it is as it is now that counts.
    if !ceremony.existing && ceremony.enrolling.is_none() && !mount.self_registration {
        return Err(FinishError::RegistrationOff);
    }
    let session = if ceremony.existing {
        Some(own(app, headers, &ceremony).await?)
    } else {
        None
    };
    let mut new = verify(app, mount, response, &ceremony, label)?;
    audit.credential(&new.credential.id);
    refuse_taken(app, &new.credential).await?;
    if session.is_none() {
        // It signs in at once.
        new.credential.last_used_at = Some(now);
    }
    if let Some(enrolling) = &ceremony.enrolling {
        let certificate =
            bound_certificate(app, client).map_err(|NoCertificate| FinishError::NoCertificate)?;
        let presence = presence(client, &new, certificate);
        let (ceremony, proof) = ((&ceremony, enrolling), (&new.credential, presence));
        let signed_in = redeem(app, mount, client, ceremony, proof, audit).await?;
        app.metrics.session("begun");
        end_held(app, headers).await?;
        return Ok(signed_in.answer(client, Some(Passkey::of(app, &new.credential))));
    }
    if let Some(session) = session {
        return add_passkey(app, mount, client, &new.credential, &session).await;
    }
    let answer = create_account(app, client, ceremony, &new, audit).await?;
    end_held(app, headers).await?;
    Ok(answer)
}

/// Ends the session that the browser held before, as a login does: the new one takes its place.
async fn end_held(app: &App, headers: &HeaderMap) -> Result<(), StorageError> {
    if let Some(held) = held_session(app, headers).await? {
        app.end_session(held.id, None).await?;
    }
    Ok(())
}

/// The session that began the ceremony, when this request carries it.
async fn own(
    app: &Arc<App>,
    headers: &HeaderMap,
    ceremony: &RegistrationCeremony,
) -> Result<Caller, FinishError> {
    let caller = any_caller(app, headers)
        .await
        .map_err(FinishError::Caller)?;
    let same = Some(caller.session.id) == ceremony.session && caller.user.id == ceremony.user;
    if same {
        Ok(caller)
    } else {
        Err(FinishError::OtherSession)
    }
}

/// Before anything else is told about the account: an id that only looks like someone's is taken
/// just as a real one is, so that trying to register it tells nothing. The store looks once more,
/// in the step that inserts.
async fn refuse_taken(app: &App, credential: &Credential) -> Result<(), FinishError> {
    let decoy = is_decoy(&app.decoy_key, &credential.id);
    let taken = app.store.credential(&credential.id).await?.is_some();
    if decoy || taken {
        return Err(FinishError::CredentialTaken);
    }
    Ok(())
}

fn chosen_label(response: &UntrustedRegistration) -> Result<Option<String>, FinishError> {
    let text = response.label();
    text.map(|text| label(text).ok_or(FinishError::Label))
        .transpose()
}

fn verify(
    app: &App,
    mount: &MountPoint,
    response: UntrustedRegistration,
    ceremony: &RegistrationCeremony,
    label: Option<String>,
) -> Result<NewCredential, FinishError> {
    let policy = mount.ceremonies.policy(ceremony.policy);
    let mut new = response.verify(
        &mount.ceremonies,
        policy.ok_or(FinishError::OtherMount)?,
        &app.trust.current(),
        &ceremony.challenge,
        ceremony.user,
        app.now(),
    )?;
    // Without a name it has no label: whoever shows it says "passkey" in the reader's language.
    let known = || model_name(app, new.credential.aaguid).unwrap_or_default();
    new.credential.label = label.unwrap_or_else(known);
    Ok(new)
}

async fn add_passkey(
    app: &App,
    mount: &MountPoint,
    client: &Client,
    credential: &Credential,
    caller: &Caller,
) -> Result<Response, FinishError> {
    app.take_change(caller.user.id)
        .map_err(FinishError::TooOften)?;
    let most = most_of(mount, caller);
    let user = (caller.user.id, &caller.user.name);
    let record = AuditRecord {
        credential: Some(credential.id.clone()),
        session: Some(caller.session.id),
        ..own_record(app, client, user, "passkey_add")
    };
    let inserted =
        app.store
            .insert_credential_if_absent(credential, caller.session.id, most, &record);
    match inserted.await? {
        CredentialInserted::Inserted => {}
        CredentialInserted::Taken => return Err(FinishError::CredentialTaken),
        CredentialInserted::NoUser => return Err(FinishError::NoUser),
        CredentialInserted::NoSession => return Err(FinishError::Caller(CallerError::Ended)),
        CredentialInserted::TooMany => return Err(FinishError::TooManyPasskeys),
    }
    let lease = caller.claims.exp.saturating_sub(app.now().0);
    // A second factor is not what a user who must register one has to register.
    let still_must = caller.session.is_restricted(&caller.user) && !credential.is_strict();
    let auth = Auth::of(&caller.user, lease).restricted(still_must);
    Ok(Json(SignedInAnswer::added(auth, Passkey::of(app, credential))).into_response())
}

async fn create_account(
    app: &App,
    client: &Client,
    ceremony: RegistrationCeremony,
    new: &NewCredential,
    audit: &mut Audit<'_>,
) -> Result<Response, FinishError> {
    let now = app.now();
    let user = User {
        id: ceremony.user,
        name: ceremony.user_name,
        display_name: ceremony.display_name,
        email: None,
        groups: Vec::new(),
        policies: Vec::new(),
        disabled: false,
        created_at: now,
        limits: crate::model::UserLimits::default(),
        must_register: false,
        passkey_alert: false,
        handle: None,
    };
    let certificate =
        bound_certificate(app, client).map_err(|NoCertificate| FinishError::NoCertificate)?;
    let presence = presence(client, new, certificate);
    let now = app.stamp(user.id).await?;
    let (session, secret) = begin(presence, app.session_limits, &*app.entropy, now);
    audit.session(session.id);
    let signed_in = SignedIn::new(app, &user, &session, Some(&secret), now)?;
    let record = AuditRecord {
        credential: Some(new.credential.id.clone()),
        session: Some(session.id),
        ..own_record(app, client, (user.id, &user.name), "account_create")
    };
    store_account(app, &user, &new.credential, &session, &record).await?;
    app.metrics.session("begun");
    Ok(signed_in.answer(client, Some(Passkey::of(app, &new.credential))))
}

/// When the session cannot be stored, the account is there all the same, and can sign in.
async fn store_account(
    app: &App,
    user: &User,
    credential: &Credential,
    session: &Session,
    record: &AuditRecord,
) -> Result<(), FinishError> {
    match app.store.create_user(user, credential, record).await? {
        UserCreated::Created => Ok(app.store.insert_session(session).await?),
        UserCreated::NameTaken => Err(FinishError::NameTaken),
        UserCreated::CredentialTaken => Err(FinishError::CredentialTaken),
    }
}

/// A registration proves presence as an assertion does.
fn presence(client: &Client, new: &NewCredential, certificate: Option<String>) -> Presence {
    let credential = &new.credential;
    Presence {
        user: credential.user,
        credential: credential.id.clone(),
        authn: AuthenticatorClass {
            aaguid: credential.aaguid,
            attested: credential.attested,
            uv: new.user_verified,
            be: credential.backup_eligible.unwrap_or_default(),
            bs: credential.backup_state,
            attachment: credential.attachment.clone(),
        },
        address: client.address,
        user_agent: client.user_agent.clone(),
        certificate,
    }
}
