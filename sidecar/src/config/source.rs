//! The file with the environment laid over it, as one table of which every key is known.

use super::{ConfigError, Environment};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use toml::{Table, Value};

/// How a variable's text becomes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// Items between commas.
    List,
    Switch,
    Number,
}

/// Every key there is; `""` is the top level.
pub(super) const KEYS: &[(&str, &str, Kind)] = &[
    ("", "public_url", Kind::Text),
    ("listen", "public", Kind::Text),
    ("listen", "internal", Kind::Text),
    ("listen", "control", Kind::Text),
    ("listen", "gateways", Kind::List),
    ("storage", "backend", Kind::Text),
    ("storage", "path", Kind::Text),
    ("token", "audiences", Kind::List),
    ("token", "algorithm", Kind::Text),
    ("token", "ttl", Kind::Text),
    ("token", "groups", Kind::List),
    ("session", "idle", Kind::Text),
    ("session", "max", Kind::Text),
    ("session", "domain", Kind::Text),
    ("session", "cookie", Kind::Text),
    ("session", "refresh_cookie", Kind::Text),
    ("session", "fresh_for", Kind::Text),
    ("session", "bind_certificate", Kind::Text),
    ("keys", "encryption_key_file", Kind::Text),
    ("keys", "publish_before", Kind::Text),
    ("keys", "rotate_every", Kind::Text),
    ("webauthn", "mount", Kind::Text),
    ("webauthn", "rp_id", Kind::Text),
    ("webauthn", "rp_display_name", Kind::Text),
    ("webauthn", "rp_origins", Kind::List),
    ("webauthn", "user_verification", Kind::Text),
    ("webauthn", "registration_user_verification", Kind::Text),
    ("webauthn", "discoverable_credential", Kind::Text),
    ("webauthn", "attachment", Kind::Text),
    ("webauthn", "algorithms", Kind::List),
    ("webauthn", "timeout", Kind::Text),
    ("webauthn", "attestation", Kind::Text),
    ("webauthn", "refuse_compromised", Kind::Switch),
    ("webauthn", "avoid_same_authenticator", Kind::Switch),
    ("webauthn", "acceptable_aaguids", Kind::List),
    ("webauthn", "forbidden_aaguids", Kind::List),
    ("webauthn", "hints", Kind::List),
    ("webauthn", "self_registration", Kind::Switch),
    ("webauthn", "max_credentials", Kind::Number),
    ("webauthn.two_factor", "enabled", Kind::Switch),
    ("webauthn.two_factor", "user_verification", Kind::Text),
    (
        "webauthn.two_factor",
        "registration_user_verification",
        Kind::Text,
    ),
    ("webauthn.two_factor", "discoverable_credential", Kind::Text),
    ("webauthn.two_factor", "attachment", Kind::Text),
    ("webauthn.two_factor", "algorithms", Kind::List),
    ("webauthn.two_factor", "timeout", Kind::Text),
    ("webauthn.two_factor", "attestation", Kind::Text),
    ("webauthn.two_factor", "refuse_compromised", Kind::Switch),
    (
        "webauthn.two_factor",
        "avoid_same_authenticator",
        Kind::Switch,
    ),
    ("webauthn.two_factor", "acceptable_aaguids", Kind::List),
    ("webauthn.two_factor", "forbidden_aaguids", Kind::List),
    ("webauthn.two_factor", "hints", Kind::List),
    ("attestation", "anchors", Kind::Text),
    ("attestation", "metadata", Kind::Text),
    ("attestation", "metadata_root", Kind::Text),
    ("attestation", "metadata_signer", Kind::Text),
    ("branding", "name", Kind::Text),
    ("branding", "line", Kind::Text),
    ("branding", "help", Kind::Text),
    ("branding", "privacy", Kind::Text),
    ("branding", "imprint", Kind::Text),
    ("branding", "logo", Kind::Text),
    ("branding", "logo_dark", Kind::Text),
    ("branding", "accent", Kind::Text),
    ("branding", "accent_dark", Kind::Text),
    ("admin", "enabled", Kind::Switch),
    ("admin", "groups", Kind::List),
    ("admin", "hosts", Kind::List),
    ("people", "link_lifetime", Kind::Text),
    ("people", "recovery_codes", Kind::Switch),
    ("people", "must_register_passkey", Kind::Switch),
    ("people", "sign_count", Kind::Text),
    ("audit", "retention", Kind::Text),
    ("audit", "max_records", Kind::Number),
    ("log", "format", Kind::Text),
    ("log", "level", Kind::Text),
];

