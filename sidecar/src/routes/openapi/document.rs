//! From annotations to the document that is sent.

use super::refusals::{ALWAYS, CHANGING, GATE};
use super::{REFUSES, ReasonView};
use crate::issuer::SessionCookies;
use crate::problem::{PROBLEM_TYPE, ProblemKind};
use axum::body::Bytes;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use utoipa::PartialSchema as _;
use utoipa::openapi::OpenApi;

/// The version of the API, not of the program: that is nobody's business.
const VERSION: &str = "1";

/// What a refused import tells beside its problem.
const REPORT: &str = "ImportReport";

/// Why something is not taken.
const REASON: &str = "Reason";

/// The methods that a path item can have here.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// What the parameters of paths are.
const IN_PATHS: [(&str, &str); 5] = [
    ("mount", "The mount, `webauthn` unless configured otherwise"),
    ("user", "A user, by id or by name"),
    ("name", "A user, by name"),
    ("id", "An id, as lists show it"),
    ("kid", "The id of a key"),
];

/// Endpoints that are mounted together.
pub(super) struct Part {
    api: Value,
    guarded: bool,
    gated: bool,
    at_root: bool,
}

impl Part {
    pub(super) fn new(api: OpenApi) -> Self {
        Self {
            // A document of strings always has a JSON form.
            api: serde_json::to_value(api).unwrap_or_default(),
            guarded: false,
            gated: false,
            at_root: false,
        }
    }

    /// Behind the layer that looks at requests that change something.
    pub(super) fn guarded(self) -> Self {
        Self {
            guarded: true,
            ..self
        }
    }

    /// Behind the administrators' gate.
    pub(super) fn gated(self) -> Self {
        Self {
            gated: true,
            ..self
        }
    }

    /// At the root of the host, whatever the public path is.
    pub(super) fn at_root(self) -> Self {
        Self {
            at_root: true,
            ..self
        }
    }

    /// What can be refused in front of the endpoints.
    fn in_front(&self, method: &str) -> Vec<ProblemKind> {
        let changing = self.guarded && method != "get";
        [(true, ALWAYS), (changing, CHANGING), (self.gated, GATE)]
            .into_iter()
            .filter(|(applies, _)| *applies)
            .flat_map(|(_, kinds)| kinds.iter().copied())
            .collect()
    }
}

/// The document of these parts, below `path`.
pub(super) fn document(
    title: &str,
    path: &str,
    cookies: Option<&SessionCookies>,
    parts: &[&Part],
) -> Bytes {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for part in parts {
        for (path, item) in part.api["paths"].as_object().into_iter().flatten() {
            paths.insert(path.clone(), finished(part, path, item));
        }
        let known = part.api["components"]["schemas"].as_object();
        schemas.extend(
            known
                .into_iter()
                .flatten()
                .map(|(name, schema)| (name.clone(), schema.clone())),
        );
    }
    let mut problem = problem();
    let reason = serde_json::to_value(ReasonView::schema()).unwrap_or_default();
    schemas.insert(REASON.to_owned(), reason);
    if schemas.contains_key(REPORT) {
        let reference = format!("#/components/schemas/{REPORT}");
        problem["properties"]["report"] = json!({ "$ref": reference });
    }
    schemas.insert("Problem".to_owned(), problem);
    let mut components = json!({ "schemas": schemas });
    if let Some(cookies) = cookies {
        components["securitySchemes"] = json!({
            "cookie": { "type": "apiKey", "in": "cookie", "name": cookies.session },
            "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
            "refresh": { "type": "apiKey", "in": "cookie", "name": cookies.refresh },
        });
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": { "title": title, "version": VERSION, "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" } },
        "servers": [{ "url": if path.is_empty() { "/" } else { path } }],
        "paths": paths,
        "components": components,
    });
    document.to_string().into()
}

fn finished(part: &Part, path: &str, item: &Value) -> Value {
    let mut item = item.clone();
    for method in METHODS {
        if let Some(operation) = item.get_mut(method).and_then(Value::as_object_mut) {
            finish(operation, part, path, method);
        }
    }
    if part.at_root {
        item["servers"] = json!([{ "url": "/" }]);
    }
    item
}

