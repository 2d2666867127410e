//! `GET /v1/admin/export`: every user with their passkeys, and the names that stay taken, as one
//! document that is written while it is sent.

use super::document::{FORMAT, UserEntry, UsersDocument, VERSION};
use crate::app::App;
use crate::model::UserName;
use crate::problem::Problem;
use crate::routes::administration::Acting;
use crate::routes::audit::told;
use crate::routes::caller::storage_problem;
use crate::routes::layers::Client;
use crate::routes::openapi::{STORE, tag};
use crate::routes::passkey::rfc3339;
use crate::storage::{StorageError, UserFilter};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use http_body_util::channel::{Channel, Sender};
use serde_json::json;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// Users that are read and written at a time.
const PORTION: usize = 250;

/// Why an export broke off.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error("whoever asked has gone away")]
    Gone,
}

/// Every user with their passkeys, as one document.
#[utoipa::path(
    get,
    path = "/v1/admin/export",
    tag = tag::USERS,
    responses((status = 200, body = UsersDocument<'static>)),
    extensions(("x-refuses" = json!([STORE]))),
)]
pub(in crate::routes::administration) async fn handle(
    State(app): State<Arc<App>>,
    acting: Acting,
    client: Client,
) -> Result<Response, Problem> {
    let record = acting.record(&app, &client, "export");
    let kept = app.store.append_audit(&record).await;
    kept.map_err(|error| storage_problem(&error))?;
    told(&record);
    let (sender, body) = Channel::<Bytes, Broken>::new(2);
    tokio::spawn(send(app, sender));
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"latchkey-users.json\"",
        ),
    ];
    Ok((headers, Body::new(body)).into_response())
}

/// A document that breaks off has no end, and so does the answer: nobody takes it for a whole one.
async fn send(app: Arc<App>, mut sender: Sender<Bytes, Broken>) {
    match write(&app, &mut sender).await {
        Ok(()) => {}
        Err(Broken::Gone) => tracing::info!("an export was broken off by who asked for it"),
        Err(error) => {
            tracing::error!(%error, "an export broke off");
            sender.abort(error);
        }
    }
}

async fn write(app: &App, sender: &mut Sender<Bytes, Broken>) -> Result<(), Broken> {
    let served = app.mount_points.served();
    let rp_ids: BTreeMap<&str, &str> = served
        .all()
        .iter()
        .map(|it| (it.ceremonies.name(), it.ceremonies.relying_party().id()))
        .collect();
    let head = json!({
        "format": FORMAT,
        "version": VERSION,
        "exported_at": rfc3339(app.now()),
        "rp_ids": rp_ids,
    });
    let head = head.to_string();
    let head = head.strip_suffix('}').unwrap_or(&head);
    let mut text = format!("{head},\"users\":[").into_bytes();
    let everyone = UserFilter::default();
    let (mut after, mut first): (Option<UserName>, bool) = (None, true);
    let mut written = HashSet::new();
    loop {
        let page = app
            .store
            .user_page(after.as_ref(), &everyone, PORTION)
            .await?;
        for user in &page.items {
            let credentials = app.store.credentials_of(user.id).await?;
            text.extend_from_slice(if first { b"\n" } else { b",\n" });
            first = false;
            serde_json::to_writer(&mut text, &UserEntry::of(user, &credentials))?;
            written.insert(user.name.clone());
        }
        after = page.next;
        send_on(&mut text, sender).await?;
        if after.is_none() {
            break;
        }
    }
    text.extend_from_slice(b"\n],\"reserved_names\":[");
    write_names(app, &written, &mut text, sender).await?;
    text.extend_from_slice(b"]}\n");
    send_on(&mut text, sender).await
}

/// The names of users who were deleted, but for those who were there when they were written.
async fn write_names(
    app: &App,
    written: &HashSet<UserName>,
    text: &mut Vec<u8>,
    sender: &mut Sender<Bytes, Broken>,
) -> Result<(), Broken> {
    let (mut after, mut first): (Option<UserName>, bool) = (None, true);
    loop {
        let page = app.store.reserved_names(after.as_ref(), PORTION).await?;
        for name in page.items.iter().filter(|it| !written.contains(*it)) {
            text.extend_from_slice(if first { b"\n" } else { b",\n" });
            first = false;
            serde_json::to_writer(&mut *text, name)?;
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
        send_on(text, sender).await?;
    }
}

async fn send_on(text: &mut Vec<u8>, sender: &mut Sender<Bytes, Broken>) -> Result<(), Broken> {
    let portion = Bytes::from(std::mem::take(text));
    sender.send_data(portion).await.map_err(|_| Broken::Gone)
}
