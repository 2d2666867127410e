//! Error answers: problem details (RFC 9457) with a stable `type`.
//!
//! Bodies hold nothing that differs from one request to the next (the request id is a header), so
//! that two refusals that must look alike are the same bytes.

use crate::model::{Reason, Seconds};
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::borrow::Cow;

/// What went wrong, as far as a client may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum ProblemKind {
    /// The body or a parameter does not have the form that the endpoint takes.
    BadRequest,
    /// The body's content type is one that a page of another site could send unasked.
    SimpleContentType,
    /// The body is not declared as exactly `application/json`.
    NotJson,
    /// The request comes from another origin.
    CrossSite,
    /// The body is over the cap.
    TooLarge,
    /// The body did not arrive in time.
    Timeout,
    /// Nothing is here.
    NotFound,
    /// Something is here, but not for this method.
    MethodNotAllowed,
    /// No session, or none that lives.
    Unauthorized,
    /// The session is not fresh enough for this step.
    FreshLoginRequired,
    /// The only passkey of an account cannot be removed.
    LastPasskey,
    /// The account has as many passkeys as it can have.
    TooManyPasskeys,
    /// The user name belongs, or belonged, to someone.
    NameTaken,
    /// The text is no user name.
    InvalidUserName,
    /// Strangers cannot make accounts here.
    RegistrationOff,
    /// The user is in no group of administrators.
    NotAnAdministrator,
    /// The session is good for registering a passkey, and for nothing else.
    MustRegister,
    /// A one-time code is worth nothing.
    CodeRefused,
    /// Something stands in the way that is as it is.
    Conflict,
    /// The one answer for everything that is wrong with a ceremony.
    CeremonyRefused,
    /// The policy takes no passkeys of this kind. Answered at registration alone, and says nothing
    /// about accounts.
    PasskeyNotTaken,
    /// A session is bound to a client certificate here, and there is none.
    CertificateRequired,
    /// The token would not fit a browser's cookie.
    TokenTooLarge,
    /// The next signing key is not known well enough.
    TooSoon,
    /// The key set would have more keys than verifiers take.
    TooManyKeys,
    /// Too many requests, or too many ceremonies under way.
    TooMany,
    /// The store refused: nothing has changed.
    StoreUnavailable,
    /// A fault of ours.
    Internal,
}

impl ProblemKind {
    /// The last part of `type`.
    #[must_use]
    pub fn slug(self) -> &'static str {
        self.parts().0
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> StatusCode {
        self.parts().1
    }

    /// What a person calls it.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.parts().2
    }

    fn parts(self) -> (&'static str, StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::BadRequest => ("bad-request", S::BAD_REQUEST, "Bad request"),
            Self::SimpleContentType => (
                "not-json",
                S::FORBIDDEN,
                "Only application/json is taken here",
            ),
            Self::NotJson => (
                "not-json",
                S::UNSUPPORTED_MEDIA_TYPE,
                "Only application/json is taken here",
            ),
            Self::CrossSite => (
                "cross-site",
                S::FORBIDDEN,
                "Requests from other origins are refused",
            ),
            Self::TooLarge => ("too-large", S::PAYLOAD_TOO_LARGE, "The body is too large"),
            Self::Timeout => (
                "timeout",
                S::REQUEST_TIMEOUT,
                "The body did not arrive in time",
            ),
            Self::NotFound => ("not-found", S::NOT_FOUND, "Not found"),
            Self::MethodNotAllowed => (
                "method-not-allowed",
                S::METHOD_NOT_ALLOWED,
                "Method not allowed",
            ),
            Self::Unauthorized => ("unauthorized", S::UNAUTHORIZED, "Sign in first"),
            Self::FreshLoginRequired => (
                "fresh-login-required",
                S::FORBIDDEN,
                "Sign in again to do this",
            ),
            Self::LastPasskey => ("last-passkey", S::CONFLICT, "The last passkey stays"),
            Self::TooManyPasskeys => (
                "too-many-passkeys",
                S::CONFLICT,
                "The account has as many passkeys as it can have",
            ),
            Self::NameTaken => ("name-taken", S::CONFLICT, "The user name is taken"),
            Self::InvalidUserName => (
                "invalid-user-name",
                S::BAD_REQUEST,
                "That cannot be a user name",
            ),
            Self::RegistrationOff => (
                "registration-off",
                S::FORBIDDEN,
                "Accounts are made by an administrator here",
            ),
            Self::NotAnAdministrator => (
                "not-an-administrator",
                S::FORBIDDEN,
                "Only administrators can do this",
            ),
            Self::MustRegister => (
                "must-register-passkey",
                S::FORBIDDEN,
                "Register a passkey first",
            ),
            Self::CodeRefused => ("code-refused", S::BAD_REQUEST, "The code was not accepted"),
            Self::Conflict => ("conflict", S::CONFLICT, "That cannot be done as things are"),
            Self::CeremonyRefused => (
                "ceremony-refused",
                S::BAD_REQUEST,
                "The passkey was not accepted",
            ),
            Self::PasskeyNotTaken => (
                "passkey-not-taken",
                S::BAD_REQUEST,
                "Passkeys of this kind are not taken here",
            ),
            Self::CertificateRequired => (
                "certificate-required",
                S::FORBIDDEN,
                "Signing in needs a client certificate here",
            ),
            Self::TokenTooLarge => (
                "token-too-large",
                S::INTERNAL_SERVER_ERROR,
                "The account has more groups than a session cookie can hold",
            ),
            Self::TooSoon => (
                "too-soon",
                S::CONFLICT,
                "The next key is not known to every verifier yet",
            ),
            Self::TooManyKeys => ("too-many-keys", S::CONFLICT, "There are too many keys"),
            Self::TooMany => ("too-many", S::TOO_MANY_REQUESTS, "Too many requests"),
            Self::StoreUnavailable => (
                "store-unavailable",
                S::SERVICE_UNAVAILABLE,
                "Nothing can be stored right now",
            ),
            Self::Internal => ("internal", S::INTERNAL_SERVER_ERROR, "Something went wrong"),
        }
    }
}

