//! What lies where: the keys of the records, and the form of their values.
//!
//! One sled tree holds everything, because a batch is atomic within one tree. The first byte of a
//! key is its table; what belongs to a user lies behind the user's own record, so that a login finds
//! all of it in one page or two.

use crate::model::{AuditBook, CredentialId, Revoked, SessionId, UserId, UserName};
use crate::storage::{MOST_RECORD_BYTES, StorageError};
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize as _, Serialize};
use uuid::Uuid;

/// Changes only with a way to read the older form: [`super::upgrade`].
pub(super) const FORMAT: u32 = 2;

/// A leaf of sled holds up to 17 entries and must stay well below a quarter of a segment (128 KiB):
/// what is larger goes to a file of its own that no fsync reaches.
pub(super) const MOST_VALUE_BYTES: usize = MOST_RECORD_BYTES;

/// Room for most records, so that a buffer seldom has to grow while one is written.
const USUAL_BYTES: usize = 1_024;

/// Which collection a record is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Users,
    /// Folded name to user id. An entry stays when its user goes: names are never free again.
    Names,
    /// User id, [`OF_CREDENTIALS`] and credential id.
    Credentials,
    /// Credential id to user id.
    Owners,
    Sessions,
    /// User id, [`OF_SESSIONS`] and session id, without a value.
    SessionsOfUser,
    SigningKeys,
    /// One-time codes, by the user whom they are for.
    Enrolments,
    RecoveryCodes,
    /// Name and number of the piece; and the last revision.
    Mounts,
    /// Book and number.
    Audit,
    Revocations,
    /// Up to when tokens may have been minted, under one key.
    Minted,
    /// The highest number of FIDO metadata, by their series.
    Metadata,
    /// About the store itself; not counted in the inventory.
    Meta,
}

impl Table {
    pub(super) const fn tag(self) -> u8 {
        match self {
            Self::Users | Self::Credentials | Self::SessionsOfUser => b'u',
            Self::Names => b'n',
            Self::Owners => b'c',
            Self::Sessions => b's',
            Self::SigningKeys => b'k',
            Self::Enrolments => b'e',
            Self::RecoveryCodes => b'q',
            Self::Mounts => b'w',
            Self::Audit => b'a',
            Self::Revocations => b'r',
            Self::Minted => b't',
            Self::Metadata => b'f',
            Self::Meta => b'm',
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Names => "names",
            Self::Credentials => "credentials",
            Self::Owners => "owners of credentials",
            Self::Sessions => "sessions",
            Self::SessionsOfUser => "sessions of users",
            Self::SigningKeys => "signing keys",
            Self::Enrolments => "enrolment codes",
            Self::RecoveryCodes => "recovery codes",
            Self::Mounts => "mounts",
            Self::Audit => "audit log",
            Self::Revocations => "revocations",
            Self::Minted => "minted",
            Self::Metadata => "metadata numbers",
            Self::Meta => "meta",
        }
    }

    /// Whether this entry is one of the table, and not only one that begins like it.
    pub(super) fn has(self, entry: &[u8]) -> bool {
        let kind = entry.get(USER_KEY).copied();
        entry.first() == Some(&self.tag())
            && match self {
                Self::Users => kind.is_none(),
                Self::Credentials => kind == Some(OF_CREDENTIALS),
                Self::SessionsOfUser => kind == Some(OF_SESSIONS),
                _ => true,
            }
    }
}

/// The key of a record, or the prefix that several share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    table: Table,
    bytes: Vec<u8>,
}

/// Table byte and user id: the key of a user.
const USER_KEY: usize = 1 + 16;
/// Behind the key of a user: of which kind the entry is.
const OF_CREDENTIALS: u8 = b'c';
const OF_SESSIONS: u8 = b's';
/// Where the own id of such an entry begins.
const OWN_ID: usize = USER_KEY + 1;

