//! Everything that a request can reach, built once at start.

mod build;

pub use build::StartError;

use crate::attestation::TrustKeeper;
use crate::ceremony::Mount;
use crate::ceremony::authentication::DecoyKey;
use crate::ceremony::challenge::ChallengeKey;
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::issuer::{Issuer, SessionCookies, SessionLimits};
use crate::model::{Seconds, UnixTime};
use crate::routes::{AddressLimiter, Metrics};
use crate::storage::Store;
use ipnet::IpNet;
use std::sync::Arc;

/// What the endpoints know of this installation; all of it from configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Scheme, host, port and public path; no trailing slash.
    pub public_url: String,
    /// The path of `public_url`, such as `/_latchkey`; empty when it has none.
    pub public_path: String,
    /// The origins that our own pages have: that of `public_url`, and the relying parties'.
    pub origins: Vec<String>,
    /// How recent the last proof of presence must be to change what can sign in.
    pub fresh_for: Seconds,
    /// The peers whose word on the client's address is taken.
    pub gateways: Vec<IpNet>,
}

/// A mount, with what the endpoints know of it beside its ceremonies.
#[derive(Debug)]
pub struct MountPoint {
    /// Relying party and policies.
    pub ceremonies: Mount,
    /// Whether a stranger may make an account.
    pub self_registration: bool,
    /// How many passkeys an account can have.
    pub max_credentials: usize,
}

/// The running program's parts.
pub struct App {
    /// The installation.
    pub settings: Settings,
    /// What is kept.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// The default mount, whose passkeys the pages use.
    pub default_mount: Arc<MountPoint>,
    /// Every other.
    pub more_mounts: Vec<Arc<MountPoint>>,
    /// Which authenticators are believed to be what they say.
    pub trust: TrustKeeper,
    /// Vouches for login challenges; new at each start.
    pub challenge_key: ChallengeKey,
    /// Makes the options for unknown users; the same at each start, so that they are stable.
    pub decoy_key: DecoyKey,
    /// Mints tokens.
    pub issuer: Issuer,
    /// How long sessions live.
    pub session_limits: SessionLimits,
    /// The cookies of sessions.
    pub cookies: SessionCookies,
    /// Counters.
    pub metrics: Metrics,
    /// How often one address can begin to register.
    pub registrations: AddressLimiter,
    /// How many wrong proofs one address can send.
    pub refusals: AddressLimiter,
}

impl App {
    /// Now.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// Every mount, the default one first.
    pub fn mounts(&self) -> impl Iterator<Item = &Arc<MountPoint>> {
        std::iter::once(&self.default_mount).chain(&self.more_mounts)
    }
}