/// Sections whose parts are named by whoever writes the file, and the section whose keys each of
/// them has.
const NAMED: &[(&str, &str)] = &[("mounts", "webauthn"), ("branding.languages", "branding")];

/// What must be there, with what belongs there.
const REQUIRED: &[(&str, &str, &str)] = &[
    (
        "",
        "public_url",
        "the URL of the sign-in, like https://app.example.com/_latchkey",
    ),
    (
        "token",
        "audiences",
        "the applications that accept the tokens, like [\"app\"]",
    ),
];

/// A merged configuration, not yet of any type.
pub(super) struct Source {
    table: Table,
    /// Which variable set which key.
    variables: BTreeMap<String, String>,
}

impl Source {
    /// Lays the environment over the file's text.
    pub(super) fn merge(text: &str, environment: &Environment) -> Result<Self, ConfigError> {
        let mut table: Table = text.parse()?;
        refuse_unknown(&table, "", "")?;
        let mut variables = BTreeMap::new();
        for (name, text) in environment {
            let Some((section, key, kind)) = variable_key(name)? else {
                continue;
            };
            let dotted = dotted(section, key);
            let value = value_of(kind, text)
                .map_err(|problem| ConfigError::value(&format!("{name} ({dotted})"), problem))?;
            if let Some(section) = section_of(&mut table, section) {
                section.insert(key.to_owned(), value);
            }
            variables.insert(dotted, name.clone());
        }
        for (section, key, expected) in REQUIRED {
            let there = match *section {
                "" => table.contains_key(*key),
                section => table.get(section).and_then(|it| it.get(key)).is_some(),
            };
            if !there {
                return Err(ConfigError::Missing {
                    key: dotted(section, key),
                    expected,
                });
            }
        }
        Ok(Self { table, variables })
    }

    /// Gives it a type; errors name the key.
    pub(super) fn deserialize<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        serde_path_to_error::deserialize(self.table.clone()).map_err(|error| {
            let key = error.path().to_string();
            self.name_variable(ConfigError::value(&key, error.inner().message().trim()))
        })
    }

    /// Adds the variable to an error about a key that a variable set.
    pub(super) fn name_variable(&self, error: ConfigError) -> ConfigError {
        match error {
            ConfigError::Value(reason) => {
                let origin = reason.field().unwrap_or_default();
                let key = origin.split('[').next().unwrap_or(origin);
                let variable = self.variables.get(key);
                let field = variable.map(|variable| format!("{variable} ({origin})"));
                ConfigError::Value(match field {
                    Some(field) => reason.of(Some(field)),
                    None => reason,
                })
            }
            other => other,
        }
    }
}

/// One section as a type; errors name its keys. Keys of other types that share the section are
/// passed over: unknown ones were refused before.
pub(super) fn section<T: DeserializeOwned>(name: &str, table: &Table) -> Result<T, ConfigError> {
    serde_path_to_error::deserialize(table.clone()).map_err(|error| {
        let key = error.path().to_string();
        ConfigError::value(&dotted(name, &key), error.inner().message().trim())
    })
}

/// The table of a section such as `webauthn.two_factor`, made where it is missing.
fn section_of<'a>(table: &'a mut Table, section: &str) -> Option<&'a mut Table> {
    let mut found = table;
    for name in section.split('.').filter(|name| !name.is_empty()) {
        found = found
            .entry(name)
            .or_insert_with(|| Value::Table(Table::new()))
            .as_table_mut()?;
    }
    Some(found)
}

/// Refuses keys that no mount has.
pub(super) fn refuse_unknown_in_mount(table: &Table, section: &str) -> Result<(), ConfigError> {
    refuse_unknown(table, section, "webauthn")
}

