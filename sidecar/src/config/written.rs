//! Mounts that are written over the administration API: the same keys as in `[mounts.<name>]`, by
//! the names of the Vault-style API, and the same rules.

use super::{Config, ConfigError, MountConfig, PublicUrl, source};
use crate::attestation::Sources;
use serde_json::{Map, Value};
use toml::Table;

/// Where the API has another name than the file.
const RENAMED: [(&str, &str); 2] = [
    ("auto_registration", "self_registration"),
    ("authenticator_attachment", "attachment"),
];

/// What a mount is checked against, besides itself.
#[derive(Debug, Clone)]
pub struct MountRules {
    public_url: PublicUrl,
    trust: Sources,
}

impl Config {
    /// What a mount is checked against that is written while the program runs.
    #[must_use]
    pub fn mount_rules(&self) -> MountRules {
        MountRules {
            public_url: self.public_url.clone(),
            trust: self.attestation.clone(),
        }
    }
}

impl MountRules {
    /// Checks the fields of a mount.
    ///
    /// # Errors
    /// Names the field and what was expected there, as for the file.
    pub fn check(
        &self,
        name: &str,
        fields: &Map<String, Value>,
    ) -> Result<MountConfig, ConfigError> {
        let section = format!("mounts.{name}");
        MountConfig::check_name(name)?;
        let checked = table(fields).and_then(|table| {
            source::refuse_unknown_in_mount(&table, &section)?;
            let (public_url, trust) = (&self.public_url, &self.trust);
            MountConfig::check(&section, Some(name), &table, public_url, trust)
        });
        checked.map_err(|error| error.of_field(&section, &RENAMED))
    }
}

/// The fields as the file would have them. A `null` is what is not given.
fn table(fields: &Map<String, Value>) -> Result<Table, ConfigError> {
    let mut table = Table::new();
    for (name, value) in fields {
        if let Some((api, _)) = RENAMED.iter().find(|(_, file)| file == name) {
            return Err(ConfigError::UnknownKey {
                origin: name.clone(),
                near: Some((*api).to_owned()),
            });
        }
        let renamed = RENAMED.iter().find(|(api, _)| api == name);
        let key = renamed.map_or(name.as_str(), |(_, file)| file);
        let value = match (key, value) {
            (_, Value::Null) => continue,
            ("timeout", Value::Number(seconds)) => Some(toml::Value::String(format!("{seconds}s"))),
            ("two_factor", Value::Object(fields)) => Some(second(fields)?.into()),
            (_, value) => plain(value),
        };
        let value = value.ok_or_else(|| {
            ConfigError::value(
                name,
                "expected a text, a switch, a number or a list of texts",
            )
        })?;
        table.insert(key.to_owned(), value);
    }
    Ok(table)
}

/// The looser policy: on, unless it says otherwise. What is written there is wanted.
fn second(fields: &Map<String, Value>) -> Result<Table, ConfigError> {
    let mut table = table(fields).map_err(|error| error.within("two_factor"))?;
    table.entry("enabled").or_insert(toml::Value::Boolean(true));
    Ok(table)
}

