//! Who may administer over the public listener: a signed-in member of an administrators' group,
//! who proved presence a moment ago, with user verification.

use super::{Acting, ActingSession};
use crate::app::App;
use crate::model::Actor;
use crate::problem::{Problem, ProblemKind};
use crate::routes::audit::Audit;
use crate::routes::caller::{Caller, CallerError, caller};
use crate::routes::freshness::{NotFresh, require_fresh};
use crate::routes::layers::Client;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;

/// Why somebody is not let through.
#[derive(Debug, thiserror::Error)]
pub(in crate::routes) enum GateError {
    #[error("administration is not served here")]
    NotHere,
    #[error(transparent)]
    Caller(#[from] CallerError),
    #[error("the user is in no group of administrators")]
    NoAdministrator,
    #[error("the login was without user verification")]
    NotVerified,
    #[error(transparent)]
    NotFresh(#[from] NotFresh),
}

impl GateError {
    fn reason(&self) -> &'static str {
        match self {
            Self::NotHere => "not_here",
            Self::Caller(error) => error.reason(),
            Self::NoAdministrator => "no_administrator",
            Self::NotVerified => "user_not_verified",
            Self::NotFresh(_) => "not_fresh",
        }
    }
}

impl From<GateError> for Problem {
    fn from(error: GateError) -> Self {
        match error {
            GateError::NotHere => Self::new(ProblemKind::NotFound, "Nothing is here."),
            GateError::Caller(error) => error.into(),
            GateError::NoAdministrator => Self::new(
                ProblemKind::NotAnAdministrator,
                "This needs an administrator.",
            ),
            // Both are mended by the same thing: a new login, as strong as it gets.
            GateError::NotVerified => Self::new(
                ProblemKind::FreshLoginRequired,
                "This step needs a sign-in with a PIN, a fingerprint or a face. Sign in again.",
            ),
            GateError::NotFresh(error) => error.into(),
        }
    }
}

/// Lets administrators through, and says who acts.
pub(crate) async fn gate(
    State(app): State<Arc<App>>,
    client: Client,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let headers = request.headers().clone();
    let here = is_administered_here(&app, request.uri(), &headers);
    match administrator(&app, here, &headers).await {
        Ok(caller) => {
            let (id, name) = (caller.user.id, caller.user.name);
            let actor = Actor::Administrator { id, name };
            request.extensions_mut().insert(Acting(actor));
            request
                .extensions_mut()
                .insert(ActingSession(caller.session.id));
            Ok(next.run(request).await)
        }
        Err(error) => {
            if !matches!(error, GateError::NotHere) {
                Audit::new("administration", &client).refused(error.reason());
                app.metrics.ceremony("administration", error.reason());
            }
            Err(error.into())
        }
    }
}

/// The administrator who sends these headers, where administration is served.
pub(in crate::routes) async fn administrator(
    app: &Arc<App>,
    here: bool,
    headers: &HeaderMap,
) -> Result<Caller, GateError> {
    if !here {
        return Err(GateError::NotHere);
    }
    let caller = caller(app, headers).await?;
    // The user's record, not the token: who was taken out of the group is out at once.
    if !caller
        .user
        .groups
        .iter()
        .any(|it| app.settings.admin.groups.contains(it))
    {
        return Err(GateError::NoAdministrator);
    }
    if !caller.user_verified() {
        return Err(GateError::NotVerified);
    }
    require_fresh(&caller, app.settings.fresh_for, app.now())?;
    Ok(caller)
}

/// Whether administration is switched on, and served on the host that is asked.
pub(in crate::routes) fn is_administered_here(app: &App, uri: &Uri, headers: &HeaderMap) -> bool {
    app.settings.admin.enabled && is_ours(uri, headers, &app.settings.admin.hosts)
}

/// HTTP/2 names the host in the target, HTTP/1 in a header; two headers are nobody's.
fn is_ours(uri: &Uri, headers: &HeaderMap, hosts: &[String]) -> bool {
    let ours = |host: &str| hosts.iter().any(|it| it.eq_ignore_ascii_case(host));
    let mut headers = headers.get_all(header::HOST).iter();
    match (uri.authority(), headers.next(), headers.next()) {
        (Some(authority), None, None) => ours(authority.as_str()),
        (None, Some(host), None) => host.to_str().is_ok_and(ours),
        (Some(authority), Some(host), None) => {
            host == authority.as_str() && ours(authority.as_str())
        }
        _ => false,
    }
}
