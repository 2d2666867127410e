//! Users of a file who cannot both come: of one name, one id, or with one passkey. The sidecar sees a
//! portion at a time, and would notice only when the first of them are stored.

use crate::model::UserName;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashMap};

/// What of a user nobody else may have, in either format. What cannot be read here is the sidecar's
/// to refuse.
#[derive(Debug, Default, Deserialize)]
struct Unique {
    #[serde(alias = "username")]
    name: Option<String>,
    id: Option<String>,
    #[serde(default)]
    passkeys: Vec<Passkey>,
    credentials: Option<Vec<Credential>>,
}

#[derive(Debug, Deserialize)]
struct Passkey {
    id: Option<String>,
}

/// Keycloak's: JSON inside of a text.
#[derive(Debug, Deserialize)]
struct Credential {
    #[serde(rename = "credentialData")]
    data: Option<String>,
}

#[derive(Debug, Deserialize)]
struct CredentialData {
    #[serde(rename = "credentialId")]
    id: Option<String>,
}

/// What only one user can have.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Mark {
    Name(UserName),
    Id(uuid::Uuid),
    /// In base64url, whatever the file writes.
    Passkey(String),
}

/// Everything that was seen so far, and who has what somebody else has, too.
#[derive(Debug, Default)]
pub(super) struct Duplicates {
    seen: HashMap<Mark, usize>,
    /// Of each user, as the file has it.
    names: Vec<String>,
    found: BTreeMap<usize, Vec<String>>,
}

impl Duplicates {
    /// Looks at the next user. Of two who have the same, both are found.
    pub(super) fn look_at(&mut self, user: &RawValue) {
        let index = self.names.len();
        let unique = serde_json::from_str::<Unique>(user.get()).unwrap_or_default();
        self.names.push(unique.name.clone().unwrap_or_default());
        for mark in unique.marks() {
            let what = mark.what();
            let first = *self.seen.entry(mark).or_insert(index);
            if first != index {
                self.note(
                    index,
                    format!("{what}: users[{first}] of the file has it, too"),
                );
                self.note(
                    first,
                    format!("{what}: users[{index}] of the file has it, too"),
                );
            }
        }
    }

    /// Whether a user of the file has this name.
    pub(super) fn has_name(&self, name: &UserName) -> bool {
        self.seen.contains_key(&Mark::Name(name.clone()))
    }

    /// Which users cannot come: their numbers and names, and why.
    pub(super) fn found(mut self) -> BTreeMap<usize, (String, Vec<String>)> {
        let named = |(index, reasons): (usize, Vec<String>)| {
            let name = self.names.get_mut(index).map(std::mem::take);
            (index, (name.unwrap_or_default(), reasons))
        };
        self.found.into_iter().map(named).collect()
    }

    fn note(&mut self, index: usize, reason: String) {
        self.found.entry(index).or_default().push(reason);
    }
}

impl Unique {
    fn marks(self) -> Vec<Mark> {
        let name = self.name.and_then(|it| UserName::parse(&it).ok());
        let id = self.id.and_then(|it| uuid::Uuid::try_parse(&it).ok());
        let ours = self.passkeys.into_iter().filter_map(|it| it.id);
        let keycloaks = self.credentials.into_iter().flatten().filter_map(|it| {
            let data = it.data?;
            serde_json::from_str::<CredentialData>(&data).ok()?.id
        });
        let name = name.map(Mark::Name).into_iter();
        let passkeys = ours
            .chain(keycloaks)
            .map(|id| Mark::Passkey(base64url(&id)));
        name.chain(id.map(Mark::Id)).chain(passkeys).collect()
    }
}

impl Mark {
    fn what(&self) -> String {
        match self {
            Self::Name(name) => format!("name {name}"),
            Self::Id(id) => format!("id {id}"),
            Self::Passkey(id) => format!("passkey {id}"),
        }
    }
}

fn base64url(text: &str) -> String {
    text.trim_end_matches('=')
        .replace('+', "-")
        .replace('/', "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn found(users: &[Value]) -> BTreeMap<usize, (String, Vec<String>)> {
        let mut duplicates = Duplicates::default();
        for user in users {
            let user = RawValue::from_string(user.to_string()).unwrap();
            duplicates.look_at(&user);
        }
        duplicates.found()
    }

    #[test]
    fn both_of_two_who_have_the_same_are_found() {
        let keycloak = |id: &str| {
            let data = json!({ "credentialId": id, "counter": 0 }).to_string();
            json!({ "type": "webauthn", "credentialData": data })
        };
        let users = [
            json!({ "name": "ann", "id": "0b2ef2f0-5a0e-4f0b-a0a5-3d9d2a1c7e11" }),
            json!({ "name": "bob", "passkeys": [{ "id": "-_8" }] }),
            json!({ "username": "ANN" }),
            json!({ "name": "carl", "id": "0B2EF2F0-5A0E-4F0B-A0A5-3D9D2A1C7E11" }),
            json!({ "username": "dora", "credentials": [keycloak("+/8="), keycloak("AAAA")] }),
            json!({ "name": "eve", "passkeys": [{ "id": "BBBB" }, { "id": "BBBB" }] }),
            json!({ "name": 7 }),
            json!({ "name": "fay", "credentials": null }),
        ];
        let found = found(&users);
        let of = |index: usize| found.get(&index).map(|(_, reasons)| reasons.join("; "));
        assert_eq!(found[&2].0, "ANN");
        let id = "id 0b2ef2f0-5a0e-4f0b-a0a5-3d9d2a1c7e11";
        assert_eq!(
            of(0).unwrap(),
            format!(
                "name ann: users[2] of the file has it, too; {id}: users[3] of the file has it, too"
            )
        );
        assert_eq!(
            of(1).unwrap(),
            "passkey -_8: users[4] of the file has it, too"
        );
        assert_eq!(of(2).unwrap(), "name ann: users[0] of the file has it, too");
        assert_eq!(
            of(3).unwrap(),
            format!("{id}: users[0] of the file has it, too")
        );
        assert_eq!(
            of(4).unwrap(),
            "passkey -_8: users[1] of the file has it, too"
        );
        // One who has the same twice is the sidecar's to refuse.
        assert_eq!([5, 6, 7].map(of), [None, None, None]);
    }
}
