//! Users, listed and searched.

use super::paging::{StrictQuery, size};
use super::user_view::{UserView, view};
use super::{Acting, refusal};
use crate::app::App;
use crate::model::UserName;
use crate::problem::{Problem, ProblemKind};
use crate::routes::caller::storage_problem;
use crate::routes::mount::Mounted;
use crate::routes::openapi::{STORE, tag};
use crate::storage::UserFilter;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// What a list can be asked.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// In name, display name or email.
    search: Option<String>,
    /// The beginning of the name: the way to look someone up among very many.
    prefix: Option<String>,
    group: Option<String>,
    disabled: Option<bool>,
    /// 1 to 1000; 100 where nothing is asked for.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Users in a page.
#[derive(Serialize, ToSchema)]
pub(super) struct UserPage {
    users: Vec<UserView>,
    /// `after` for the next page; nothing where this is the last.
    next: Option<String>,
}

/// Names in a page, as the Vault-style API puts them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NamePage {
    data: Names,
}

#[derive(Debug, Serialize, ToSchema)]
struct Names {
    keys: Vec<String>,
    next: Option<String>,
}

/// Users, in the order of their names.
#[utoipa::path(
    get,
    path = "/v1/admin/users",
    tag = tag::USERS,
    params(ListQuery),
    responses((status = 200, body = UserPage)),
    extensions(("x-refuses" = json!([ProblemKind::BadRequest, STORE]))),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    _: Acting,
    StrictQuery(query): StrictQuery<ListQuery>,
) -> Result<Json<UserPage>, Problem> {
    let lower = |text: Option<String>| text.map(|it| it.trim().to_lowercase());
    let filter = UserFilter {
        text: lower(query.search),
        prefix: lower(query.prefix),
        group: query.group,
        disabled: query.disabled,
    };
    let after = query.after.as_deref().map(UserName::parse).transpose();
    let after = after.map_err(|_| refusal::no_such_page())?;
    let most = size(query.limit)?;
    let page = app.store.user_page(after.as_ref(), &filter, most).await;
    let page = page.map_err(|error| storage_problem(&error))?;
    let mut users = Vec::with_capacity(page.items.len());
    for user in &page.items {
        let shown = view(&app, user).await;
        users.push(shown.map_err(|error| storage_problem(&error))?);
    }
    let next = page.next.map(|name| name.to_string());
    Ok(Json(UserPage { users, next }))
}

/// Users, as the Vault-style API puts it. They are the same on every mount.
#[utoipa::path(
    get,
    path = "/v1/auth/{mount}/user",
    tag = tag::USERS,
    params(ListQuery),
    responses((status = 200, body = NamePage)),
    extensions(("x-refuses" = json!([ProblemKind::BadRequest, ProblemKind::NotFound, STORE]))),
)]
pub(super) async fn list_of_mount(
    state: State<Arc<App>>,
    _: Mounted,
    acting: Acting,
    query: StrictQuery<ListQuery>,
) -> Result<Json<NamePage>, Problem> {
    let Json(listed) = list(state, acting, query).await?;
    let keys = listed.users.into_iter().map(|user| user.name).collect();
    let next = listed.next;
    let data = Names { keys, next };
    Ok(Json(NamePage { data }))
}
