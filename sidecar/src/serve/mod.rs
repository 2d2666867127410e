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
use std::path::Path;
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

/// The listeners, open: connections queue from here on.
pub struct Listeners {
    public: Listener,
    internal: Listener,
    control: Option<Listener>,
}

/// What each of them serves.
pub struct Routers {
    /// What the gateway routes to.
    pub public: Router,
    /// What filters, probes and metrics ask.
    pub internal: Router,
    /// What the operator's commands ask.
    pub control: Router,
}

impl Listeners {
    /// Whether others listen already where these are to.
    ///
    /// # Errors
    /// Names the key of the one that cannot be opened.
    pub fn probe(listen: &Listen) -> Result<(), ListenError> {
        let places = [
            ("listen.public", &listen.public),
            ("listen.internal", &listen.internal),
        ];
        for (key, address) in places {
            listener::probe(address).map_err(|source| ListenError {
                key,
                address: address.clone(),
                source,
            })?;
        }
        Ok(())
    }

    /// Opens all, or none.
    ///
    /// # Errors
    /// Names the key of the one that cannot be opened.
    pub async fn open(listen: &Listen, control: Option<&Path>) -> Result<Self, ListenError> {
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
            control: match control {
                Some(path) => Some(open_control(path).await?),
                None => None,
            },
        })
    }

    /// Serves all until `stop`, then lets requests under way end, within bounds.
    pub async fn serve(self, routers: Routers, stop: impl Future<Output = ()>) {
        tracing::info!(
            public = %self.public.address(),
            internal = %self.internal.address(),
            control = self.control.as_ref().map(Listener::address),
            "listening"
        );
        let [public, internal, control] = [(); 3].map(|()| Connections::new());
        tokio::select! {
            () = self.public.accept_all(&public, &routers.public) => {}
            () = self.internal.accept_all(&internal, &routers.internal) => {}
            () = accept_control(self.control.as_ref(), &control, &routers.control) => {}
            () = stop => {}
        }
        // No new connections; probes and the gateway see that at once.
        drop((self.public, self.internal, self.control));
        tracing::info!("stopping: requests under way are finished first");
        let drained = async {
            tokio::join!(public.drain(), internal.drain(), control.drain());
        };
        if tokio::time::timeout(DRAIN, drained).await.is_err() {
            tracing::warn!(
                "some requests did not end within {} s and were cut",
                DRAIN.as_secs()
            );
        }
    }
}

async fn open_control(path: &Path) -> Result<Listener, ListenError> {
    let opened = Listener::open_control(path).await;
    opened.map_err(|source| ListenError {
        key: "listen.control",
        address: ListenAddress::Unix(path.to_owned()),
        source,
    })
}

async fn accept_control(listener: Option<&Listener>, connections: &Connections, router: &Router) {
    match listener {
        Some(listener) => listener.accept_all(connections, router).await,
        None => std::future::pending().await,
    }
}