impl Key {
    fn new(table: Table, parts: &[&[u8]]) -> Self {
        let mut bytes = vec![table.tag()];
        for part in parts {
            bytes.extend_from_slice(part);
        }
        Self { table, bytes }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// A key that was read from the store.
    pub(super) fn of(table: Table, bytes: &[u8]) -> Self {
        Self {
            table,
            bytes: bytes.to_vec(),
        }
    }

    pub(super) fn all_of(table: Table) -> Self {
        Self::new(table, &[])
    }

    pub(super) fn meta(name: &str) -> Self {
        Self::new(Table::Meta, &[name.as_bytes()])
    }

    pub(super) fn user(id: UserId) -> Self {
        Self::new(Table::Users, &[id.0.as_bytes()])
    }

    pub(super) fn name(name: &UserName) -> Self {
        Self::new(Table::Names, &[name.as_str().as_bytes()])
    }

    /// The beginning of the entries of all names that begin so.
    pub(super) fn name_prefix(text: &str) -> Self {
        Self::new(Table::Names, &[text.as_bytes()])
    }

    /// The name that an entry of [`Table::Names`] is for.
    pub(super) fn name_from(entry: &[u8]) -> Option<UserName> {
        let text = std::str::from_utf8(entry.get(1..)?).ok()?;
        let text = IntoDeserializer::<serde::de::value::Error>::into_deserializer(text);
        UserName::deserialize(text).ok()
    }

    /// The entry that tells whose a credential is.
    pub(super) fn owner(id: &CredentialId) -> Self {
        Self::new(Table::Owners, &[id.as_bytes()])
    }

    pub(super) fn credential(user: UserId, id: &CredentialId) -> Self {
        let mut key = Self::credentials_of(user);
        key.bytes.extend_from_slice(id.as_bytes());
        key
    }

    pub(super) fn credentials_of(user: UserId) -> Self {
        Self::new(Table::Credentials, &[user.0.as_bytes(), &[OF_CREDENTIALS]])
    }

    /// [`Self::owner`] of the credential that an entry of [`Self::credentials_of`] is.
    pub(super) fn owner_from(entry: &[u8]) -> Self {
        Self::new(Table::Owners, &[entry.get(OWN_ID..).unwrap_or_default()])
    }

    pub(super) fn session(id: SessionId) -> Self {
        Self::new(Table::Sessions, &[id.0.as_bytes()])
    }

    pub(super) fn sessions_of(user: UserId) -> Self {
        Self::new(Table::SessionsOfUser, &[user.0.as_bytes(), &[OF_SESSIONS]])
    }

    pub(super) fn owned_session(user: UserId, id: SessionId) -> Self {
        let mut key = Self::sessions_of(user);
        key.bytes.extend_from_slice(id.0.as_bytes());
        key
    }

    /// The session that an entry of [`Self::sessions_of`] names.
    pub(super) fn session_from(entry: &[u8]) -> Self {
        Self::new(Table::Sessions, &[entry.get(OWN_ID..).unwrap_or_default()])
    }

    pub(super) fn signing_key(kid: &str) -> Self {
        Self::new(Table::SigningKeys, &[kid.as_bytes()])
    }

    pub(super) fn enrolment(user: UserId) -> Self {
        Self::new(Table::Enrolments, &[user.0.as_bytes()])
    }

    pub(super) fn recovery_codes(user: UserId) -> Self {
        Self::new(Table::RecoveryCodes, &[user.0.as_bytes()])
    }

    /// The pieces of every mount.
    pub(super) fn mounts() -> Self {
        Self::new(Table::Mounts, &[b"m"])
    }

    /// The pieces of one mount, in order. No name holds a NUL, and none is the beginning of another
    /// with one.
    pub(super) fn mount(name: &str) -> Self {
        Self::new(Table::Mounts, &[b"m", name.as_bytes(), &[0]])
    }

    pub(super) fn mount_piece(name: &str, number: u16) -> Self {
        let mut key = Self::mount(name);
        key.bytes.extend_from_slice(&number.to_be_bytes());
        key
    }

    /// What all pieces of one mount have in common.
    pub(super) fn mount_from(key: &[u8]) -> &[u8] {
        key.get(..key.len().saturating_sub(size_of::<u16>()))
            .unwrap_or_default()
    }

    pub(super) fn mounts_revision() -> Self {
        Self::new(Table::Mounts, &[b"r"])
    }

    pub(super) fn audit_book(book: AuditBook) -> Self {
        let tag = match book {
            AuditBook::Administration => b"a",
            AuditBook::People => b"p",
        };
        Self::new(Table::Audit, &[tag])
    }

    pub(super) fn audit(book: AuditBook, number: u64) -> Self {
        let mut key = Self::audit_book(book);
        key.bytes.extend_from_slice(&number.to_be_bytes());
        key
    }

    /// The number of a record of the audit log.
    pub(super) fn audit_number(key: &[u8]) -> Option<u64> {
        let number = key.get(2..)?.try_into().ok()?;
        Some(u64::from_be_bytes(number))
    }

    pub(super) fn revocation(what: &Revoked) -> Self {
        let (kind, id): (&[u8], &[u8]) = match what {
            Revoked::Session(id) => (b"s", id.0.as_bytes()),
            Revoked::User(id) => (b"u", id.0.as_bytes()),
            Revoked::Everyone => (b"e", &[]),
            Revoked::Key(kid) => (b"k", kid.as_bytes()),
        };
        Self::new(Table::Revocations, &[kind, id])
    }

    pub(super) fn minted_until() -> Self {
        Self::new(Table::Minted, &[b"until"])
    }

    pub(super) fn metadata_number(series: &str) -> Self {
        Self::new(Table::Metadata, &[series.as_bytes()])
    }

    /// For messages: ids as they are written elsewhere, never more than a line.
    fn printable(&self) -> String {
        let from = match self.table {
            Table::Credentials | Table::SessionsOfUser => OWN_ID,
            _ => 1,
        };
        let id = self.bytes.get(from..).unwrap_or_default();
        match (self.table, Uuid::from_slice(id)) {
            (Table::Users | Table::Sessions | Table::SessionsOfUser, Ok(uuid)) => uuid.to_string(),
            (Table::Names | Table::SigningKeys | Table::Mounts | Table::Metadata, _) => {
                String::from_utf8_lossy(id).escape_debug().to_string()
            }
            _ => CredentialId::from_bytes(id)
                .map(|id| id.to_string())
                .unwrap_or_default(),
        }
    }

    pub(super) fn damaged(&self) -> StorageError {
        StorageError::Damaged {
            tree: self.table.name(),
            key: self.printable(),
        }
    }
}

/// Checksum of a record: of its key too, so that no value passes under another key.
pub(super) fn checksum(key: &[u8], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(payload);
    hasher.finalize()
}

/// A value: checksum, then JSON.
pub(super) fn encode(key: &Key, value: &impl Serialize) -> Result<Vec<u8>, StorageError> {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    bytes.extend_from_slice(&[0; size_of::<u32>()]);
    serde_json::to_writer(&mut bytes, value).map_err(|error| StorageError::Write(error.into()))?;
    let (stored, payload) = bytes.split_at_mut(size_of::<u32>());
    if payload.len() > MOST_VALUE_BYTES {
        return Err(StorageError::Write(std::io::Error::new(
            std::io::ErrorKind::InvalidInput,
            format!(
                "a record of {} bytes in {}, at most {MOST_VALUE_BYTES} fit",
                payload.len(),
                key.table.name()
            ),
        )));
    }
    stored.copy_from_slice(&checksum(key.bytes(), payload).to_be_bytes());
    Ok(bytes)
}

/// The checksum and the payload of a value; `None` when they do not belong together.
pub(super) fn open_value<'a>(key: &[u8], value: &'a [u8]) -> Option<(u32, &'a [u8])> {
    let (stored, payload) = value.split_first_chunk()?;
    let stored = u32::from_be_bytes(*stored);
    (stored == checksum(key, payload)).then_some((stored, payload))
}

/// What [`encode`] wrote.
pub(super) fn decode<T: DeserializeOwned>(key: &Key, value: &[u8]) -> Result<T, StorageError> {
    let (_, payload) = open_value(key.bytes(), value).ok_or_else(|| key.damaged())?;
    serde_json::from_slice(payload).map_err(|_| key.damaged())
}