/// What stands before the slug in `type`.
pub const PROBLEM_TYPE: &str = "urn:latchkey:problem:";

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    kind: ProblemKind,
    detail: Cow<'static, str>,
    retry_after: Option<Seconds>,
    /// What is wrong with what was sent, for programs.
    reason: Option<Box<Reason>>,
    /// A member beside those of every problem (RFC 9457, section 3.2).
    more: Option<(&'static str, serde_json::Value)>,
}

impl Problem {
    /// Of this kind, with what may help the client. No secret, nothing about who else exists.
    pub fn new(kind: ProblemKind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            retry_after: None,
            reason: None,
            more: None,
        }
    }

    /// Of this kind, for a reason: its sentence is the detail, and its code stands in `errors`.
    #[must_use]
    pub fn because(kind: ProblemKind, reason: Reason) -> Self {
        let detail = ended(&reason);
        Self {
            reason: Some(Box::new(reason)),
            ..Self::new(kind, detail)
        }
    }

    /// The same, with the time after which another try makes sense.
    #[must_use]
    pub fn retry_after(self, span: Seconds) -> Self {
        Self {
            retry_after: Some(span),
            ..self
        }
    }

    /// The same, with a member of its own.
    #[must_use]
    pub fn with(self, name: &'static str, value: serde_json::Value) -> Self {
        Self {
            more: Some((name, value)),
            ..self
        }
    }

    /// What may help the client.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// The uniform answer to every ceremony that is not accepted.
    #[must_use]
    pub fn ceremony_refused() -> Self {
        Self::new(
            ProblemKind::CeremonyRefused,
            "The passkey or the ceremony is unknown, expired, used already or not valid. Begin again.",
        )
    }

    /// The answer to a registration that the policy of the mount alone stands against.
    #[must_use]
    pub fn passkey_not_taken() -> Self {
        Self::new(
            ProblemKind::PasskeyNotTaken,
            "The policy takes other authenticators, or does not believe this one. Use another one.",
        )
    }

    /// For a request without a living session.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(
            ProblemKind::Unauthorized,
            "There is no session, or it has ended.",
        )
    }

    /// For a fault of ours; what it was stands in the log.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            ProblemKind::Internal,
            "The fault is on this side and has been logged.",
        )
    }

    /// For a store that cannot read or write now.
    #[must_use]
    pub fn store_unavailable() -> Self {
        Self::new(
            ProblemKind::StoreUnavailable,
            "Nothing was changed. Try again in a moment.",
        )
        .retry_after(Seconds(5))
    }
}

/// With a full stop, unless it ends already.
fn ended(reason: &Reason) -> String {
    let text = reason.to_string();
    if text.ends_with(['.', '?']) {
        text
    } else {
        format!("{text}.")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (slug, status, title) = self.kind.parts();
        let mut body = serde_json::json!({
            "type": format!("{PROBLEM_TYPE}{slug}"),
            "title": title,
            "status": status.as_u16(),
            "detail": self.detail,
        });
        if let Some(reason) = self.reason {
            body["errors"] = serde_json::json!([reason]);
        }
        if let Some((name, value)) = self.more {
            body[name] = value;
        }
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(span) = self.retry_after {
            headers.insert(header::RETRY_AFTER, span.0.into());
        }
        if self.kind == ProblemKind::Unauthorized {
            // RFC 9110, section 11.6.1: a 401 names what would be accepted.
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_problem_is_its_slug_its_status_and_its_detail() {
        let response = Problem::store_unavailable().into_response();
        assert_eq!(response.status(), 503);
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
        assert_eq!(response.headers()["retry-after"], "5");
        let body = axum::body::to_bytes(response.into_body(), 4096)
            .await
            .unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["type"], "urn:latchkey:problem:store-unavailable");
        assert_eq!(body["status"], 503);
        assert!(body.get("request_id").is_none());
    }

    #[test]
    fn only_unauthorized_names_a_scheme() {
        let headers = |problem: Problem| problem.into_response().headers().clone();
        assert_eq!(
            headers(Problem::unauthorized())["www-authenticate"],
            "Bearer"
        );
        assert!(!headers(Problem::ceremony_refused()).contains_key("www-authenticate"));
    }
}
