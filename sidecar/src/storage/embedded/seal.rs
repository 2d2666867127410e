//! The seal: what sled's files were when the store was last closed in order.
//!
//! A store that nobody has touched since need not be read record by record to be known as whole: it
//! was whole when it was opened, and every step since was counted. So the last thing that a closing
//! store does is to note the checksums of its files, and the first thing that an opening one does is
//! to compare them and to take the note away, before anything can change. After a kill there is no
//! note, and what does not match is worth nothing: then every record is read. A store in which a write failed
//! or a damaged record was met is never sealed.

use super::files::{Directory, sync_directory};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Checksums are of pieces of this size, so that several threads can share a file.
const PIECE_BYTES: u64 = 4 * 1024 * 1024;
const MOST_THREADS: usize = 8;
/// Deeper than sled nests its files.
const MOST_DEPTH: usize = 4;
const FIRST_LINE: &str = "latchkey seal 1";
/// How long sled's threads may take to let go of its files.
const ATTEMPTS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(10);

/// Seals a store that was closed at this step. What goes wrong only makes the next start slower.
pub(super) fn put(directory: &Directory, step: u64) -> io::Result<()> {
    await_release(&directory.engine().join("db"))?;
    let text = format!("{FIRST_LINE}\n{step}\n{}\n", digest(&directory.engine())?);
    let next = directory.path().join("seal.new");
    let mut file = OpenOptions::new()
        .mode(0o600)
        .create(true)
        .write(true)
        .truncate(true)
        .open(&next)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(next, directory.path().join("seal"))?;
    sync_directory(directory.path())
}

/// Takes the seal away, durably, and gives the step that it vouches for: `None` where there is none,
/// or where it does not fit the files.
pub(super) fn take(directory: &Directory) -> io::Result<Option<u64>> {
    let path = directory.path().join("seal");
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.unwrap_or_default(),
    };
    let stated = read(&text);
    let holds = stated.filter(|(_, stated)| {
        // Files that cannot be read are sled's to complain about.
        digest(&directory.engine()).is_ok_and(|digest| digest == *stated)
    });
    fs::remove_file(path)?;
    sync_directory(directory.path())?;
    Ok(holds.map(|(step, _)| step))
}

fn read(text: &str) -> Option<(u64, &str)> {
    let mut lines = text.lines();
    (lines.next()? == FIRST_LINE).then_some(())?;
    Some((lines.next()?.parse().ok()?, lines.next()?))
}

/// sled's own lock on its file can outlive the last handle for a moment, and so can its writing.
fn await_release(path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    for _ in 0..ATTEMPTS {
        match file.try_lock() {
            Ok(()) => return file.unlock(),
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
    Err(io::ErrorKind::TimedOut.into())
}

/// A digest of names, lengths and checksums of everything below.
fn digest(engine: &Path) -> io::Result<String> {
    let mut files = Vec::new();
    list(engine, MOST_DEPTH, &mut files)?;
    files.sort();
    let mut digest = Sha256::new();
    for path in files {
        let file = File::open(&path)?;
        let length = file.metadata()?.len();
        let name = path.strip_prefix(engine).unwrap_or(&path);
        digest.update(name.as_os_str().as_encoded_bytes());
        digest.update([0]);
        digest.update(length.to_be_bytes());
        for sum in sums(&file, length)? {
            digest.update(sum.to_be_bytes());
        }
    }
    let digest: [u8; 32] = digest.finalize().into();
    Ok(URL_SAFE_NO_PAD.encode(digest))
}

fn list(directory: &Path, depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let deeper = depth.checked_sub(1).ok_or(io::ErrorKind::InvalidData)?;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            list(&entry.path(), deeper, files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// The checksums of a file's pieces.
fn sums(file: &File, length: u64) -> io::Result<Vec<u32>> {
    let pieces = usize::try_from(length.div_ceil(PIECE_BYTES)).map_err(io::Error::other)?;
    let next = AtomicUsize::new(0);
    let work = || {
        let (mut own, mut buffer) = (Vec::new(), Vec::new());
        loop {
            let piece = next.fetch_add(1, Ordering::Relaxed);
            if piece >= pieces {
                return Ok::<_, io::Error>(own);
            }
            let from = u64::try_from(piece)
                .unwrap_or(u64::MAX)
                .saturating_mul(PIECE_BYTES);
            let bytes = PIECE_BYTES.min(length.saturating_sub(from));
            buffer.resize(usize::try_from(bytes).map_err(io::Error::other)?, 0);
            file.read_exact_at(&mut buffer, from)?;
            own.push((piece, crc32fast::hash(&buffer)));
        }
    };
    let mut sums = in_threads(pieces, work)?.concat();
    sums.sort_unstable();
    Ok(sums.into_iter().map(|(_, sum)| sum).collect())
}

/// Runs the same work in as many threads as there are processors, at most one for each `part`.
pub(super) fn in_threads<T: Send>(
    parts: usize,
    work: impl Fn() -> io::Result<T> + Sync,
) -> io::Result<Vec<T>> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = processors.min(MOST_THREADS).min(parts);
    if threads <= 1 {
        return Ok(vec![work()?]);
    }
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(&work)).collect();
        let ended = threads.into_iter().map(|thread| {
            // sled panics on some damages; whoever asked turns that into an error.
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        ended.collect()
    })
}
