//! `/v1/admin/sessions` and `/v1/admin/users/<user>/sessions`.

use super::ending::{Ending, end};
use super::{Acting, named, session_id};
use crate::app::App;
use crate::model::AuditRecord;
use crate::problem::Problem;
use crate::routes::json::{StrictJson, malformed};
use crate::routes::layers::Client;
use axum::extract::State;
use axum::http::StatusCode;
use std::sync::Arc;

/// Which sessions: exactly one of these.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    session: Option<String>,
    user: Option<String>,
    #[serde(default)]
    everyone: bool,
}

/// Ends one session, all of a user, or everyone's.
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    actor: Acting,
    client: Client,
    StrictJson(which): StrictJson<Which>,
) -> Result<StatusCode, Problem> {
    let record = actor.record(&app, &client, "sessions_revoke");
    let which = match which {
        Which {
            session: Some(session),
            user: None,
            everyone: false,
        } => Ending::One(session_id(&session)?),
        Which {
            session: None,
            user: Some(user),
            everyone: false,
        } => Ending::OfUser(Box::new(named(&app, &user).await?)),
        Which {
            session: None,
            user: None,
            everyone: true,
        } => Ending::Everyones,
        _ => return Err(malformed()),
    };
    let record = match which {
        Ending::Everyones => AuditRecord {
            detail: Some("everyone".to_owned()),
            ..record
        },
        _ => record,
    };
    end(&app, record, which).await
}
