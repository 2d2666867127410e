//! The key-encryption key where the configuration gives none: a file beside the store.

use crate::config::{Backend, Config, KeyEncryptionKey};
use crate::entropy::{Entropy, random};
use crate::storage::{StorageError, Store};
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const FILE: &str = "key-encryption-key";

/// Why there is no key-encryption key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file cannot be read or made.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds something else.
    #[error(
        "{}: expected 32 bytes in base64, the key under which the signing keys in the store are \
         encrypted: restore the file from a backup",
        path.display()
    )]
    Form {
        /// Which file.
        path: PathBuf,
    },
    /// The store has keys that were sealed under a key that is gone.
    #[error(
        "{} is missing, and so are keys.encryption_key_file and LATCHKEY_KEY_ENCRYPTION_KEY, but \
         the store holds signing keys that are encrypted: give the key that was used before",
        path.display()
    )]
    Missing {
        /// Which file.
        path: PathBuf,
    },
    /// The store cannot say whether it holds keys.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The configured key; else the one in the store's directory, which is made for a new store; else,
/// for a store in memory, one for this run.
///
/// # Errors
/// When the file is missing or unreadable though the store needs it.
pub async fn key_encryption_key(
    config: &Config,
    store: &dyn Store,
    entropy: &dyn Entropy,
) -> Result<KeyEncryptionKey, KeyFileError> {
    if let Some(key) = &config.keys.encryption_key {
        return Ok(key.clone());
    }
    if config.storage.backend == Backend::Memory {
        return Ok(KeyEncryptionKey::from_bytes(random(entropy)));
    }
    let path = config.storage.path.join(FILE);
    match std::fs::read_to_string(&path).map(Zeroizing::new) {
        Ok(text) => KeyEncryptionKey::parse(&text).ok_or(KeyFileError::Form { path }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if !store.signing_keys().await?.is_empty() {
                return Err(KeyFileError::Missing { path });
            }
            let key = KeyEncryptionKey::from_bytes(random(entropy));
            write(&path, &key).map_err(|source| KeyFileError::Io {
                path: path.clone(),
                source,
            })?;
            tracing::info!(path = %path.display(), "a key-encryption key was made");
            Ok(key)
        }
        Err(source) => Err(KeyFileError::Io { path, source }),
    }
}

/// Complete and durable under its name, or not there.
fn write(path: &Path, key: &KeyEncryptionKey) -> io::Result<()> {
    let unfinished = path.with_extension("new");
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)?;
    file.write_all(key.to_base64().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SequenceEntropy;
    use crate::model::{Actor, AuditRecord, SigningKeyRecord, UnixTime};
    use crate::storage::SigningKeys as _;
    use crate::storage::memory::MemoryStore;
    use std::os::unix::fs::PermissionsExt as _;

    fn config(directory: &Path, more: &str) -> Config {
        let text = format!(
            "public_url = \"https://a.example/x\"\n[token]\naudiences = [\"app\"]\n[storage]\n\
             path = {directory:?}\n{more}"
        );
        Config::parse(&text, &Vec::new()).unwrap()
    }

    #[tokio::test]
    async fn a_new_store_gets_a_key_that_stays() {
        let directory = tempfile::tempdir().unwrap();
        let config = config(directory.path(), "");
        let (store, entropy) = (MemoryStore::new(), SequenceEntropy::default());
        let made = key_encryption_key(&config, &store, &entropy).await.unwrap();
        let again = key_encryption_key(&config, &store, &entropy).await.unwrap();
        assert_eq!(made, again);
        let permissions = directory
            .path()
            .join(FILE)
            .metadata()
            .unwrap()
            .permissions();
        assert_eq!(permissions.mode() & 0o777, 0o600);
    }

    #[tokio::test]
    async fn a_store_with_keys_needs_the_key_that_sealed_them() {
        let directory = tempfile::tempdir().unwrap();
        let config = config(directory.path(), "");
        let (store, entropy) = (MemoryStore::new(), SequenceEntropy::default());
        let record = SigningKeyRecord {
            kid: "a".to_owned(),
            algorithm: "ES256".to_owned(),
            public_jwk: serde_json::json!({}),
            sealed: Vec::new(),
            published_at: UnixTime(0),
            signs_from: Some(UnixTime(0)),
            retires_at: None,
        };
        let audit = AuditRecord::new(UnixTime(0), Actor::Program, "keys_maintain");
        let keys = [record];
        let stored = store.replace_signing_keys(&keys, None, &audit);
        stored.await.unwrap();
        let refused = key_encryption_key(&config, &store, &entropy).await;
        assert!(
            matches!(refused, Err(KeyFileError::Missing { .. })),
            "{refused:?}"
        );
        assert!(!directory.path().join(FILE).exists());
        std::fs::write(directory.path().join(FILE), "rubbish").unwrap();
        let refused = key_encryption_key(&config, &store, &entropy).await;
        assert!(
            matches!(refused, Err(KeyFileError::Form { .. })),
            "{refused:?}"
        );
    }

    #[tokio::test]
    async fn a_store_in_memory_leaves_no_file() {
        let directory = tempfile::tempdir().unwrap();
        let config = config(directory.path(), "backend = \"memory\"");
        let entropy = SequenceEntropy::default();
        key_encryption_key(&config, &MemoryStore::new(), &entropy)
            .await
            .unwrap();
        assert!(!directory.path().join(FILE).exists());
    }
}
