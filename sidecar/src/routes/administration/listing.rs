//! What lists show of users, sessions and keys. Never a secret, nor its hash.

use crate::issuer::KeyState;
use crate::model::UnixTime;
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

pub(super) fn key(key: &KeyState) -> Value {
    json!({
        "kid": key.kid,
        "algorithm": key.algorithm,
        "state": key.role,
        "published_at": moment(key.published_at),
        "signs_from": key.signs_from.map(moment),
        "retires_at": key.retires_at.map(moment),
    })
}

/// RFC 3339; `null` for what no calendar has.
pub(super) fn moment(at: UnixTime) -> Value {
    let time = i64::try_from(at.0)
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    time.and_then(|time| time.format(&Rfc3339).ok()).into()
}
