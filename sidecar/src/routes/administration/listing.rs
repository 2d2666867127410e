//! What lists show of signing keys. Never a secret.

use crate::issuer::{KeyRole, KeyState};
use crate::model::UnixTime;
use serde::Serialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use utoipa::ToSchema;

/// A signing key.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SigningKey {
    kid: String,
    /// JWS algorithm.
    algorithm: String,
    /// `signs`, `next` or `retiring`.
    #[schema(value_type = String)]
    state: KeyRole,
    published_at: Option<String>,
    signs_from: Option<String>,
    retires_at: Option<String>,
}

pub(super) fn key(key: &KeyState) -> SigningKey {
    SigningKey {
        kid: key.kid.clone(),
        algorithm: key.algorithm.clone(),
        state: key.role,
        published_at: moment(key.published_at),
        signs_from: key.signs_from.and_then(moment),
        retires_at: key.retires_at.and_then(moment),
    }
}

/// RFC 3339; nothing for what no calendar has.
pub(super) fn moment(at: UnixTime) -> Option<String> {
    let seconds = i64::try_from(at.0).ok()?;
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    time.format(&Rfc3339).ok()
}
