//! A passkey as its owner sees it.

use crate::model::{Credential, UnixTime};
use crate::pages::words::Words;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// One passkey in the list.
pub(in crate::pages) struct PasskeyView {
    pub(in crate::pages) id: String,
    /// Its label, or what it is where it has none.
    pub(in crate::pages) title: String,
    /// Name of the authenticator, or empty; not repeated when it is the title already.
    pub(in crate::pages) authenticator: String,
    /// Its model (AAGUID), or empty where the browser has hidden it.
    pub(in crate::pages) aaguid: String,
    pub(in crate::pages) keeping: Keeping,
    /// Whether its maker was proved when it was registered.
    pub(in crate::pages) attested: bool,
    /// Whether it signs in no more.
    pub(in crate::pages) disabled: bool,
    /// How it is reached.
    pub(in crate::pages) ways: Vec<Way>,
    pub(in crate::pages) created: Moment,
    pub(in crate::pages) last_used: Option<Moment>,
}

impl PasskeyView {
    pub(in crate::pages) fn of(
        credential: &Credential,
        authenticator: Option<String>,
        words: &Words,
    ) -> Self {
        let name = authenticator.unwrap_or_default();
        let label = credential.label.trim();
        let title = match (label, name.as_str()) {
            ("", "") => words.say("passkey.unnamed"),
            ("", name) => name,
            (label, _) => label,
        };
        let title = title.to_owned();
        let hidden = credential.aaguid.is_nil();
        Self {
            id: credential.id.to_string(),
            authenticator: if title == name { String::new() } else { name },
            aaguid: if hidden {
                String::new()
            } else {
                credential.aaguid.to_string()
            },
            title,
            keeping: Keeping::of(credential),
            attested: credential.attested,
            disabled: credential.disabled_at.is_some(),
            ways: Way::all(&credential.transports, words),
            created: Moment::of(credential.created_at, words),
            last_used: credential.last_used_at.map(|at| Moment::of(at, words)),
        }
    }

    pub(in crate::pages) fn blank(words: &Words) -> Self {
        Self {
            id: String::new(),
            title: String::new(),
            authenticator: String::new(),
            aaguid: String::new(),
            keeping: Keeping::Device,
            attested: false,
            disabled: false,
            ways: Way::all(&[], words),
            created: Moment {
                machine: String::new(),
                human: String::new(),
            },
            last_used: None,
        }
    }
}

/// A way to reach an authenticator (WebAuthn Level 3, section 5.8.4), and whether a passkey has it.
pub(in crate::pages) struct Way {
    pub(in crate::pages) key: &'static str,
    pub(in crate::pages) text: String,
    pub(in crate::pages) there: bool,
}

impl Way {
    /// Key of the value, and of its text.
    const KNOWN: [(&'static str, &'static str); 6] = [
        ("usb", "passkey.ways.usb"),
        ("nfc", "passkey.ways.nfc"),
        ("ble", "passkey.ways.ble"),
        ("smart-card", "passkey.ways.smartCard"),
        ("hybrid", "passkey.ways.hybrid"),
        ("internal", "passkey.ways.internal"),
    ];

    fn all(transports: &[String], words: &Words) -> Vec<Self> {
        let ways = Self::KNOWN.map(|(key, text)| Self {
            key,
            text: words.say(text).to_owned(),
            there: transports.iter().any(|it| it == key),
        });
        ways.into()
    }
}

/// Where a passkey is kept, as far as its owner needs to know (BE and BS flags).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pages) enum Keeping {
    /// In a password manager, on every device that it reaches.
    Synced,
    /// It could be synced, but is not.
    Syncable,
    /// On one device or security key.
    Device,
}

impl Keeping {
    fn of(credential: &Credential) -> Self {
        match (credential.backup_eligible, credential.backup_state) {
            (Some(true), true) => Self::Synced,
            (Some(true), false) => Self::Syncable,
            (Some(false) | None, _) => Self::Device,
        }
    }

    /// For style sheet and scripts.
    pub(in crate::pages) fn key(self) -> &'static str {
        match self {
            Self::Synced => "synced",
            Self::Syncable => "syncable",
            Self::Device => "device",
        }
    }
}

/// A time, for machines (RFC 3339) and, until a script writes it in the reader's own zone, people.
pub(in crate::pages) struct Moment {
    pub(in crate::pages) machine: String,
    pub(in crate::pages) human: String,
}

impl Moment {
    fn of(at: UnixTime, words: &Words) -> Self {
        let known = i64::try_from(at.0)
            .ok()
            .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
        match known {
            Some(time) => Self {
                machine: time.format(&Rfc3339).unwrap_or_default(),
                human: words.date(time.date()),
            },
            None => Self {
                machine: String::new(),
                human: words.say("passkey.unknownTime").to_owned(),
            },
        }
    }
}
