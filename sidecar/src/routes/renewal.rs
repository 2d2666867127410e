//! A new session token for the holder of a refresh secret: what `/v1/self/refresh` and the filters'
//! own question have in common.

use super::audit::Audit;
use super::caller::storage_problem;
use super::signed_in::{HandOutError, SignedIn};
use crate::app::App;
use crate::issuer::{RefreshSecret, renewed_until};
use crate::model::{Seconds, SecretHash, Session, SessionId, UnixTime};
use crate::problem::Problem;
use crate::storage::StorageError;
use std::collections::HashMap;
use std::sync::PoisonError;

/// For how long renewals of one session get the same answer: as long as the requests of one page
/// may be under way together.
const SAME_FOR: Seconds = Seconds(5);
/// As many answers as are remembered; with a token of 4 KB in each they take 16 MB.
const REMEMBERED_MAX: usize = 4_096;
/// Renewals of different sessions seldom wait for each other.
const LANES: usize = 64;

#[derive(Debug, thiserror::Error)]
pub(super) enum RenewalError {
    #[error("there is no refresh secret")]
    NoSecret,
    #[error("the session is unknown, or the secret is not its own")]
    Unknown,
    #[error("the session has ended")]
    Ended,
    #[error("the session is bound to another client certificate")]
    OtherCertificate,
    #[error("the user is disabled or gone")]
    NoUser,
    #[error(transparent)]
    HandOut(#[from] HandOutError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl RenewalError {
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::NoSecret => "no_secret",
            Self::Unknown => "unknown_session",
            Self::Ended => "session_ended",
            Self::OtherCertificate => "other_certificate",
            Self::NoUser => "no_user",
            Self::HandOut(error) => error.reason(),
            Self::Storage(_) => "store_unavailable",
        }
    }

    /// Whether no renewal of this session can succeed, however well the program is.
    pub(super) fn is_about_account(&self) -> bool {
        matches!(self, Self::HandOut(error) if error.is_too_large())
    }
}

impl From<RenewalError> for Problem {
    fn from(error: RenewalError) -> Self {
        match error {
            RenewalError::NoSecret
            | RenewalError::Unknown
            | RenewalError::Ended
            | RenewalError::OtherCertificate
            | RenewalError::NoUser => Self::unauthorized(),
            RenewalError::HandOut(error) => error.into(),
            RenewalError::Storage(error) => storage_problem(&error),
        }
    }
}

/// The last moments' renewals. Of those that come at once for one session the first does the work,
/// and the others get what it got.
#[derive(Debug)]
pub struct Renewals {
    lanes: [tokio::sync::Mutex<()>; LANES],
    remembered: std::sync::Mutex<HashMap<SessionId, Remembered>>,
}

#[derive(Debug)]
struct Remembered {
    /// A new login in the same session has a new secret, and must not get an older token.
    secret: SecretHash,
    kind: Kind,
    at: UnixTime,
    signed_in: SignedIn,
}

/// What else two tokens of one moment have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    /// The key ring that it was minted under.
    generation: u64,
    /// Whether it is good for registering a passkey only. Whoever has just done so needs another one.
    restricted: bool,
}

impl Default for Renewals {
    fn default() -> Self {
        Self {
            lanes: [(); LANES].map(|()| tokio::sync::Mutex::default()),
            remembered: std::sync::Mutex::default(),
        }
    }
}

