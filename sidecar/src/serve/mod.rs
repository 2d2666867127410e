//! The two listeners: accepting, bounding, and stopping without cutting anyone off.

mod connection;
mod listener;

#[cfg(test)]
mod tests;

use crate::config::{Listen, ListenAddress};
use axum::Router;
use connection::Connections;
use listener::Listener;
use std::future::Future;
use std::time::Duration;

/// How long requests under way may take to end once the program was told to stop. Kubernetes
/// kills after 30 seconds.
const DRAIN: Duration = Duration::from_secs(20);

/// A listener cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("{key} = {address}: {source}")]
pub struct ListenError {
    key: &'static str,
    address: ListenAddress,
    source: std::io::Error,
}

/// Both listeners, open: connections queue from here on.
pub struct Listeners {
    public: Listener,
    internal: Listener,
}

impl Listeners {
    /// Opens both, or neither.
    ///
    /// # Errors
    /// Names the key of the one that cannot be opened.
    pub async fn open(listen: &Listen) -> Result<Self, ListenError> {
        let open = async |key, address: &ListenAddress| {
            Listener::open(address).await.map_err(|source| ListenError {
                key,
                address: address.clone(),
                source,
            })
        };
        Ok(Self {
            public: open("listen.public", &listen.public).await?,
            internal: open("listen.internal", &listen.internal).await?,
        })
    }

    /// Serves both until `stop`, then lets requests under way end, within bounds.
    pub async fn serve(self, public: Router, internal: Router, stop: impl Future<Output = ()>) {
        tracing::info!(
            public = %self.public.address(),
            internal = %self.internal.address(),
            "listening"
        );
        let (public_connections, internal_connections) = (Connections::new(), Connections::new());
        tokio::select! {
            () = self.public.accept_all(&public_connections, &public) => {}
            () = self.internal.accept_all(&internal_connections, &internal) => {}
            () = stop => {}
        }
        // No new connections; probes and the gateway see that at once.
        drop((self.public, self.internal));
        tracing::info!("stopping: requests under way are finished first");
        let drained = async {
            tokio::join!(public_connections.drain(), internal_connections.drain());
        };
        if tokio::time::timeout(DRAIN, drained).await.is_err() {
            tracing::warn!(
                "some requests did not end within {} s and were cut",
                DRAIN.as_secs()
            );
        }
    }
}
