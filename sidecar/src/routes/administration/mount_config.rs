//! `/v1/auth/<mount>/config`: what a mount asks for, shown, written and deleted; and the list of all
//! mounts. A mount of the configuration file is shown here and changed there.

use super::body::{self, StrictBody};
use super::mount_schema::{MountView, MountWish};
use super::mount_view::{view, views};
use super::{Acting, refusal};
use crate::app::{App, MountChangeError, MountOrder};
use crate::model::{Reason, ReasonCode as Code};
use crate::problem::{Problem, ProblemKind};
use crate::routes::audit::told;
use crate::routes::caller::storage_problem;
use crate::routes::in_path::InPath;
use crate::routes::layers::Client;
use crate::routes::openapi::{STORE, tag};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize as _, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::ToSchema;

/// What comes with an order, beside the fields of the mount.
#[derive(Debug, Default, serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MountTerms)]
pub(super) struct Terms {
    /// The one that was seen, 0 for none: with another one nothing is done.
    revision: Option<u64>,
    /// Also when passkeys then sign in no more.
    #[serde(default)]
    force: bool,
}

/// A mount, as the Vault-style API puts it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MountData {
    /// Its settings, by the names that they are written with.
    #[schema(value_type = MountView)]
    data: Value,
}

/// Every mount.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MountList {
    #[schema(value_type = Vec<MountView>)]
    mounts: Vec<Value>,
}

impl Terms {
    fn order(&self, name: &str) -> MountOrder {
        MountOrder {
            name: name.to_owned(),
            revision: self.revision,
            force: self.force,
        }
    }
}

/// Every mount: those of the configuration file first.
#[utoipa::path(
    get,
    path = "/v1/admin/mounts",
    tag = tag::MOUNTS,
    responses((status = 200, body = MountList)),
)]
pub(super) async fn list(State(app): State<Arc<App>>, _: Acting) -> Json<MountList> {
    Json(MountList {
        mounts: views(&app),
    })
}

/// What a mount asks for.
#[utoipa::path(
    get,
    path = "/v1/auth/{mount}/config",
    tag = tag::MOUNTS,
    responses((status = 200, body = MountData)),
    extensions(("x-refuses" = json!([ProblemKind::NotFound]))),
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    _: Acting,
    InPath(name): InPath<String>,
) -> Result<Json<MountData>, Problem> {
    let shown = view(&app, &name).ok_or_else(no_such_mount)?;
    Ok(Json(MountData { data: shown }))
}

/// Makes the mount, or changes the fields that are given.
#[utoipa::path(
    post,
    path = "/v1/auth/{mount}/config",
    tag = tag::MOUNTS,
    request_body = MountWish,
    responses((status = 200, body = MountData)),
    extensions(("x-refuses" = json!([ProblemKind::NotFound, ProblemKind::Conflict, STORE]))),
)]
pub(super) async fn write(
    State(app): State<Arc<App>>,
    acting: Acting,
    client: Client,
    InPath(name): InPath<String>,
    body: Bytes,
) -> Result<Json<MountData>, Problem> {
    let (fields, terms) = read(&body)?;
    let mut record = acting.record(&app, &client, "mount_write");
    record.detail = Some(named_fields(&name, &fields));
    let written = app.write_mount(terms.order(&name), fields, record.clone());
    written.await.map_err(problem)?;
    told(&record);
    show(State(app), acting, InPath(name)).await
}

/// Deletes a mount that was written over the API.
#[utoipa::path(
    delete,
    path = "/v1/auth/{mount}/config",
    tag = tag::MOUNTS,
    request_body = Terms,
    responses((status = 204)),
    extensions(("x-refuses" = json!([ProblemKind::NotFound, ProblemKind::Conflict, STORE]))),
)]
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    acting: Acting,
    client: Client,
    InPath(name): InPath<String>,
    StrictBody(terms): StrictBody<Terms>,
) -> Result<StatusCode, Problem> {
    let mut record = acting.record(&app, &client, "mount_delete");
    record.detail = Some(name.clone());
    let deleted = app.delete_mount(terms.order(&name), record.clone());
    deleted.await.map_err(problem)?;
    told(&record);
    Ok(StatusCode::NO_CONTENT)
}

/// No name twice, at any depth; which ones there are is judged with the mount.
fn read(body: &[u8]) -> Result<(Map<String, Value>, Terms), Problem> {
    let body = if body.is_empty() { b"{}" } else { body };
    let fields = latchkey_token::json::parse_object(body);
    let mut fields = fields.map_err(|_| refusal::bad(no_object(body)))?;
    let mut terms = Map::new();
    for name in ["revision", "force"] {
        terms.extend(fields.remove_entry(name));
    }
    let terms = Terms::deserialize(Value::Object(terms));
    let terms = terms.map_err(|_| refusal::field("revision, force", "a number, and a switch"))?;
    Ok((fields, terms))
}

/// Why a body is no object in which every name stands once.
fn no_object(body: &[u8]) -> Reason {
    let read = body::read::<Map<String, Value>>(body);
    read.err()
        .unwrap_or_else(|| Reason::new(Code::FieldTwice, "a field stands twice"))
}

/// For the audit log: never longer than a line.
fn named_fields(mount: &str, fields: &Map<String, Value>) -> String {
    let names: Vec<&str> = fields.keys().map(String::as_str).collect();
    let text = format!("{mount}: {}", names.join(" "));
    text.chars().take(500).collect()
}

fn no_such_mount() -> Problem {
    Problem::new(ProblemKind::NotFound, "There is no such mount.")
}

fn problem(error: MountChangeError) -> Problem {
    match error {
        MountChangeError::Declared => refusal::conflict(Reason::new(
            Code::MountDeclared,
            "This mount is declared in the configuration file. Change it there and restart.",
        )),
        MountChangeError::Unknown => no_such_mount(),
        MountChangeError::Revision { current } => {
            let text = format!(
                "The mount is another one than the one that you have seen: its revision is {current}."
            );
            refusal::conflict(Reason::new(Code::MountChanged, text))
        }
        MountChangeError::Field(error) => refusal::bad(error.reason()),
        MountChangeError::Unusable(error) => {
            refusal::bad(Reason::new(Code::NotAsExpected, error.to_string()))
        }
        MountChangeError::TooMany { most } => {
            let text = format!("There are {most} mounts already, as many as there can be.");
            refusal::conflict(Reason::new(Code::MountsTooMany, text).with("most", most))
        }
        MountChangeError::InUse { passkeys } => {
            let text = format!(
                "{passkeys} passkeys were registered at this mount and would sign in no more. Say \
                 \"force\": true if that is meant."
            );
            let reason = Reason::new(Code::MountInUse, text).with("passkeys", passkeys);
            refusal::conflict(reason).with("passkeys", passkeys.into())
        }
        MountChangeError::Storage(error) => storage_problem(&error),
        MountChangeError::Interrupted(_) => Problem::store_unavailable(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_without_names_that_stand_twice() {
        let (fields, terms) = read(br#"{"rp_id": "x", "revision": 3}"#).unwrap();
        assert_eq!(
            (fields.len(), terms.revision, terms.force),
            (1, Some(3), false)
        );
        assert!(read(b"").unwrap().0.is_empty());
        for body in [
            r#"{"rp_id": "x", "rp_id": "y"}"#,
            r#"{"two_factor": {"timeout": 60, "timeout": 60}}"#,
            r#"["rp_id"]"#,
            r#"{"revision": "1"}"#,
            r#"{"force": 1}"#,
            r#"{"revision": -1}"#,
        ] {
            assert!(read(body.as_bytes()).is_err(), "{body}");
        }
    }
}
