//! Pages that need more than a session.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use latchkey_tests::{Browser, Plan, wait};
use serde_json::{Value, json};

use super::Person;

/// What the browser's token says.
fn claims(person: &mut Person) -> Value {
    let token = person.session_token();
    let payload = token.split('.').nth(1).expect("a payload");
    let payload = BASE64URL.decode(payload).expect("base64url");
    serde_json::from_slice(&payload).expect("JSON")
}

fn await_panel(person: &mut Person, name: &str) {
    person.page.wait_for(&format!(
        "document.readyState === 'complete' \
         && document.querySelector('#panel-{name}')?.checkVisibility()"
    ));
}

#[test]
fn a_person_confirms_and_goes_on_to_the_page() {
    let mut person = Person::registered("ann");
    let before = person.session_token();
    person.open("/_latchkey/login?rd=/fresh&max_age=0&acr_values=phr&need=device_bound");
    await_panel(&mut person, "confirm");
    person.assert_page_is_sound("the question to confirm");
    let text = person
        .page
        .eval("document.querySelector('#panel-confirm').innerText");
    let text = text.as_str().unwrap_or_default();
    assert!(
        text.contains("kept on one device or security key"),
        "{text}"
    );
    person.say_yes();
    person.page.click("#panel-confirm [data-action=confirm]");
    person.page.wait_for_path("/fresh");
    let _ = person.received("/fresh");
    assert_ne!(person.session_token(), before);
}

#[test]
fn a_person_whose_passkey_is_not_enough_is_told_so() {
    let mut person = Person::registered("ann");
    // The browser's own authenticator keeps the passkey on this device.
    person.open("/_latchkey/login?rd=/synced&need=synced");
    await_panel(&mut person, "confirm");
    person.say_yes();
    person.page.click("#panel-confirm [data-action=confirm]");
    await_panel(&mut person, "lacking");
    person.assert_page_is_sound("the passkey is not enough");
    assert!(!person.reached_application("/synced"));

    // What only the gateway can judge is believed once: it sends on.
    person.open("/_latchkey/login?rd=/model&need=aaguid");
    await_panel(&mut person, "confirm");
    person.say_yes();
    person.page.click("#panel-confirm [data-action=confirm]");
    person.page.wait_for_path("/model");
}

/// The whole of it: the gateway finds the session too old, the login renews it, the page opens.
#[test]
fn a_session_that_grew_too_old_for_a_page_is_confirmed_and_the_page_opens() {
    let mut plan = Plan::new();
    plan.envoy.rules_first(json!([
        {"match": {"paths": ["/fresh"]}, "allow": "authenticated", "require": {"max_age": "20s"}},
    ]));
    plan.envoy
        .edit_filter(|filter| filter["clock_skew"] = json!("0s"));
    let mut person = Person::at(plan.start(), Browser::start());
    person.open("/");
    person.await_login_page();
    person.register("ann");
    person.page.wait_for_path("/");
    let before = claims(&mut person);
    let cookie = format!("latchkey={}", person.session_token());
    let client = person.gateway.client().with("cookie", &cookie);
    let answer = wait::until("the session is too old", || {
        let answer = client.get("/fresh").send();
        (answer.status == 401).then_some(answer)
    });
    let challenge = answer.header("www-authenticate").expect("a challenge");
    let asked = "error=\"insufficient_user_authentication\", max_age=\"20\"";
    assert!(challenge.contains(asked), "{challenge}");
    assert_eq!(client.get("/other").send().status, 200);
    let _ = person.gateway.upstream.take();

    person.open("/fresh?q=1");
    await_panel(&mut person, "confirm");
    assert!(!person.reached_application("/fresh?q=1"));
    person.say_yes();
    person.page.click("#panel-confirm [data-action=confirm]");
    person
        .page
        .wait_for("location.pathname === '/fresh' && location.search === '?q=1'");
    let _ = person.received("/fresh?q=1");
    let after = claims(&mut person);
    assert_eq!(after["sid"], before["sid"], "the same session");
    let time = |claims: &Value| claims["auth_time"].as_u64().expect("a time");
    assert!(time(&after) > time(&before));
}