fn plain(value: &Value) -> Option<toml::Value> {
    match value {
        Value::Bool(switch) => Some(toml::Value::Boolean(*switch)),
        Value::Number(number) => number.as_i64().map(toml::Value::Integer),
        Value::String(text) => Some(toml::Value::String(text.clone())),
        Value::Array(items) => {
            let items: Option<Vec<_>> = items.iter().map(plain).collect();
            items.map(toml::Value::Array)
        }
        Value::Null | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ceremony::{Attachment, UserVerification};
    use crate::model::Seconds;
    use serde_json::json;

    fn check(fields: &Value) -> Result<MountConfig, String> {
        let config = "public_url = \"https://app.example.com/_latchkey\"\n\
                      [token]\naudiences = [\"app\"]\n";
        let rules = Config::parse(config, &Vec::new()).unwrap().mount_rules();
        let checked = rules.check("staff", fields.as_object().unwrap());
        checked.map_err(|error| error.to_string())
    }

    #[test]
    fn fields_are_those_of_the_file_by_the_names_of_the_api() {
        let mount = check(&json!({
            "rp_id": "example.com",
            "auto_registration": true,
            "authenticator_attachment": "platform",
            "timeout": 90,
            "acceptable_aaguids": null,
            "two_factor": { "timeout": "2m", "user_verification": "preferred" },
        }));
        let mount = mount.unwrap();
        assert_eq!(
            (mount.name.as_str(), mount.rp_id.as_str()),
            ("staff", "example.com")
        );
        assert!(mount.self_registration);
        assert_eq!(mount.passwordless.attachment, Some(Attachment::Platform));
        assert_eq!(mount.passwordless.timeout, Some(Seconds(90)));
        let second = mount.two_factor.unwrap();
        assert_eq!(second.timeout, Some(Seconds(120)));
        assert_eq!(second.user_verification, UserVerification::Preferred);
        assert_eq!(
            check(&json!({ "timeout": 0 }))
                .unwrap()
                .passwordless
                .timeout,
            None
        );
        let off = json!({ "two_factor": { "enabled": false, "timeout": 60 } });
        assert_eq!(check(&off).unwrap().two_factor, None);
        assert_eq!(
            check(&json!({ "two_factor": null })).unwrap().two_factor,
            None
        );
    }

    #[test]
    fn a_mistake_is_named_by_the_field_that_it_is_in() {
        for (fields, said) in [
            (
                json!({ "rp_id": "example.net" }),
                "rp_id: expected the host of one of its rp_origins",
            ),
            (
                json!({ "rp_origins": ["http://a.example"] }),
                "rp_origins: expected origins as browsers",
            ),
            (json!({ "rp_origins": [] }), "rp_"),
            (
                json!({ "algorithms": ["ES512"] }),
                "algorithms[0]: unknown variant `ES512`",
            ),
            (
                json!({ "algorithms": [] }),
                "algorithms: expected at least one",
            ),
            (json!({ "timeout": 5 }), "timeout: expected 30s to 10m"),
            (json!({ "timeout": -5 }), "timeout: expected a whole number"),
            (
                json!({ "timeout": 1.5 }),
                "timeout: expected a whole number",
            ),
            (
                json!({ "attestation": "direct" }),
                "attestation: expected attestation.anchors",
            ),
            (
                json!({ "authenticator_attachment": "usb" }),
                "authenticator_attachment: unknown variant",
            ),
            (
                json!({ "auto_registration": "yes" }),
                "auto_registration: invalid type",
            ),
            (
                json!({ "max_credentials": 101 }),
                "max_credentials: expected 1 to 100",
            ),
            (
                json!({ "two_factor": { "timeout": 5 } }),
                "two_factor.timeout: expected 30s",
            ),
            (
                json!({ "two_factor": { "nonsense": 5 } }),
                "two_factor.nonsense: there is no such",
            ),
            (
                json!({ "two_factor": { "attachment": "platform" } }),
                "two_factor.attachment: there is no such field, did you mean authenticator_attachment?",
            ),
            (json!({ "two_factor": true }), "two_factor: expected"),
            (
                json!({ "attachment": "platform" }),
                "attachment: there is no such field, did you mean authenticator_attachment?",
            ),
            (
                json!({ "user_verificaton": "required" }),
                "user_verificaton: there is no such field, did you mean user_verification?",
            ),
            (json!({ "mount": "other" }), "mount: there is no such field"),
            (json!({ "revision": 1 }), "revision: there is no such field"),
            (json!({ "hints": {} }), "hints: expected a text, a switch"),
        ] {
            let error = check(&fields).unwrap_err();
            assert!(error.starts_with(said), "{fields}: {error}");
        }
        let rules = Config::parse(
            "public_url = \"https://app.example.com/x\"\n[token]\naudiences = [\"app\"]\n",
            &Vec::new(),
        );
        let error = rules.unwrap().mount_rules().check("St aff", &Map::new());
        let error = error.unwrap_err().to_string();
        assert!(
            error.starts_with("mount: expected at most 32 lower-case"),
            "{error}"
        );
    }
}
