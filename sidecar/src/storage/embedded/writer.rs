//! The one thread that writes: steps in order, and one flush for all that wait.

use super::OpenError;
use super::engine::{self, Engine, guarded};
use super::files::{self, Contents, Directory};
use super::layout::{self, FORMAT, Key};
use super::ledger::{Inventory, Ledger};
use super::seal;
use super::upgrade;
use super::view::View;
use crate::storage::StorageError;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Steps that may wait; who comes then waits for a place first.
const QUEUE: usize = 1_024;
/// Steps that share one flush at most: bounds how long the first of them waits.
const GROUP: usize = 256;
/// How long the first of several steps waits for others to share its flush.
const GATHER: Duration = Duration::from_micros(500);
/// Records in a batch, after which the next step gets another: bounds how long readers wait for it.
const LARGE: usize = 1_024;
/// A disk that takes longer is as good as gone. The step may still happen later.
const PATIENCE: Duration = Duration::from_secs(15);

/// The way to the writer's thread.
pub(super) struct Writer {
    steps: Mutex<Option<mpsc::Sender<Box<dyn Step>>>>,
    ended: Mutex<Option<oneshot::Receiver<io::Result<()>>>>,
}

/// Opens or makes the store, and starts its thread.
pub(super) fn open(path: &Path) -> Result<(Arc<View>, Writer), OpenError> {
    let (directory, contents) = Directory::lock(path)?;
    if contents == Contents::Nothing {
        make(&directory).map_err(|source| OpenError::Io {
            path: path.to_owned(),
            source,
        })?;
        tracing::warn!(path = %path.display(), "a new, empty store was made");
    }
    let (engine, inventory) = open_engine(&directory)?;
    let view = Arc::new(View::default());
    view.write().engine = Some(engine);

    let (steps, received) = mpsc::channel(QUEUE);
    let (end, ended) = oneshot::channel();
    let mut desk = Desk {
        directory,
        view: Arc::clone(&view),
        inventory,
        failed: false,
    };
    std::thread::Builder::new()
        .name("store-writer".to_owned())
        .spawn(move || {
            desk.work(received);
            let _ = end.send(desk.close());
        })
        .map_err(|source| OpenError::Io {
            path: path.to_owned(),
            source,
        })?;
    Ok((
        view,
        Writer {
            steps: Mutex::new(Some(steps)),
            ended: Mutex::new(Some(ended)),
        },
    ))
}

fn make(directory: &Directory) -> io::Result<()> {
    directory.begin_making()?;
    let engine = Engine::open(&directory.engine())?;
    let mut batch = sled::Batch::default();
    let (format, inventory) = (Key::meta("format"), Key::meta("inventory"));
    let first = layout::encode(&format, &FORMAT).map_err(io::Error::other)?;
    batch.insert(format.bytes(), first);
    let first = layout::encode(&inventory, &Inventory::default()).map_err(io::Error::other)?;
    batch.insert(inventory.bytes(), first);
    guarded(|| Ok(engine.tree.apply_batch(batch)?))?;
    guarded(|| engine.flush())?;
    guarded(|| {
        drop(engine);
        Ok(())
    })?;
    directory.finish_making()
}

/// Opens a store that must be whole.
fn open_engine(directory: &Directory) -> Result<(Engine, Inventory), OpenError> {
    let path = || directory.path().to_owned();
    // Before sled opens its files, because that may change them.
    let sealed = seal::take(directory).map_err(|source| OpenError::Io {
        path: path(),
        source,
    })?;
    let engine = Engine::open(&directory.engine()).map_err(|source| {
        if is_refusal_of_the_system(&source) {
            OpenError::Io {
                path: path(),
                source,
            }
        } else {
            // What sled says of a file that it cannot make sense of.
            OpenError::Damaged {
                path: path(),
                damage: source.to_string(),
            }
        }
    })?;
    let (mut inventory, format) = engine::verify(&engine, directory, sealed)?;
    if format != FORMAT {
        inventory = upgrade::to_newest(&engine, directory, inventory)?;
    }
    Ok((engine, inventory))
}

