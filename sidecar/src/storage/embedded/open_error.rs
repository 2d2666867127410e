//! Why a store is not opened. Each message says what to do.

use std::io;
use std::path::PathBuf;

/// Why a store is not opened; nothing was repaired, replaced or removed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error(
        "the store in {} is in use by another process ({holder}): one store serves one process; \
         stop the other one, or give this one another storage.path",
        path.display()
    )]
    Locked {
        /// Which directory.
        path: PathBuf,
        /// Its process id, where it is known.
        holder: String,
    },
    /// There was a store, or there should be one.
    #[error(
        "the store in {} is missing ({missing}): is the right volume mounted? Otherwise restore \
         the whole directory from a backup. For a new, empty store give an empty directory",
        path.display()
    )]
    Missing {
        /// Which directory.
        path: PathBuf,
        /// What is not there.
        missing: &'static str,
    },
    /// The directory belongs to something else.
    #[error(
        "{} holds other files but no store: storage.path must be a directory of its own, empty at \
         first",
        path.display()
    )]
    NotAStore {
        /// Which directory.
        path: PathBuf,
    },
    /// The files are not what was written.
    #[error(
        "the store in {} is damaged ({damage}): stop here, keep a copy of the directory, and \
         restore the whole directory from a backup",
        path.display()
    )]
    Damaged {
        /// Which directory.
        path: PathBuf,
        /// What was found.
        damage: String,
    },
    /// Another version wrote it.
    #[error(
        "the store in {} has format {found}, this version reads format {known}: start the version \
         that wrote it",
        path.display()
    )]
    Format {
        /// Which directory.
        path: PathBuf,
        /// What the store says.
        found: u32,
        /// What this version knows.
        known: u32,
    },
    /// The operating system refused.
    #[error("the store in {} cannot be opened: {source}", path.display())]
    Io {
        /// Which directory or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
