//! A user as administrators see it.

use super::qr::svg;
use crate::app::App;
use crate::issuer::EnrolmentCode;
use crate::model::{Enrolment, Reason, Seconds, User};
use crate::routes::openapi::ReasonView;
use crate::routes::passkey::rfc3339;
use crate::storage::StorageError;
use serde::Serialize;
use utoipa::ToSchema;

/// The record, and what goes with it.
#[derive(Serialize, ToSchema)]
pub(super) struct UserView {
    id: String,
    pub(super) name: String,
    display_name: String,
    email: Option<String>,
    groups: Vec<String>,
    policies: Vec<String>,
    token_policies: Vec<String>,
    /// Seconds; 0: as for everyone.
    token_ttl: u64,
    token_max_ttl: u64,
    token_period: u64,
    disabled: bool,
    must_register_passkey: bool,
    created_at: String,
    /// When a passkey of theirs last signed in; one that is registered with a new account, or with a
    /// link, does so at once.
    last_login_at: Option<String>,
    /// How many.
    passkeys: usize,
    sessions: usize,
    disabled_passkeys: usize,
    recovery_codes: usize,
    /// The link that is out, if any. The secret of it only in the answer to whoever made it.
    pub(super) enrolment: Option<EnrolmentView>,
    /// What will not work at the next login, and what of a change had no effect.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    warnings: Vec<String>,
    /// The same for programs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<ReasonView>, required = false)]
    causes: Vec<Reason>,
}

impl UserView {
    /// The same with what should be known of it.
    pub(super) fn warned(self, causes: Vec<Reason>) -> Self {
        let warnings = causes.iter().map(ToString::to_string).collect();
        Self {
            warnings,
            causes,
            ..self
        }
    }
}

/// A one-time link. What opens it is shown once: to whoever made it.
#[derive(Serialize, ToSchema)]
pub(super) struct EnrolmentView {
    /// `enrol`, `recover` or `bootstrap`.
    purpose: &'static str,
    /// The mount that it is for.
    mount: String,
    created_at: String,
    created_by: String,
    expires_at: String,
    expired: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    /// The link as a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    qr_svg: Option<String>,
}

/// What there is to see of a user.
pub(super) async fn view(app: &App, user: &User) -> Result<UserView, StorageError> {
    let passkeys = app.store.credentials_of(user.id).await?;
    let enrolment = app.store.enrolment(user.id).await?;
    let codes = app.store.recovery_codes(user.id).await?;
    let seconds = |limit: Option<Seconds>| limit.map_or(0, |it| it.0);
    let last_used = passkeys.iter().filter_map(|it| it.last_used_at).max();
    Ok(UserView {
        id: user.id.0.to_string(),
        name: user.name.as_str().to_owned(),
        display_name: user.display_name.clone(),
        email: user.email.clone(),
        groups: user.groups.clone(),
        policies: user.policies.clone(),
        token_policies: user.policies.clone(),
        token_ttl: seconds(user.limits.token_ttl),
        token_max_ttl: seconds(user.limits.token_max_ttl),
        token_period: seconds(user.limits.token_period),
        disabled: user.disabled,
        must_register_passkey: user.must_register,
        created_at: rfc3339(user.created_at),
        last_login_at: last_used.map(rfc3339),
        passkeys: passkeys.len(),
        sessions: app.living_sessions_of(user.id).await?.len(),
        disabled_passkeys: passkeys
            .iter()
            .filter(|it| it.disabled_at.is_some())
            .count(),
        recovery_codes: codes.map_or(0, |codes| codes.left.len()),
        enrolment: enrolment.map(|it| described(app, &it)),
        warnings: Vec::new(),
        causes: Vec::new(),
    })
}

/// A code as it can be shown again: without its secret.
fn described(app: &App, enrolment: &Enrolment) -> EnrolmentView {
    EnrolmentView {
        purpose: enrolment.purpose.as_str(),
        mount: enrolment.mount.clone(),
        created_at: rfc3339(enrolment.created_at),
        created_by: enrolment.created_by.clone(),
        expires_at: rfc3339(enrolment.expires_at),
        expired: !enrolment.is_open(app.now()),
        code: None,
        link: None,
        qr_svg: None,
    }
}

/// A code with its secret, shown once: to whoever asked for it. Where the pages are no origin of its
/// mount there is no link: a program of that mount has to redeem the code.
pub(super) fn revealed(app: &App, code: &EnrolmentCode, enrolment: &Enrolment) -> EnrolmentView {
    let link = link(app, code, &enrolment.mount);
    EnrolmentView {
        qr_svg: link.as_deref().and_then(svg),
        code: Some(code.text().to_string()),
        link,
        ..described(app, enrolment)
    }
}

/// The link of a code. The fragment never reaches a server's log; for another mount than the one of
/// the pages it begins with its name.
fn link(app: &App, code: &EnrolmentCode, mount: &str) -> Option<String> {
    let served = app.mount_points.served();
    let url = &app.settings.public_url;
    let origin = url.strip_suffix(&app.settings.public_path)?;
    let party = served.named(mount)?.ceremonies.relying_party();
    if !party.origins().iter().any(|it| it == origin) {
        return None;
    }
    let code = code.text();
    if mount == app.default_mount.ceremonies.name() {
        return Some(format!("{url}/enroll#{}", *code));
    }
    Some(format!("{url}/enroll#{mount}.{}", *code))
}