impl Renewals {
    async fn turn(&self, session: SessionId) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        // The last byte of a session's id is random.
        let lane = usize::from(session.0.as_bytes()[15]) % LANES;
        match self.lanes.get(lane) {
            Some(lane) => Some(lane.lock().await),
            None => None,
        }
    }

    fn find(&self, session: &Session, kind: Kind, now: UnixTime) -> Option<SignedIn> {
        let remembered = self.lock();
        let found = remembered.get(&session.id)?;
        let same = found.secret == session.secret && found.kind == kind;
        (same && found.is_of(now)).then(|| found.signed_in.clone())
    }

    fn remember(&self, session: &Session, kind: Kind, signed_in: &SignedIn, now: UnixTime) {
        let mut remembered = self.lock();
        if remembered.len() >= REMEMBERED_MAX {
            remembered.retain(|_, it| it.is_of(now));
        }
        if remembered.len() < REMEMBERED_MAX {
            let entry = Remembered {
                secret: session.secret,
                kind,
                at: now,
                signed_in: signed_in.clone(),
            };
            remembered.insert(session.id, entry);
        }
    }

    /// Forgets what is too old to be given again.
    pub fn sweep(&self, now: UnixTime) {
        self.lock().retain(|_, it| it.is_of(now));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SessionId, Remembered>> {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Remembered {
    fn is_of(&self, now: UnixTime) -> bool {
        self.at <= now && now < self.at.plus(SAME_FOR)
    }
}

/// Renews the session that the secret opens. `certificate` is that of the connection, where the
/// answer goes to the client itself; a filter compares it by the new token.
pub(super) async fn renew(
    app: &App,
    secret: &RefreshSecret,
    certificate: Presented<'_>,
    audit: &mut Audit<'_>,
) -> Result<SignedIn, RenewalError> {
    let _turn = app.renewals.turn(secret.session()).await;
    let session = app.store.session(secret.session()).await?;
    let session = session.filter(|session| secret.opens(session));
    let session = session.ok_or(RenewalError::Unknown)?;
    audit.session(session.id);
    let now = stamp(app, &session).await?;
    if !app.is_alive(&session) {
        return Err(RenewalError::Ended);
    }
    if !certificate.fits(&session) {
        return Err(RenewalError::OtherCertificate);
    }
    let user = app.store.user(session.user).await?;
    let user = user
        .filter(|user| !user.disabled)
        .ok_or(RenewalError::NoUser)?;
    audit.user(&user.name, user.id);
    let mut session = session.capped(user.limits);
    if !app.is_alive(&session) {
        return Err(RenewalError::Ended);
    }
    let kind = Kind {
        generation: app.issuer.generation(),
        restricted: session.is_restricted(&user),
    };
    if let Some(signed_in) = app.renewals.find(&session, kind, now) {
        return Ok(signed_in);
    }
    session.idle_until = renewed_until(&session, app.session_limits.within(user.limits), now);
    let signed_in = SignedIn::new(app, &user, &session, None, now)?;
    // A logout that came in between wins: the record is gone, and nothing brings it back.
    if !extended(app, &session).await? {
        return Err(RenewalError::Ended);
    }
    app.renewals.remember(&session, kind, &signed_in, now);
    Ok(signed_in)
}

/// A store that takes no writes signs nobody out. Without the mark that this stores, a revocation
/// lies past this token all the same, unless the program ends meanwhile and the clock steps back.
async fn stamp(app: &App, session: &Session) -> Result<UnixTime, StorageError> {
    match app.stamp(session.user).await {
        Err(StorageError::Write(_)) => Ok(app.revocations.stamp(session.user, app.now())),
        stamp => stamp,
    }
}

/// Moves the idle limit; `false` when the session is gone. Where the store takes no writes the
/// session goes on, until the limit that is stored.
async fn extended(app: &App, session: &Session) -> Result<bool, StorageError> {
    let until = session.idle_until;
    match app.store.extend_session(session.id, until).await {
        Err(StorageError::Write(error)) => {
            tracing::warn!(%error, "a session was renewed without moving its idle limit");
            Ok(app.store.session(session.id).await?.is_some())
        }
        extended => extended,
    }
}

/// Which client certificate comes with a refresh secret.
#[derive(Debug, Clone, Copy)]
pub(super) enum Presented<'a> {
    /// The gateway told about the client's connection.
    ByClient(Option<&'a str>),
    /// A filter asks, which judges the new token itself.
    ByFilter,
}

impl Presented<'_> {
    fn fits(self, session: &Session) -> bool {
        match (self, session.certificate.as_deref()) {
            (Self::ByFilter, _) | (_, None) => true,
            (Self::ByClient(certificate), bound) => certificate == bound,
        }
    }
}
