//! Users over the wire of the Vault-style WebAuthn auth method, through the real gateway: made, read,
//! changed, claimed, deleted; and what a login answers.

use latchkey_tests::{Gateway, Plan, Response, Visitor, wait};
use serde_json::{Value, json};

use crate::operate::order;

const ANN: &str = "/_latchkey/v1/auth/webauthn/user/ann";
const FINISH: &str = "/_latchkey/v1/auth/webauthn/login/finish";
const CONFIG: &str = "/_latchkey/v1/auth/webauthn/config";

/// A gateway where nobody registers by themselves, and its first administrator.
fn administered() -> (Gateway, Visitor) {
    let mut plan = Plan::new();
    plan.sidecar.self_registration = false;
    "[admin]\nenabled = true\n".clone_into(&mut plan.sidecar.more);
    let gateway = plan.start();
    let made = order(&gateway, &["admin", "bootstrap", "-o", "json"]);
    let made: Value = serde_json::from_str(&made).expect("JSON");
    let link = made["enrolment"]["link"].as_str().expect("a link");
    let (_, code) = link.split_once('#').expect("a code");
    let mut root = Visitor::new(gateway.envoy.port);
    enrol(&mut root, &json!({ "code": code, "username": "root" }));
    (gateway, root)
}

/// Registers a passkey with a code.
fn enrol(visitor: &mut Visitor, body: &Value) -> Response {
    let options = visitor.begin("register", body);
    let response = visitor.authenticator.create(&options);
    let answer = visitor.finish("register", &response);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
}

fn data(answer: &Response) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["data"].clone()
}

/// What a login answers to a program, which sends no `Sec-Fetch-*`.
fn log_in_as_a_program(gateway: &Gateway, visitor: &mut Visitor, name: &str) -> Value {
    let options = visitor.begin("login", &json!({ "username": name }));
    let response = visitor.authenticator.get(&options);
    let answer = gateway.client().post(FINISH, &response).send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["auth"].clone()
}

