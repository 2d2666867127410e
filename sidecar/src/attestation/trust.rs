//! Anchors and metadata together.

use super::{Anchors, Metadata, Status, Untrusted};
use crate::model::UnixTime;
use std::sync::Arc;
use uuid::Uuid;

/// What attestation is judged by. The default believes nobody.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    anchors: Arc<Anchors>,
    metadata: Option<Arc<Metadata>>,
}

impl Trust {
    /// Puts them together.
    #[must_use]
    pub fn new(anchors: Arc<Anchors>, metadata: Option<Arc<Metadata>>) -> Self {
        Self { anchors, metadata }
    }

    /// The metadata in use.
    #[must_use]
    pub fn metadata(&self) -> Option<&Metadata> {
        self.metadata.as_deref()
    }

    pub(super) fn with_metadata(&self, metadata: Metadata) -> Self {
        Self {
            anchors: Arc::clone(&self.anchors),
            metadata: Some(Arc::new(metadata)),
        }
    }

    /// What the metadata call a model. It is no reason to trust a passkey that says that it is one.
    #[must_use]
    pub fn model_name(&self, aaguid: Uuid) -> Option<Arc<str>> {
        self.metadata.as_ref()?.description(aaguid)
    }

    /// Why a model is unacceptable at `now`, attested or not: whoever says that it is a compromised
    /// model is taken at its word.
    #[must_use]
    pub fn compromised(&self, aaguid: Uuid, chain: &[Vec<u8>], now: UnixTime) -> Option<Status> {
        self.metadata.as_ref()?.compromised(aaguid, chain, now)
    }

    /// Verifies the chain of a statement about a model: against the configured anchors, and against
    /// those that the metadata has for this model and no other.
    ///
    /// # Errors
    /// Why neither leads to an anchor; where the metadata knows the model, its answer.
    pub fn verify(&self, aaguid: Uuid, chain: &[Vec<u8>], now: UnixTime) -> Result<(), Untrusted> {
        let configured = self.anchors.verify(chain, now);
        if configured.is_ok() {
            return configured;
        }
        let metadata = self.metadata.as_ref();
        metadata
            .and_then(|metadata| metadata.verify(aaguid, chain, now))
            .unwrap_or(configured)
    }
}
