//! `/v1/auth/<mount>/config`: what a mount asks for, shown, written and deleted; and the list of all
//! mounts. A mount of the configuration file is shown here and changed there.

use super::mount_view::{view, views};
use super::{Acting, refusal};
use crate::app::{App, MountChangeError, MountOrder};
use crate::problem::{Problem, ProblemKind};
use crate::routes::audit::told;
use crate::routes::caller::storage_problem;
use crate::routes::json::{StrictJson, malformed};
use crate::routes::layers::Client;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize as _;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// What comes with an order, beside the fields of the mount.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Terms {
    /// The one that was seen, 0 for none: with another one nothing is done.
    revision: Option<u64>,
    /// Also when passkeys then sign in no more.
    #[serde(default)]
    force: bool,
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

pub(super) async fn list(State(app): State<Arc<App>>, _: Acting) -> Json<Value> {
    Json(json!({ "mounts": views(&app) }))
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    _: Acting,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    let shown = view(&app, &name).ok_or_else(no_such_mount)?;
    Ok(Json(json!({ "data": shown })))
}

/// Makes the mount, or changes the fields that are given.
pub(super) async fn write(
    State(app): State<Arc<App>>,
    acting: Acting,
    client: Client,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let (fields, terms) = read(&body)?;
    let mut record = acting.record(&app, &client, "mount_write");
    record.detail = Some(named_fields(&name, &fields));
    let written = app.write_mount(terms.order(&name), fields, record.clone());
    written.await.map_err(problem)?;
    told(&record);
    show(State(app), acting, Path(name)).await
}

pub(super) async fn delete(
    State(app): State<Arc<App>>,
    acting: Acting,
    client: Client,
    Path(name): Path<String>,
    StrictJson(terms): StrictJson<Terms>,
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
    let mut fields = latchkey_token::json::parse_object(body).map_err(|_| malformed())?;
    let mut terms = Map::new();
    for name in ["revision", "force"] {
        terms.extend(fields.remove_entry(name));
    }
    let terms = Terms::deserialize(Value::Object(terms));
    let terms = terms.map_err(|_| refusal::field("revision, force", "a number, and a switch"))?;
    Ok((fields, terms))
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
        MountChangeError::Declared => refusal::conflict(
            "This mount is declared in the configuration file. Change it there and restart.",
        ),
        MountChangeError::Unknown => no_such_mount(),
        MountChangeError::Revision { current } => refusal::conflict(format!(
            "The mount is another one than the one that you have seen: its revision is {current}."
        )),
        MountChangeError::Field(error) => {
            Problem::new(ProblemKind::BadRequest, format!("{error}."))
        }
        MountChangeError::Unusable(error) => {
            Problem::new(ProblemKind::BadRequest, format!("{error}."))
        }
        MountChangeError::TooMany { most } => refusal::conflict(format!(
            "There are {most} mounts already, as many as there can be."
        )),
        MountChangeError::InUse { passkeys } => refusal::conflict(format!(
            "{passkeys} passkeys were registered at this mount and would sign in no more. Say \
             \"force\": true if that is meant."
        )),
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
