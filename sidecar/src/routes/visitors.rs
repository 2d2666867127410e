//! What the pages ask: who opens one, and which passkeys they have.

use super::caller::{CallerError, any_caller, cookies};
use crate::app::App;
use crate::model::{Credential, UserId};
use crate::pages::{Pages, Site, Visitor, Visitors};
use crate::storage::StorageError;
use async_trait::async_trait;
use axum::http::HeaderMap;
use std::sync::Arc;

/// The pages of this installation.
pub(super) fn pages(app: &Arc<App>) -> Pages {
    let site = Site {
        public_path: app.settings.public_path.clone(),
        mount: app.settings.mount.clone(),
        rp_id: app.relying_party.id().to_owned(),
        rp_name: app.relying_party.display_name().to_owned(),
        self_registration: app.settings.self_registration,
    };
    Pages::new(site, Arc::new(AppVisitors(app.clone())))
}

struct AppVisitors(Arc<App>);

#[async_trait]
impl Visitors for AppVisitors {
    async fn visitor(&self, headers: &HeaderMap) -> Result<Visitor, StorageError> {
        match any_caller(&self.0, headers).await {
            Ok(caller) => Ok(Visitor::Known(caller.user)),
            Err(CallerError::Storage(error)) => Err(error),
            Err(_) if self.0.cookies.find_secret(cookies(headers)).is_some() => {
                Ok(Visitor::Returning)
            }
            Err(_) => Ok(Visitor::Stranger),
        }
    }

    async fn passkeys(&self, user: UserId) -> Result<Vec<Credential>, StorageError> {
        self.0.store.credentials_of(user).await
    }
}
