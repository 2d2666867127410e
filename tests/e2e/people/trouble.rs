//! What goes wrong in a browser, and what the page says then.

use latchkey_tests::{Browser, Gateway};
use serde_json::json;

use super::Person;

const TOLD: &str = "document.querySelector('#alert').textContent.trim() !== ''";

#[test]
fn cancelling_is_no_disaster() {
    let mut person = Person::registered("ann");
    person.log_out();
    person.open("/wanted");
    person.await_login_page();
    person.page.fill("#login-name", "ann");
    person.page.click("#login-form button[type=submit]");
    person
        .page
        .wait_for("document.querySelector('#cancel').checkVisibility()");
    person.assert_page_is_sound("waiting for the authenticator");
    person.page.click("#cancel");
    person
        .page
        .wait_for("!document.querySelector('#cancel').checkVisibility()");
    person.assert_page_is_sound("cancelled");
    person.log_in_as("ann");
    person.page.wait_for_path("/wanted");
}

#[test]
fn an_unknown_name_is_refused_in_words_that_tell_nothing() {
    let mut person = Person::registered("ann");
    person.log_out();
    let mut said = Vec::new();
    for name in ["nobody", "ann"] {
        person.open("/");
        person.await_login_page();
        // An authenticator that holds nothing for this site.
        let authenticator = person.authenticators[0].clone();
        person.page.call(
            "WebAuthn.clearCredentials",
            &json!({"authenticatorId": authenticator}),
        );
        person.log_in_as(name);
        person.page.wait_for(TOLD);
        person.assert_page_is_sound("no passkey for this name");
        said.push(
            person
                .page
                .eval("document.querySelector('#alert').textContent.trim()"),
        );
    }
    assert_eq!(said[0], said[1]);
}

#[test]
fn a_name_that_is_taken_or_no_name_is_said_at_the_field() {
    let mut person = Person::registered("ann");
    person.log_out();
    for (name, state) in [
        ("ANN", "a name that is taken"),
        ("a/b", "a name that cannot be"),
        ("", "no name"),
    ] {
        person.open("/_latchkey/login#register");
        person
            .page
            .wait_for("document.querySelector('#panel-register').checkVisibility()");
        person.page.fill("#register-name", name);
        person.say_yes();
        person.page.click("#register-form button[type=submit]");
        person
            .page
            .wait_for("document.querySelector('#register-name-error').checkVisibility()");
        assert_eq!(
            person
                .page
                .eval("document.querySelector('#register-name').ariaInvalid"),
            "true",
            "{state}"
        );
        // A refused request is an entry of the console; everything else would be a fault.
        let found = person.page.axe();
        assert!(found.is_empty(), "{state}: {found:#?}");
    }
}

#[test]
fn a_browser_without_cookies_is_told_so_instead_of_sent_in_circles() {
    let browser = Browser::with_preferences(
        &json!({"profile": {"default_content_setting_values": {"cookies": 2}}}),
    );
    let mut person = Person::at(Gateway::start(), browser);
    person.open("/wanted");
    person.await_login_page();
    person.register("ann");
    person
        .page
        .wait_for("location.pathname === '/_latchkey/stuck' && document.readyState === 'complete'");
    assert!(
        person.page.text().contains("cookies"),
        "{}",
        person.page.text()
    );
    person.assert_page_is_sound("cookies are blocked");
    assert!(!person.reached_application("/wanted"));
}

#[test]
fn a_page_that_is_not_there_says_so() {
    let mut person = Person::new();
    person.open("/_latchkey/nothing-here");
    assert!(
        person.page.text().to_lowercase().contains("not"),
        "{}",
        person.page.text()
    );
    let found = person.page.axe();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_page_holds_on_a_phone_and_in_the_dark_in_every_language() {
    let mut person = Person::registered("ann");
    let pages = [
        "/_latchkey/account",
        "/_latchkey/logout",
        "/_latchkey/login",
        "/_latchkey/login?max_age=0",
        "/_latchkey/login?rd=/x&need=synced&need=attested&after=1",
        "/_latchkey/enroll",
        "/_latchkey/stuck",
        "/_latchkey/stuck?why=cookies",
        "/_latchkey/nothing",
    ];
    for (language, tag) in [("en-GB", "en"), ("zh-CN", "zh-Hans")] {
        person.prefer(language);
        for (scheme, width) in [("light", 320), ("dark", 320), ("dark", 1280)] {
            person.look_at(scheme, width);
            for path in pages {
                person.open(path);
                let state = format!("{path}, {language}, {scheme}, {width} pixels");
                assert_eq!(
                    person.page.eval("document.documentElement.lang"),
                    tag,
                    "{state}"
                );
                person.assert_page_is_sound(&state);
                let sideways =
                    "document.documentElement.scrollWidth > document.documentElement.clientWidth";
                assert_eq!(
                    person.page.eval(sideways),
                    false,
                    "{state}: scrolls sideways"
                );
            }
        }
    }
}

impl Person {
    /// Changes the window's width and the colours that the person likes.
    pub(super) fn look_at(&mut self, scheme: &str, width: u32) {
        self.page.call(
            "Emulation.setDeviceMetricsOverride",
            &json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}),
        );
        self.page.call(
            "Emulation.setEmulatedMedia",
            &json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]}),
        );
    }
}
