//! What is served is documented, and what is documented is served: the documents of the three
//! listeners by themselves, and every answer that any test here gets.

use super::*;
use serde_json::Map;
use std::collections::BTreeSet;
use tokio::sync::OnceCell;
use tracing::instrument::WithSubscriber as _;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The documents of the public, the internal and the control listener.
pub(super) struct Documents {
    pub(super) public: Value,
    internal: Value,
    control: Value,
}

pub(super) async fn documents() -> &'static Documents {
    static DOCUMENTS: OnceCell<Documents> = OnceCell::const_new();
    DOCUMENTS
        .get_or_init(|| async {
            let place = administered().await;
            let routers = [
                super::super::public(&place.app),
                super::super::internal(&place.app),
                super::super::control(&place.app),
            ];
            let mut documents = Vec::new();
            for (router, path) in routers.into_iter().zip(["/_latchkey", "", ""]) {
                let request = Request::get(format!("{path}/v1/openapi.json"));
                let request = request
                    .header("host", "app.example.com")
                    .body(Body::empty());
                let answer = router.oneshot(request.unwrap()).await.unwrap();
                let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await;
                documents.push(serde_json::from_slice::<Value>(&body.unwrap()).unwrap());
            }
            let [public, internal, control] = documents.try_into().unwrap();
            Documents {
                public,
                internal,
                control,
            }
        })
        .with_subscriber(tracing::subscriber::NoSubscriber::new())
        .await
}

async fn administered() -> Place {
    Place::configured(&format!("{CONFIG}[admin]\nenabled = true\n")).await
}

/// Fails where an answer is not what its document says. Pages are for people, and in none.
pub(super) async fn check(method: &Method, path: &str, answer: &Answer) {
    let documents = documents().await;
    let (document, path) = match path.strip_prefix("/_latchkey") {
        Some(below) => (&documents.public, below),
        None if path.starts_with("/v1/") => (&documents.control, path),
        None if path.starts_with("/.well-known/jwks") => (&documents.internal, path),
        None if path.starts_with("/.well-known/") => (&documents.public, path),
        None => (&documents.internal, path),
    };
    let method = method.as_str().to_lowercase();
    if answer.status == 405 || !METHODS.contains(&&*method) {
        return;
    }
    // What the listeners say where no route is: some tests look for just that.
    let nowhere =
        answer.status == 404 && answer.body.windows(16).any(|it| it == b"Nothing is here.");
    let Some((template, item)) = item(document, path).filter(|_| !nowhere) else {
        let is_api = path.starts_with("/v1/") && !matches!(answer.status.as_u16(), 403 | 404);
        assert!(
            !is_api,
            "{method} {path} answers {} and is in no document",
            answer.status
        );
        return;
    };
    let operation = &item[&*method];
    assert!(
        operation.is_object(),
        "{method} {template} is not documented"
    );
    let documented = &operation["responses"][answer.status.as_str()];
    let context = format!(
        "{method} {template} answers {} {}",
        answer.status,
        String::from_utf8_lossy(&answer.body)
    );
    assert!(documented.is_object(), "undocumented: {context}");
    let Some(forms) = documented["content"].as_object() else {
        assert!(answer.body.is_empty(), "undocumented body: {context}");
        return;
    };
    let kind = answer.headers["content-type"].to_str().unwrap();
    let kind = kind.split(';').next().unwrap();
    // A browser that navigates gets a page instead of a problem.
    if kind == "text/html" {
        return;
    }
    let media = forms.get(kind);
    let media = media.unwrap_or_else(|| panic!("undocumented type {kind}: {context}"));
    if kind.ends_with("json") {
        let faults = faults(document, &media["schema"], &answer.json());
        assert!(faults.is_empty(), "{faults:?}: {context}");
    }
}

fn item<'a>(document: &'a Value, path: &str) -> Option<(&'a str, &'a Value)> {
    let segments: Vec<&str> = path.split('/').collect();
    let paths = document["paths"].as_object().unwrap();
    // Fixed segments before parameters, as the router does it.
    let mut found: Vec<_> = paths
        .iter()
        .filter(|(template, _)| {
            let parts: Vec<&str> = template.split('/').collect();
            parts.len() == segments.len()
                && parts
                    .iter()
                    .zip(&segments)
                    .all(|(part, segment)| part.starts_with('{') || part == segment)
        })
        .collect();
    found.sort_by_key(|(template, _)| template.matches('{').count());
    let (template, item) = found.first()?;
    Some((template.as_str(), item))
}

/// What of the value is not as the schema says: enough of JSON Schema for what is used here.
pub(super) fn faults(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut properties = Map::new();
    let mut faults = Vec::new();
    gather(document, schema, value, &mut properties, &mut faults);
    if let (Some(object), false) = (value.as_object(), properties.is_empty()) {
        for (name, inner) in object {
            match properties.get(name) {
                None => faults.push(format!("{name} is not documented")),
                Some(known) => faults.extend(self::faults(document, known, inner)),
            }
        }
    }
    faults
}

