//! From a checked configuration and an open store to a program that can answer.

use super::keys::keys_maintained;
use super::{App, BOOTSTRAP_FILE, METADATA_FILE, MOST_POLLS, MountPoint, MountPoints, Settings};
use crate::attestation::{MetadataSource, Past, SourcesError, TrustKeeper};
use crate::ceremony::authentication::{DecoyKey, StandIn};
use crate::ceremony::challenge::ChallengeKey;
use crate::ceremony::{CeremonyError, Mount, RelyingParty, RelyingPartyError};
use crate::clock::Clock;
use crate::config::{Backend, Config, MountConfig, TokenAlgorithm};
use crate::entropy::{Entropy, random};
use crate::issuer::{
    Issuer, IssuerError, KeyEncryptionKey, KeyRing, SessionCookies, SessionLimits, Succession,
    TokenSettings,
};
use crate::model::{Seconds, UnixTime};
use crate::revocation::LiveRevocations;
use crate::routes::{AccountLimit, AddressLimiter, Bodies, Metrics, ProofLimits, Renewals};
use crate::storage::{StorageError, Store};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::sync::{Mutex, Semaphore};

/// New accounts per address and minute; an answer that a name is taken weighs as much as twenty: a
/// classroom behind one address passes, a dictionary of names does not.
const REGISTRATIONS_PER_MINUTE: u32 = 600;

