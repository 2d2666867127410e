//! The answer to a ceremony that ends in a session.

use super::layers::Client;
use crate::app::App;
use crate::issuer::{CookieOverflow, IssuerError, MintedToken, RefreshSecret};
use crate::model::{Session, UnixTime, User};
use crate::problem::{Problem, ProblemKind};
use axum::Json;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use latchkey_token::SignError;
use serde_json::{Value, json};
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
    auth: Value,
    warnings: Vec<Value>,
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
        let mut auth = json!({
            "policies": user.policies,
            "lease_duration": expires_at.since(now).0,
            "metadata": { "username": user.name.as_str() },
        });
        if session.is_restricted(user) {
            auth["must_register_passkey"] = Value::from(true);
        }
        Ok(Self {
            token,
            cookies,
            auth,
            warnings: Vec::new(),
        })
    }

    /// What the user should know.
    pub(super) fn warn(&mut self, warnings: Vec<Value>) {
        self.warnings = warnings;
    }

    /// The answer. A browser gets the cookies alone: no script ever sees the token.
    pub(super) fn answer(mut self, client: &Client, passkey: Option<Value>) -> Response {
        if !client.is_browser {
            self.auth["client_token"] = Value::from(self.token.as_str());
        }
        let mut body = json!({ "auth": self.auth });
        if !self.warnings.is_empty() {
            body["warnings"] = Value::from(self.warnings);
        }
        if let Some(passkey) = passkey {
            body["passkey"] = passkey;
        }
        let mut response = Json(body).into_response();
        for line in &self.cookies {
            append_cookie(&mut response, line);
        }
        response
    }

    /// The answer to a filter, which judges the token and passes the cookies on.
    pub(super) fn for_filter(&self) -> Response {
        let cookies: Vec<&str> = self.cookies.iter().map(|line| line.as_str()).collect();
        Json(json!({ "token": self.token.as_str(), "set_cookie": cookies })).into_response()
    }
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
