//! JSON that administrators send, read strictly; what is wrong with it is said with its place and a code.
//! Strangers are told less, see [`StrictJson`](crate::routes::json::StrictJson).

use super::refusal;
use crate::model::{Reason, ReasonCode as Code};
use crate::problem::Problem;
use crate::routes::json::malformed;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

/// What a parser says is shown up to here; it can hold what was sent.
const SAID_MAX_CHARS: usize = 200;

/// A body that is a JSON object with the fields of `T`, or nothing, which stands for `{}`.
#[derive(Debug)]
pub(super) struct StrictBody<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for StrictBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        // Bounded by the layer in front of every endpoint.
        let body = Bytes::from_request(request, state).await;
        let body = body.map_err(|_| malformed())?;
        let text: &[u8] = if body.is_empty() { b"{}" } else { &body };
        read(text).map(Self).map_err(refusal::bad)
    }
}

/// Reads an object: every name known, none twice, nothing behind it. `T` derives `Deserialize` with
/// `deny_unknown_fields`, where that is so.
pub(super) fn read<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, Reason> {
    // A derive also reads a struct from an array.
    if text.trim_ascii_start().first() != Some(&b'{') {
        return Err(wrong_type("expected a JSON object".to_owned(), "object"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let read = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| placed(unreadable(error.inner()), &error.path().to_string()))?;
    deserializer.end().map_err(|error| unreadable(&error))?;
    Ok(read)
}

/// A reason with the path to what it is about: a name that should not be there is its last step already,
/// one that is missing cannot be.
fn placed(reason: Reason, path: &str) -> Reason {
    let stands = matches!(reason.code(), Code::UnknownField | Code::FieldTwice);
    match path {
        "." => reason,
        path if stands => reason.of(Some(path.to_owned())),
        path => reason.at(path),
    }
}

/// What is wrong with a text that is to be JSON.
fn unreadable(error: &serde_json::Error) -> Reason {
    let text = error.to_string();
    match error.classify() {
        Category::Eof => Reason::new(Code::JsonCutOff, text),
        Category::Syntax | Category::Io => Reason::new(Code::JsonSyntax, text)
            .with("line", error.line())
            .with("column", error.column()),
        // Where in the text it is says less than the field.
        Category::Data => misfit(
            text.rsplit_once(" at line ")
                .map_or(&*text, |(said, _)| said),
        ),
    }
}

/// What does not fit, by what serde says of it: the beginnings are serde's own, the same for every format.
pub(super) fn misfit(said: &str) -> Reason {
    let named = |beginning: &str| Some(said.strip_prefix(beginning)?.split_once('`')?.0);
    if let Some(name) = named("unknown field `") {
        return Reason::new(Code::UnknownField, "there is no such field").at(name);
    }
    if let Some(name) = named("missing field `") {
        return Reason::new(Code::FieldMissing, "it is missing").at(name);
    }
    if let Some(name) = named("duplicate field `") {
        return Reason::new(Code::FieldTwice, "it stands twice").at(name);
    }
    let text: String = said.chars().take(SAID_MAX_CHARS).collect();
    if let Some(most) = named_number(said) {
        return Reason::new(Code::TooMany, text).with("most", most);
    }
    if said.starts_with("invalid type: ") {
        let expected = said.rsplit_once(", expected ").map_or("", |(_, what)| what);
        return match kind_of(expected) {
            Some(kind) => wrong_type(text, kind),
            None => Reason::new(Code::NotAsExpected, text),
        };
    }
    let of_the_field = ["unknown variant ", "invalid value: "];
    if of_the_field.iter().any(|it| said.starts_with(it)) {
        return Reason::new(Code::NotAsExpected, text);
    }
    Reason::new(Code::DocumentForm, text)
}

fn wrong_type(text: String, expected: &'static str) -> Reason {
    Reason::new(Code::WrongType, text).with("expected", expected)
}

/// "more than 2000 users in one document": our own lists say so.
fn named_number(said: &str) -> Option<&str> {
    let number = said.strip_prefix("more than ")?.split(' ').next()?;
    number.parse::<u64>().ok().map(|_| number)
}

/// What a field has to be, in a word that pages know.
fn kind_of(expected: &str) -> Option<&'static str> {
    Some(match expected {
        "a string" | "a borrowed string" => "text",
        "a boolean" => "switch",
        "u8" | "u16" | "u32" | "u64" | "i64" | "usize" => "number",
        "a map" | "a JSON object" => "object",
        it if it == "a sequence" || it.starts_with("an array") => "list",
        it if it.starts_with("struct ") => "object",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeMap;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Passkey {
        id: String,
        count: Option<u32>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Whole {
        name: Option<String>,
        groups: Option<Vec<String>>,
        on: Option<bool>,
        #[serde(default)]
        passkeys: Vec<Passkey>,
        more: Option<BTreeMap<String, String>>,
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (body, field, code, values) in [
            (r#"{"nam": 1}"#, Some("nam"), "unknown-field", json!(null)),
            (
                r#"{"passkeys": [{"id": "a"}, {"key": 1}]}"#,
                Some("passkeys[1].key"),
                "unknown-field",
                json!(null),
            ),
            (
                r#"{"passkeys": [{"count": 1}]}"#,
                Some("passkeys[0].id"),
                "field-missing",
                json!(null),
            ),
            (
                r#"{"name": "a", "name": "b"}"#,
                Some("name"),
                "field-twice",
                json!(null),
            ),
            (
                r#"{"groups": "a,b"}"#,
                Some("groups"),
                "wrong-type",
                json!({"expected": "list"}),
            ),
            (
                r#"{"groups": ["a", 7]}"#,
                Some("groups[1]"),
                "wrong-type",
                json!({"expected": "text"}),
            ),
            (
                r#"{"on": "yes"}"#,
                Some("on"),
                "wrong-type",
                json!({"expected": "switch"}),
            ),
            (
                r#"{"more": []}"#,
                Some("more"),
                "wrong-type",
                json!({"expected": "object"}),
            ),
            (
                r#"{"passkeys": [{"id": "a", "count": "1"}]}"#,
                Some("passkeys[0].count"),
                "wrong-type",
                json!({"expected": "number"}),
            ),
            (
                r#"{"passkeys": [{"id": "a", "count": -1}]}"#,
                Some("passkeys[0].count"),
                "not-as-expected",
                json!(null),
            ),
            ("[]", None, "wrong-type", json!({"expected": "object"})),
            (r#"{"name": "#, Some("name"), "json-cut-off", json!(null)),
            ("", None, "wrong-type", json!({"expected": "object"})),
            (
                "{\n \"name\" 1}",
                None,
                "json-syntax",
                json!({"line": "2", "column": "9"}),
            ),
            (
                "{} {}",
                None,
                "json-syntax",
                json!({"line": "1", "column": "4"}),
            ),
        ] {
            let reason = read::<Whole>(body.as_bytes()).unwrap_err();
            let told = serde_json::to_value(&reason).unwrap();
            assert_eq!(reason.field(), field, "{body}: {told}");
            assert_eq!(told["code"], code, "{body}: {told}");
            assert_eq!(told["values"], values, "{body}: {told}");
        }
        assert!(read::<Whole>(b" {} ").is_ok());
        assert!(read::<Whole>("[".repeat(100_000).as_bytes()).is_err());
        assert!(read::<Whole>(format!("{{\"x\":{}", "[".repeat(60_000)).as_bytes()).is_err());
        assert!(read::<Whole>(b"{\"name\":\"\xff\"}").is_err());
    }

    #[test]
    fn of_what_was_sent_little_comes_back() {
        let long = format!(r#"{{"groups": "{}"}}"#, "x".repeat(5_000));
        let reason = read::<Whole>(long.as_bytes()).unwrap_err();
        assert!(reason.to_string().len() < 300, "{reason}");
    }
}
