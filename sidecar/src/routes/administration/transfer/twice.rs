//! Users of a document who cannot both come: of one name, one id, or with one passkey. Neither comes:
//! which of them is meant, nobody here can know.

use super::candidate::{Entry, Read};
use crate::model::{CredentialId, Reason, ReasonCode, UserId, UserName};
use std::collections::{BTreeMap, HashMap};

/// What only one user can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Mark<'a> {
    Name(&'a UserName),
    Id(UserId),
    Passkey(&'a CredentialId),
}

impl Mark<'_> {
    fn field(self) -> &'static str {
        match self {
            Self::Name(_) => "name",
            Self::Id(_) => "id",
            Self::Passkey(_) => "passkeys",
        }
    }
}

/// Whoever has what another one has, by the place in the document, and why that is in the way.
pub(super) fn found(entries: &[Entry]) -> BTreeMap<usize, Vec<Reason>> {
    let mut seen: HashMap<Mark<'_>, &Entry> = HashMap::new();
    let mut found: BTreeMap<usize, Vec<Reason>> = BTreeMap::new();
    for entry in entries {
        for mark in marks(entry) {
            let first = *seen.entry(mark).or_insert(entry);
            if first.index == entry.index {
                // One who has the same passkey twice is the store's to refuse.
                continue;
            }
            for (one, other) in [(entry, first), (first, entry)] {
                let reasons = found.entry(one.index).or_default();
                reasons.push(shared(mark.field(), other));
            }
        }
    }
    found
}

fn marks(entry: &Entry) -> Vec<Mark<'_>> {
    let Read::Candidate(candidate) = &entry.read else {
        return Vec::new();
    };
    let passkeys = candidate.credentials.iter().map(|it| Mark::Passkey(&it.id));
    let user = &candidate.user;
    [Mark::Name(&user.name), Mark::Id(user.id)]
        .into_iter()
        .chain(passkeys)
        .collect()
}

fn shared(field: &str, other: &Entry) -> Reason {
    let text = format!(
        "users[{}] of the document, {}, has it, too",
        other.index, other.name
    );
    let reason = Reason::new(ReasonCode::TwiceInDocument, text).at(field);
    reason.with("other", &other.name)
}
