//! Where the filter's configuration lies in a document, and what lies around it.

use serde_json::Value;
use std::fmt::Write as _;

/// A configuration of the filter in a document.
pub(super) struct Found<'a> {
    /// Its place in the document; `""` where it is the document.
    pub(super) place: String,
    /// Its text.
    pub(super) json: String,
    /// The objects that it lies in, the document first.
    pub(super) around: Vec<&'a Value>,
}

impl<'a> Found<'a> {
    /// Of the objects around, the innermost that has this key.
    pub(super) fn innermost_with(&self, key: &str) -> Option<&'a Value> {
        let mut inside_out = self.around.iter().rev();
        inside_out.find(|value| value.get(key).is_some()).copied()
    }
}

/// Every configuration of the filter in a document.
pub(super) fn find(document: &Value) -> Vec<Found<'_>> {
    let mut search = Search::default();
    search.look_at(document);
    search.found
}

#[derive(Default)]
struct Search<'a> {
    place: String,
    around: Vec<&'a Value>,
    found: Vec<Found<'a>>,
}

impl<'a> Search<'a> {
    fn look_at(&mut self, value: &'a Value) {
        match value {
            Value::Object(object) => {
                // A bare configuration; even a wrong one is meant as one when it has either key.
                if self.place.is_empty()
                    && (object.contains_key("issuer") || object.contains_key("audiences"))
                {
                    self.found(value.to_string());
                    return;
                }
                self.around.push(value);
                for (key, child) in object {
                    let before = self.place.len();
                    if !self.place.is_empty() {
                        self.place.push('.');
                    }
                    self.place.push_str(key);
                    match filter_configuration(key, child, object.contains_key("vm_config")) {
                        Some(json) => self.found(json),
                        None => self.look_at(child),
                    }
                    self.place.truncate(before);
                }
                self.around.pop();
            }
            Value::Array(items) => {
                for (index, child) in items.iter().enumerate() {
                    let before = self.place.len();
                    // Writing to a String cannot fail.
                    let _ = write!(self.place, "[{index}]");
                    self.look_at(child);
                    self.place.truncate(before);
                }
            }
            _ => {}
        }
    }

    fn found(&mut self, json: String) {
        self.found.push(Found {
            place: self.place.clone(),
            json,
            around: self.around.clone(),
        });
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
