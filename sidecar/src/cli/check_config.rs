//! `latchkey check-config`: the answers that sidecar and filter give at start, offline.

mod agreement;
mod clusters;

pub use agreement::{Terms, disagreements};

use crate::config::{Config, Environment};
use clusters::Clusters;
use latchkey_filter_config::FilterConfig;
use serde::Deserialize as _;
use serde_json::Value;
use std::fmt::{self, Write as _};
use std::path::Path;
use std::rc::Rc;

/// What a file turned out to be; all of it is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checked {
    /// The sidecar's own configuration, with what its owner should know.
    Sidecar {
        /// One sentence each.
        notices: Vec<String>,
        /// What the filter must agree with.
        terms: Terms,
    },
    /// Configurations of the filter, by their place in the file.
    Filter {
        /// `""` where the file is nothing else.
        places: Vec<String>,
        /// What each of them says, in the same order.
        terms: Vec<Terms>,
        /// One sentence each, with the place in front.
        notices: Vec<String>,
    },
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let notices = match self {
            Self::Sidecar { notices, .. } => {
                f.write_str("right (a configuration of the sidecar)")?;
                notices
            }
            Self::Filter {
                places, notices, ..
            } => {
                match places.as_slice() {
                    [place] if place.is_empty() => {
                        f.write_str("right (a configuration of the filter)")?;
                    }
                    places => {
                        let places = places.join(", ");
                        write!(f, "right (the filter's configuration in {places})")?;
                    }
                }
                notices
            }
        };
        notices
            .iter()
            .try_for_each(|notice| write!(f, "\n  note: {notice}"))
    }
}

/// Checks one file; the error is a message for people.
///
/// # Errors
/// When the file cannot be read, is nothing that is known, or is wrong.
pub fn check(file: &Path, environment: &Environment) -> Result<Checked, String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let is = |extension| {
        file.extension()
            .is_some_and(|it| it.eq_ignore_ascii_case(extension))
    };
    if is("toml") {
        let config =
            Config::parse_elsewhere(&text, environment).map_err(|error| error.to_string())?;
        return Ok(Checked::Sidecar {
            notices: config.notices(),
            terms: Terms::from(&config),
        });
    }
    // The filter reads JSON: as it stands, so that nothing is lost before it is checked.
    if is("json") && !has_filter_inside(&text) {
        let config = FilterConfig::parse(text.as_bytes()).map_err(|error| error.to_string())?;
        return Ok(Checked::Filter {
            places: vec![String::new()],
            terms: vec![Terms::from(&config)],
            notices: config.notices(),
        });
    }
    check_documents(&text)
}

fn has_filter_inside(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|document| {
        let mut found = Vec::new();
        find(&document, &mut String::new(), &mut found);
        found.iter().any(|(place, _)| !place.is_empty())
    })
}

/// YAML (of which JSON is a part), one document or several.
fn check_documents(text: &str) -> Result<Checked, String> {
    let mut found = Vec::new();
    for document in yaml_serde::Deserializer::from_str(text) {
        // By way of YAML's own value, which refuses a key given twice.
        let document =
            yaml_serde::Value::deserialize(document).map_err(|error| not_yaml(text, &error))?;
        let document =
            serde_json::to_value(document).map_err(|error| format!("not JSON: {error}"))?;
        let clusters = Rc::new(Clusters::of(&document));
        let mut here = Vec::new();
        find(&document, &mut String::new(), &mut here);
        found.extend(
            here.into_iter()
                .map(|(place, json)| (place, json, Rc::clone(&clusters))),
        );
    }
    if found.is_empty() {
        return Err(
            "neither a configuration of the sidecar (a .toml file) nor one of the filter \
                    (JSON or YAML with issuer and audiences, a WasmPlugin, a TrafficExtension, an \
                    Envoy configuration with a Wasm filter)"
                .to_owned(),
        );
    }
    let (mut terms, mut notices) = (Vec::new(), Vec::new());
    for (place, json, clusters) in &found {
        let config = FilterConfig::parse(json.as_bytes()).map_err(|error| error.to_string());
        let config = config.and_then(|config| clusters.check(&config).map(|()| config));
        let config = config.map_err(|error| match place.as_str() {
            "" => error,
            place => format!("{place}: {error}"),
        })?;
        terms.push(Terms::from(&config).leading_to(&config, clusters));
        notices.extend(
            config
                .notices()
                .into_iter()
                .map(|notice| match place.as_str() {
                    "" => notice,
                    place => format!("{place}: {notice}"),
                }),
        );
    }
    Ok(Checked::Filter {
        terms,
        notices,
        places: found.into_iter().map(|(place, ..)| place).collect(),
    })
}

fn not_yaml(text: &str, error: &yaml_serde::Error) -> String {
    let hint = if text.contains("${") {
        " (fill in its ${...} first)"
    } else {
        ""
    };
    format!("not YAML{hint}: {error}")
}

/// Collects every configuration of the filter in a document, as JSON text, with its place.
fn find(value: &Value, place: &mut String, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) => {
            // A bare configuration; even a wrong one is meant as one when it has either key.
            if place.is_empty()
                && (object.contains_key("issuer") || object.contains_key("audiences"))
            {
                found.push((String::new(), value.to_string()));
                return;
            }
            for (key, child) in object {
                let before = place.len();
                if !place.is_empty() {
                    place.push('.');
                }
                place.push_str(key);
                match filter_configuration(key, child, object.contains_key("vm_config")) {
                    Some(json) => found.push((place.clone(), json)),
                    None => find(child, place, found),
                }
                place.truncate(before);
            }
        }
        Value::Array(items) => {
            for (index, child) in items.iter().enumerate() {
                let before = place.len();
                // Writing to a String cannot fail.
                let _ = write!(place, "[{index}]");
                find(child, place, found);
                place.truncate(before);
            }
        }
        _ => {}
    }
}

/// `pluginConfig` as Istio writes it, or the `configuration` beside Envoy's `vm_config`.
fn filter_configuration(key: &str, value: &Value, beside_vm: bool) -> Option<String> {
    match key {
        "pluginConfig" => Some(value.to_string()),
        "configuration" if beside_vm => match value.get("value") {
            // google.protobuf.StringValue: text. google.protobuf.Struct: the value itself.
            Some(Value::String(text)) => Some(text.clone()),
            Some(inner) => Some(inner.to_string()),
            None => Some(value.to_string()),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests;
