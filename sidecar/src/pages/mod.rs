//! The pages that people see: logging in, their account, logging out, and what went wrong.
//!
//! Rendered here, made lively by small ES modules without a build step. Everything that differs
//! between requests travels in text and `data-` attributes, so the content security policy needs
//! no exception. `GET` changes nothing; the scripts use the JSON endpoints. Only the choice of a language is a form.

mod accept_language;
mod administration;
mod answer;
mod assets;
mod brand;
mod handlers;
mod language;
mod views;
mod words;

pub use assets::Assets;
pub use language::takes_choice;
pub use words::language_tags;

use crate::model::{Branding, Credential, Need, Seconds, Trait, User, UserId};
use crate::storage::StorageError;
use async_trait::async_trait;
use axum::http::{HeaderMap, Uri};
use axum::{Router, response::Response, routing::get};
use std::sync::Arc;
use uuid::Uuid;
use words::{Languages, Words};

/// What the pages know of this installation; all of it from configuration, none from requests.
#[derive(Debug, Clone)]
pub struct Site {
    /// Where everything lives, such as `/_latchkey`; no trailing slash.
    pub public_path: String,
    /// The mount of the ceremonies, such as `webauthn`.
    pub mount: String,
    /// The relying party's id: passkeys belong to it.
    pub rp_id: String,
    /// The relying party's name, as people know it.
    pub rp_name: String,
    /// Whether a stranger may create an account.
    pub self_registration: bool,
    /// Whether every passkey tells by itself whose it is, so that no user name is needed.
    pub nameless: bool,
    /// Whether cookies are `Secure`: not on a loopback address without TLS.
    pub secure: bool,
    /// How the pages look here.
    pub branding: Branding,
}

/// Who opens a page.
#[expect(clippy::large_enum_variant, reason = "one for each page that is shown")]
#[derive(Debug, Clone)]
pub enum Visitor {
    /// Nobody we know.
    Stranger,
    /// No valid session token, but a refresh cookie, which may or may not be good for another.
    Returning,
    /// The session token is valid and its session lives.
    Known(User),
}

/// Whether somebody gets to see the page of administrators.
#[derive(Debug, Clone)]
pub enum Admission {
    /// There is no such page on this host, or none at all.
    NotHere,
    /// Nobody is signed in.
    LogIn,
    /// The session is good for registering a passkey, and for nothing else.
    MustRegister,
    /// The user is in no group of administrators.
    NoAdministrator,
    /// An administrator, whose last login is too old, or was without user verification.
    StepUp {
        /// How old it can be.
        max_age: Seconds,
    },
    /// An administrator who has just proved presence.
    Administrator(Box<User>),
}

/// What the pages ask the rest of the program.
#[async_trait]
pub trait Visitors: Send + Sync {
    /// Whom the cookies among these headers name.
    ///
    /// # Errors
    /// When the store cannot tell.
    async fn visitor(&self, headers: &HeaderMap) -> Result<Visitor, StorageError>;

    /// What the session of a known visitor lacks of what is needed.
    ///
    /// # Errors
    /// When the store cannot tell.
    async fn lacking(&self, headers: &HeaderMap, need: &Need) -> Result<Vec<Trait>, StorageError>;

    /// Whether the cookies among these headers let their holder administer, at the host that was
    /// asked.
    ///
    /// # Errors
    /// When the store cannot tell.
    async fn admission(&self, uri: &Uri, headers: &HeaderMap) -> Result<Admission, StorageError>;

    /// A user's passkeys, oldest first.
    ///
    /// # Errors
    /// When the store cannot tell.
    async fn passkeys(&self, user: UserId) -> Result<Vec<Credential>, StorageError>;

    /// What a model of authenticator (AAGUID) is called.
    fn authenticator(&self, aaguid: Uuid) -> Option<String>;

    /// Whether a user has recovery codes that still work.
    ///
    /// # Errors
    /// When the store cannot tell.
    async fn has_recovery_codes(&self, user: UserId) -> Result<bool, StorageError>;
}

/// The pages of one installation.
#[derive(Clone)]
pub struct Pages {
    site: Arc<Site>,
    languages: Languages,
    assets: Arc<Assets>,
    visitors: Arc<dyn Visitors>,
}

impl Pages {
    /// Pages for `site`.
    #[must_use]
    pub fn new(site: Site, visitors: Arc<dyn Visitors>) -> Self {
        let languages = Languages::built_in();
        let assets = Assets::new(&site.public_path, &languages, &site.branding);
        Self {
            site: Arc::new(site),
            languages,
            assets: Arc::new(assets),
            visitors,
        }
    }

    /// The routes of all pages, without the public path in front: for [`Router::nest`] below it.
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new()
            .route("/", get(handlers::start))
            .route("/login", get(handlers::login).post(language::choose))
            .route("/account", get(handlers::account).post(language::choose))
            .route(
                "/admin",
                get(administration::show).post(administration::choose_language),
            )
            .route("/enroll", get(handlers::enroll).post(language::choose))
            .route("/logout", get(handlers::logout).post(language::choose))
            .route("/stuck", get(handlers::stuck).post(language::choose))
            .route("/assets/{version}/{language}/{name}", get(handlers::asset))
            .with_state(self.clone())
    }

    /// The language for whoever sent these headers.
    fn words(&self, headers: &HeaderMap) -> Arc<Words> {
        let chosen = language::remembered(self, headers);
        chosen.unwrap_or_else(|| self.languages.of(headers)).clone()
    }

    /// The page for an address that leads nowhere, for whoever sent these headers.
    #[must_use]
    pub fn not_found(&self, headers: &HeaderMap) -> Response {
        answer::not_found(self, self.words(headers))
    }

    /// The page for a failure on our side, for whoever sent these headers; `request_id` is what
    /// support can search for.
    #[must_use]
    pub fn failure(
        &self,
        headers: &HeaderMap,
        failure: Failure,
        request_id: Option<&str>,
    ) -> Response {
        answer::failure(self, self.words(headers), failure, request_id)
    }
}

/// Failures that a person can meet on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The store cannot be asked right now (503).
    Unavailable,
    /// Something that should not happen (500).
    Internal,
}

#[cfg(test)]
mod tests;