#[test]
fn a_user_is_made_claimed_read_changed_and_deleted() {
    let (gateway, mut root) = administered();
    assert_eq!(
        data(&root.call("GET", CONFIG, &Value::Null))["auto_registration"],
        false
    );
    let wish = json!({
        "display_name": "Annabel", "token_policies": ["read", "write"], "token_ttl": "5m",
        "token_max_ttl": 7_200, "token_period": "1h", "enroll": true,
    });
    let made = data(&root.call("POST", ANN, &wish));
    assert_eq!(
        (&made["passkeys"], &made["token_ttl"]),
        (&json!(0), &json!(300))
    );
    let code = made["enrolment"]["code"]
        .as_str()
        .expect("a code")
        .to_owned();

    // A preview robot that opens the link spends nothing, and learns nothing.
    let link = made["enrolment"]["link"].as_str().expect("a link");
    let (address, _) = link.split_once('#').expect("a fragment");
    let path = address.strip_prefix(&gateway.url()).expect("ours");
    for _ in 0..3 {
        let page = gateway.client().request("GET", path).send();
        assert_eq!(page.status, 200);
        assert!(!page.text().contains("Annabel"));
    }
    assert!(
        made["enrolment"]["qr_svg"]
            .as_str()
            .is_some_and(|it| it.starts_with("<svg"))
    );
    let mut ann = Visitor::new(gateway.envoy.port);
    let auth = enrol(&mut ann, &json!({ "code": code })).json()["auth"].clone();
    assert_eq!(auth["policies"], json!(["read", "write"]));
    let again = ann.call(
        "POST",
        "/_latchkey/v1/auth/webauthn/register/begin",
        &json!({ "code": code }),
    );
    assert_eq!(again.status, 400, "{}", again.text());

    // A program is given the token; it opens the application, and lives as long as was written.
    let auth = log_in_as_a_program(&gateway, &mut ann, "ann");
    assert_eq!(auth["policies"], json!(["read", "write"]));
    assert_eq!(auth["lease_duration"], 300);
    assert_eq!(auth["metadata"]["username"], "ann");
    let token = auth["client_token"].as_str().expect("a token").to_owned();
    let orders = |gateway: &Gateway| {
        let request = gateway.client().request("GET", "/orders");
        request
            .header("authorization", format!("Bearer {token}"))
            .send()
            .status
    };
    assert_eq!(orders(&gateway), 200);

    let shown = data(&root.call("GET", ANN, &Value::Null));
    for (name, value) in [
        ("display_name", json!("Annabel")),
        ("token_policies", json!(["read", "write"])),
        ("token_ttl", json!(300)),
        ("token_max_ttl", json!(7_200)),
        ("token_period", json!(3_600)),
        ("passkeys", json!(1)),
        ("enrolment", Value::Null),
    ] {
        assert_eq!(shown[name], value, "{name}: {shown}");
    }
    let changed = data(&root.call(
        "POST",
        ANN,
        &json!({ "token_policies": ["read"], "token_ttl": 0 }),
    ));
    assert_eq!(
        (&changed["token_policies"], &changed["display_name"]),
        (&json!(["read"]), &json!("Annabel"))
    );
    let auth = log_in_as_a_program(&gateway, &mut ann, "ann");
    assert_eq!(auth["policies"], json!(["read"]));
    assert_ne!(auth["lease_duration"], 300, "as for everyone");
    // A token never outlives what the user's sessions may.
    data(&root.call("POST", ANN, &json!({ "token_max_ttl": 60 })));
    let auth = log_in_as_a_program(&gateway, &mut ann, "ann");
    assert_eq!(auth["lease_duration"], 60);

    let refused = ann.call("GET", ANN, &Value::Null);
    assert_eq!(refused.status, 403, "{}", refused.text());
    let deleted = root.call("DELETE", ANN, &json!({}));
    assert_eq!(deleted.status, 204, "{}", deleted.text());
    assert_eq!(root.call("GET", ANN, &Value::Null).status, 404);
    wait::until("the token of a deleted user is refused", || {
        (orders(&gateway) == 401).then_some(())
    });
    let again = root.call("POST", ANN, &json!({}));
    assert_eq!(again.status, 409, "{}", again.text());
    assert_eq!(again.json()["type"], "urn:latchkey:problem:name-taken");
}

#[test]
fn users_are_found_page_by_page() {
    let (_gateway, mut root) = administered();
    for n in 0..25 {
        let path = format!("/_latchkey/v1/auth/webauthn/user/u{n:02}");
        let groups = if n % 5 == 0 {
            json!(["fifth"])
        } else {
            json!([])
        };
        data(&root.call("POST", &path, &json!({ "groups": groups })));
    }
    let mut names = Vec::new();
    let mut path = "/_latchkey/v1/admin/users?limit=10".to_owned();
    loop {
        let answer = root.call("GET", &path, &Value::Null).json();
        let page = answer["users"].as_array().expect("users").clone();
        assert!(page.len() <= 10);
        names.extend(
            page.iter()
                .map(|it| it["name"].as_str().expect("a name").to_owned()),
        );
        match answer["next"].as_str() {
            Some(next) => path = format!("/_latchkey/v1/admin/users?limit=10&after={next}"),
            None => break,
        }
    }
    let mut expected: Vec<String> = (0..25).map(|n| format!("u{n:02}")).collect();
    expected.insert(0, "root".to_owned());
    assert_eq!(names, expected);
    let found = |root: &mut Visitor, query: &str| {
        let path = format!("/_latchkey/v1/admin/users?{query}");
        root.call("GET", &path, &Value::Null).json()["users"]
            .as_array()
            .map(Vec::len)
    };
    assert_eq!(found(&mut root, "group=fifth"), Some(5));
    assert_eq!(found(&mut root, "search=U1"), Some(10));
}
