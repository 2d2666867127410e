//! The store's directory, and the small files beside sled's own:
//!
//! - `lock`: held while a process has the store; names that process.
//! - `marker`: says that there is a store here, and its format. It is what tells an empty
//!   directory from a store whose files are gone.
//! - `watermark`: the number of the last step that was made durable. It tells a store from an
//!   older or shortened copy of itself. Written after the fsync and without one of its own, so it
//!   never runs ahead.
//! - `seal`: there only while the store is closed in order; see [`super::seal`].

use super::OpenError;
use super::layout::FORMAT;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Below this much free room nothing is written: sled must never meet a full disk half-way, and
/// needs room to open again.
pub(super) const RESERVED_BYTES: u64 = 16 * 1024 * 1024;

const MARKER_READY: &str = "latchkey store, format ";
const MARKER_NEW: &str = "latchkey store, being made\n";

/// A locked directory.
pub(super) struct Directory {
    path: PathBuf,
    watermark: File,
    /// Released when dropped.
    _lock: Lock,
}

/// Whether there is something to open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contents {
    /// A store.
    Store,
    /// Nothing yet, or a store that was never finished.
    Nothing,
}

impl Directory {
    /// Locks the directory, and says what is in it. A missing directory is made where its parent
    /// is there.
    pub(super) fn lock(path: &Path) -> Result<(Self, Contents), OpenError> {
        let io = |source| OpenError::Io {
            path: path.to_owned(),
            source,
        };
        if !path.exists() {
            DirBuilder::new()
                .mode(0o700)
                .create(path)
                .map_err(|error| match error.kind() {
                    io::ErrorKind::NotFound => OpenError::Missing {
                        path: path.to_owned(),
                        missing: "neither the directory nor the one above it exists",
                    },
                    _ => io(error),
                })?;
            sync_directory(path.parent().unwrap_or(path)).map_err(io)?;
        }
        let lock = take_lock(path)?;
        let contents = contents(path)?;
        let watermark = private()
            .create(true)
            .write(true)
            .read(true)
            .open(path.join("watermark"));
        let watermark = watermark.map_err(io)?;
        Ok((
            Self {
                path: path.to_owned(),
                watermark,
                _lock: lock,
            },
            contents,
        ))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where sled keeps its files.
    pub(super) fn engine(&self) -> PathBuf {
        self.path.join("sled")
    }

    /// Before a new store: nothing of an unfinished one may stay.
    pub(super) fn begin_making(&self) -> io::Result<()> {
        self.write_marker(MARKER_NEW)?;
        match fs::remove_dir_all(self.engine()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        DirBuilder::new().mode(0o700).create(self.engine())?;
        self.raise_watermark(0)?;
        sync_directory(&self.path)
    }

    /// From here on it is a store, and must be whole.
    pub(super) fn finish_making(&self) -> io::Result<()> {
        sync_directory(&self.engine())?;
        self.watermark.sync_all()?;
        self.mark_format()
    }

    /// Says that the store is of the newest format.
    pub(super) fn mark_format(&self) -> io::Result<()> {
        self.write_marker(&format!("{MARKER_READY}{FORMAT}\n"))
    }

    fn write_marker(&self, text: &str) -> io::Result<()> {
        let next = self.path.join("marker.new");
        let mut file = private()
            .create(true)
            .write(true)
            .truncate(true)
            .open(&next)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(next, self.path.join("marker"))?;
        sync_directory(&self.path)
    }

    /// The last durable step as far as is remembered; `None` when the file is unreadable, which
    /// a power cut can do to it.
    pub(super) fn watermark(&self) -> Option<u64> {
        let mut bytes = [0; 12];
        self.watermark.read_exact_at(&mut bytes, 0).ok()?;
        let (number, check) = bytes.split_first_chunk::<8>()?;
        (check == crc32fast::hash(number).to_be_bytes()).then_some(u64::from_be_bytes(*number))
    }

    pub(super) fn raise_watermark(&self, step: u64) -> io::Result<()> {
        let number = step.to_be_bytes();
        let mut bytes = number.to_vec();
        bytes.extend_from_slice(&crc32fast::hash(&number).to_be_bytes());
        self.watermark.write_all_at(&bytes, 0)
    }
}

/// Whether a directory has never had a store.
pub(super) fn is_new(path: &Path) -> bool {
    !path.exists() || matches!(contents(path), Ok(Contents::Nothing))
}

/// Whether there is room for another write in a store's directory.
pub(super) fn has_room(path: &Path) -> io::Result<bool> {
    let room = rustix::fs::statvfs(path)?;
    Ok(room.f_bavail.saturating_mul(room.f_frsize) >= RESERVED_BYTES)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// The lock on the directory. It is given back in so many words: closing the file is not enough
/// while a process that is just being started still has a copy of the handle.
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

fn take_lock(path: &Path) -> Result<Lock, OpenError> {
    let io = |source| OpenError::Io {
        path: path.to_owned(),
        source,
    };
    let file = path.join("lock");
    let mut lock = private()
        .create(true)
        .read(true)
        .write(true)
        .truncate(false)
        .open(file)
        .map_err(io)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = (&lock).take(20).read_to_string(&mut holder);
            let holder = match holder.trim() {
                id if !id.is_empty() && id.bytes().all(|it| it.is_ascii_digit()) => {
                    format!("process {id}")
                }
                _ => "process unknown".to_owned(),
            };
            return Err(OpenError::Locked {
                path: path.to_owned(),
                holder,
            });
        }
        Err(TryLockError::Error(error)) => return Err(io(error)),
    }
    // Only for the message above.
    let _ = lock
        .set_len(0)
        .and_then(|()| lock.write_all(std::process::id().to_string().as_bytes()));
    Ok(Lock(lock))
}

fn contents(path: &Path) -> Result<Contents, OpenError> {
    let io = |source| OpenError::Io {
        path: path.to_owned(),
        source,
    };
    match fs::read_to_string(path.join("marker")) {
        Ok(text) if text == MARKER_NEW => Ok(Contents::Nothing),
        Ok(text) => {
            let found = text
                .strip_prefix(MARKER_READY)
                .and_then(|rest| rest.trim().parse().ok());
            match found {
                Some(1..=FORMAT) if path.join("sled/db").is_file() => Ok(Contents::Store),
                Some(1..=FORMAT) => Err(OpenError::Missing {
                    path: path.to_owned(),
                    missing: "no file sled/db",
                }),
                Some(found) => Err(OpenError::Format {
                    path: path.to_owned(),
                    found,
                    known: FORMAT,
                }),
                None => Err(OpenError::Damaged {
                    path: path.to_owned(),
                    damage: "the file marker is not readable".to_owned(),
                }),
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => contents_without_marker(path),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(OpenError::Damaged {
            path: path.to_owned(),
            damage: "the file marker is not readable".to_owned(),
        }),
        Err(error) => Err(io(error)),
    }
}

fn contents_without_marker(path: &Path) -> Result<Contents, OpenError> {
    let entries = fs::read_dir(path)
        .and_then(|entries| {
            entries
                .map(|entry| entry.map(|it| it.file_name()))
                .collect()
        })
        .map_err(|source| OpenError::Io {
            path: path.to_owned(),
            source,
        });
    let entries: Vec<_> = entries?;
    let is = |name: &str| entries.iter().any(|entry| entry == name);
    // The watermark is empty until there is a store; the seal is there when one was closed.
    let watermark = path.join("watermark").metadata();
    let has_steps = watermark.is_ok_and(|it| it.len() > 0);
    if is("sled") || is("key-encryption-key") || is("seal") || has_steps {
        return Err(OpenError::Missing {
            path: path.to_owned(),
            missing: "no file marker",
        });
    }
    // A freshly formatted volume has the directory lost+found; a program that was killed leaves its
    // control socket.
    let ours = [
        "lock",
        "watermark",
        "marker.new",
        "lost+found",
        "control.sock",
        "control.sock.lock",
    ];
    if entries
        .iter()
        .all(|entry| ours.iter().any(|name| entry == name))
    {
        Ok(Contents::Nothing)
    } else {
        Err(OpenError::NotAStore {
            path: path.to_owned(),
        })
    }
}

pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    // "" is the parent of a relative name.
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    File::open(path)?.sync_all()
}
