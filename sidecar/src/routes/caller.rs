//! Whose session a request carries.

use super::layers::CLIENT_CERTIFICATE;
use crate::app::App;
use crate::model::{Session, SessionId, UnixTime, User, UserId};
use crate::problem::{Problem, ProblemKind};
use crate::storage::StorageError;
use axum::http::{HeaderMap, HeaderValue, header};
use latchkey_token::cookie::CookieLookup;
use latchkey_token::{Claims, TokenError};
use std::sync::Arc;

/// A signed-in caller: the token is valid, its session lives, its user is not disabled.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) user: User,
    pub(super) session: Session,
    pub(super) claims: Claims,
}

impl Caller {
    /// Whether the user was verified at the last proof of presence. Record and token must both say so,
    /// as for when it was: one that was taken before must gain nothing by it.
    pub(super) fn user_verified(&self) -> bool {
        let told = self.claims.authn.as_ref();
        self.session.authn.uv && told.is_some_and(|it| it.uv)
    }
}

/// Why a request has no caller.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallerError {
    #[error("there is no token")]
    NoToken,
    #[error("there are several tokens")]
    Several,
    #[error("the authorization header is not a bearer token")]
    Authorization,
    #[error("the token is refused: {0}")]
    Token(#[from] TokenError),
    #[error("the token names no session or user of ours")]
    Unknown,
    #[error("the session has ended")]
    Ended,
    #[error("the session is bound to another client certificate")]
    OtherCertificate,
    #[error("the user is disabled or gone")]
    NoUser,
    #[error("a passkey must be registered first")]
    MustRegister,
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl CallerError {
    /// For the audit trail.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::NoToken => "no_token",
            Self::Several => "several_tokens",
            Self::Authorization => "authorization_header",
            Self::Token(error) => error.reason(),
            Self::Unknown => "unknown_session",
            Self::Ended => "session_ended",
            Self::OtherCertificate => "other_certificate",
            Self::NoUser => "no_user",
            Self::MustRegister => "must_register",
            Self::Storage(_) => "store_unavailable",
        }
    }
}

impl From<CallerError> for Problem {
    fn from(error: CallerError) -> Self {
        match error {
            CallerError::Storage(error) => storage_problem(&error),
            CallerError::MustRegister => Self::new(
                ProblemKind::MustRegister,
                "Add a passkey on your account page before you go on.",
            ),
            CallerError::NoToken
            | CallerError::Several
            | CallerError::Authorization
            | CallerError::Token(_)
            | CallerError::Unknown
            | CallerError::Ended
            | CallerError::OtherCertificate
            | CallerError::NoUser => Self::unauthorized(),
        }
    }
}

/// Logs what the store said, and gives what the client is told.
pub(super) fn storage_problem(error: &StorageError) -> Problem {
    tracing::error!(%error, "the store failed");
    Problem::store_unavailable()
}

/// The caller of this request, where the session is good for everything.
pub(super) async fn caller(app: &Arc<App>, headers: &HeaderMap) -> Result<Caller, CallerError> {
    let caller = any_caller(app, headers).await?;
    if caller.session.is_restricted(&caller.user) {
        return Err(CallerError::MustRegister);
    }
    Ok(caller)
}

/// The caller of this request, even where the session is good for registering a passkey only, or
/// for logging out. The session's record is asked every time, so that a logout counts
/// here at once.
pub(super) async fn any_caller(app: &Arc<App>, headers: &HeaderMap) -> Result<Caller, CallerError> {
    let now = app.now();
    let token = token(app, headers)?;
    let claims = app.issuer.verify(token, now)?.claims().clone();
    let id = |text: &str| text.parse().map_err(|_| CallerError::Unknown);
    let (user, session) = (UserId(id(&claims.sub)?), SessionId(id(&claims.sid)?));

    let session = app
        .living_session(session)
        .await?
        .ok_or(CallerError::Ended)?;
    if session.user != user {
        return Err(CallerError::Unknown);
    }
    if app.revocations.refuse(user, UnixTime(claims.iat)) {
        return Err(CallerError::Ended);
    }
    // Cut by the layer in front unless a gateway set it.
    let shown = headers.get(CLIENT_CERTIFICATE).map(HeaderValue::as_bytes);
    let bound = session.certificate.as_deref().map(str::as_bytes);
    if bound.is_some() && shown != bound {
        return Err(CallerError::OtherCertificate);
    }
    let user = app.store.user(user).await?.filter(|user| !user.disabled);
    let user = user.ok_or(CallerError::NoUser)?;
    let session = session.capped(user.limits);
    if !session.is_alive(now) {
        return Err(CallerError::Ended);
    }
    Ok(Caller {
        user,
        session,
        claims,
    })
}

/// The one token of a request: as bearer, as cookie, or as both when they are the same.
fn token<'a>(app: &App, headers: &'a HeaderMap) -> Result<&'a [u8], CallerError> {
    let bearer = bearer(headers)?;
    match (bearer, app.cookies.find_token(cookies(headers))) {
        (_, CookieLookup::Several | CookieLookup::TooMany) => Err(CallerError::Several),
        (None, CookieLookup::None) => Err(CallerError::NoToken),
        (Some(bearer), CookieLookup::One(cookie)) if bearer != cookie => Err(CallerError::Several),
        (Some(token), _) | (None, CookieLookup::One(token)) => Ok(token),
    }
}

/// The values of the `cookie` headers: HTTP/2 allows several.
pub(super) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
}

/// RFC 6750, section 2.1; the scheme's case does not matter (RFC 9110, section 11.1).
fn bearer(headers: &HeaderMap) -> Result<Option<&[u8]>, CallerError> {
    let mut values = headers
        .get_all(header::AUTHORIZATION)
        .iter()
        .map(HeaderValue::as_bytes);
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(CallerError::Several),
        (Some(value), None) => match value.split_at_checked(7) {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"bearer ") => Ok(Some(token)),
            _ => Err(CallerError::Authorization),
        },
    }
}