/// `like` is the section in [`KEYS`] whose keys `section` has.
fn refuse_unknown(table: &Table, section: &str, like: &str) -> Result<(), ConfigError> {
    for (name, value) in table {
        let (path, like_path) = (dotted(section, name), dotted(like, name));
        let is_key = KEYS.iter().any(|(s, key, _)| *s == like && key == name);
        // A further mount is named by its section.
        if is_key && !(name == "mount" && section != like) {
            continue;
        }
        if let Some((_, like)) = NAMED.iter().find(|(section, _)| *section == path) {
            for (name, value) in table_of(value, &path)? {
                let path = dotted(&path, name);
                refuse_unknown(table_of(value, &path)?, &path, like)?;
            }
            continue;
        }
        let is_section = KEYS.iter().any(|(s, ..)| *s == like_path);
        if !is_section {
            return Err(unknown(path, section, like));
        }
        refuse_unknown(table_of(value, &path)?, &path, &like_path)?;
    }
    Ok(())
}

fn table_of<'a>(value: &'a Value, path: &str) -> Result<&'a Table, ConfigError> {
    value
        .as_table()
        .ok_or_else(|| ConfigError::value(path, format!("expected a section, [{path}]")))
}

fn unknown(path: String, section: &str, like: &str) -> ConfigError {
    let everywhere = KEYS.iter().map(|(section, key, _)| dotted(section, key));
    let here = KEYS.iter().filter(|(s, ..)| *s == like);
    let here = here.map(|(_, key, _)| dotted(section, key));
    let near = nearest(&path, everywhere.chain(here));
    ConfigError::UnknownKey { origin: path, near }
}

fn nearest(key: &str, known: impl Iterator<Item = String>) -> Option<String> {
    known
        .filter(|it| it != key)
        .map(|it| (strsim::damerau_levenshtein(key, &it), it))
        .min()
        .filter(|(distance, _)| *distance <= 3)
        .map(|(_, it)| it)
}

fn dotted(section: &str, key: &str) -> String {
    if section.is_empty() {
        key.to_owned()
    } else {
        format!("{section}.{key}")
    }
}

/// The key that a variable sets. Variables without `__` are not ours (Kubernetes makes
/// `LATCHKEY_PORT` and the like for a Service of that name), `LATCHKEY_PUBLIC_URL` excepted.
fn variable_key(variable: &str) -> Result<Option<(&'static str, &'static str, Kind)>, ConfigError> {
    let Some(name) = variable.strip_prefix("LATCHKEY_") else {
        return Ok(None);
    };
    let found = KEYS
        .iter()
        .find(|(section, key, _)| variable_name(section, key) == variable);
    match found {
        Some(key) => Ok(Some(*key)),
        None if name.contains("__") => {
            let known = KEYS
                .iter()
                .map(|(section, key, _)| variable_name(section, key));
            let near = nearest(variable, known);
            Err(ConfigError::UnknownKey {
                origin: variable.to_owned(),
                near,
            })
        }
        // One underscore less than a key has is no variable of anyone else.
        None => match KEYS.iter().find(|(section, key, _)| {
            !section.is_empty() && variable_name(section, key).replace("__", "_") == variable
        }) {
            Some((section, key, _)) => Err(ConfigError::UnknownKey {
                origin: variable.to_owned(),
                near: Some(variable_name(section, key)),
            }),
            None => Ok(None),
        },
    }
}

/// The variable that sets a key.
pub(super) fn variable_name(section: &str, key: &str) -> String {
    let separator = if section.is_empty() { "" } else { "__" };
    let section = section.replace('.', "__");
    format!("LATCHKEY_{section}{separator}{key}").to_ascii_uppercase()
}

fn value_of(kind: Kind, text: &str) -> Result<Value, String> {
    match kind {
        Kind::Text => Ok(Value::String(text.to_owned())),
        Kind::List => {
            let items = text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty());
            Ok(Value::Array(
                items.map(|item| Value::String(item.to_owned())).collect(),
            ))
        }
        Kind::Switch => text
            .parse()
            .map(Value::Boolean)
            .map_err(|_| format!("expected true or false, found {text:?}")),
        Kind::Number => text
            .parse()
            .map(Value::Integer)
            .map_err(|_| format!("expected a whole number, found {text:?}")),
    }
}