/// Why the program cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings make no relying party.
    #[error("{section}: {error}")]
    RelyingParty {
        /// Of which mount.
        section: String,
        /// What is wrong.
        error: RelyingPartyError,
    },
    /// The stand-in for unknown credentials cannot be made.
    #[error("webauthn: {0}")]
    StandIn(#[from] CeremonyError),
    /// A trust anchor cannot be read.
    #[error(transparent)]
    Trust(#[from] SourcesError),
    /// The signing keys cannot be opened, made or published.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    /// The store does not work.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl App {
    /// Opens the key ring in `store`, and makes its first key where there is none.
    ///
    /// # Errors
    /// When settings, keys or store are of no use.
    pub async fn build(
        config: &Config,
        key: &crate::config::KeyEncryptionKey,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, StartError> {
        let sealing = KeyEncryptionKey::new(*key.as_bytes());
        let default_mount = mount_point(&config.webauthn)?;
        let more_mounts = config.mounts.iter().map(mount_point);
        let mut declared = vec![Arc::clone(&default_mount)];
        declared.extend(more_mounts.collect::<Result<Vec<_>, _>>()?);
        let decoy_key = DecoyKey::new(sealing.derive("latchkey decoy credentials"));
        let issuer = issuer(config, sealing, &*store, &*clock, &*entropy).await?;
        Ok(Self {
            settings: settings(config),
            default_mount,
            mount_points: MountPoints::open(config, declared, &*store).await?,
            trust: trust(config, &*store, &*clock).await?,
            challenge_key: ChallengeKey::new(random(&*entropy)),
            decoy_key,
            stand_in: StandIn::new(&config.webauthn.name)?,
            issuer,
            session_limits: SessionLimits {
                idle: config.session.idle,
                max: config.session.max,
            },
            cookies: cookies(config),
            revocations: Arc::new(revocations(&*store, &*entropy, config.token.ttl).await?),
            minted_until: AtomicU64::new(0),
            changing_keys: Mutex::default(),
            polls: Semaphore::new(MOST_POLLS),
            importing: Semaphore::new(1),
            renewals: Renewals::default(),
            metrics: Metrics::default(),
            tallied: super::audit::Tallied::default(),
            registrations: AddressLimiter::new(REGISTRATIONS_PER_MINUTE),
            logins: AccountLimit::default(),
            changes: AccountLimit::default(),
            suspicions: AccountLimit::default(),
            proofs: ProofLimits::default(),
            bodies: Bodies::default(),
            store,
            clock,
            entropy,
        })
    }
}

/// Whom to believe about authenticators; never metadata that are older than those that were in use.
async fn trust(
    config: &Config,
    store: &dyn Store,
    clock: &dyn Clock,
) -> Result<TrustKeeper, StartError> {
    let source = config.attestation.metadata.as_ref();
    let known = match source.map(MetadataSource::series).transpose()? {
        Some(series) => store.metadata_number(&series).await?,
        None => None,
    };
    let past = Past {
        number: known.unwrap_or(0),
        copy: beside_the_store(config, METADATA_FILE),
    };
    Ok(TrustKeeper::open(&config.attestation, past, clock.now())?)
}

/// What is revoked, under an epoch that no other start has had: 128 random bits.
async fn revocations(
    store: &dyn Store,
    entropy: &dyn Entropy,
    tokens_live_for: Seconds,
) -> Result<LiveRevocations, StorageError> {
    let stored = store.revocations().await?;
    let minted = store.minted_until().await?.unwrap_or(UnixTime(0));
    let epoch = uuid::Builder::from_random_bytes(random(entropy)).into_uuid();
    Ok(LiveRevocations::new(
        epoch.simple().to_string(),
        stored,
        minted,
        tokens_live_for,
    ))
}

async fn issuer(
    config: &Config,
    sealing: KeyEncryptionKey,
    store: &dyn Store,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<Issuer, StartError> {
    let succession = succession(config);
    let stored = store.signing_keys().await?;
    let mut ring = KeyRing::open(stored, &sealing).map_err(IssuerError::from)?;
    let due = ring.maintained(&succession, &sealing, entropy, clock.now());
    if let Some(due) = due.map_err(IssuerError::from)? {
        let keys = due.records();
        let audit = keys_maintained(clock.now(), &keys);
        store.replace_signing_keys(&keys, None, &audit).await?;
        ring = due;
    }
    Ok(Issuer::new(
        token_settings(config),
        succession,
        sealing,
        ring,
    )?)
}

fn settings(config: &Config) -> Settings {
    Settings {
        public_url: config.public_url.issuer().to_owned(),
        public_path: config.public_url.path().trim_end_matches('/').to_owned(),
        fresh_for: config.session.fresh_for,
        branding: config.branding.clone(),
        admin: config.admin.clone(),
        people: config.people.clone(),
        audit: config.audit.clone(),
        bootstrap_file: beside_the_store(config, BOOTSTRAP_FILE),
        gateways: config.listen.gateways.clone(),
        bind_certificate: config.session.bind_certificate,
    }
}

/// A file of ours in the store's directory; a store in memory has none.
fn beside_the_store(config: &Config, name: &str) -> Option<PathBuf> {
    match config.storage.backend {
        Backend::Sled => Some(config.storage.path.join(name)),
        Backend::Memory => None,
    }
}

fn token_settings(config: &Config) -> TokenSettings {
    TokenSettings {
        issuer: config.public_url.issuer().to_owned(),
        audiences: config.token.audiences.clone(),
        ttl: config.token.ttl,
        groups: config.token.groups.clone(),
    }
}

fn succession(config: &Config) -> Succession {
    Succession {
        algorithm: match config.token.algorithm {
            TokenAlgorithm::Es256 => latchkey_token::Algorithm::Es256,
            TokenAlgorithm::EdDsa => latchkey_token::Algorithm::EdDsa,
        },
        publish_before: config.keys.publish_before,
        rotate_every: config.keys.rotate_every,
        // A token can be renewed until its session ends, however long ago it expired.
        overlap: Seconds(config.session.max.0.saturating_add(config.token.ttl.0)),
    }
}

fn cookies(config: &Config) -> SessionCookies {
    SessionCookies {
        session: config.session.cookie.clone(),
        refresh: config.session.refresh_cookie.clone(),
        domain: config.session.domain.clone(),
        secure: config.session.secure,
    }
}

pub(super) fn mount_point(config: &MountConfig) -> Result<Arc<MountPoint>, StartError> {
    let relying_party =
        RelyingParty::new(&config.rp_id, &config.rp_display_name, &config.rp_origins).map_err(
            |error| StartError::RelyingParty {
                section: config.section.clone(),
                error,
            },
        )?;
    Ok(Arc::new(MountPoint {
        ceremonies: Mount::new(
            &config.name,
            relying_party,
            config.passwordless.clone(),
            config.two_factor.clone(),
        ),
        self_registration: config.self_registration,
        max_credentials: config.max_credentials,
        notices: config.notices(),
    }))
}
