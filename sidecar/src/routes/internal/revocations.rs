//! `GET /internal/v1/revocations`: what was revoked since the version that a gateway's worker has,
//! signed for its question. With the newest version it waits.

use crate::app::App;
use crate::model::{Revocation, Revoked, Seconds};
use crate::problem::{Problem, ProblemKind};
use crate::revocation::{Page, Question};
use crate::routes::openapi::tag;
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use latchkey_token::{Id, Revocations, RevokedSession, RevokedUser};
use std::sync::Arc;
use std::time::Duration;

/// Well under the minute after which proxies on the way give up on a silent answer.
const LONGEST_WAIT: Duration = Duration::from_secs(25);
/// A nonce has 128 random bits at least: 22 characters of base64url, 32 of hexadecimal.
const NONCE_BYTES: std::ops::RangeInclusive<usize> = 16..=64;
const EPOCH_MAX_BYTES: usize = 64;

/// What was asked, strictly read: every name once and known, both or neither of `epoch` and
/// `version`.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    nonce: String,
    question: Question,
}

/// What was revoked since the version that the asker has, signed for its question. With the newest
/// version it waits, up to 25 s.
#[utoipa::path(
    get,
    path = "/internal/v1/revocations",
    tag = tag::INTERNAL,
    params(
        ("nonce" = String, Query, min_length = 16, max_length = 64, pattern = "^[A-Za-z0-9_-]+$"),
        ("epoch" = Option<String>, Query, min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]+$"),
        ("version" = Option<u64>, Query, description = "With `epoch`, or not at all"),
    ),
    responses((status = 200, body = String, content_type = "application/jwt")),
    extensions(("x-refuses" = json!([ProblemKind::BadRequest, ProblemKind::TooMany]))),
)]
pub(super) async fn handle(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let asked = Asked::read(query.as_deref().unwrap_or_default()).ok_or_else(malformed)?;
    let mut page = app.revocations.page(&asked.question);
    let knows_all = asked.question.epoch.as_deref() == Some(app.revocations.epoch())
        && page.version == asked.question.version;
    if knows_all {
        let Ok(_room) = app.polls.try_acquire() else {
            return Err(crate::routes::too_many(Seconds(1)));
        };
        let changed = app.revocations.changed(&asked.question);
        // Either way the answer says what there is.
        let _ = tokio::time::timeout(LONGEST_WAIT, changed).await;
        page = app.revocations.page(&asked.question);
    }
    answer(&app, asked.nonce, page)
}

fn answer(app: &App, nonce: String, page: Page) -> Result<Response, Problem> {
    let now = app.now();
    let mut list = Revocations {
        iss: app.issuer.name().to_owned(),
        iat: now.0,
        nonce,
        epoch: app.revocations.epoch().to_owned(),
        version: page.version,
        more: page.more,
        ..Revocations::default()
    };
    for entry in page.entries {
        put(&mut list, entry);
    }
    let signed = app
        .issuer
        .sign_with(now, |key| key.sign_revocations(&list))
        .map_err(|error| {
            tracing::error!(%error, "the list of revocations cannot be signed");
            Problem::internal()
        })?;
    let headers = [
        (header::CONTENT_TYPE, "application/jwt"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, signed).into_response())
}

fn put(list: &mut Revocations, entry: Revocation) {
    let (not_before, until) = (entry.not_before.0, entry.until.0);
    match entry.what {
        Revoked::Session(sid) => list.sessions.push(RevokedSession {
            sid: Id::from_bytes(*sid.0.as_bytes()),
            until,
        }),
        Revoked::User(sub) => list.users.push(RevokedUser {
            sub: Id::from_bytes(*sub.0.as_bytes()),
            not_before,
            until,
        }),
        Revoked::Everyone => list.everyone = Some(not_before),
        Revoked::Key(kid) => list.keys.push(kid),
    }
}

impl Asked {
    fn read(query: &str) -> Option<Self> {
        let (mut nonce, mut epoch, mut version) = (None, None, None);
        for pair in query.split('&') {
            // Of characters that need no escape: whatever is escaped is something else.
            let (name, value) = pair.split_once('=')?;
            let slot = match name {
                "nonce" => &mut nonce,
                "epoch" => &mut epoch,
                "version" => &mut version,
                _ => return None,
            };
            if slot.replace(value).is_some() {
                return None;
            }
        }
        let nonce = nonce.filter(|it| NONCE_BYTES.contains(&it.len()) && is_word(it))?;
        let question = match (epoch, version) {
            (None, None) => Question::default(),
            (Some(epoch), Some(version)) if epoch.len() <= EPOCH_MAX_BYTES && is_word(epoch) => {
                Question {
                    epoch: Some(epoch.to_owned()),
                    version: number(version)?,
                }
            }
            _ => return None,
        };
        Some(Self {
            nonce: nonce.to_owned(),
            question,
        })
    }
}

fn is_word(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !text.is_empty() && text.bytes().all(is_plain)
}

/// Digits alone; `parse` would also take a sign.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn malformed() -> Problem {
    Problem::new(
        ProblemKind::BadRequest,
        "Ask with ?nonce=N, or with ?nonce=N&epoch=E&version=V.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &str = "nonce=0123456789abcdef0123456789abcdef";

    #[test]
    fn a_question_has_a_nonce_and_both_or_neither_of_the_others() {
        let first = Asked::read(NONCE).unwrap();
        assert_eq!(first.question, Question::default());
        let next = Asked::read(&format!("version=7&{NONCE}&epoch=a-B_1")).unwrap();
        assert_eq!(next.question.epoch.as_deref(), Some("a-B_1"));
        assert_eq!(next.question.version, 7);
    }

    #[test]
    fn anything_else_is_refused() {
        for query in [
            "",
            "nonce=",
            "nonce=short",
            "nonce=%30123456789abcdef0123456789abcdef",
            "epoch=a&version=1",
            &format!("{NONCE}&{NONCE}"),
            &format!("{NONCE}&epoch=a"),
            &format!("{NONCE}&version=1"),
            &format!("{NONCE}&epoch=a&version=-1"),
            &format!("{NONCE}&epoch=a&version=+1"),
            &format!("{NONCE}&epoch=a&version="),
            &format!("{NONCE}&epoch=&version=1"),
            &format!("{NONCE}&epoch=a&version=99999999999999999999"),
            &format!("{NONCE}&other=1"),
            &format!("{NONCE}&"),
            &format!("nonce={}", "a".repeat(65)),
        ] {
            assert_eq!(Asked::read(query), None, "{query}");
        }
    }
}
