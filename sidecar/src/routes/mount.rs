//! The mount in the path of a ceremony.

use crate::app::{App, MountPoint};
use crate::problem::{Problem, ProblemKind};
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use std::sync::Arc;

/// One of the mounts, as it is now; under any other name there is nothing.
pub(super) struct Mounted(pub(super) Arc<MountPoint>);

impl FromRequestParts<Arc<App>> for Mounted {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let path = RawPathParams::from_request_parts(parts, app).await;
        let named = path.iter().flatten().find(|(name, _)| *name == "mount");
        let served = app.mount_points.served();
        let mounted = named.and_then(|(_, name)| served.named(name).map(Arc::clone));
        mounted
            .map(Self)
            .ok_or_else(|| Problem::new(ProblemKind::NotFound, "There is no such mount."))
    }
}
