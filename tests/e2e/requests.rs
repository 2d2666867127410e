//! What the sidecar's endpoints refuse whoever asks, over HTTP through the gateway: the ids of others,
//! fields that nobody may set, orders of other sites, bodies without end.

mod answers;

use latchkey_tests::http::read_response;
use latchkey_tests::{Gateway, Plan, Visitor};
use serde_json::{Value, json};
use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use crate::operate::order;

/// The longest body that an endpoint takes, but for an import.
const BODY: usize = 64 * 1024;
const IMPORT: usize = 4 * 1024 * 1024;

/// Method and path of every endpoint, by the program's own description.
pub(crate) fn described(gateway: &Gateway) -> Vec<(String, String)> {
    let document = gateway.client().get("/_latchkey/v1/openapi.json").send();
    let document = document.json();
    let paths = document["paths"].as_object().expect("paths").clone();
    let mut found = Vec::new();
    for (path, methods) in paths {
        for method in methods.as_object().into_iter().flat_map(|it| it.keys()) {
            if ["get", "post", "put", "patch", "delete"].contains(&method.as_str()) {
                let below = path.strip_prefix("/_latchkey").unwrap_or(&path);
                found.push((method.to_uppercase(), below.to_owned()));
            }
        }
    }
    found
}

/// The path of an endpoint with something in place of each parameter.
pub(crate) fn filled(path: &str) -> String {
    let examples = [
        ("{mount}", "webauthn"),
        ("{user}", "ann"),
        ("{name}", "ann"),
        ("{id}", "00000000-0000-0000-0000-000000000001"),
        ("{kid}", "none"),
    ];
    let path = examples
        .iter()
        .fold(path.to_owned(), |path, (from, to)| path.replace(from, to));
    assert!(!path.contains('{'), "{path}");
    format!("/_latchkey{path}")
}

/// Those that change something.
fn orders(gateway: &Gateway) -> Vec<(String, String)> {
    let all = described(gateway).into_iter();
    let orders = all.filter(|(method, _)| method != "GET");
    let orders: Vec<_> = orders
        .map(|(method, path)| (method, filled(&path)))
        .collect();
    assert!(orders.len() > 25, "{orders:?}");
    orders
}

/// A gateway with an administrator and somebody else, both signed in.
fn peopled(log: &str) -> (Gateway, Visitor, Visitor) {
    let mut plan = Plan::new();
    plan.sidecar.more = format!("[admin]\nenabled = true\n[log]\n{log}\n");
    let gateway = plan.start();
    let root = first_administrator(&gateway);
    let mut ann = Visitor::new(gateway.envoy.port);
    ann.register("ann");
    (gateway, root, ann)
}

/// Comes in with the code that the operator is shown.
pub(crate) fn first_administrator(gateway: &Gateway) -> Visitor {
    let made = order(gateway, &["admin", "bootstrap", "-o", "json"]);
    let made: Value = serde_json::from_str(&made).expect("JSON");
    let mut root = Visitor::new(gateway.envoy.port);
    let begin = json!({"code": made["enrolment"]["code"], "username": "root"});
    let options = root.begin("register", &begin);
    let response = root.authenticator.create(&options);
    assert_eq!(root.finish("register", &response).status, 200);
    root
}

/// What could have been changed by an order.
fn everything(gateway: &Gateway) -> String {
    [
        &["users", "list", "-o", "json"][..],
        &["keys", "list", "-o", "json"],
        &["mounts", "list", "-o", "json"],
        &["users", "passkeys", "ann", "-o", "json"],
        &["users", "passkeys", "root", "-o", "json"],
        &["sessions", "list", "--user", "ann", "-o", "json"],
    ]
    .map(|arguments| order(gateway, arguments))
    .concat()
}

