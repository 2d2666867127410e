//! The audit log, newest first.

use super::paging::{StrictQuery, size};
use super::user_fields::parse_span;
use super::{Acting, refusal};
use crate::app::App;
use crate::model::{ACTIONS, Actor, AuditFilter, AuditRecord, UnixTime};
use crate::problem::{Problem, ProblemKind};
use crate::routes::caller::storage_problem;
use crate::routes::openapi::{STORE, tag};
use crate::routes::passkey::{instant as read_instant, rfc3339};
use crate::storage::AuditCursor;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// What a search can ask.
#[derive(Debug, Default, serde::Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Search {
    /// Who did it: a user name, `operator`, `latchkey` or `stranger`.
    actor: Option<String>,
    /// To whom, by name; what they did with their own account (a sign-in, for one) is among it.
    user: Option<String>,
    /// What, such as `user_create`.
    action: Option<String>,
    /// From where: the client's address.
    address: Option<String>,
    /// RFC 3339, a day such as `2026-01-31` (UTC), a span back from now such as `7d`, or seconds
    /// since 1970.
    since: Option<String>,
    /// In the same ways; a day is meant with its end.
    until: Option<String>,
    /// 1 to 1000; 100 where nothing is asked for.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
    /// `next` of the page before.
    #[param(pattern = "^[0-9]{1,19}-[0-9]{1,19}$")]
    after: Option<String>,
}

/// Records in a page.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecordPage {
    records: Vec<RecordView>,
    /// `after` for the next page; nothing where this is the last.
    next: Option<String>,
}

/// Who did what to whom, when, from where, with which result.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecordView {
    at: String,
    actor: String,
    /// `administrator`, `operator`, `program`, `user` or `stranger`.
    actor_kind: &'static str,
    action: String,
    user: Option<String>,
    user_id: Option<String>,
    credential: Option<String>,
    session: Option<String>,
    address: Option<String>,
    request_id: Option<String>,
    /// `accepted` or `refused`.
    result: &'static str,
    reason: Option<String>,
    detail: Option<String>,
    /// How many alike the record stands for.
    count: u64,
}

/// The audit log, newest first.
#[utoipa::path(
    get,
    path = "/v1/admin/audit",
    tag = tag::AUDIT,
    params(Search),
    responses((status = 200, body = RecordPage)),
    extensions(("x-refuses" = json!([ProblemKind::BadRequest, STORE]))),
)]
pub(super) async fn search(
    State(app): State<Arc<App>>,
    _: Acting,
    StrictQuery(search): StrictQuery<Search>,
) -> Result<Json<RecordPage>, Problem> {
    if let Some(action) = &search.action
        && !ACTIONS.contains(&action.as_str())
    {
        // An empty answer would look as if nobody had done it.
        let expected = format!("one of {}", ACTIONS.join(", "));
        return Err(refusal::field("action", expected));
    }
    let filter = AuditFilter {
        actor: search.actor,
        user: search.user,
        action: search.action,
        address: search.address,
        since: instant(&app, "since", search.since.as_deref())?,
        until: instant(&app, "until", search.until.as_deref())?,
    };
    let from = match search.after.as_deref() {
        None => AuditCursor::START,
        Some(text) => cursor(text).ok_or_else(refusal::no_such_page)?,
    };
    let page = app
        .store
        .audit_page(from, &filter, size(search.limit)?)
        .await;
    let page = page.map_err(|error| storage_problem(&error))?;
    let records = page.items.iter().map(shown).collect();
    let next = page
        .next
        .map(|at| format!("{}-{}", at.administration, at.people));
    Ok(Json(RecordPage { records, next }))
}

fn cursor(text: &str) -> Option<AuditCursor> {
    let (administration, people) = text.split_once('-')?;
    Some(AuditCursor {
        administration: administration.parse().ok()?,
        people: people.parse().ok()?,
    })
}

fn instant(app: &App, name: &str, text: Option<&str>) -> Result<Option<UnixTime>, Problem> {
    let Some(text) = text else {
        return Ok(None);
    };
    let seconds = || text.parse().ok().map(UnixTime);
    // Digits alone are an instant, not a span.
    let span = || parse_span(text).map(|span| UnixTime(app.now().0.saturating_sub(span)));
    let read = seconds()
        .or_else(|| read_instant(text))
        .or_else(|| day(text, name == "until"))
        .or_else(span);
    let expected = "an instant like 2026-01-31T12:00:00Z, a day like 2026-01-31 or a span like 7d";
    Ok(Some(read.ok_or_else(|| refusal::field(name, expected))?))
}

/// The first second of a day in UTC, or the last one.
fn day(text: &str, last: bool) -> Option<UnixTime> {
    let first = read_instant(&format!("{text}T00:00:00Z"))?;
    Some(UnixTime(first.0 + if last { 86_399 } else { 0 }))
}

fn shown(record: &AuditRecord) -> RecordView {
    RecordView {
        at: rfc3339(record.at),
        actor: record.actor.shown().to_owned(),
        actor_kind: match record.actor {
            Actor::Administrator { .. } => "administrator",
            Actor::Operator => "operator",
            Actor::Program => "program",
            Actor::User { .. } => "user",
            Actor::Stranger => "stranger",
        },
        action: record.action.clone(),
        user: record.user.as_ref().map(|it| it.name.to_string()),
        user_id: record.user.as_ref().map(|it| it.id.0.to_string()),
        credential: record.credential.as_ref().map(ToString::to_string),
        session: record.session.map(|it| it.0.to_string()),
        address: record.address.clone(),
        request_id: record.request_id.clone(),
        result: match record.refused {
            Some(_) => "refused",
            None => "accepted",
        },
        reason: record.refused.clone(),
        detail: record.detail.clone(),
        count: record.count.unwrap_or(1),
    }
}
