//! What the sidecar's endpoints refuse whoever asks, over HTTP through the gateway: the ids of others,
//! fields that nobody may set, orders of other sites, bodies without end. And what its answers never hold.

use latchkey_tests::http::read_response;
use latchkey_tests::{Gateway, Plan, Visitor};
use serde_json::{Value, json};
use std::collections::BTreeSet;
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
    let begin = json!({"code": made["code"], "username": "root"});
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

/// The parts of what somebody holds that would let another one in.
fn secrets_of(visitor: &Visitor) -> Vec<String> {
    let held = visitor.cookies.values();
    held.map(|value| value.rsplit('.').next().unwrap_or_default().to_owned())
        .filter(|secret| secret.len() > 20)
        .collect()
}

#[test]
fn no_secret_is_in_an_answer_or_a_log() {
    let (mut gateway, mut root, mut ann) = peopled("level = \"trace\"\nformat = \"json\"");
    // Everything that a secret comes of.
    let mut secrets: Vec<String> = [&root, &ann].iter().flat_map(|it| secrets_of(it)).collect();
    ann.log_in("ann");
    secrets.extend(secrets_of(&ann));
    let codes = ann.call("POST", "/_latchkey/v1/self/recovery-codes", &json!({}));
    assert_eq!(codes.status, 200, "{}", codes.text());
    let codes = codes.json()["codes"].as_array().expect("codes").clone();
    secrets.extend(codes.iter().filter_map(|it| Some(it.as_str()?.to_owned())));
    let link = root.call(
        "POST",
        "/_latchkey/v1/admin/users/ann/enrolment",
        &json!({}),
    );
    assert_eq!(link.status, 201, "{}", link.text());
    let code = link.json()["enrolment"]["code"]
        .as_str()
        .expect("a code")
        .to_owned();
    // A wrong one, a wrong signature, and a token in every place where one can be.
    let mut eve = Visitor::new(gateway.envoy.port);
    let begin = "/_latchkey/v1/auth/webauthn/register/begin";
    eve.call("POST", begin, &json!({"code": format!("{code}A")}));
    let token = ann.cookies["latchkey"].clone();
    for header in ["authorization", "x-latchkey-token", "cookie"] {
        let value = format!("Bearer {token}");
        let request = gateway.client().get("/_latchkey/userinfo");
        let _ = request.header(header, value).send();
    }
    secrets.push(code);
    assert!(secrets.len() > 14, "{}", secrets.len());
    let mut answers = Vec::new();
    for (method, path) in described(&gateway) {
        if method == "GET" {
            for asks in [&root, &ann] {
                let answer = asks.request("GET", &filled(&path)).send();
                answers.push((path.clone(), answer.text()));
            }
        }
    }
    let refused = eve.finish("login", &json!({"id": secrets[0], "rawId": secrets[0]}));
    answers.push(("a refusal".to_owned(), refused.text()));
    answers.push((
        "the sidecar's log".to_owned(),
        gateway.sidecar.process().log(),
    ));
    answers.push(("Envoy's log".to_owned(), gateway.envoy.process().log()));
    let metrics = gateway.sidecar.internal().get("/metrics").send();
    answers.push(("metrics".to_owned(), metrics.text()));
    for (place, text) in answers {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{secret} in {place}");
        }
        assert!(
            !text.contains("client_token") || place.contains("openapi"),
            "{place}"
        );
    }
}

