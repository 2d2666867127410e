//! What the pages ask: who opens one, and which passkeys they have.

use super::administration::{GateError, administrator, is_administered_here};
use super::caller::{CallerError, any_caller, cookies};
use super::passkey::model_name;
use crate::app::App;
use crate::ceremony::DiscoverableCredential;
use crate::model::{Credential, Need, PolicyName, Trait, UnixTime, UserId};
use crate::pages::{Admission, Pages, Site, Visitor, Visitors};
use crate::storage::StorageError;
use async_trait::async_trait;
use axum::http::{HeaderMap, Uri};
use std::sync::Arc;
use uuid::Uuid;

/// The pages of this installation.
pub(super) fn pages(app: &Arc<App>) -> Pages {
    let mount = &app.default_mount;
    let relying_party = mount.ceremonies.relying_party();
    let policy = mount.ceremonies.policy(PolicyName::Passwordless);
    let discoverable = policy.map(|it| it.discoverable_credential);
    let site = Site {
        nameless: discoverable == Some(DiscoverableCredential::Required),
        public_path: app.settings.public_path.clone(),
        mount: mount.ceremonies.name().to_owned(),
        rp_id: relying_party.id().to_owned(),
        rp_name: relying_party.display_name().to_owned(),
        self_registration: mount.self_registration,
        secure: app.cookies.secure,
        branding: app.settings.branding.clone(),
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

    async fn lacking(&self, headers: &HeaderMap, need: &Need) -> Result<Vec<Trait>, StorageError> {
        match any_caller(&self.0, headers).await {
            // The token as well: one that is older than the last proof is not what the gateway saw.
            Ok(mut caller) => {
                let told = caller.claims.auth_time.map_or(UnixTime(0), UnixTime);
                caller.session.auth_time = caller.session.auth_time.min(told);
                caller.session.authn.uv = caller.user_verified();
                Ok(need.lacking(&caller.session, self.0.now()))
            }
            Err(CallerError::Storage(error)) => Err(error),
            Err(_) => Ok(Vec::new()),
        }
    }

    async fn admission(&self, uri: &Uri, headers: &HeaderMap) -> Result<Admission, StorageError> {
        let app = &self.0;
        let here = is_administered_here(app, uri, headers);
        match administrator(app, here, headers).await {
            Ok(caller) => Ok(Admission::Administrator(Box::new(caller.user))),
            Err(GateError::NotHere) => Ok(Admission::NotHere),
            Err(GateError::Caller(CallerError::Storage(error))) => Err(error),
            Err(GateError::Caller(CallerError::MustRegister)) => Ok(Admission::MustRegister),
            Err(GateError::Caller(_)) => Ok(Admission::LogIn),
            Err(GateError::NoAdministrator) => Ok(Admission::NoAdministrator),
            Err(GateError::NotVerified | GateError::NotFresh(_)) => Ok(Admission::StepUp {
                max_age: app.settings.fresh_for,
            }),
        }
    }

    async fn passkeys(&self, user: UserId) -> Result<Vec<Credential>, StorageError> {
        self.0.store.credentials_of(user).await
    }

    fn authenticator(&self, aaguid: Uuid) -> Option<String> {
        model_name(&self.0, aaguid)
    }

    async fn has_recovery_codes(&self, user: UserId) -> Result<bool, StorageError> {
        let codes = self.0.store.recovery_codes(user).await?;
        Ok(codes.is_some_and(|codes| !codes.left.is_empty()))
    }
}