fn problem(answer: &latchkey_tests::Response) -> String {
    let kind = answer.json()["type"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    kind.trim_start_matches("urn:latchkey:problem:").to_owned()
}

#[test]
fn what_belongs_to_others_is_not_there() {
    let (gateway, _root, mut ann) = peopled("");
    let mut bob = Visitor::new(gateway.envoy.port);
    bob.register("bob");
    let first = |visitor: &mut Visitor, list: &str| {
        let path = format!("/_latchkey/v1/self/{list}");
        let listed = visitor.call("GET", &path, &Value::Null).json();
        let id = listed[list][0]["id"].as_str().expect("an id").to_owned();
        (path, id)
    };
    for (list, orders) in [
        ("passkeys", &["PATCH", "DELETE"][..]),
        ("sessions", &["DELETE"]),
    ] {
        let (path, of_ann) = first(&mut ann, list);
        let (_, own) = first(&mut bob, list);
        assert_ne!(of_ann, own);
        // Byte for byte what there is to say about an id that nobody has.
        let nobodys = of_ann.chars().rev().collect::<String>();
        for method in orders {
            let body = if *method == "PATCH" {
                json!({"label": "mine"})
            } else {
                json!({})
            };
            let [theirs, none] = [&of_ann, &nobodys].map(|id| {
                let answer = bob.call(method, &format!("{path}/{id}"), &body);
                assert_eq!(answer.status, 404, "{method} {list}: {}", answer.text());
                answer.text()
            });
            assert_eq!(theirs, none, "{method} {list}");
        }
        assert_eq!(first(&mut ann, list).1, of_ann);
    }
    let listed = ann.call("GET", "/_latchkey/v1/self/passkeys", &Value::Null);
    assert!(!listed.text().contains("mine"), "{}", listed.text());
    assert_eq!(ann.request("GET", "/orders").send().status, 200);
}

#[test]
fn fields_that_nobody_may_set_are_refused_at_every_endpoint() {
    let (gateway, root, ann) = peopled("");
    let before = everything(&gateway);
    let bodies = [
        r#"{"admin": true}"#,
        r#"{"id": "00000000-0000-0000-0000-000000000001"}"#,
        r#"{"created_at": 1, "attested": true}"#,
        r#"{"groups ": ["latchkey-admins"]}"#,
        r#"{"username": "eve", "groups": ["latchkey-admins"]}"#,
        r#"{"username": "eve", "email": "ann@example.com"}"#,
        r#"{"username": "eve", "username": "eve2"}"#,
        r#"{"__proto__": {"groups": ["latchkey-admins"]}}"#,
        r#"["username"]"#,
        r#""username""#,
        "null",
        "{} {}",
        "{",
    ];
    for (method, path) in orders(&gateway) {
        // As somebody for whom the order would be carried out.
        let asks = if path.contains("/v1/self/") || path.contains("/register/") {
            &ann
        } else {
            &root
        };
        for body in bodies {
            let request = asks.script_request(&method, &path, &Value::Null);
            let answer = request.body(body.as_bytes()).send();
            // A mount of the file is not changed, whatever the change would be; a proof is none.
            assert!(
                matches!(answer.status, 400 | 409),
                "{method} {path} {body}: {} {}",
                answer.status,
                answer.text()
            );
            assert!(answer.cookies().is_empty(), "{method} {path} {body}");
        }
    }
    assert_eq!(everything(&gateway), before);
}

#[test]
fn no_other_site_gives_orders_and_none_reads_an_answer() {
    let (gateway, root, _ann) = peopled("");
    let before = everything(&gateway);
    let own = root.authenticator.origin.clone();
    let json = ("content-type", "application/json");
    for (method, path) in orders(&gateway) {
        let forged = |headers: &[(&str, &str)]| {
            let mut request = root.request(&method, &path).body(b"{}");
            for (name, value) in headers {
                request = request.header(name, value);
            }
            let answer = request.send();
            assert_eq!(answer.status, 403, "{method} {path} {headers:?}");
            problem(&answer)
        };
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
        ] {
            let got = forged(&[("content-type", kind), ("origin", &own)]);
            assert_eq!(got, "not-json", "{method} {path} {kind}");
        }
        assert_eq!(forged(&[("origin", &own)]), "not-json", "{method} {path}");
        for foreign in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("origin", "http://localhost"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            let got = forged(&[json, foreign]);
            assert_eq!(got, "cross-site", "{method} {path} {foreign:?}");
        }
    }
    assert_eq!(everything(&gateway), before);
    // No answer is for another site's script, and a preflight is answered with nothing.
    for (method, path) in described(&gateway) {
        let path = filled(&path);
        let preflight = gateway
            .client()
            .request("OPTIONS", &path)
            .header("origin", "https://evil.example")
            .header("access-control-request-method", &method)
            .header("access-control-request-headers", "content-type")
            .send();
        let asked = root.request("GET", &path);
        let asked = asked.header("origin", "https://evil.example").send();
        for answer in [preflight, asked] {
            let mut names = answer.headers.iter().map(|(name, _)| name);
            assert!(
                !names.any(|name| name.starts_with("access-control-")),
                "{method} {path}: {answer:?}"
            );
        }
    }
}

#[test]
fn bodies_that_are_too_long_or_do_not_come_are_given_up() {
    let (gateway, root, _ann) = peopled("");
    let before = everything(&gateway);
    let orders = orders(&gateway);
    for (method, path) in &orders {
        let most = if path.ends_with("/import") {
            IMPORT
        } else {
            BODY
        };
        let body = json!({"name": "x".repeat(most)});
        let answer = root.script_request(method, path, &body).send();
        assert_eq!(answer.status, 413, "{method} {path}");
        assert_eq!(problem(&answer), "too-large", "{method} {path}");
    }
    // All of them at once: one byte, and then nothing more. An import is waited for longer.
    let port = gateway.envoy.port;
    let drips: Vec<_> = orders
        .into_iter()
        .filter(|(_, path)| !path.ends_with("/import"))
        .map(|(method, path)| {
            let request = root.script_request(&method, &path, &Value::Null);
            let request = String::from_utf8(request.body(b"{   ").bytes()).expect("text");
            let head = request.strip_suffix("   ").expect("a body").to_owned();
            thread::spawn(move || {
                let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the gateway");
                let patience = Some(Duration::from_mins(1));
                stream.set_read_timeout(patience).expect("a time limit");
                stream
                    .write_all(head.as_bytes())
                    .expect("the gateway reads");
                let answer = read_response(&mut stream, false);
                (method, path, answer.expect("an answer"))
            })
        })
        .collect();
    for drip in drips {
        let (method, path, answer) = drip.join().expect("an answer");
        assert_eq!(answer.status, 408, "{method} {path}: {}", answer.text());
        assert_eq!(problem(&answer), "timeout", "{method} {path}");
    }
    assert_eq!(everything(&gateway), before);
}
