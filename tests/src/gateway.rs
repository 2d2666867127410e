//! The whole: Envoy with the filter, the sidecar, and a recording application behind them.

use std::path::Path;

use tempfile::TempDir;

use crate::envoy::{Envoy, EnvoyConfig, manifest_values};
use crate::http::Client;
use crate::sidecar::{Sidecar, SidecarConfig};
use crate::upstream::Upstream;
use crate::{ports, wait};

/// A running gateway with everything that belongs to it.
///
/// Fields are dropped in this order: Envoy first, so that nothing is logged about the others' end.
pub struct Gateway {
    /// Envoy with the filter.
    pub envoy: Envoy,
    /// The sidecar.
    pub sidecar: Sidecar,
    /// The application.
    pub upstream: Upstream,
    dir: TempDir,
}

/// How a gateway is to be; [`Plan::start`] starts it.
pub struct Plan {
    /// The gateway's port.
    pub port: u16,
    /// Envoy's administration port.
    pub admin_port: u16,
    /// Envoy's configuration: the manifest with its names replaced.
    pub envoy: EnvoyConfig,
    /// The sidecar's configuration.
    pub sidecar: SidecarConfig,
    upstream: Upstream,
}

impl Gateway {
    /// The gateway of `manifests/envoy/envoy.yaml`, word for word.
    #[must_use]
    pub fn start() -> Self {
        Plan::new().start()
    }

    /// A client for the gateway.
    #[must_use]
    pub fn client(&self) -> Client {
        self.envoy.client()
    }

    /// What a browser shows, without a path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.envoy.port)
    }

    /// A directory that is removed with the gateway.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Waits until the filter has fetched its keys.
    pub fn await_keys(&self) {
        wait::until("the filter has fetched the keys", || {
            let answer = self.client().get("/").attempt()?;
            (answer.status == 401).then_some(())
        });
    }
}

impl Default for Plan {
    fn default() -> Self {
        Self::new()
    }
}

impl Plan {
    /// The gateway of `manifests/envoy/envoy.yaml` on free ports, ready to be changed.
    #[must_use]
    pub fn new() -> Self {
        let (port, admin_port) = (ports::free(), ports::free());
        let sidecar = SidecarConfig::behind(port);
        let upstream = Upstream::start();
        let values = manifest_values(
            port,
            admin_port,
            sidecar.public_port,
            sidecar.internal_port,
            upstream.port,
        );
        let envoy = EnvoyConfig::from_manifest("manifests/envoy/envoy.yaml", &values);
        Self {
            port,
            admin_port,
            envoy,
            sidecar,
            upstream,
        }
    }

    /// Starts everything and waits until requests are decided.
    ///
    /// # Panics
    /// When a part does not start.
    #[must_use]
    pub fn start(self) -> Gateway {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let sidecar = Sidecar::start(self.sidecar, dir.path());
        let envoy = Envoy::start(&self.envoy, dir.path(), self.port, self.admin_port);
        let gateway = Gateway {
            envoy,
            sidecar,
            upstream: self.upstream,
            dir,
        };
        gateway.await_keys();
        gateway
    }

    /// Starts everything, and a second Envoy with the same configuration on another port.
    ///
    /// # Panics
    /// When a part does not start.
    #[must_use]
    pub fn start_two(self) -> (Gateway, Envoy) {
        let (port, admin_port) = (ports::free(), ports::free());
        let mut config = self.envoy.clone();
        config.move_to(port, admin_port);
        let gateway = self.start();
        let second = Envoy::start(&config, gateway.dir(), port, admin_port);
        wait::until("the second gateway has its keys", || {
            let answer = second.client().get("/").attempt()?;
            (answer.status == 401).then_some(())
        });
        (gateway, second)
    }
}
