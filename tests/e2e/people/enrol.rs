//! The way in for people: the first administrator's code, and links for everyone else.

use latchkey_tests::{Browser, Plan, Received};
use serde_json::{Value, json};

use super::Person;
use crate::operate::order;

impl Person {
    /// Registers a passkey with a link; a name goes with the first administrator's only.
    pub(super) fn enrol(&mut self, link: &str, name: Option<&str>) {
        self.answer_by_itself(false);
        self.page.open(link);
        self.page
            .wait_for("document.querySelector('#panel-link')?.checkVisibility()");
        let address = self.page.eval("location.href");
        assert!(
            !address.to_string().contains('#'),
            "the code is in no history"
        );
        self.assert_page_is_sound("a link");
        if let Some(name) = name {
            self.page.fill("#link-name", name);
        }
        self.say_yes();
        self.page.click("#link-form button[type=submit]");
        self.page
            .wait_for("document.querySelector('#panel-label')?.checkVisibility()");
        self.assert_page_is_sound("a passkey by link");
        self.page.click("#label-form button[type=submit]");
        self.page.wait_for_path("/_latchkey/account");
    }

    /// What a script of the sign-in's own pages gets: status and body.
    fn fetch(&mut self, method: &str, path: &str, body: &Value) -> (Value, Value) {
        let body = match method {
            "GET" => Value::Null,
            _ => json!({ "body": body.to_string() }),
        };
        let script = format!(
            "fetch('/_latchkey{path}', {{ method: '{method}', ...{body}, \
             headers: {{ 'content-type': 'application/json' }} }})\
             .then(async (answer) => [answer.status, await answer.json()])"
        );
        let mut answer = self.page.eval(&script);
        (answer[0].take(), answer[1].take())
    }
}

#[test]
fn the_first_administrator_lets_the_next_person_in() {
    let mut plan = Plan::new();
    plan.sidecar.self_registration = false;
    plan.sidecar.more = "[admin]\nenabled = true\n".to_owned();
    let mut person = Person::at(plan.start(), Browser::start());
    let made = order(&person.gateway, &["admin", "bootstrap", "-o", "json"]);
    let made: Value = serde_json::from_str(&made).expect("JSON");
    person.enrol(made["enrolment"]["link"].as_str().expect("a link"), Some("root"));

    // Strangers get nowhere, by page or by script.
    let (status, refused) = person.fetch(
        "POST",
        "/v1/auth/webauthn/register/begin",
        &json!({ "username": "eve" }),
    );
    let off = json!("urn:latchkey:problem:registration-off");
    assert_eq!((&status, &refused["type"]), (&json!(403), &off));

    let (status, listed) = person.fetch("GET", "/v1/admin/users", &Value::Null);
    assert_eq!(
        (&status, &listed["users"][0]["name"]),
        (&json!(200), &json!("root")),
        "{listed}"
    );
    let wish = json!({ "name": "ann", "enroll": true });
    let (status, made) = person.fetch("POST", "/v1/admin/users", &wish);
    assert_eq!(status, 201, "{made}");
    let link = made["enrolment"]["link"]
        .as_str()
        .expect("a link")
        .to_owned();

    person.log_out();
    person.take_another_authenticator();
    person.open("/orders");
    person.await_login_page();
    let offered = person
        .page
        .eval("document.querySelectorAll('[data-action=show-register], #panel-register').length");
    assert_eq!(offered, 0, "no account to be made by oneself");
    person.enrol(&link, None);
    let (status, refused) = person.fetch("GET", "/v1/admin/users", &Value::Null);
    assert_eq!(status, 403, "not everyone is an administrator: {refused}");
    person.open("/orders");
    person.page.wait_for_path("/orders");
    let _ = person.received("/orders");

    let log = order(&person.gateway, &["audit", "-o", "json"]);
    let log: Value = serde_json::from_str(&log).expect("JSON");
    let records = log["records"].as_array().expect("records");
    for (actor, action, user) in [
        ("root", "bootstrapped", "root"),
        ("root", "user_create", "ann"),
        ("ann", "enrolled", "ann"),
    ] {
        let found = records.iter().any(|it| {
            (&it["actor"], &it["action"], &it["user"])
                == (&json!(actor), &json!(action), &json!(user))
        });
        assert!(found, "{actor} {action} {user}: {log:#}");
    }
}

