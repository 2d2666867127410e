//! A mount as administrators see it: what can be written, by the same names, and what comes with it.

use crate::app::{App, MountPoint, WrittenMount};
use crate::ceremony::{Attachment, Policy};
use crate::routes::passkey::rfc3339;
use serde_json::{Value, json};

/// The mount of this name, whether it answers or not.
pub(super) fn view(app: &App, name: &str) -> Option<Value> {
    let served = app.mount_points.served();
    let mut shown = match served.written_as(name) {
        Some(written) if !app.mount_points.declares(name) => written_view(written),
        _ => declared(served.named(name)?),
    };
    // Every policy refuses models that the metadata report.
    let of_the_metadata = app.trust.warnings(app.now());
    if let Some(Value::Array(warnings)) = shown.get_mut("warnings") {
        warnings.extend(of_the_metadata.iter().map(|it| it.to_string().into()));
    }
    if let Some(Value::Array(causes)) = shown.get_mut("causes") {
        causes.extend(of_the_metadata.iter().map(|it| json!(it)));
    }
    Some(shown)
}

/// Every mount: those of the configuration file, then the others by name.
pub(super) fn views(app: &App) -> Vec<Value> {
    let served = app.mount_points.served();
    let names = served.all().iter().map(|it| it.ceremonies.name());
    let broken = served.written().iter().filter(|it| it.point.is_err());
    let broken = broken.map(|it| it.record.name.as_str());
    let broken = broken.filter(|name| !app.mount_points.declares(name));
    names
        .chain(broken)
        .filter_map(|name| view(app, name))
        .collect()
}

fn declared(mount: &MountPoint) -> Value {
    let mut shown = point(mount);
    shown["declared_in"] = "configuration file".into();
    shown
}

fn written_view(mount: &WrittenMount) -> Value {
    let mut shown = match &mount.point {
        Ok(mount) => point(mount),
        // What was written is all that there is of it.
        Err(problem) => {
            let mut settings = Value::Object(mount.record.settings.clone());
            settings["name"] = mount.record.name.as_str().into();
            settings["problem"] = problem.to_string().into();
            settings["causes"] = json!([problem]);
            settings
        }
    };
    shown["declared_in"] = "administration API".into();
    shown["revision"] = mount.record.revision.into();
    shown["changed_at"] = rfc3339(mount.record.changed_at).into();
    shown["changed_by"] = mount.record.changed_by.as_str().into();
    shown
}

fn point(mount: &MountPoint) -> Value {
    let ceremonies = &mount.ceremonies;
    let mut shown = policy(ceremonies.passwordless());
    shown["name"] = ceremonies.name().into();
    shown["rp_id"] = ceremonies.relying_party().id().into();
    shown["rp_display_name"] = ceremonies.relying_party().display_name().into();
    shown["rp_origins"] = ceremonies.relying_party().origins().into();
    shown["auto_registration"] = mount.self_registration.into();
    shown["max_credentials"] = mount.max_credentials.into();
    shown["two_factor"] = ceremonies.two_factor().map(policy).into();
    let warnings = mount.notices.iter().map(ToString::to_string);
    shown["warnings"] = warnings.collect::<Vec<_>>().into();
    shown["causes"] = json!(mount.notices);
    shown
}

fn policy(policy: &Policy) -> Value {
    let algorithms: Vec<&str> = policy.algorithms.iter().map(|it| it.as_str()).collect();
    let hints: Vec<&str> = policy.hints.iter().map(|it| it.as_str()).collect();
    json!({
        "user_verification": policy.user_verification.as_str(),
        "registration_user_verification": policy.at_registration().as_str(),
        "discoverable_credential": policy.discoverable_credential.as_str(),
        "authenticator_attachment": policy.attachment.map(Attachment::as_str),
        "algorithms": algorithms,
        // 0 leaves it to the browser.
        "timeout": policy.timeout.map_or(0, |timeout| timeout.0),
        "attestation": policy.attestation.as_str(),
        "refuse_compromised": policy.refuse_compromised,
        "avoid_same_authenticator": policy.avoid_same_authenticator,
        "acceptable_aaguids": policy.acceptable_aaguids,
        "forbidden_aaguids": policy.forbidden_aaguids,
        "hints": hints,
    })
}
