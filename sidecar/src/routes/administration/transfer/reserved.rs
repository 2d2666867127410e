//! Names that belonged to users who were deleted: they stay taken wherever the users go, or else
//! somebody new would be taken for somebody old.

use super::candidate::Entry;
use super::fields;
use super::report::{ImportOutcome, ImportedNameReport};
use crate::app::App;
use crate::model::{Reason, ReasonCode, UserName};
use crate::storage::StorageError;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use std::collections::BTreeSet;

/// Names of one document at most: about as much for the store as the users of one.
const MOST_NAMES: usize = 10_000;

/// What the names of a document come to.
#[derive(Debug, Default)]
pub(super) struct Reservations {
    /// Those that are free so far.
    pub(super) names: Vec<UserName>,
    pub(super) in_the_way: Vec<ImportedNameReport>,
}

impl Reservations {
    /// Compares the names with who is here, and with the users of the same document.
    pub(super) async fn of(
        app: &App,
        names: Vec<String>,
        users: &[Entry],
    ) -> Result<Self, StorageError> {
        let users: BTreeSet<_> = users
            .iter()
            .filter_map(|it| UserName::parse(&it.name).ok())
            .collect();
        let mut all = Self::default();
        for (index, text) in names.into_iter().enumerate() {
            let mut told = |outcome, reason: Reason| {
                all.in_the_way.push(ImportedNameReport {
                    index,
                    name: text.clone(),
                    outcome,
                    reasons: vec![reason.to_string()],
                    causes: vec![reason],
                });
            };
            let name = match UserName::parse(&text) {
                Ok(name) => name,
                Err(error) => {
                    told(ImportOutcome::Refused, fields::no_name(error));
                    continue;
                }
            };
            if users.contains(&name) {
                let text = "a user of the document has this name";
                let reason = Reason::new(ReasonCode::UserInDocument, text);
                told(ImportOutcome::Conflict, reason);
            } else if app.store.user_by_name(&name).await?.is_some() {
                let reason = Reason::new(ReasonCode::UserIsHere, "a user of this name is here");
                told(ImportOutcome::Conflict, reason);
            } else if !app.store.is_name_taken(&name).await? {
                all.names.push(name);
            }
        }
        all.names.sort_unstable();
        all.names.dedup();
        Ok(all)
    }
}

/// An array of texts, not too many of them.
pub(super) fn bounded<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    struct Names;
    impl<'de> Visitor<'de> for Names {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an array of names")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Self::Value, A::Error> {
            let mut names = Vec::new();
            while let Some(name) = from.next_element()? {
                if names.len() == MOST_NAMES {
                    let text = format!("more than {MOST_NAMES} names in one document");
                    return Err(A::Error::custom(text));
                }
                names.push(name);
            }
            Ok(names)
        }
    }
    from.deserialize_seq(Names)
}
