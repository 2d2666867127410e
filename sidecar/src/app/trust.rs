//! The trust in authenticators, kept up to date.

use super::App;
use crate::storage::StorageError;
use std::sync::Arc;

/// The file beside the store that holds a copy of the FIDO metadata in use.
pub const METADATA_FILE: &str = "fido-metadata";

impl App {
    /// Looks for new FIDO metadata, and notes in the store which are in use: older ones are refused
    /// from then on, after a restart too. Called once a minute.
    ///
    /// # Errors
    /// When it cannot be stored: it is tried again next time.
    pub async fn refresh_trust(self: &Arc<Self>) -> Result<(), StorageError> {
        let app = Arc::clone(self);
        // It reads and verifies megabytes.
        let refreshed = tokio::task::spawn_blocking(move || {
            app.trust.refresh(app.now());
            app.trust.series()
        });
        let series = refreshed.await.unwrap_or_else(|error| {
            tracing::error!(%error, "the FIDO metadata could not be looked at");
            None
        });
        let (Some(series), Some(number)) = (series, self.trust.number()) else {
            return Ok(());
        };
        if self
            .store
            .metadata_number(&series)
            .await?
            .is_none_or(|it| it < number)
        {
            self.store.raise_metadata_number(&series, number).await?;
        }
        Ok(())
    }
}
