//! The audit log, newest first.

use super::paging::{StrictQuery, size};
use super::{Acting, refusal};
use crate::app::App;
use crate::model::{Actor, AuditFilter, AuditRecord, UnixTime};
use crate::problem::Problem;
use crate::routes::caller::storage_problem;
use crate::routes::passkey::{instant as read_instant, rfc3339};
use crate::storage::AuditCursor;
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use std::sync::Arc;

/// What a search can ask.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Search {
    actor: Option<String>,
    user: Option<String>,
    action: Option<String>,
    /// RFC 3339, or seconds since 1970.
    since: Option<String>,
    until: Option<String>,
    limit: Option<usize>,
    after: Option<String>,
}

pub(super) async fn search(
    State(app): State<Arc<App>>,
    _: Acting,
    StrictQuery(search): StrictQuery<Search>,
) -> Result<Json<Value>, Problem> {
    let filter = AuditFilter {
        actor: search.actor,
        user: search.user,
        action: search.action,
        since: instant("since", search.since.as_deref())?,
        until: instant("until", search.until.as_deref())?,
    };
    let from = match search.after.as_deref() {
        None => AuditCursor::START,
        Some(text) => {
            cursor(text).ok_or_else(|| refusal::field("after", "the `next` of a page"))?
        }
    };
    let page = app
        .store
        .audit_page(from, &filter, size(search.limit)?)
        .await;
    let page = page.map_err(|error| storage_problem(&error))?;
    let records: Vec<Value> = page.items.iter().map(shown).collect();
    let next = page
        .next
        .map(|at| format!("{}-{}", at.administration, at.people));
    Ok(Json(json!({ "records": records, "next": next })))
}

fn cursor(text: &str) -> Option<AuditCursor> {
    let (administration, people) = text.split_once('-')?;
    Some(AuditCursor {
        administration: administration.parse().ok()?,
        people: people.parse().ok()?,
    })
}

fn instant(name: &str, text: Option<&str>) -> Result<Option<UnixTime>, Problem> {
    let Some(text) = text else {
        return Ok(None);
    };
    let read = text.parse().ok().map(UnixTime);
    let expected = "an instant like 2026-01-31T12:00:00Z";
    let read = read.or_else(|| read_instant(text));
    Ok(Some(read.ok_or_else(|| refusal::field(name, expected))?))
}

fn shown(record: &AuditRecord) -> Value {
    let kind = match &record.actor {
        Actor::Administrator { .. } => "administrator",
        Actor::Operator => "operator",
        Actor::Program => "program",
        Actor::User { .. } => "user",
        Actor::Stranger => "stranger",
    };
    json!({
        "at": rfc3339(record.at),
        "actor": record.actor.shown(),
        "actor_kind": kind,
        "action": record.action,
        "user": record.user.as_ref().map(|it| it.name.as_str()),
        "user_id": record.user.as_ref().map(|it| it.id.0.to_string()),
        "credential": record.credential.as_ref().map(ToString::to_string),
        "session": record.session.map(|it| it.0.to_string()),
        "address": record.address,
        "request_id": record.request_id,
        "result": if record.refused.is_some() { "refused" } else { "accepted" },
        "reason": record.refused,
        "detail": record.detail,
        "count": record.count.unwrap_or(1),
    })
}
