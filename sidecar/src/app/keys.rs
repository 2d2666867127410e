//! The key ring: each change is stored first and used afterwards, one at a time.

use super::App;
use crate::issuer::{IssuerError, Publishable};
use crate::model::{Revocation, Revoked};
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
        self.change(|app| app.issuer.due(&*app.entropy, app.now()))
            .await
    }

    /// Lets the next key sign from now on.
    ///
    /// # Errors
    /// When verifiers may not know it yet, unless `at_once`; as [`Self::maintain_keys`].
    pub async fn rotate_keys(self: &Arc<Self>, at_once: bool) -> Result<(), KeyChangeError> {
        self.change(move |app| {
            let ring = app.issuer.rotated(&*app.entropy, app.now(), at_once);
            ring.map(Some)
        })
        .await
    }

    /// Drops a key that nobody shall trust any more, and tells every gateway, in words that another
    /// key signs.
    ///
    /// # Errors
    /// When there is no such key; as [`Self::maintain_keys`].
    pub async fn revoke_key(self: &Arc<Self>, kid: String) -> Result<(), KeyChangeError> {
        let app = Arc::clone(self);
        // To its end, even when whoever asked goes away: what is stored must be used.
        let work = tokio::spawn(async move {
            let _changing = app.changing_keys.lock().await;
            let ring = app.issuer.without(&kid, &*app.entropy, app.now())?;
            let reserved = app.revocations.reserve(Revoked::Key(kid), app.now());
            let revocation = reserved.revocation().clone();
            let changed = Arc::clone(&app);
            carry_out(Arc::clone(&app.revocations), reserved, async move {
                changed.replace_ring(ring, Some(&revocation)).await?;
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
    ) -> Result<(), KeyChangeError> {
        let app = Arc::clone(self);
        let work = tokio::spawn(async move {
            let _changing = app.changing_keys.lock().await;
            match next(&app)? {
                Some(ring) => app.replace_ring(ring, None).await,
                None => Ok(()),
            }
        });
        work.await.unwrap_or(Err(Interrupted.into()))
    }

    async fn replace_ring(
        &self,
        ring: Publishable,
        revocation: Option<&Revocation>,
    ) -> Result<(), KeyChangeError> {
        let records = ring.records();
        self.store
            .replace_signing_keys(&records, revocation)
            .await?;
        self.issuer.install(ring);
        tracing::info!(keys = records.len(), "the key ring has changed");
        Ok(())
    }
}