#[test]
fn nothing_is_framed_and_links_come_from_the_configuration() {
    let (gateway, root, _ann) = peopled("");
    let own = gateway.url();
    let evil = "evil.example";
    let pages = [
        "/login", "/logout", "/account", "/enroll", "/admin", "/nowhere",
    ];
    let pages = pages.map(|page| format!("/_latchkey{page}"));
    let described = described(&gateway).into_iter();
    let endpoints = described.filter(|(method, _)| method == "GET");
    let paths: Vec<String> = endpoints
        .map(|(_, path)| filled(&path))
        .chain(pages)
        .chain(["/.well-known/webauthn", "/.well-known/passkey-endpoints"].map(str::to_owned))
        .collect();
    let mut links = BTreeSet::new();
    for path in paths {
        // The sidecar itself: the gateway serves the sign-in on its own hosts only.
        let direct = gateway.sidecar.public();
        let mut request = direct.get(&path).host(evil).header("accept", "text/html");
        for (name, value) in &root.cookies {
            request = request.header("cookie", format!("{name}={value}"));
        }
        for header in ["x-forwarded-host", "x-original-url", "forwarded"] {
            request = request.header(header, format!("host={evil}"));
        }
        let answer = request.send();
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
        assert!(!answer.text().contains(evil), "{path}: {}", answer.text());
        assert!(!format!("{:?}", answer.headers).contains(evil), "{path}");
        let text = answer.text();
        links.extend(text.match_indices(&own).map(|_| path.clone()));
    }
    assert!(
        links.contains("/.well-known/passkey-endpoints"),
        "{links:?}"
    );
    // What is sent to people.
    let made = root.script_request(
        "POST",
        "/_latchkey/v1/admin/users/ann/enrolment",
        &json!({}),
    );
    let made = made.send().json();
    let link = made["enrolment"]["link"].as_str().expect("a link");
    assert!(
        link.starts_with(&format!("{own}/_latchkey/enroll#")),
        "{link}"
    );
}

#[test]
fn nobody_registers_as_somebody_else() {
    let (gateway, mut root, _ann) = peopled("");
    let admin = "/_latchkey/v1/admin/users";
    let answer = root.call(
        "PATCH",
        &format!("{admin}/ann"),
        &json!({"email": "ann@example.com"}),
    );
    assert_eq!(answer.status, 200, "{}", answer.text());
    root.call(
        "POST",
        admin,
        &json!({"name": "former", "groups": ["staff"]}),
    );
    let gone = root.call("DELETE", &format!("{admin}/former"), &json!({}));
    assert_eq!(gone.status, 204, "{}", gone.text());
    let mut eve = Visitor::new(gateway.envoy.port);
    let begin = "/_latchkey/v1/auth/webauthn/register/begin";
    for (body, status, kind) in [
        (json!({"username": "ann"}), 409, "name-taken"),
        (json!({"username": " ANN "}), 409, "name-taken"),
        (json!({"username": "\u{ff41}nn"}), 409, "name-taken"),
        (json!({"username": "former"}), 409, "name-taken"),
        // Cyrillic, and a letter that cannot be seen.
        (json!({"username": "\u{430}nn"}), 400, "invalid-user-name"),
        (json!({"username": "an\u{200b}n"}), 400, "invalid-user-name"),
        (
            json!({"username": "eve", "email": "ann@example.com"}),
            400,
            "bad-request",
        ),
        (
            json!({"username": "eve", "groups": ["staff"]}),
            400,
            "bad-request",
        ),
    ] {
        let answer = eve.call("POST", begin, &body);
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
        assert_eq!(problem(&answer), kind, "{body}");
    }
    // What can be chosen freely says nothing to the application that it could take for more.
    let begin = json!({"username": "ann@example.com", "display_name": "ann"});
    let options = eve.begin("register", &begin);
    let response = eve.authenticator.create(&options);
    assert_eq!(eve.finish("register", &response).status, 200);
    let _ = gateway.upstream.take();
    assert_eq!(eve.request("GET", "/orders").send().status, 200);
    let asked = gateway.upstream.only();
    let user = asked.header("x-auth-request-user").expect("a user");
    assert!(user.len() == 36 && user.contains('-'), "{user}");
    assert_eq!(asked.header("x-auth-request-email"), None);
    assert_eq!(asked.header("x-auth-request-groups"), None);
    let name = asked.header("x-auth-request-preferred-username");
    assert_eq!(name.as_deref(), Some("ann@example.com"));
}
