//! A copy of the blob in use beside the store, so that a restart has it though the file that it came
//! from is bad, older or gone by then. It is verified like any other when it is read.

use super::BlobError;
use super::blob::MAX_BLOB_BYTES;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Where the copy is; without a place nothing is kept.
#[derive(Debug)]
pub(super) struct LastGood(pub(super) Option<PathBuf>);

impl LastGood {
    /// The copy, if there is one.
    pub(super) fn read(&self) -> Option<Vec<u8>> {
        read_bounded(self.0.as_deref()?).ok()
    }

    /// Keeps this blob. Not being able to is no reason to do without it.
    pub(super) fn keep(&self, blob: &[u8]) {
        let Some(path) = &self.0 else {
            return;
        };
        if self.read().is_some_and(|kept| kept == blob) {
            return;
        }
        if let Err(error) = write(path, blob) {
            let path = path.display();
            tracing::warn!(%path, %error, "the FIDO metadata in use could not be kept for the next start");
        }
    }
}

/// A file that is not larger than any blob. What is no file may have no end, or wait for one.
pub(super) fn read_bounded(path: &Path) -> Result<Vec<u8>, BlobError> {
    if !path.is_file() {
        return Err(BlobError::File);
    }
    let file = File::open(path).map_err(|_| BlobError::File)?;
    let mut bytes = Vec::new();
    let read = file.take(MAX_BLOB_BYTES + 1).read_to_end(&mut bytes);
    let length = read.map_err(|_| BlobError::File)?;
    if u64::try_from(length).is_ok_and(|length| length <= MAX_BLOB_BYTES) {
        Ok(bytes)
    } else {
        Err(BlobError::TooLarge)
    }
}

/// Whole under its name, or not there.
fn write(path: &Path, blob: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension("new");
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)?;
    file.write_all(blob)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)
}
