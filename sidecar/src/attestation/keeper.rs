//! The files behind the trust, and the last good state of them.

use super::last_good::{LastGood, read_bounded};
use super::{AnchorError, Anchors, BlobError, Metadata, Trust};
use crate::model::{Reason, ReasonCode, UnixTime};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

/// Where trust comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// A directory of certificates, in PEM or DER.
    pub anchors: Option<PathBuf>,
    /// The FIDO metadata.
    pub metadata: Option<MetadataSource>,
}

/// A metadata file, and who must have signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataSource {
    /// The blob.
    pub file: PathBuf,
    /// The root certificate of its signer's chain.
    pub root: PathBuf,
    /// The host name in its signer's certificate.
    pub signer: String,
}

impl MetadataSource {
    /// Whose numbers its blobs have: another signer, or another root, begins anew.
    ///
    /// # Errors
    /// When the root certificate cannot be read.
    pub fn series(&self) -> Result<String, SourcesError> {
        let root = std::fs::read(&self.root).map_err(|error| SourcesError::Read {
            key: "attestation.metadata_root",
            path: self.root.clone(),
            error,
        })?;
        let root = URL_SAFE_NO_PAD.encode(Sha256::digest(root));
        Ok(format!("{} {root}", self.signer))
    }
}

impl Sources {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.anchors.is_none() && self.metadata.is_none()
    }
}

/// Why the trust anchors are of no use. Names the key of the configuration.
#[derive(Debug, thiserror::Error)]
pub enum SourcesError {
    /// A file or directory cannot be read.
    #[error("{key}: {} cannot be read: {error}", path.display())]
    Read {
        /// Of the configuration.
        key: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A file holds no certificate.
    #[error("{key}: {}: {error}", path.display())]
    Anchor {
        /// Of the configuration.
        key: &'static str,
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        error: AnchorError,
    },
    /// The directory is empty.
    #[error("{key}: expected certificates in {}, found none", path.display())]
    NoAnchor {
        /// Of the configuration.
        key: &'static str,
        /// Which directory.
        path: PathBuf,
    },
}

/// What was in use before the program was started.
#[derive(Debug, Default)]
pub struct Past {
    /// The highest number of a blob.
    pub number: u64,
    /// Where its copy is kept, if anywhere.
    pub copy: Option<PathBuf>,
}

/// Holds the trust in use. A new blob takes the place of the last one only when it is good; until
/// then, and when the file is gone, the last good one stays.
#[derive(Debug)]
pub struct TrustKeeper {
    source: Option<(MetadataSource, Anchors)>,
    last_good: LastGood,
    /// What a blob must not fall behind: the highest number that was ever in use.
    known: AtomicU64,
    trust: RwLock<Arc<Trust>>,
    file: Mutex<FileState>,
}

#[derive(Debug, Default)]
struct FileState {
    /// Length and time of the file that was read last.
    seen: Option<(u64, Option<SystemTime>)>,
    problem: Option<BlobError>,
    stale_said: bool,
}

impl TrustKeeper {
    /// Reads the anchors, and the blob where there is one and its number is not below that of the
    /// past. A blob that is no good does not keep the program from starting: the last good one is
    /// taken up again, and without one whatever needs it is refused until there is.
    ///
    /// # Errors
    /// When a certificate cannot be read.
    pub fn open(sources: &Sources, past: Past, now: UnixTime) -> Result<Self, SourcesError> {
        let mut anchors = Anchors::default();
        if let Some(directory) = &sources.anchors {
            read_directory(&mut anchors, directory)?;
            tracing::info!(
                anchors = anchors.len(),
                "attestation trust anchors are read"
            );
        }
        let source = sources.metadata.as_ref().map(with_roots).transpose()?;
        let keeper = Self {
            source,
            last_good: LastGood(past.copy),
            known: AtomicU64::new(past.number),
            trust: RwLock::new(Arc::new(Trust::new(Arc::new(anchors), None))),
            file: Mutex::default(),
        };
        // First, so that the file must be as good as if the program had never ended.
        keeper.take_up_last_good(now);
        keeper.refresh(now);
        Ok(keeper)
    }

    fn take_up_last_good(&self, now: UnixTime) {
        let (Some((source, roots)), Some(blob)) = (&self.source, self.last_good.read()) else {
            return;
        };
        if let Err(problem) = self.use_blob(&blob, source, roots, now) {
            tracing::warn!(%problem, "the FIDO metadata that were in use before the start are of no use");
        }
    }

