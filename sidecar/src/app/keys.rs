//! The key ring: each change is stored first and used afterwards, one at a time.

use super::App;
use crate::issuer::{IssuerError, Publishable};
use crate::model::{Actor, AuditRecord, Revocation, Revoked, SigningKeyRecord, UnixTime};
use crate::revocation::{Interrupted, carry_out};
use crate::storage::StorageError;
use std::sync::Arc;

/// Why the key ring stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum KeyChangeError {
    /// There is no such key, the next one is not known well enough, or no key can be made.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    /// The store refused.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The program ends.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

impl App {
    /// Does what is due to the key ring.
    ///
    /// # Errors
    /// When the store refuses, or no key can be made: the ring in use stays.
    pub async fn maintain_keys(self: &Arc<Self>) -> Result<(), KeyChangeError> {
        let next = |app: &Self| app.issuer.due(&*app.entropy, app.now());
        self.change(next, None).await
    }

    /// Lets the next key sign from now on.
    ///
    /// # Errors
    /// When verifiers may not know it yet, unless `at_once`; as [`Self::maintain_keys`].
    pub async fn rotate_keys(
        self: &Arc<Self>,
        at_once: bool,
        audit: AuditRecord,
    ) -> Result<(), KeyChangeError> {
        let next = move |app: &Self| {
            let ring = app.issuer.rotated(&*app.entropy, app.now(), at_once);
            ring.map(Some)
        };
        self.change(next, Some(audit)).await
    }

    /// Drops a key that nobody shall trust any more, and tells every gateway, in words that another
    /// key signs.
    ///
    /// # Errors
    /// When there is no such key; as [`Self::maintain_keys`].
    pub async fn revoke_key(
        self: &Arc<Self>,
        kid: String,
        audit: AuditRecord,
    ) -> Result<(), KeyChangeError> {
        let app = Arc::clone(self);
        // To its end, even when whoever asked goes away: what is stored must be used.
        let work = tokio::spawn(async move {
            let _changing = app.changing_keys.lock().await;
            let ring = app.issuer.without(&kid, &*app.entropy, app.now())?;
            let reserved = app.revocations.reserve(Revoked::Key(kid), app.now());
            let revocation = reserved.revocation().clone();
            let changed = Arc::clone(&app);
            carry_out(Arc::clone(&app.revocations), reserved, async move {
                changed
                    .replace_ring(ring, Some(&revocation), &audit)
                    .await?;
                Ok::<_, KeyChangeError>((true, ()))
            })
            .await?;
            app.metrics.revoked("key");
            Ok(())
        });
        work.await.unwrap_or(Err(Interrupted.into()))
    }

    async fn change(
        self: &Arc<Self>,
        next: impl FnOnce(&Self) -> Result<Option<Publishable>, IssuerError> + Send + 'static,
        audit: Option<AuditRecord>,
    ) -> Result<(), KeyChangeError> {
        let app = Arc::clone(self);
        let work = tokio::spawn(async move {
            let _changing = app.changing_keys.lock().await;
            match next(&app)? {
                Some(ring) => {
                    let audit =
                        audit.unwrap_or_else(|| keys_maintained(app.now(), &ring.records()));
                    app.replace_ring(ring, None, &audit).await
                }
                None => Ok(()),
            }
        });
        work.await.unwrap_or(Err(Interrupted.into()))
    }

    async fn replace_ring(
        &self,
        ring: Publishable,
        revocation: Option<&Revocation>,
        audit: &AuditRecord,
    ) -> Result<(), KeyChangeError> {
        let records = ring.records();
        self.store
            .replace_signing_keys(&records, revocation, audit)
            .await?;
        self.issuer.install(ring);
        tracing::info!(keys = records.len(), "the key ring has changed");
        Ok(())
    }
}

/// The record of what is done to the ring without an order.
pub(super) fn keys_maintained(now: UnixTime, keys: &[SigningKeyRecord]) -> AuditRecord {
    let kids: Vec<&str> = keys.iter().map(|key| key.kid.as_str()).collect();
    AuditRecord {
        detail: Some(format!("keys: {}", kids.join(" "))),
        ..AuditRecord::new(now, Actor::Program, "keys_maintain")
    }
}