fn gather(
    document: &Value,
    schema: &Value,
    value: &Value,
    properties: &mut Map<String, Value>,
    faults: &mut Vec<String>,
) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.strip_prefix('#').unwrap());
        let target = target.unwrap_or_else(|| panic!("{reference} is nowhere"));
        gather(document, target, value, properties, faults);
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        gather(document, part, value, properties, faults);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fits = |choice: &&Value| self::faults(document, choice, value).is_empty();
        match choices.iter().find(fits) {
            Some(choice) => gather(document, choice, value, properties, faults),
            None => faults.push(format!("{value} is none of the choices")),
        }
    }
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    };
    if !kinds.is_empty()
        && !kinds
            .iter()
            .any(|kind| is_of(value, kind.as_str().unwrap()))
    {
        faults.push(format!("{value} is no {kinds:?}"));
    }
    if let Some(choices) = schema["enum"].as_array()
        && !choices.contains(value)
    {
        faults.push(format!("{value} is none of {choices:?}"));
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        if value.is_object() && value.get(name.as_str().unwrap()).is_none() {
            faults.push(format!("{name} is missing"));
        }
    }
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        // What stands closer to the root says more.
        properties.insert(name.clone(), inner.clone());
    }
    if schema["additionalProperties"].is_object() {
        for name in value.as_object().into_iter().flatten().map(|it| it.0) {
            properties.insert(name.clone(), schema["additionalProperties"].clone());
        }
    }
    for one in value.as_array().into_iter().flatten() {
        faults.extend(self::faults(document, &schema["items"], one));
    }
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        other => panic!("no such type: {other}"),
    }
}

/// Every operation, with its method and path.
fn operations(document: &Value) -> Vec<(&'static str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let found = paths.iter().flat_map(|(path, item)| {
        let of = move |method: &'static str| item.get(method).map(|it| (method, path.as_str(), it));
        METHODS.into_iter().filter_map(of)
    });
    found.collect()
}

/// Methods and paths of everything that administrators can ask.
pub(super) async fn administration() -> BTreeSet<(String, String)> {
    operations(&documents().await.control)
        .into_iter()
        .map(|(method, path, _)| (method.to_uppercase(), path.to_owned()))
        .collect()
}

#[tokio::test]
async fn documents_are_whole() {
    let all = documents().await;
    for document in [&all.public, &all.internal, &all.control] {
        assert_eq!(document["openapi"], "3.1.0");
        let mut ids = BTreeSet::new();
        for (method, path, operation) in operations(document) {
            let place = format!("{method} {path}");
            assert!(ids.insert(operation["operationId"].to_string()), "{place}");
            assert!(
                !operation["summary"].as_str().unwrap_or("").is_empty(),
                "{place}"
            );
            assert!(operation["tags"].is_array(), "{place}");
            let answers = operation["responses"].as_object().unwrap();
            assert!(
                answers.keys().any(|status| status.starts_with('2')),
                "{place}"
            );
            assert!(answers.contains_key("500"), "{place}");
            for answer in answers.values() {
                assert!(
                    !answer["description"].as_str().unwrap().is_empty(),
                    "{place}"
                );
            }
            let named = path.matches('{').count();
            let parameters = operation["parameters"].as_array();
            let in_path = parameters.into_iter().flatten();
            let in_path = in_path.filter(|it| it["in"] == "path" && it["description"] != "");
            assert_eq!(
                in_path.count(),
                named,
                "{place}: an unknown kind of parameter"
            );
            assert!(operation.get("x-refuses").is_none(), "{place}");
        }
        references(document, document);
    }
}

/// Every reference leads somewhere.
fn references(document: &Value, within: &Value) {
    match within {
        Value::Object(members) => {
            for (name, member) in members {
                if name == "$ref" {
                    let target = member.as_str().unwrap().strip_prefix('#').unwrap();
                    assert!(document.pointer(target).is_some(), "{target}");
                }
                references(document, member);
            }
        }
        Value::Array(several) => several.iter().for_each(|one| references(document, one)),
        _ => {}
    }
}

#[tokio::test]
async fn whatever_is_documented_is_served() {
    let all = documents().await;
    let place = administered().await;
    for (document, router, prefix) in [
        (&all.public, super::super::public(&place.app), "/_latchkey"),
        (&all.internal, super::super::internal(&place.app), ""),
        (&all.control, super::super::control(&place.app), ""),
    ] {
        for (method, path, _) in operations(document) {
            // The one method that no endpoint has: a route that is there says 405.
            let at_root = document["paths"][path].get("servers").is_some();
            let prefix = if at_root { "" } else { prefix };
            let request = Request::builder()
                .method("PUT")
                .uri(format!("{prefix}{path}").replace(['{', '}'], ""))
                .header("host", "app.example.com")
                .header("content-type", "application/json");
            let answer = router.clone().oneshot(request.body(Body::empty()).unwrap());
            assert_eq!(answer.await.unwrap().status(), 405, "{method} {path}");
        }
    }
}

