//! `latchkey check-config`: the answers that sidecar and filter give at start, offline.

mod agreement;
mod choice;
mod clusters;
mod demands;
mod envoy;
mod found;
mod istio;

pub use agreement::{Terms, disagreements};

use crate::config::{Config, Environment};
use clusters::Clusters;
use envoy::Envoy;
use found::{Found, find};
use istio::Istio;
use latchkey_filter_config::FilterConfig;
use serde::Deserialize as _;
use serde_json::Value;
use std::fmt;
use std::path::Path;

/// What a file turned out to be; all of it is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checked {
    /// The sidecar's own configuration, with what its owner should know.
    Sidecar {
        /// One sentence each.
        notices: Vec<String>,
        /// What the filter must agree with.
        terms: Box<Terms>,
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

impl Checked {
    /// What is allowed, and perhaps not meant.
    #[must_use]
    pub fn notices(&self) -> &[String] {
        match self {
            Self::Sidecar { notices, .. } | Self::Filter { notices, .. } => notices,
        }
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sidecar { .. } => f.write_str("right (a configuration of the sidecar)")?,
            Self::Filter { places, .. } => match places.as_slice() {
                [place] if place.is_empty() => {
                    f.write_str("right (a configuration of the filter)")?;
                }
                places => {
                    let places = places.join(", ");
                    write!(f, "right (the filter's configuration in {places})")?;
                }
            },
        }
        self.notices()
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
            terms: Box::new(Terms::from(&config)),
        });
    }
    if text.trim().is_empty() {
        return Err("there is nothing in this file".to_owned());
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
    serde_json::from_str::<Value>(text)
        .is_ok_and(|document| find(&document).iter().any(|found| !found.place.is_empty()))
}

/// YAML (of which JSON is a part), one document or several.
fn check_documents(text: &str) -> Result<Checked, String> {
    let mut documents = Vec::new();
    for document in yaml_serde::Deserializer::from_str(text) {
        // By way of YAML's own value, which refuses a key given twice.
        let document =
            yaml_serde::Value::deserialize(document).map_err(|error| not_yaml(text, &error))?;
        documents
            .push(serde_json::to_value(document).map_err(|error| format!("not JSON: {error}"))?);
    }
    let (mut places, mut terms, mut notices) = (Vec::new(), Vec::new(), Vec::new());
    for document in &documents {
        let clusters = Clusters::of(document);
        for found in find(document) {
            let at = |said: String| match found.place.as_str() {
                "" => said,
                place => format!("{place}: {said}"),
            };
            let (its_terms, notes) = check_found(&found, &clusters, &documents).map_err(at)?;
            terms.push(its_terms);
            notices.extend(notes.into_iter().map(at));
            places.push(found.place.clone());
        }
    }
    if places.is_empty() {
        return Err(
            "neither a configuration of the sidecar (a .toml file) nor one of the filter \
                    (JSON or YAML with issuer and audiences, a WasmPlugin, a TrafficExtension, an \
                    Envoy configuration with a Wasm filter)"
                .to_owned(),
        );
    }
    Ok(Checked::Filter {
        places,
        terms,
        notices,
    })
}

/// One of the filter's, with what lies around it.
fn check_found(
    found: &Found<'_>,
    clusters: &Clusters,
    documents: &[Value],
) -> Result<(Terms, Vec<String>), String> {
    let filter = FilterConfig::parse(found.json.as_bytes()).map_err(|error| error.to_string())?;
    clusters.check(&filter)?;
    let envoy = Envoy::around(found);
    let istio = Istio::around(found, documents);
    let mut notices = filter.notices();
    notices.extend(envoy.check(&filter)?);
    if let Some(istio) = &istio {
        notices.extend(istio.check(&filter)?);
    }
    let asks = istio.and_then(|istio| istio.asks_for_certificate(&filter));
    let terms = Terms::from(&filter)
        .leading_to(&filter, clusters)
        .asking_for_certificates(asks.or(envoy.asks_for_certificate()));
    Ok((terms, notices))
}

fn not_yaml(text: &str, error: &yaml_serde::Error) -> String {
    let hint = if text.contains("${") {
        " (fill in its ${...} first)"
    } else {
        ""
    };
    format!("not YAML{hint}: {error}")
}

#[cfg(test)]
mod tests;
