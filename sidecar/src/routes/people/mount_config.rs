//! `/v1/auth/<mount>/config`: what the mount asks for. The one mount comes from the configuration
//! file, so it is shown here and changed there.

use super::{Acting, refusal};
use crate::app::App;
use crate::problem::Problem;
use crate::routes::mount::Mounted;
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) async fn show(State(app): State<Arc<App>>, _: Mounted, _: Acting) -> Json<Value> {
    let policy = &app.policy;
    let algorithms: Vec<&str> = policy.algorithms.iter().map(|it| it.as_str()).collect();
    Json(json!({ "data": {
        "rp_id": app.relying_party.id(),
        "rp_display_name": app.relying_party.display_name(),
        "rp_origins": app.settings.origins,
        "auto_registration": app.settings.self_registration,
        "user_verification": policy.user_verification.as_str(),
        "discoverable_credential": policy.discoverable_credential.as_str(),
        "authenticator_attachment": policy.attachment.map(crate::ceremony::Attachment::as_str),
        "algorithms": algorithms,
        "timeout": policy.timeout.0,
        "max_credentials": app.settings.max_credentials,
        "declared_in": "configuration file",
    }}))
}

pub(super) async fn change(_: Mounted, _: Acting) -> Problem {
    refusal::conflict(
        "This mount is declared in the configuration file. Change it there and restart.",
    )
}
