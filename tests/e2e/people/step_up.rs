//! Pages that need more than a session.

use super::Person;

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
