//! Everything that a request can reach, built once at start.

mod audit;
mod build;
mod keys;
mod mounts;
mod people;
mod sessions;
mod trust;

pub use build::StartError;
pub use keys::KeyChangeError;
pub use mounts::{MountChangeError, MountOrder, MountPoints, Served, WrittenMount};
pub use people::{BOOTSTRAP_FILE, Bootstrap, BootstrapCode};
pub use trust::METADATA_FILE;

pub use crate::config::SignCountPolicy;

use crate::attestation::TrustKeeper;
use crate::ceremony::Mount;
use crate::ceremony::authentication::{DecoyKey, StandIn};
use crate::ceremony::challenge::ChallengeKey;
use crate::clock::Clock;
pub use crate::config::BindCertificate;
use crate::config::{AdminConfig, AuditConfig, PeopleConfig};
use crate::entropy::Entropy;
use crate::issuer::{Issuer, SessionCookies, SessionLimits};
use crate::model::{Branding, Reason, Seconds, UnixTime, UserId};
use crate::revocation::LiveRevocations;
use crate::routes::{AccountLimit, AddressLimiter, Bodies, Metrics, ProofLimits, Renewals};
use crate::storage::Store;
use ipnet::IpNet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::sync::{Mutex, Semaphore};

/// Gateways' workers that can wait for revocations at a time, one question each. Each holds a
/// connection of the internal listener, which keeps a quarter of its room for everything else.
pub const MOST_POLLS: usize = 768;

/// What the endpoints know of this installation; all of it from configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Scheme, host, port and public path; no trailing slash.
    pub public_url: String,
    /// The path of `public_url`, such as `/_latchkey`; empty when it has none.
    pub public_path: String,
    /// How recent the last proof of presence must be to change what can sign in.
    pub fresh_for: Seconds,
    /// How the pages look.
    pub branding: Branding,
    /// Administration over the public listener.
    pub admin: AdminConfig,
    /// Ways in for people.
    pub people: PeopleConfig,
    /// The audit log in the store.
    pub audit: AuditConfig,
    /// Where the code for the first administrator lies; nowhere when nothing is kept on disk.
    pub bootstrap_file: Option<PathBuf>,
    /// The peers whose word on the client's address is taken.
    pub gateways: Vec<IpNet>,
    /// Whether logins bind their session to the connection's client certificate.
    pub bind_certificate: BindCertificate,
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
    /// What whoever administers it should know of its settings.
    pub notices: Vec<Reason>,
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
    /// That one, and every other.
    pub mount_points: MountPoints,
    /// Which authenticators are believed to be what they say.
    pub trust: TrustKeeper,
    /// Vouches for login challenges; new at each start.
    pub challenge_key: ChallengeKey,
    /// Makes the options for unknown users; the same at each start, so that they are stable.
    pub decoy_key: DecoyKey,
    /// The credential that is worked on where there is none.
    pub stand_in: StandIn,
    /// Mints tokens.
    pub issuer: Issuer,
    /// How long sessions live.
    pub session_limits: SessionLimits,
    /// The cookies of sessions.
    pub cookies: SessionCookies,
    /// What is revoked.
    pub revocations: Arc<LiveRevocations>,
    /// Up to when the store says that tokens may have been minted.
    minted_until: AtomicU64,
    /// One change to the key ring at a time.
    changing_keys: Mutex<()>,
    /// Room for gateways that wait to hear of revocations.
    pub polls: Semaphore,
    /// Room for an import.
    pub importing: Semaphore,
    /// Renewals of the last moments.
    pub renewals: Renewals,
    /// Counters.
    pub metrics: Metrics,
    /// Refusals that are in the audit log.
    tallied: audit::Tallied,
    /// How often one address can begin to register.
    pub registrations: AddressLimiter,
    /// How often an account may sign in.
    pub logins: AccountLimit,
    /// How often an account may be changed by whoever is signed in to it.
    pub changes: AccountLimit,
    /// How often it is written down that there may be a copy of an account's passkey.
    pub suspicions: AccountLimit,
    /// What becomes of wrong proofs.
    pub proofs: ProofLimits,
    /// Clients whose bodies are waited for.
    pub bodies: Bodies,
}

impl App {
    /// Now.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// Takes one change from the share of its account.
    ///
    /// # Errors
    /// After how long there will be one.
    pub fn take_change(&self, account: UserId) -> Result<(), Seconds> {
        let taken = self.changes.take(account, self.now());
        taken.inspect_err(|_| self.metrics.limited("changes", "refused"))
    }
}
