//! `latchkey serve`: from a configuration to a running program, and to its end.

use crate::app::{App, StartError};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::entropy::{Entropy, OsEntropy};
use crate::key_file::{KeyFileError, key_encryption_key};
use crate::routes;
use crate::serve::{ListenError, Listeners, Routers};
use crate::state::{self, OpenError};
use crate::storage::StorageError;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Requests are short and wait mostly for the disk: more threads would only take memory.
const MOST_WORKERS: usize = 4;
const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// Why the program could not go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The operating system refused threads or signals.
    #[error("the program cannot start: {0}")]
    System(#[from] std::io::Error),
    /// The store cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is no key-encryption key.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// Keys or settings are of no use.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A listener cannot be opened.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// At the end, not everything could be made durable.
    #[error("the store could not be closed: {0}")]
    Close(#[source] StorageError),
}

/// Runs until a signal says to stop.
///
/// # Errors
/// When it cannot start, or cannot end well.
pub fn run(config: Config) -> Result<(), RunError> {
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get().min(MOST_WORKERS));
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .max_blocking_threads(workers)
        .enable_all()
        .build()?
        .block_on(until_stopped(config))
}

async fn until_stopped(config: Config) -> Result<(), RunError> {
    let stop = StopSignal::listen()?;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        public_url = config.public_url.issuer(),
        "starting"
    );
    for notice in config.notices() {
        tracing::warn!("{notice}");
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    // Nothing is made for a program that cannot listen. Where there is a store, its lock says more.
    if state::is_new(&config.storage) {
        Listeners::probe(&config.listen)?;
    }
    let store = state::open_store(&config.storage)?;
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let key = key_encryption_key(&config, &*store, &*entropy).await?;
    let app = App::build(&config, &key, Arc::clone(&store), clock, entropy);
    let app = Arc::new(app.await?);
    let control = config.control_socket();
    let listeners = Listeners::open(&config.listen, control.as_deref()).await?;
    let first = Arc::clone(&app);
    let first = tokio::spawn(async move { first.bootstrap_at_start().await });
    let sweep = tokio::spawn(sweep(Arc::clone(&app)));
    let keys = tokio::spawn(maintain_keys(Arc::clone(&app)));
    let trust = tokio::spawn(refresh_trust(Arc::clone(&app)));
    let stopped = async {
        stop.wait().await;
        // Whoever waits for revocations is answered, so that nobody holds the end up.
        app.revocations.stop();
    };
    let routers = Routers {
        public: routes::public(&app),
        internal: routes::internal(&app),
        control: routes::control(&app),
    };
    listeners.serve(routers, stopped).await;
    first.abort();
    sweep.abort();
    keys.abort();
    trust.abort();
    store.close().await.map_err(RunError::Close)?;
    tracing::info!("stopped");
    Ok(())
}

/// Makes the next signing key when its time has come, and forgets those that have retired.
async fn maintain_keys(app: Arc<App>) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    loop {
        ticks.tick().await;
        if let Err(error) = app.maintain_keys().await {
            tracing::error!(%error, "the key ring could not be maintained");
        }
    }
}

/// Looks for a new file of FIDO metadata.
async fn refresh_trust(app: Arc<App>) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    loop {
        ticks.tick().await;
        if let Err(error) = app.refresh_trust().await {
            tracing::error!(%error, "which FIDO metadata are in use could not be noted");
        }
    }
}

/// Forgets sessions and revocations that are over.
async fn sweep(app: Arc<App>) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    loop {
        ticks.tick().await;
        if let Err(error) = app.tend_audit_log().await {
            tracing::warn!(%error, "the audit log could not be tended");
        }
        match app.sweep().await {
            Ok(0) => {}
            Ok(sessions) => tracing::debug!(sessions, "ended sessions were removed"),
            Err(error) => tracing::warn!(%error, "what has ended could not be removed"),
        }
    }
}

/// SIGTERM (supervisors) and SIGINT (Ctrl-C).
struct StopSignal {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignal {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Ends at the first signal; a second one ends the program at once.
    async fn wait(mut self) {
        self.next().await;
        tokio::spawn(async move {
            self.next().await;
            tracing::warn!("stopped at once by a second signal");
            std::process::exit(1);
        });
    }
}