/// Routes of the API come from annotations alone: nothing else in the sources mounts one.
#[test]
fn whatever_is_served_is_documented() {
    let routes = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/routes");
    let mut directories = vec![routes.clone()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path != routes.join("tests") {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                // Unit tests at the end of a file build what they like.
                let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
                for call in [".route(", ".route_service(", ".nest_service("] {
                    assert!(!text.contains(call), "{} calls {call}", path.display());
                }
            }
        }
    }
}

#[tokio::test]
async fn what_an_import_takes_and_an_export_gives_is_described_to_the_last_field() {
    for document in [&documents().await.public, &documents().await.control] {
        let paths = &document["paths"];
        let import = &paths["/v1/admin/import"]["post"];
        let taken = &import["requestBody"]["content"]["application/json"]["schema"];
        let given = "/responses/200/content/application~1json/schema";
        let given = paths["/v1/admin/export"]["get"].pointer(given).unwrap();
        let format = &import["parameters"][0]["schema"]["enum"];
        assert_eq!(*format, json!(["latchkey", "keycloak"]));
        let good = super::transfer::good();
        assert_eq!(faults(document, taken, &good), [""; 0]);
        assert_eq!(faults(document, given, &good), [""; 0]);
        let realm = super::keycloak::described();
        assert_eq!(faults(document, taken, &realm), [""; 0]);
        for (place, wrong) in [
            ("/format", json!(7)),
            ("/rp_ids/webauthn", json!(7)),
            ("/users/0/name", Value::Null),
            ("/users/0/groups", json!("staff")),
            ("/users/0/passkeys/0/sign_count", json!("7")),
            ("/users/0/passkeys/0/public_key", json!([])),
            ("/users/0/passkeys/0", json!({ "id": "AA" })),
            ("/reserved_names", json!([7])),
        ] {
            let mut bad = good.clone();
            bad["reserved_names"] = json!(["old"]);
            bad["users"][0]["groups"] = json!([]);
            *bad.pointer_mut(place).unwrap() = wrong;
            assert!(!faults(document, given, &bad).is_empty(), "{place}");
            assert!(!faults(document, taken, &bad).is_empty(), "{place}");
        }
        let problem = &document["components"]["schemas"]["Problem"]["properties"];
        assert_eq!(
            problem["report"]["$ref"],
            "#/components/schemas/ImportReport"
        );
    }
    let internal = &documents().await.internal["components"]["schemas"]["Problem"];
    assert_eq!(internal["properties"]["report"], Value::Null);
}

#[tokio::test]
async fn administration_is_documented_where_it_is_served() {
    let ask = async |place: &Place, host: &str| {
        let request = Request::get("/_latchkey/v1/openapi.json").header("host", host);
        let answer = place.send(request.body(Body::empty()).unwrap()).await;
        answer.expect(200).json()
    };
    let is_there = |document: &Value| document["paths"]["/v1/admin/users"].is_object();
    let place = administered().await;
    assert!(is_there(&ask(&place, "app.example.com").await));
    assert!(!is_there(&ask(&place, "other.example.com").await));
    let place = Place::new().await;
    let document = ask(&place, "app.example.com").await;
    assert!(!is_there(&document));
    assert!(document["paths"]["/v1/self/sessions"].is_object());
    let text = document.to_string();
    assert!(
        !text.contains(env!("CARGO_PKG_VERSION")),
        "a program's version is nobody's business"
    );
}

#[tokio::test]
async fn an_operation_says_what_it_refuses_and_whom_it_asks() {
    let document = &documents().await.public;
    let types = |operation: &Value, status: &str| {
        let pointer = format!("/responses/{status}/content/application~1problem+json/schema");
        operation
            .pointer(&pointer)
            .map(|schema| schema["properties"]["type"]["enum"].clone())
    };
    let create = &document["paths"]["/v1/admin/users"]["post"];
    let urns = |slugs: &[&str]| {
        let urns = slugs
            .iter()
            .map(|slug| format!("urn:latchkey:problem:{slug}"));
        Some(json!(urns.collect::<Vec<_>>()))
    };
    assert_eq!(types(create, "409"), urns(&["name-taken"]));
    assert_eq!(types(create, "415"), urns(&["not-json"]));
    assert_eq!(
        types(create, "403"),
        urns(&[
            "cross-site",
            "not-json",
            "must-register-passkey",
            "not-an-administrator",
            "fresh-login-required"
        ])
    );
    assert_eq!(
        create["security"],
        json!([{ "cookie": [] }, { "bearer": [] }])
    );
    let list = &document["paths"]["/v1/self/passkeys"]["get"];
    assert_eq!(types(list, "415"), None, "it changes nothing");
    let control = &documents().await.control["paths"]["/v1/admin/users"]["post"];
    assert_eq!(
        types(control, "401"),
        None,
        "whoever has the socket is the operator"
    );
}
