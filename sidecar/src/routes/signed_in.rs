//! The answer to a ceremony that ends in a session.

use super::ceremonies::Warning;
use super::layers::Client;
use super::passkey::Passkey;
use crate::app::App;
use crate::issuer::{CookieOverflow, IssuerError, MintedToken, RefreshSecret};
use crate::model::{Session, UnixTime, User};
use crate::problem::{Problem, ProblemKind};
use axum::Json;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use latchkey_token::SignError;
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// Why no token can be handed out.
#[derive(Debug, thiserror::Error)]
pub(super) enum HandOutError {
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    #[error(transparent)]
    Overflow(#[from] CookieOverflow),
}

impl HandOutError {
    pub(super) fn reason(&self) -> &'static str {
        if self.is_too_large() {
            "token_too_large"
        } else {
            "issuer_failed"
        }
    }

    /// Whether the account has more in its token than a cookie holds.
    pub(super) fn is_too_large(&self) -> bool {
        matches!(
            self,
            Self::Issuer(IssuerError::Sign(SignError::TooLong { .. })) | Self::Overflow(_)
        )
    }
}

impl From<HandOutError> for Problem {
    fn from(error: HandOutError) -> Self {
        tracing::error!(%error, "no token can be handed out");
        if error.is_too_large() {
            Self::new(
                ProblemKind::TokenTooLarge,
                "An administrator can limit the groups in tokens with token.groups.",
            )
        } else {
            Self::internal()
        }
    }
}

/// What a ceremony that ends in a session answers, in the Vault-style.
#[derive(Serialize, ToSchema)]
pub(super) struct SignedInAnswer {
    auth: Auth,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    warnings: Vec<Warning>,
    /// The passkey that was registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    passkey: Option<Passkey>,
}

/// The token that was made, as far as the client may see it.
#[derive(Clone, Serialize, ToSchema)]
pub(super) struct Auth {
    /// The session token, for a caller that is no browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_token: Option<String>,
    policies: Vec<String>,
    /// Seconds for which the token is good.
    lease_duration: u64,
    metadata: Metadata,
    /// The session is good for registering a passkey, and for nothing else.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    must_register_passkey: bool,
}

#[derive(Clone, Serialize, ToSchema)]
struct Metadata {
    username: String,
}

impl Auth {
    /// Of a token that the client holds already.
    pub(super) fn of(user: &User, lease_duration: u64) -> Self {
        Self {
            client_token: None,
            policies: user.policies.clone(),
            lease_duration,
            metadata: Metadata {
                username: user.name.as_str().to_owned(),
            },
            must_register_passkey: false,
        }
    }

    /// Of a session that is good for registering a passkey only, or of any other.
    pub(super) fn restricted(self, must_register_passkey: bool) -> Self {
        Self {
            must_register_passkey,
            ..self
        }
    }
}

impl SignedInAnswer {
    /// Of a passkey that was added in a session that goes on.
    pub(super) fn added(auth: Auth, passkey: Passkey) -> Self {
        Self {
            auth,
            warnings: Vec::new(),
            passkey: Some(passkey),
        }
    }
}

/// Shown nowhere.
impl std::fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedIn").finish_non_exhaustive()
    }
}

/// A token with its cookies, made before anything is stored, so that a session that no browser
/// could hold is never begun.
#[derive(Clone)]
pub(super) struct SignedIn {
    token: Zeroizing<String>,
    cookies: Vec<Zeroizing<String>>,
    auth: Auth,
    warnings: Vec<Warning>,
}

impl SignedIn {
    /// Mints the token, with `now` from [`App::stamp`]; with `secret`, the refresh cookie is set too.
    pub(super) fn new(
        app: &App,
        user: &User,
        session: &Session,
        secret: Option<&RefreshSecret>,
        now: UnixTime,
    ) -> Result<Self, HandOutError> {
        let MintedToken { token, expires_at } =
            app.issuer.mint(user, session, &*app.entropy, now)?;
        let token = Zeroizing::new(token);
        let mut cookies = vec![app.cookies.token(&token, session, now)?];
        cookies.extend(secret.map(|secret| app.cookies.secret(secret, session, now)));
        let auth = Auth {
            must_register_passkey: session.is_restricted(user),
            ..Auth::of(user, expires_at.since(now).0)
        };
        Ok(Self {
            token,
            cookies,
            auth,
            warnings: Vec::new(),
        })
    }

    /// What the user should know.
    pub(super) fn warn(&mut self, warnings: Vec<Warning>) {
        self.warnings = warnings;
    }

    /// The answer. A browser gets the cookies alone: no script ever sees the token.
    pub(super) fn answer(mut self, client: &Client, passkey: Option<Passkey>) -> Response {
        if !client.is_browser {
            self.auth.client_token = Some(self.token.to_string());
        }
        let body = SignedInAnswer {
            auth: self.auth,
            warnings: self.warnings,
            passkey,
        };
        let mut response = Json(body).into_response();
        for line in &self.cookies {
            append_cookie(&mut response, line);
        }
        response
    }

    /// The answer to a filter, which judges the token and passes the cookies on.
    pub(super) fn for_filter(&self) -> Response {
        Json(Renewed {
            token: self.token.to_string(),
            set_cookie: self.cookies.iter().map(|it| it.to_string()).collect(),
        })
        .into_response()
    }
}

/// A renewed session, for a filter.
#[derive(Serialize, ToSchema)]
#[schema(as = RenewedSession)]
pub(super) struct Renewed {
    token: String,
    /// Whole `Set-Cookie` lines.
    set_cookie: Vec<String>,
}

/// Adds a `Set-Cookie` line.
pub(super) fn append_cookie(response: &mut Response, line: &str) {
    let Ok(mut value) = HeaderValue::from_str(line) else {
        tracing::error!("a cookie line holds characters that no header can carry");
        return;
    };
    value.set_sensitive(true);
    response.headers_mut().append(header::SET_COOKIE, value);
}
