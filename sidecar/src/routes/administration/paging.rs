//! Lists come in pages: bounded answers, and a cursor to go on with.

use super::body::misfit;
use super::refusal;
use crate::model::{Reason, ReasonCode};
use crate::problem::Problem;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// Items of a page when nothing is asked for.
const DEFAULT: usize = 100;
/// Items of a page at most: an answer of some hundred kilobytes.
const MOST: usize = 1_000;

/// The query of a list, read as strictly as a body: every name known, none twice.
pub(super) struct StrictQuery<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for StrictQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(query)) => Ok(Self(query)),
            Err(refused) => Err(refusal::bad(misread(&refused.body_text()))),
        }
    }
}

/// What is wrong with a query. Where it is known of which parameter, its name stands before that.
fn misread(said: &str) -> Reason {
    let said = said
        .rsplit_once("query string: ")
        .map_or(said, |(_, said)| said);
    let named = said.split_once(": ");
    let named = named.filter(|(name, _)| !name.contains([' ', '`']));
    let reason = misfit(named.map_or(said, |(_, said)| said));
    match named {
        Some((name, _)) if reason.field().is_none() => {
            reason.coded(ReasonCode::NotAsExpected).at(name)
        }
        _ => reason,
    }
}

/// How many items a page has.
pub(super) fn size(asked: Option<usize>) -> Result<usize, Problem> {
    match asked.unwrap_or(DEFAULT) {
        limit @ 1..=MOST => Ok(limit),
        _ => Err(refusal::field("limit", format_args!("1 to {MOST}"))),
    }
}
