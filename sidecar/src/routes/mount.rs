//! The mount in the path of a ceremony.

use crate::app::App;
use crate::problem::{Problem, ProblemKind};
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use std::sync::Arc;

/// The mount is the configured one; under any other there is nothing.
pub(super) struct Mounted;

impl FromRequestParts<Arc<App>> for Mounted {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let path = RawPathParams::from_request_parts(parts, app).await;
        let named = path.iter().flatten().find(|(name, _)| *name == "mount");
        match named {
            Some((_, mount)) if mount == app.settings.mount => Ok(Self),
            _ => Err(Problem::new(
                ProblemKind::NotFound,
                "There is no such mount.",
            )),
        }
    }
}
