//! Pages that need more than a session.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use latchkey_tests::{Browser, Plan, Upstream, wait};
use serde_json::{Value, json};
use std::fs;

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

/// What the browser's own authenticators attest with, in DER.
fn maker(browser: &Browser) -> Vec<u8> {
    let upstream = Upstream::start();
    let mut page = browser.page();
    page.open(&format!("http://localhost:{}/", upstream.port));
    let authenticator = page.add_authenticator("usb");
    let attested = page.eval(
        "navigator.credentials.create({publicKey: {
            challenge: new Uint8Array(32), rp: {name: 'x'},
            user: {id: new Uint8Array(16), name: 'a', displayName: 'a'},
            pubKeyCredParams: [{type: 'public-key', alg: -7}], attestation: 'direct'}})
         .then(made => [...new Uint8Array(made.response.attestationObject)])",
    );
    page.remove_authenticator(&authenticator);
    let attested: Vec<u8> = serde_json::from_value(attested).expect("bytes");
    // CBOR: an array of one byte string, whose length has two bytes.
    let name = b"cx5c\x81\x59";
    let at = attested.windows(name.len()).position(|bytes| bytes == name);
    let rest = &attested[at.expect("a certificate") + name.len()..];
    let length = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
    rest[2..2 + length].to_vec()
}

/// The whole of it once more: the gateway finds the login too weak, the login asks for exactly what is
/// missing, and a stronger passkey opens the page in the same session.
#[test]
fn a_session_that_is_too_weak_for_a_page_is_made_stronger_and_the_page_opens() {
    let browser = Browser::start();
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("maker.der"), maker(&browser)).expect("an anchor");
    let mut plan = Plan::new();
    plan.sidecar.more = format!(
        "attestation = \"indirect\"\n[attestation]\nanchors = \"{}\"\n",
        directory.path().display()
    );
    plan.envoy.rules_first(json!([
        {"match": {"paths": ["/vault"]}, "allow": "authenticated", "require": {"acr": "phrh"}},
    ]));
    let mut person = Person::at(plan.start(), browser);
    person.put_authenticators_away();
    let phone = person.page.add_synced_authenticator("internal");
    person.authenticators.push(phone.clone());
    person.open("/");
    person.await_login_page();
    person.register("ann");
    person.page.wait_for_path("/");
    person.open("/_latchkey/account");
    let key = person.add_passkey("Security key");
    // Logged in with the weaker one: adding another changes nothing about that.
    person.log_out();
    person.open("/");
    person.await_login_page();
    person.page.answer_by_itself(&phone, true);
    person.page.fill("#login-name", "ann");
    person.page.click("#login-form button[type=submit]");
    person.page.wait_for_path("/");
    let before = claims(&mut person);
    assert_eq!(before["acr"], "phr", "{before}");

    let cookie = format!("latchkey={}", person.session_token());
    let client = person.gateway.client().with("cookie", &cookie);
    assert_eq!(client.get("/other").send().status, 200);
    let answer = client.get("/vault").send();
    assert_eq!(answer.status, 401);
    let asked = "error=\"insufficient_user_authentication\", acr_values=\"phrh\"";
    let challenge = answer.header("www-authenticate").expect("a challenge");
    assert!(challenge.ends_with(asked), "{challenge}");
    let _ = person.gateway.upstream.take();

    person.open("/vault?q=1");
    await_panel(&mut person, "confirm");
    let query = person.page.eval("location.search");
    assert_eq!(query, "?rd=/vault%3Fq%3D1&acr_values=phrh");
    let needs = "document.querySelector('#panel-confirm .needs')?.innerText";
    let needs = person.page.eval(needs);
    let needs = needs.as_str().unwrap_or_default();
    assert!(
        needs.contains("kept on one device or security key"),
        "{needs}"
    );
    // The weaker one again is not enough, and leads nowhere.
    person.page.answer_by_itself(&phone, true);
    person.page.click("#panel-confirm [data-action=confirm]");
    await_panel(&mut person, "lacking");
    assert!(!person.reached_application("/vault?q=1"));
    let same = claims(&mut person);
    assert_eq!(
        (&same["sid"], &same["acr"]),
        (&before["sid"], &json!("phr"))
    );

    let confirmed = same["auth_time"].as_u64().expect("a time");
    wait::until("the next second", || {
        (wait::unix_now() > confirmed).then_some(())
    });
    person.open("/vault?q=1");
    await_panel(&mut person, "confirm");
    person.page.answer_by_itself(&phone, false);
    person.page.answer_by_itself(&key, true);
    person.page.click("#panel-confirm [data-action=confirm]");
    person
        .page
        .wait_for("location.pathname === '/vault' && location.search === '?q=1'");
    let _ = person.received("/vault?q=1");
    let after = claims(&mut person);
    assert_eq!(after["sid"], before["sid"], "the same session");
    assert_eq!(after["acr"], "phrh", "{after}");
    assert!(after["auth_time"].as_u64() > Some(confirmed), "{after}");
    let token = person.session_token();
    let stronger = person.gateway.client().get("/vault");
    let stronger = stronger.header("cookie", format!("latchkey={token}"));
    assert_eq!(stronger.send().status, 200);
}
