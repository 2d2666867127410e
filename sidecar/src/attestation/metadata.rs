//! What the FIDO Metadata Service says about models of authenticators ([version 3]).
//!
//! [version 3]: https://fidoalliance.org/specs/mds/fido-metadata-service-v3.0-ps-20210518.html

use super::{Anchors, Untrusted};
use crate::model::UnixTime;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use crypto_glue::sha1::Sha1;
use crypto_glue::traits::{DecodeDer as _, Digest as _};
use crypto_glue::x509::Certificate;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Arc;
use time::{Date, Month};
use uuid::Uuid;

/// As long as the label of a passkey can be. The metadata allow 200 characters.
const DESCRIPTION_MAX_CHARS: usize = 64;

/// A status report that makes a model unacceptable ([section 3.1.4]).
///
/// [section 3.1.4]: https://fidoalliance.org/specs/mds/fido-metadata-service-v3.0-ps-20210518.html#authenticatorstatus-enum
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// `REVOKED`
    Revoked,
    /// `USER_VERIFICATION_BYPASS`
    UserVerificationBypass,
    /// `ATTESTATION_KEY_COMPROMISE`
    AttestationKeyCompromise,
    /// `USER_KEY_REMOTE_COMPROMISE`
    UserKeyRemoteCompromise,
    /// `USER_KEY_PHYSICAL_COMPROMISE`
    UserKeyPhysicalCompromise,
}

impl Status {
    const ALL: [Self; 5] = [
        Self::Revoked,
        Self::UserVerificationBypass,
        Self::AttestationKeyCompromise,
        Self::UserKeyRemoteCompromise,
        Self::UserKeyPhysicalCompromise,
    ];

    /// As the metadata writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Revoked => "REVOKED",
            Self::UserVerificationBypass => "USER_VERIFICATION_BYPASS",
            Self::AttestationKeyCompromise => "ATTESTATION_KEY_COMPROMISE",
            Self::UserKeyRemoteCompromise => "USER_KEY_REMOTE_COMPROMISE",
            Self::UserKeyPhysicalCompromise => "USER_KEY_PHYSICAL_COMPROMISE",
        }
    }
}

/// The content of a blob whose signature was verified.
#[derive(Debug, Clone)]
pub struct Metadata {
    number: u64,
    next_update: UnixTime,
    /// All that is said about a model: where there are two entries, none hides what the other reports.
    models: HashMap<Uuid, Vec<Arc<Entry>>>,
    /// U2F authenticators have no AAGUID: SHA-1 of the public key of a certificate in the chain.
    keys: HashMap<[u8; 20], Vec<Arc<Entry>>>,
}

#[derive(Debug, Default)]
struct Entry {
    /// What the maker calls it.
    description: Option<Arc<str>>,
    anchors: Anchors,
    /// Each with the instant from which it holds.
    statuses: Vec<(Status, UnixTime)>,
}

impl Metadata {
    /// Reads the payload of a blob. `None` when it is not one, or a date in it is none.
    pub(super) fn parse(payload: &[u8]) -> Option<Self> {
        let raw: RawPayload = serde_json::from_slice(payload).ok()?;
        let mut metadata = Self {
            number: raw.no,
            next_update: instant(&raw.next_update)?,
            models: HashMap::new(),
            keys: HashMap::new(),
        };
        for raw in raw.entries {
            let entry = Arc::new(Entry::from(&raw));
            if let Some(aaguid) = raw.aaguid.filter(|aaguid| !aaguid.is_nil()) {
                let known = metadata.models.entry(aaguid).or_default();
                known.push(Arc::clone(&entry));
            }
            for key in raw.attestation_certificate_key_identifiers {
                if let Some(key) = key_identifier(&key) {
                    let known = metadata.keys.entry(key).or_default();
                    known.push(Arc::clone(&entry));
                }
            }
        }
        Some(metadata)
    }

    /// The serial number: each blob has a higher one than those before it.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether the day on which the next blob was due is over.
    #[must_use]
    pub fn is_stale(&self, now: UnixTime) -> bool {
        now.0 >= self.next_update.0.saturating_add(86_400)
    }

    /// How many models it knows by AAGUID.
    #[must_use]
    pub fn len(&self) -> usize {
        self.models.len()
    }

