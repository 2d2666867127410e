//! What the pages say, in every language that has a file in `languages/`.
//!
//! A file is named by its language tag (RFC 5646). Templates ask for texts by key ([`Words::say`]);
//! what lies under `scripts` goes to the ES modules as it is, each part as a module of its own
//! ([`Words::module`]).

use super::accept_language::{Offer, choose};
use axum::http::HeaderMap;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Tag and text of each file.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/languages.rs"));

/// The language of whoever speaks none of the others; it has every key.
const DEFAULT: &str = "en";

/// The tags of all languages, the default one first.
#[must_use]
pub fn language_tags() -> Vec<&'static str> {
    let mut tags: Vec<_> = FILES.iter().map(|(tag, _)| *tag).collect();
    tags.sort_by_key(|tag| (*tag != DEFAULT, *tag));
    tags
}

/// One language.
#[derive(Debug)]
pub(crate) struct Words {
    tag: &'static str,
    ranges: Vec<String>,
    texts: BTreeMap<String, String>,
    modules: BTreeMap<String, String>,
}

impl Words {
    fn parse(tag: &'static str, text: &str) -> serde_json::Result<Self> {
        let mut file: serde_json::Map<String, Value> = serde_json::from_str(text)?;
        let mut words = Self {
            tag,
            ranges: Vec::new(),
            texts: BTreeMap::new(),
            modules: BTreeMap::new(),
        };
        if let Some(Value::Object(scripts)) = file.remove("scripts") {
            for (name, part) in scripts {
                // JSON is an expression of ECMAScript.
                let module = format!("export default {part};\n");
                words.modules.insert(format!("{name}.mjs"), module);
            }
        }
        words.collect(String::new(), &Value::Object(file));
        words.ranges = words.list("language.ranges");
        Ok(words)
    }

    fn collect(&mut self, key: String, value: &Value) {
        let below = |name: &str| match key.as_str() {
            "" => name.to_owned(),
            key => format!("{key}.{name}"),
        };
        match value {
            Value::Object(parts) => {
                for (name, part) in parts {
                    self.collect(below(name), part);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.collect(below(&index.to_string()), item);
                }
            }
            Value::String(text) => {
                self.texts.insert(key, text.clone());
            }
            _ => {}
        }
    }

    fn list(&self, key: &str) -> Vec<String> {
        (0..)
            .map_while(|index| self.texts.get(&format!("{key}.{index}")).cloned())
            .collect()
    }

    /// Its tag, for `lang` attributes and `Content-Language`.
    pub(crate) fn tag(&self) -> &'static str {
        self.tag
    }

    /// The text of a key. Tests see to it that no page asks for one that is not there.
    pub(crate) fn say<'a>(&'a self, key: &'a str) -> &'a str {
        self.texts.get(key).map_or(key, String::as_str)
    }

    /// What stands before and after the only placeholder of a text, for markup in its place.
    pub(crate) fn around<'a>(&'a self, key: &'a str) -> (&'a str, &'a str) {
        let text = self.say(key);
        let placed = text.split_once('{').and_then(|(before, rest)| {
            let (_, after) = rest.split_once('}')?;
            Some((before, after))
        });
        placed.unwrap_or((text, ""))
    }

    /// A calendar day as it is written in this language.
    pub(crate) fn date(&self, date: time::Date) -> String {
        let month = format!("language.months.{}", u8::from(date.month()) - 1);
        self.say("language.date")
            .replace("{day}", &date.day().to_string())
            .replace("{month}", self.say(&month))
            .replace("{year}", &date.year().to_string())
    }

    /// The ES module with the words of a script, such as `words.mjs`.
    pub(crate) fn module(&self, name: &str) -> Option<&str> {
        self.modules.get(name).map(String::as_str)
    }

    /// All of them, by name.
    pub(crate) fn modules(&self) -> impl Iterator<Item = (&str, &str)> {
        let parts = self.modules.iter();
        parts.map(|(name, text)| (name.as_str(), text.as_str()))
    }
}

/// All languages, the default one first.
#[derive(Debug, Clone)]
pub(crate) struct Languages(Vec<Arc<Words>>);

impl Languages {
    /// Those that the program was built with.
    ///
    /// # Panics
    /// When a file is no JSON, which a test would have found.
    pub(crate) fn built_in() -> Self {
        let mut all: Vec<_> = FILES
            .iter()
            .map(|(tag, text)| match Words::parse(tag, text) {
                Ok(words) => Arc::new(words),
                Err(error) => panic!("languages/{tag}.json: {error}"),
            })
            .collect();
        all.sort_by_key(|words| (words.tag != DEFAULT, words.tag));
        Self(all)
    }

    /// The language that whoever sent these headers likes best (RFC 9110, section 12.5.4).
    pub(crate) fn of(&self, headers: &HeaderMap) -> &Arc<Words> {
        let offers = self.0.iter().map(|words| Offer {
            ranges: &words.ranges,
        });
        let offers: Vec<_> = offers.collect();
        &self.0[choose(headers, &offers)]
    }

    /// The language of a tag.
    pub(crate) fn find(&self, tag: &str) -> Option<&Arc<Words>> {
        self.0.iter().find(|words| words.tag == tag)
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Words>> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests;