fn finish(operation: &mut Map<String, Value>, part: &Part, path: &str, method: &str) {
    let mut kinds = part.in_front(method);
    collect(&operation.remove(REFUSES).unwrap_or_default(), &mut kinds);
    operation.insert("operationId".to_owned(), id(method, path).into());
    let parameters = parameters(path, operation.remove("parameters"));
    if !parameters.is_empty() {
        operation.insert("parameters".to_owned(), parameters.into());
    }
    let secured = operation.contains_key("security");
    if kinds.contains(&ProblemKind::Unauthorized) && !secured {
        let either = json!([{ "cookie": [] }, { "bearer": [] }]);
        operation.insert("security".to_owned(), either);
    }
    let answers = operation.entry("responses").or_insert_with(|| json!({}));
    if let Some(answers) = answers.as_object_mut() {
        for answer in answers.values_mut() {
            if answer["description"].as_str().is_none_or(str::is_empty) {
                answer["description"] = "Done".into();
            }
        }
        answers.extend(refused(&kinds));
    }
}

/// Kinds, and lists of kinds.
fn collect(refuses: &Value, into: &mut Vec<ProblemKind>) {
    match refuses {
        Value::Array(several) => several.iter().for_each(|one| collect(one, into)),
        one => into.extend(serde_json::from_value::<ProblemKind>(one.clone()).ok()),
    }
}

/// One answer for each status, which says what its `type` can be.
fn refused(kinds: &[ProblemKind]) -> BTreeMap<String, Value> {
    let mut by_status: BTreeMap<u16, Vec<ProblemKind>> = BTreeMap::new();
    for kind in kinds {
        let alike = by_status.entry(kind.status().as_u16()).or_default();
        if !alike.contains(kind) {
            alike.push(*kind);
        }
    }
    let answers = by_status.into_iter().map(|(status, kinds)| {
        let titles: Vec<&str> = kinds.iter().map(|kind| kind.title()).collect();
        let types: Vec<String> = kinds
            .iter()
            .map(|kind| format!("{PROBLEM_TYPE}{}", kind.slug()))
            .collect();
        let schema = json!({
            "allOf": [{ "$ref": "#/components/schemas/Problem" }],
            "properties": { "type": { "enum": types }, "status": { "const": status } },
        });
        let answer = json!({
            "description": titles.join(" · "),
            "content": { "application/problem+json": { "schema": schema } },
        });
        (status.to_string(), answer)
    });
    answers.collect()
}

/// Every parameter in the path, and those that the annotation has.
fn parameters(path: &str, annotated: Option<Value>) -> Vec<Value> {
    let names = path.split(['{', '}']).skip(1).step_by(2);
    let mut all: Vec<Value> = names
        .map(|name| {
            let known = IN_PATHS.iter().find(|(known, _)| *known == name);
            json!({
                "name": name,
                "in": "path",
                "required": true,
                "description": known.map_or("", |(_, what)| what),
                "schema": { "type": "string" },
            })
        })
        .collect();
    if let Some(Value::Array(annotated)) = annotated {
        all.extend(annotated);
    }
    all
}

/// `POST /v1/admin/users/{user}/enrolment` is `post-admin-users-user-enrolment`.
fn id(method: &str, path: &str) -> String {
    let words = path
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty() && *word != "v1");
    std::iter::once(method)
        .chain(words)
        .collect::<Vec<_>>()
        .join("-")
}

/// RFC 9457, section 3.1, as far as it is used.
fn problem() -> Value {
    json!({
        "type": "object",
        "description": "What went wrong (RFC 9457). `type` is stable, the texts are not.",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": { "type": "string", "format": "uri" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "errors": {
                "type": "array",
                "description": "Of `bad-request` and `conflict`: what `detail` says, for programs",
                "items": { "$ref": format!("#/components/schemas/{REASON}") },
            },
            "passkeys": {
                "type": "integer",
                "description": "How many would sign in no more; `force` is for whoever means that",
            },
        },
    })
}