#[test]
fn a_link_of_another_mount_leads_to_a_passkey_there() {
    let mut plan = Plan::new();
    plan.sidecar.self_registration = false;
    let mut person = Person::at(plan.start(), Browser::start());
    let json_of = |person: &Person, arguments: &[&str]| -> Value {
        let answer = order(&person.gateway, &[arguments, &["-o", "json"]].concat());
        serde_json::from_str(&answer).expect("JSON")
    };
    // While it runs: no restart, no configuration file.
    let made = json_of(
        &person,
        &["mounts", "set", "staff", "rp_display_name=Staff"],
    );
    assert_eq!(made["rp_id"], "localhost");
    json_of(&person, &["users", "add", "ann"]);
    let made = json_of(&person, &["users", "link", "ann", "--mount", "staff"]);
    let link = made["enrolment"]["link"].as_str().expect("a link");
    assert!(link.contains("/enroll#staff."), "{link}");
    person.enrol(link, None);
    let passkeys = json_of(&person, &["users", "passkeys", "ann"]);
    assert_eq!(passkeys["passkeys"][0]["mount"], "staff");
}

#[test]
fn a_link_says_whose_it_is_and_a_dead_one_leaves_nothing_to_fill_in() {
    let mut plan = Plan::new();
    plan.sidecar.self_registration = false;
    let mut person = Person::at(plan.start(), Browser::start());
    order(&person.gateway, &["users", "add", "ann"]);
    let made = order(&person.gateway, &["users", "link", "ann", "-o", "json"]);
    let made: Value = serde_json::from_str(&made).expect("JSON");
    let link = made["enrolment"]["link"].as_str().expect("a link");
    person.open("/_latchkey/nothing");
    person.page.open(link);
    person
        .page
        .wait_for("document.querySelector('#link-for')?.checkVisibility()");
    let text = person.page.text();
    assert!(text.contains("It is for the account ann."), "{text}");
    assert!(text.contains("The link works once."), "{text}");
    person.enrol(link, None);

    person.log_out();
    person.page.open(link);
    person
        .page
        .wait_for("document.querySelector('#panel-dead')?.checkVisibility()");
    let title = "document.querySelector('#alert .notice-title').textContent";
    assert_eq!(person.page.eval(title), "This link does not work any more");
    let left = "[...document.querySelectorAll('#enroll :is(form, input, button)')]\
                .filter((it) => it.checkVisibility()).length";
    assert_eq!(person.page.eval(left), 0, "nothing to fill in");
    assert!(
        !person.page.text().contains("ann"),
        "whose it was is not told"
    );
    let found = person.page.axe();
    assert!(found.is_empty(), "{found:#?}");
    person.page.click("#to-recovery");
    person
        .page
        .wait_for("document.querySelector('#recover-form')?.checkVisibility()");
}

#[test]
fn a_link_asks_nothing_of_the_application() {
    let mut person = Person::registered("alice");
    person.open("/orders");
    person.page.wait_for_path("/orders");
    let _ = person.gateway.upstream.take();
    // Whatever stands where a link names its mount: a browser reads `%2e%2e` as `..`, too.
    for target in ["/orders/cancel?", "/orders/cancel/"] {
        let up = "%2e%2e/".repeat(4);
        let astray = format!("{up}{}", target.trim_start_matches('/'));
        person.open("/_latchkey/nothing");
        person.open(&format!("/_latchkey/enroll#{astray}.code"));
        // It asks for whom the link is.
        person.page.wait_for(
            "performance.getEntriesByType('resource').some((it) => it.initiatorType === 'fetch')",
        );
        let received = person.gateway.upstream.take();
        let targets: Vec<_> = received.iter().map(Received::target).collect();
        assert!(
            targets.iter().all(|it| !it.starts_with("/orders")),
            "{targets:?}"
        );
        person
            .page
            .wait_for("document.querySelector('#panel-dead')?.checkVisibility()");
    }
}
