//! The pages as they are rendered, before a scene: who asks, and what the store says.

mod account;
mod administration;
mod branding;
mod every_page;
mod languages;
mod login;

use super::{Admission, Failure, Pages, Site, Visitor, Visitors};
use crate::model::{Branding, Credential, CredentialId, Need, Trait, UnixTime, User, UserId};
use crate::storage::StorageError;
use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, Uri, header};
use std::sync::Arc;
use tower::ServiceExt as _;
use uuid::Uuid;

struct Scene {
    visitor: Visitor,
    passkeys: Vec<Credential>,
    has_codes: bool,
    store_down: bool,
    admission: Admission,
}

#[async_trait]
impl Visitors for Scene {
    async fn visitor(&self, _: &HeaderMap) -> Result<Visitor, StorageError> {
        self.up().map(|()| self.visitor.clone())
    }

    async fn lacking(&self, _: &HeaderMap, need: &Need) -> Result<Vec<Trait>, StorageError> {
        // A synced passkey, a minute ago.
        let synced = |it: &&Trait| matches!(it, Trait::DeviceBound | Trait::Attested);
        let old = need.max_age().is_some_and(|age| age.0 < 60);
        let recent = old.then_some(Trait::Recent);
        let traits = need.traits().iter().filter(synced).copied();
        Ok(recent.into_iter().chain(traits).collect())
    }

    async fn admission(&self, _: &Uri, _: &HeaderMap) -> Result<Admission, StorageError> {
        self.up().map(|()| self.admission.clone())
    }

    async fn passkeys(&self, _: UserId) -> Result<Vec<Credential>, StorageError> {
        self.up().map(|()| self.passkeys.clone())
    }

    fn authenticator(&self, aaguid: Uuid) -> Option<String> {
        crate::model::authenticator_name(aaguid).map(str::to_owned)
    }

    async fn has_recovery_codes(&self, _: UserId) -> Result<bool, StorageError> {
        self.up().map(|()| self.has_codes)
    }
}

impl Scene {
    fn up(&self) -> Result<(), StorageError> {
        if self.store_down {
            return Err(StorageError::Read(std::io::Error::other("gone")));
        }
        Ok(())
    }
}

fn pages(visitor: Visitor, passkeys: Vec<Credential>) -> Pages {
    pages_of(Scene {
        visitor,
        passkeys,
        has_codes: false,
        store_down: false,
        admission: Admission::NotHere,
    })
}

fn pages_of(scene: Scene) -> Pages {
    Pages::new(site(), Arc::new(scene))
}

fn site() -> Site {
    Site {
        nameless: true,
        public_path: "/_latchkey".into(),
        mount: "webauthn".into(),
        rp_id: "app.example.com".into(),
        rp_name: "Example & <Sons>".into(),
        self_registration: true,
        secure: true,
        branding: Branding::default(),
    }
}

fn user(name: &str, display_name: &str) -> User {
    User {
        id: UserId(Uuid::from_u128(7)),
        name: serde_json::from_value(serde_json::json!(name)).unwrap(),
        display_name: display_name.into(),
        email: None,
        groups: vec![],
        policies: vec![],
        disabled: false,
        created_at: UnixTime(1_700_000_000),
        limits: crate::model::UserLimits::default(),
        must_register: false,
        passkey_alert: false,
        handle: None,
    }
}

fn passkey(label: &str) -> Credential {
    Credential {
        id: CredentialId::from_bytes(label.as_bytes()).unwrap_or_else(|_| {
            CredentialId::from_bytes(b"no label").expect("eight bytes are an id")
        }),
        user: UserId(Uuid::from_u128(7)),
        mount: "webauthn".into(),
        record: serde_json::Value::Null,
        algorithm: -7,
        aaguid: Uuid::from_u128(0xea9b_8d66_4d01_1d21_3ce4_b6b4_8cb5_75d4),
        attested: false,
        transports: vec![],
        attachment: None,
        sign_count: 0,
        backup_eligible: Some(true),
        backup_state: true,
        label: label.into(),
        created_at: UnixTime(1_772_539_200),
        last_used_at: None,
        disabled_at: None,
        suspected_at: None,
    }
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

async fn read(response: axum::response::Response) -> Answer {
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

async fn open(pages: &Pages, place: &str) -> Answer {
    open_in(pages, place, "").await
}

/// Opens a page with this wish for languages.
async fn open_in(pages: &Pages, place: &str, languages: &str) -> Answer {
    let request = Request::get(place)
        .header("host", "evil.example")
        .header("accept-language", languages)
        .body(Body::empty())
        .unwrap();
    read(pages.router::<()>().oneshot(request).await.unwrap()).await
}

/// The start tags of a page: its text cannot hold a `<` that is not escaped.
fn tags(html: &str) -> impl Iterator<Item = &str> {
    html.split('<')
        .skip(1)
        .map(|rest| rest.split('>').next().unwrap_or_default())
}