/// Whether the files may well be whole: sled passes on what the system said, at times only its
/// kind.
fn is_refusal_of_the_system(error: &io::Error) -> bool {
    use io::ErrorKind::{
        FileTooLarge, NotFound, OutOfMemory, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem,
        StorageFull,
    };
    error.raw_os_error().is_some()
        || matches!(
            error.kind(),
            FileTooLarge
                | NotFound
                | OutOfMemory
                | PermissionDenied
                | QuotaExceeded
                | ReadOnlyFilesystem
                | StorageFull
        )
}

impl Writer {
    /// Has a step run, and waits until it is durable.
    pub(super) async fn run<T, F>(&self, step: F) -> Result<T, StorageError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Ledger<'_>) -> Result<T, StorageError> + Send + 'static,
    {
        let steps = lock(&self.steps).clone().ok_or_else(closed)?;
        let (reply, answer) = oneshot::channel();
        let waiting = async {
            let pending = Pending {
                step: Some(step),
                outcome: None,
                reply,
            };
            steps.send(Box::new(pending)).await.map_err(|_| closed())?;
            answer.await.map_err(|_| closed())?
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .unwrap_or_else(|_| Err(StorageError::Write(io::ErrorKind::TimedOut.into())))
    }

    /// Whether the thread still takes steps.
    pub(super) fn is_alive(&self) -> bool {
        lock(&self.steps)
            .as_ref()
            .is_some_and(|steps| !steps.is_closed())
    }

    /// Takes no more steps, finishes those that wait, and lets go of the files.
    pub(super) async fn close(&self) -> Result<(), StorageError> {
        drop(lock(&self.steps).take());
        let Some(ended) = lock(&self.ended).take() else {
            return Ok(());
        };
        ended
            .await
            .map_err(|_| closed())?
            .map_err(StorageError::Write)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn closed() -> StorageError {
    StorageError::Write(io::Error::other("the store is closed"))
}

/// A step that waits for its turn, and then for its flush.
trait Step: Send {
    /// Runs it; `true` when its changes are to be kept.
    fn run(&mut self, ledger: &mut Ledger<'_>, view: &View) -> bool;
    /// Tells the one who asked, once the fate of the group is known.
    fn answer(self: Box<Self>, fate: Result<(), StorageError>);
}

struct Pending<T, F> {
    step: Option<F>,
    outcome: Option<Result<T, StorageError>>,
    reply: oneshot::Sender<Result<T, StorageError>>,
}

impl<T, F> Step for Pending<T, F>
where
    T: Send,
    F: FnOnce(&mut Ledger<'_>) -> Result<T, StorageError> + Send,
{
    fn run(&mut self, ledger: &mut Ledger<'_>, view: &View) -> bool {
        let Some(step) = self.step.take() else {
            return false;
        };
        let outcome = guarded(|| Ok(step(ledger)));
        let outcome = outcome.unwrap_or_else(|error| Err(StorageError::Read(error)));
        let outcome = view.noted(outcome);
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    fn answer(self: Box<Self>, fate: Result<(), StorageError>) {
        let Self {
            step: _,
            outcome,
            reply,
        } = *self;
        // Whoever asked may have given up waiting.
        let _ = reply.send(fate.and_then(|()| outcome.unwrap_or_else(|| Err(closed()))));
    }
}

/// What the writer's thread works with.
struct Desk {
    directory: Directory,
    view: Arc<View>,
    inventory: Inventory,
    /// A flush failed: what sled holds in memory is not what is on disk.
    failed: bool,
}

impl Desk {
    fn work(&mut self, mut received: mpsc::Receiver<Box<dyn Step>>) {
        let mut company = 0;
        while let Some(first) = received.blocking_recv() {
            let mut group = vec![first];
            // Where others come at the same time, a little patience saves most of the flushes.
            if company > 1 {
                std::thread::sleep(GATHER);
            }
            while group.len() < GROUP
                && let Ok(next) = received.try_recv()
            {
                group.push(next);
            }
            company = group.len();
            let fate = self.commit(&mut group);
            if let Err(error) = &fate {
                tracing::error!(%error, steps = group.len(), "the store refused a write");
            }
            for step in group {
                // One error, told to each.
                let copy = |error: &io::Error| io::Error::new(error.kind(), error.to_string());
                step.answer(
                    fate.as_ref()
                        .copied()
                        .map_err(|it| StorageError::Write(copy(it))),
                );
            }
        }
    }

    /// Runs the steps and makes them durable, all or none.
    fn commit(&mut self, group: &mut [Box<dyn Step>]) -> io::Result<()> {
        if !files::has_room(self.directory.path())? {
            return Err(io::Error::new(
                io::ErrorKind::StorageFull,
                "the disk is almost full",
            ));
        }
        if self.failed {
            self.open_again()?;
        }
        let mut before = BTreeMap::new();
        let written = self.write(group, &mut before);
        match written {
            Ok(false) => {}
            // Nothing depends on it: it only makes a later check less sharp.
            Ok(true) => drop(self.directory.raise_watermark(self.inventory.step)),
            Err(_) => {
                self.failed = true;
                self.view.write().undone = before;
                self.keep_readable();
            }
        }
        written.map(drop)
    }

    /// Gives the values from before to `before`; says whether there was anything to flush.
    fn write(
        &mut self,
        group: &mut [Box<dyn Step>],
        before: &mut BTreeMap<Vec<u8>, Option<sled::IVec>>,
    ) -> io::Result<bool> {
        let shown = self.view.read();
        let Some(engine) = &shown.engine else {
            return Err(io::Error::other("the store could not be opened again"));
        };
        let mut changed = false;
        let mut steps = group.iter_mut().peekable();
        // sled seals and writes its buffer for each batch, which costs more than what is in it.
        while steps.peek().is_some() {
            let mut ledger = Ledger::new(engine);
            for step in steps.by_ref() {
                let keep = step.run(&mut ledger, &self.view);
                ledger.end_step(keep);
                if ledger.kept() > LARGE {
                    break;
                }
            }
            let Some(change) = guarded(|| ledger.into_change(&self.inventory))? else {
                continue;
            };
            for (key, value) in change.before {
                before.entry(key).or_insert(value);
            }
            self.view.apply(engine, change.batch)?;
            self.inventory = change.inventory;
            changed = true;
        }
        if changed {
            guarded(|| engine.flush())?;
        }
        Ok(changed)
    }

    /// A write that failed while sled split a page leaves a part that no read gets past. Then what
    /// is on disk serves readers better, at once and not only when the next write comes.
    fn keep_readable(&mut self) {
        let readable = self.view.read().engine.as_ref().is_some_and(|engine| {
            guarded(|| Ok(engine.tree.iter().try_for_each(|entry| entry.map(drop))?)).is_ok()
        });
        if !readable && let Err(error) = self.open_again() {
            tracing::error!(%error, "the store could not be opened again after a failed write");
        }
    }

    /// After a failed write: what is on disk counts, not what sled remembers.
    fn open_again(&mut self) -> io::Result<()> {
        let mut shown = self.view.write();
        let old = shown.engine.take();
        guarded(|| {
            drop(old);
            Ok(())
        })
        .unwrap_or_else(|error| tracing::debug!(%error, "sled did not end well"));
        let (engine, inventory) = open_engine(&self.directory).map_err(io::Error::other)?;
        shown.engine = Some(engine);
        shown.undone.clear();
        self.inventory = inventory;
        self.failed = false;
        tracing::info!("the store is open again after a failed write");
        Ok(())
    }

    fn close(self) -> io::Result<()> {
        let engine = self.view.write().engine.take();
        let is_whole = engine.is_some() && !self.failed && !self.view.is_suspect();
        guarded(|| {
            drop(engine);
            Ok(())
        })?;
        if is_whole && let Err(error) = seal::put(&self.directory, self.inventory.step) {
            tracing::warn!(%error, "the store is not sealed: the next start reads all of it");
        }
        Ok(())
    }
}