    /// Whether it knows no model.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.models.is_empty()
    }

    /// What the maker calls a model: `description` of its first statement that has one.
    pub(super) fn description(&self, aaguid: Uuid) -> Option<Arc<str>> {
        let entries = self.models.get(&aaguid)?;
        entries.iter().find_map(|entry| entry.description.clone())
    }

    /// The worst that is reported about a model at `now`, by its AAGUID and by the keys of its
    /// certificates. Updates that came later do not take it back: which devices got them cannot
    /// be seen.
    pub(super) fn compromised(
        &self,
        aaguid: Uuid,
        chain: &[Vec<u8>],
        now: UnixTime,
    ) -> Option<Status> {
        self.entries(aaguid, chain)
            .flat_map(|entry| entry.statuses.iter())
            .find(|(_, from)| *from <= now)
            .map(|(status, _)| *status)
    }

    /// Verifies the chain against the anchors of this model alone; `None` when it is unknown.
    pub(super) fn verify(
        &self,
        aaguid: Uuid,
        chain: &[Vec<u8>],
        now: UnixTime,
    ) -> Option<Result<(), Untrusted>> {
        let mut outcome = None;
        for entry in self.entries(aaguid, chain) {
            let verified = entry.anchors.verify(chain, now);
            let good = verified.is_ok();
            outcome = Some(verified);
            if good {
                break;
            }
        }
        outcome
    }

    fn entries<'a>(
        &'a self,
        aaguid: Uuid,
        chain: &'a [Vec<u8>],
    ) -> impl Iterator<Item = &'a Entry> {
        let by_key = chain
            .iter()
            .filter(|_| !self.keys.is_empty())
            .filter_map(|certificate| self.keys.get(&key_of(certificate)?));
        self.models
            .get(&aaguid)
            .into_iter()
            .chain(by_key)
            .flatten()
            .map(|entry| &**entry)
    }
}

impl From<&RawEntry> for Entry {
    fn from(raw: &RawEntry) -> Self {
        let statement = raw.metadata_statement.as_ref();
        let mut entry = Self {
            description: statement.and_then(|it| shown(it.description.as_deref()?)),
            ..Self::default()
        };
        let roots = raw.metadata_statement.iter();
        for root in roots.flat_map(|statement| &statement.attestation_root_certificates) {
            let text: String = root.split_ascii_whitespace().collect();
            // One that cannot be read is trusted for nothing; the others are as good as before.
            if let Ok(der) = STANDARD.decode(text) {
                let _ = entry.anchors.add(&der);
            }
        }
        for report in &raw.status_reports {
            let status = Status::ALL
                .into_iter()
                .find(|s| s.as_str() == report.status);
            if let Some(status) = status {
                // Without a date that can be read it holds at once.
                let from = report.effective_date.as_deref().and_then(instant);
                entry.statuses.push((status, from.unwrap_or(UnixTime(0))));
            }
        }
        entry
    }
}

/// A description that can be shown in one line, and be the label of a passkey: not longer than one.
fn shown(description: &str) -> Option<Arc<str>> {
    let words = description.split_whitespace();
    let mut text = String::new();
    for word in words.filter(|word| word.chars().all(is_visible)) {
        let longer = text.chars().count() + 1 + word.chars().count();
        if longer > DESCRIPTION_MAX_CHARS {
            break;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    (!text.is_empty()).then(|| text.into())
}

/// Neither a control character nor one that changes how others look.
fn is_visible(c: char) -> bool {
    let changes = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !c.is_control() && !changes
}

/// RFC 5280, section 4.2.1.2, method 1.
fn key_of(certificate: &[u8]) -> Option<[u8; 20]> {
    let certificate = Certificate::from_der(certificate).ok()?;
    let key = certificate.tbs_certificate().subject_public_key_info();
    Some(Sha1::digest(key.subject_public_key.as_bytes()?).into())
}

fn key_identifier(text: &str) -> Option<[u8; 20]> {
    let bytes = crypto_glue::hex::decode(text).ok()?;
    bytes.try_into().ok()
}

/// Midnight (UTC) at the beginning of an ISO 8601 date.
fn instant(text: &str) -> Option<UnixTime> {
    let mut parts = text.splitn(3, '-');
    let year = parts.next()?.parse().ok()?;
    let month = Month::try_from(parts.next()?.parse::<u8>().ok()?).ok()?;
    let day = parts.next()?.parse().ok()?;
    let date = Date::from_calendar_date(year, month, day).ok()?;
    let seconds = date.midnight().assume_utc().unix_timestamp();
    u64::try_from(seconds).ok().map(UnixTime)
}

#[derive(Deserialize)]
struct RawPayload {
    no: u64,
    #[serde(rename = "nextUpdate")]
    next_update: String,
    entries: Vec<RawEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawEntry {
    aaguid: Option<Uuid>,
    #[serde(default)]
    attestation_certificate_key_identifiers: Vec<String>,
    metadata_statement: Option<RawStatement>,
    status_reports: Vec<RawReport>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawStatement {
    description: Option<String>,
    #[serde(default)]
    attestation_root_certificates: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawReport {
    status: String,
    effective_date: Option<String>,
}
