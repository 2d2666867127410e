//! A user as administrators see it.

use super::qr::svg;
use crate::app::App;
use crate::issuer::EnrolmentCode;
use crate::model::{Enrolment, Seconds, User};
use crate::routes::passkey::rfc3339;
use crate::storage::StorageError;
use serde_json::{Value, json};

/// The record, and what goes with it.
pub(super) async fn view(app: &App, user: &User) -> Result<Value, StorageError> {
    let passkeys = app.store.credentials_of(user.id).await?;
    let enrolment = app.store.enrolment(user.id).await?;
    let codes = app.store.recovery_codes(user.id).await?;
    let seconds = |limit: Option<Seconds>| limit.map_or(0, |it| it.0);
    let last_used = passkeys.iter().filter_map(|it| it.last_used_at).max();
    Ok(json!({
        "id": user.id.0.to_string(),
        "name": user.name.as_str(),
        "display_name": user.display_name,
        "email": user.email,
        "groups": user.groups,
        "policies": user.policies,
        "token_policies": user.policies,
        "token_ttl": seconds(user.limits.token_ttl),
        "token_max_ttl": seconds(user.limits.token_max_ttl),
        "token_period": seconds(user.limits.token_period),
        "disabled": user.disabled,
        "must_register_passkey": user.must_register,
        "created_at": rfc3339(user.created_at),
        "last_login_at": last_used.map(rfc3339),
        "passkeys": passkeys.len(),
        "sessions": app.living_sessions_of(user.id).await?.len(),
        "disabled_passkeys": passkeys.iter().filter(|it| it.disabled_at.is_some()).count(),
        "recovery_codes": codes.map_or(0, |codes| codes.left.len()),
        "enrolment": enrolment.map(|it| described(app, &it)),
    }))
}

/// A code as it can be shown again: without its secret.
pub(super) fn described(app: &App, enrolment: &Enrolment) -> Value {
    json!({
        "purpose": enrolment.purpose.as_str(),
        "mount": enrolment.mount,
        "created_at": rfc3339(enrolment.created_at),
        "created_by": enrolment.created_by,
        "expires_at": rfc3339(enrolment.expires_at),
        "expired": !enrolment.is_open(app.now()),
    })
}

/// A code with its secret, shown once: to whoever asked for it. Where the pages are no origin of its
/// mount there is no link: a program of that mount has to redeem the code.
pub(super) fn revealed(app: &App, code: &EnrolmentCode, enrolment: &Enrolment) -> Value {
    let link = link(app, code, &enrolment.mount);
    let mut shown = described(app, enrolment);
    shown["qr_svg"] = link.as_deref().map(svg).into();
    shown["code"] = json!(code.text().as_str());
    shown["link"] = link.into();
    shown
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
