//! What lists show of users, sessions and keys. Never a secret, nor its hash.

use crate::issuer::KeyState;
use crate::model::{Session, UnixTime, User};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

pub(super) fn user(user: &User) -> Value {
    json!({
        "id": user.id,
        "name": user.name,
        "display_name": user.display_name,
        "email": user.email,
        "groups": user.groups,
        "policies": user.policies,
        "disabled": user.disabled,
        "created_at": moment(user.created_at),
    })
}

pub(super) fn session(session: &Session) -> Value {
    json!({
        "id": session.id,
        "user": session.user,
        "created_at": moment(session.created_at),
        "auth_time": moment(session.auth_time),
        "idle_until": moment(session.idle_until),
        "expires_at": moment(session.expires_at),
        "acr": session.acr,
        "amr": session.amr,
        "authn": session.authn,
        "address": session.address,
        "user_agent": session.user_agent,
        "certificate": session.certificate,
    })
}

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
