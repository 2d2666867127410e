//! JSON read strictly, and its members taken one by one with their paths.

use std::{cell::OnceCell, fmt, time::Duration};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::{ConfigError, Problem, duration};

/// Reads JSON in which no object has a name twice: one of the two would be meant, and nobody can
/// tell which.
pub(crate) fn parse(text: &[u8]) -> Result<Value, ConfigError> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let fault = OnceCell::new();
    let strict = Strict {
        place: Place::Whole,
        fault: &fault,
    };
    let value = strict.deserialize(&mut deserializer).and_then(|value| {
        deserializer.end()?;
        Ok(value)
    });
    value.map_err(|error| {
        let key = fault.into_inner().filter(|key| !key.is_empty());
        let key = key.unwrap_or_else(|| "configuration".to_owned());
        ConfigError::new(key, Problem::Json(error))
    })
}

/// Where the reader is. Only an error needs it as text.
#[derive(Clone, Copy)]
enum Place<'a> {
    Whole,
    Member(&'a Place<'a>, &'a str),
    Entry(&'a Place<'a>, usize),
}

impl Place<'_> {
    fn path(&self) -> String {
        match self {
            Self::Whole => String::new(),
            Self::Member(of, key) => member(&of.path(), key),
            Self::Entry(of, at) => format!("{}[{at}]", of.path()),
        }
    }
}

fn member(of: &str, key: &str) -> String {
    if of.is_empty() {
        key.to_owned()
    } else {
        format!("{of}.{key}")
    }
}

/// The members of an object that are not taken yet.
pub(crate) struct Members {
    path: String,
    members: Map<String, Value>,
}

/// A value, and the path of its key.
pub(crate) struct Member {
    pub(crate) path: String,
    pub(crate) value: Value,
}

impl Members {
    /// The members of an object that may have those of `known` and no others.
    pub(crate) fn new(object: Member, known: &'static [&'static str]) -> Result<Self, ConfigError> {
        let Value::Object(members) = object.value else {
            return Err(ConfigError::new(object.path, Problem::NotAnObject));
        };
        let this = Self {
            path: object.path,
            members,
        };
        match this
            .members
            .keys()
            .find(|key| !known.contains(&key.as_str()))
        {
            None => Ok(this),
            Some(key) => Err(ConfigError::new(
                this.path_of(key),
                Problem::UnknownKey { known },
            )),
        }
    }

    /// Takes a member if it is there. `null` is a value here.
    pub(crate) fn take(&mut self, key: &'static str) -> Option<Member> {
        let value = self.members.remove(key)?;
        Some(Member {
            path: self.path_of(key),
            value,
        })
    }

    pub(crate) fn required(&mut self, key: &'static str) -> Result<Member, ConfigError> {
        self.take(key)
            .ok_or_else(|| ConfigError::new(self.path_of(key), Problem::Missing))
    }

    /// An object, empty where it is left out.
    pub(crate) fn object(
        &mut self,
        key: &'static str,
        known: &'static [&'static str],
    ) -> Result<Self, ConfigError> {
        let absent = Member {
            path: self.path_of(key),
            value: Value::Object(Map::new()),
        };
        Self::new(self.take(key).unwrap_or(absent), known)
    }

    pub(crate) fn duration(
        &mut self,
        key: &'static str,
        default: Duration,
    ) -> Result<Duration, ConfigError> {
        self.take(key).map_or(Ok(default), Member::duration)
    }

    pub(crate) fn flag(&mut self, key: &'static str, default: bool) -> Result<bool, ConfigError> {
        self.take(key).map_or(Ok(default), Member::flag)
    }

    fn path_of(&self, key: &str) -> String {
        member(&self.path, key)
    }
}

impl Member {
    pub(crate) fn duration(self) -> Result<Duration, ConfigError> {
        let parsed = self.value.as_str().and_then(duration::parse);
        parsed.ok_or_else(|| ConfigError::new(self.path, Problem::NotADuration))
    }

    pub(crate) fn flag(self) -> Result<bool, ConfigError> {
        let flag = self.value.as_bool();
        flag.ok_or_else(|| ConfigError::new(self.path, Problem::NotAFlag))
    }

    /// A text of a certain form.
    pub(crate) fn text<T>(self) -> Result<T, ConfigError>
    where
        T: TryFrom<String>,
        Problem: From<T::Error>,
    {
        let (path, text) = self.string()?;
        T::try_from(text).map_err(|error| ConfigError::new(path, Problem::from(error)))
    }

    /// Apart from `text`, so that each form of text adds only its own part to the module.
    fn string(self) -> Result<(String, String), ConfigError> {
        match self.value {
            Value::String(text) => Ok((self.path, text)),
            _ => Err(ConfigError::new(self.path, Problem::NotAText)),
        }
    }

    /// A text, or `null` for none.
    pub(crate) fn text_or_none<T>(self) -> Result<Option<T>, ConfigError>
    where
        T: TryFrom<String>,
        Problem: From<T::Error>,
    {
        if self.value.is_null() {
            Ok(None)
        } else {
            self.text().map(Some)
        }
    }

    /// The entries of a list.
    pub(crate) fn entries(self) -> Result<Vec<Member>, ConfigError> {
        let path = self.path;
        let Value::Array(values) = self.value else {
            return Err(ConfigError::new(path, Problem::NotAList));
        };
        let mut entries = Vec::with_capacity(values.len());
        for (at, value) in values.into_iter().enumerate() {
            entries.push(Member {
                path: format!("{path}[{at}]"),
                value,
            });
        }
        Ok(entries)
    }

    /// A list of texts of a certain form.
    pub(crate) fn texts<T>(self) -> Result<Vec<T>, ConfigError>
    where
        T: TryFrom<String>,
        Problem: From<T::Error>,
    {
        let mut texts = Vec::new();
        for entry in self.entries()? {
            texts.push(entry.text()?);
        }
        Ok(texts)
    }
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    place: Place<'a>,
    /// The path of what could not be read.
    fault: &'a OnceCell<String>,
}

impl Strict<'_> {
    fn at<'a>(&'a self, place: Place<'a>) -> Strict<'a> {
        Strict {
            place,
            fault: self.fault,
        }
    }

    /// The innermost one comes first, and says most.
    fn blame(self) {
        self.fault.get_or_init(|| self.place.path());
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self).inspect_err(|_| self.blame())
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        loop {
            let next = self.at(Place::Entry(&self.place, entries.len()));
            match list.next_element_seed(next) {
                Ok(Some(entry)) => entries.push(entry),
                Ok(None) => return Ok(Value::Array(entries)),
                Err(error) => {
                    next.blame();
                    return Err(error);
                }
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(key) = object.next_key::<String>()? {
            let value = object.next_value_seed(self.at(Place::Member(&self.place, &key)))?;
            if members.contains_key(&key) {
                return Err(A::Error::custom(format_args!("`{key}` stands there twice")));
            }
            members.insert(key, value);
        }
        Ok(Value::Object(members))
    }
}