    /// The trust in use.
    #[must_use]
    pub fn current(&self) -> Arc<Trust> {
        Arc::clone(&self.trust.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at the blob's file again, and reads it when it has changed. Says in the log what was
    /// refused, and when the blob in use has become stale.
    pub fn refresh(&self, now: UnixTime) {
        let Some((source, roots)) = &self.source else {
            return;
        };
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = stamp(&source.file);
        if seen.is_none() || seen != file.seen {
            let problem = self.replace(source, roots, now).err();
            if let Some(problem) = problem
                && (seen.is_some() || file.problem != Some(problem))
            {
                let kept = self.current().metadata().map(Metadata::number);
                let path = source.file.display();
                tracing::error!(%path, %problem, kept, "the FIDO metadata are refused, what was good stays in use");
            }
            file.seen = seen;
            file.problem = problem;
        }
        let stale = self.is_stale(now);
        if stale && !file.stale_said {
            tracing::warn!("the FIDO metadata are stale: their next update is overdue");
        }
        file.stale_said = stale;
    }

    fn replace(
        &self,
        source: &MetadataSource,
        roots: &Anchors,
        now: UnixTime,
    ) -> Result<(), BlobError> {
        let blob = read_bounded(&source.file)?;
        self.use_blob(&blob, source, roots, now)?;
        self.last_good.keep(&blob);
        Ok(())
    }

    fn use_blob(
        &self,
        blob: &[u8],
        source: &MetadataSource,
        roots: &Anchors,
        now: UnixTime,
    ) -> Result<(), BlobError> {
        let new = Metadata::verify_blob(blob, roots, &source.signer, now)?;
        let current = self.current();
        let known = self.known.load(Ordering::Relaxed);
        if new.number() < known {
            return Err(BlobError::Older {
                number: new.number(),
                known,
            });
        }
        let fresh = current.metadata().is_some_and(|known| !known.is_stale(now));
        if new.is_stale(now) && fresh {
            return Err(BlobError::Stale);
        }
        self.known.store(new.number(), Ordering::Relaxed);
        tracing::info!(
            number = new.number(),
            models = new.len(),
            "FIDO metadata are in use"
        );
        let mut trust = self.trust.write().unwrap_or_else(PoisonError::into_inner);
        *trust = Arc::new(current.with_metadata(new));
        Ok(())
    }

    /// Whose numbers the blobs have, see [`MetadataSource::series`]; `None` without a source, or
    /// when its root cannot be read any more.
    #[must_use]
    pub fn series(&self) -> Option<String> {
        self.source.as_ref()?.0.series().ok()
    }

    /// The number of the blob in use; `None` without one.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        self.current().metadata().map(Metadata::number)
    }

    fn is_stale(&self, now: UnixTime) -> bool {
        let trust = self.current();
        trust
            .metadata()
            .is_some_and(|metadata| metadata.is_stale(now))
    }

    /// Why the file was refused when it was read last.
    #[must_use]
    pub fn problem(&self) -> Option<BlobError> {
        self.file
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .problem
    }

    /// What administrators should know.
    #[must_use]
    pub fn warnings(&self, now: UnixTime) -> Vec<Reason> {
        let mut warnings = Vec::new();
        if let Some(problem) = self.problem() {
            let refused = |code, stays: &str| {
                Reason::new(code, format!("the file is refused: {problem}; {stays}."))
            };
            warnings.push(match self.number() {
                Some(number) => {
                    let stays = format!("number {number}, the last good one, stays in use");
                    refused(ReasonCode::MetadataRefused, &stays).with("number", number)
                }
                None => refused(ReasonCode::MetadataNone, "none is in use"),
            });
        }
        if self.is_stale(now) {
            let text = "the FIDO metadata are stale: their next update is overdue.";
            warnings.push(Reason::new(ReasonCode::MetadataStale, text));
        }
        let placed = warnings.into_iter().map(|it| it.at("attestation.metadata"));
        placed.collect()
    }

    /// Gauges in the text format that Prometheus reads; nothing where there is no metadata file.
    #[must_use]
    pub fn metrics(&self, now: UnixTime) -> String {
        let mut text = String::new();
        if self.source.is_none() {
            return text;
        }
        let number = self.current().metadata().map_or(0, Metadata::number);
        for (name, help, value) in [
            (
                "number",
                "Number of the FIDO metadata in use; 0 with none.",
                number,
            ),
            (
                "stale",
                "1 when the next update of the FIDO metadata is overdue.",
                u64::from(self.is_stale(now)),
            ),
            (
                "refused",
                "1 when the FIDO metadata file is refused and the last good one stays.",
                u64::from(self.problem().is_some()),
            ),
        ] {
            let name = format!("latchkey_fido_metadata_{name}");
            let _ = writeln!(
                text,
                "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}"
            );
        }
        text
    }
}

fn with_roots(source: &MetadataSource) -> Result<(MetadataSource, Anchors), SourcesError> {
    let mut roots = Anchors::default();
    read_file(&mut roots, "attestation.metadata_root", &source.root)?;
    Ok((source.clone(), roots))
}

/// Every file of the directory but hidden ones: Kubernetes puts a secret's machinery there.
fn read_directory(anchors: &mut Anchors, directory: &Path) -> Result<(), SourcesError> {
    let key = "attestation.anchors";
    let unreadable = |error| SourcesError::Read {
        key,
        path: directory.to_owned(),
        error,
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !hidden && entry.path().is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    for file in files {
        read_file(anchors, key, &file)?;
    }
    if anchors.is_empty() {
        return Err(SourcesError::NoAnchor {
            key,
            path: directory.to_owned(),
        });
    }
    Ok(())
}

fn read_file(anchors: &mut Anchors, key: &'static str, path: &Path) -> Result<(), SourcesError> {
    let bytes = std::fs::read(path).map_err(|error| SourcesError::Read {
        key,
        path: path.to_owned(),
        error,
    })?;
    anchors
        .add_file(&bytes)
        .map_err(|error| SourcesError::Anchor {
            key,
            path: path.to_owned(),
            error,
        })?;
    Ok(())
}

/// What tells one state of a file from another without reading it.
fn stamp(path: &Path) -> Option<(u64, Option<SystemTime>)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok()))
}
