//! `/v1/auth/<mount>/config`: what the mount asks for. Mounts come from the configuration file, so
//! they are shown here and changed there.

use super::{Acting, refusal};
use crate::ceremony::{Attachment, Policy};
use crate::problem::{Problem, ProblemKind};
use crate::routes::mount::Mounted;
use crate::routes::openapi::tag;
use axum::Json;
use serde_json::{Value, json};

/// What the mount asks for.
#[utoipa::path(
    get,
    path = "/v1/auth/{mount}/config",
    tag = tag::MOUNTS,
    responses((status = 200, body = serde_json::Map<String, Value>)),
    extensions(("x-refuses" = json!([ProblemKind::NotFound]))),
)]
pub(super) async fn show(Mounted(mount): Mounted, _: Acting) -> Json<Value> {
    let ceremonies = &mount.ceremonies;
    let mut shown = policy(ceremonies.passwordless());
    shown["rp_id"] = ceremonies.relying_party().id().into();
    shown["rp_display_name"] = ceremonies.relying_party().display_name().into();
    shown["rp_origins"] = ceremonies.relying_party().origins().into();
    shown["auto_registration"] = mount.self_registration.into();
    shown["max_credentials"] = mount.max_credentials.into();
    shown["two_factor"] = ceremonies.two_factor().map(policy).into();
    shown["declared_in"] = "configuration file".into();
    Json(json!({ "data": shown }))
}

fn policy(policy: &Policy) -> Value {
    let algorithms: Vec<&str> = policy.algorithms.iter().map(|it| it.as_str()).collect();
    json!({
        "user_verification": policy.user_verification.as_str(),
        "registration_user_verification": policy.at_registration().as_str(),
        "discoverable_credential": policy.discoverable_credential.as_str(),
        "authenticator_attachment": policy.attachment.map(Attachment::as_str),
        "algorithms": algorithms,
        "timeout": policy.timeout.map(|timeout| timeout.0),
        "attestation": policy.attestation.as_str(),
        "acceptable_aaguids": policy.acceptable_aaguids,
        "forbidden_aaguids": policy.forbidden_aaguids,
    })
}

/// Refused: the mount is declared in the configuration file.
#[utoipa::path(
    post,
    path = "/v1/auth/{mount}/config",
    tag = tag::MOUNTS,
    request_body = serde_json::Map<String, Value>,
    responses((status = 200)),
    extensions(("x-refuses" = json!([ProblemKind::NotFound, ProblemKind::Conflict]))),
)]
pub(super) async fn change(_: Mounted, _: Acting) -> Problem {
    refusal::conflict(
        "This mount is declared in the configuration file. Change it there and restart.",
    )
}
