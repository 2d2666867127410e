//! The pages in the dark, and on a screen of 320 CSS pixels (WCAG 2.2, success criterion 1.4.10).

use serde_json::{Value, json};

use super::Person;
use super::administration::administrator;

impl Person {
    /// Asserts that a page is sound in the dark and on a narrow screen, and scrolls in one direction.
    fn assert_page_looks_right(&mut self, state: &str) {
        for (width, scheme) in [(1280, "dark"), (320, "light"), (320, "dark")] {
            let scheme = json!([{"name": "prefers-color-scheme", "value": scheme}]);
            let size =
                json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
            let features = json!({ "features": scheme });
            self.page.call("Emulation.setEmulatedMedia", &features);
            self.page.call("Emulation.setDeviceMetricsOverride", &size);
            self.page.wait_for(&format!("innerWidth === {width}"));
            let place = format!("{state}, {width} wide, {scheme}");
            self.assert_page_is_sound(&place);
            let over = self.page.eval(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth",
            );
            assert_eq!(over, 0, "{place}");
            // A head whose links leave its name no room breaks it in the middle of words.
            let lines = self.page.eval(
                "{ const name = document.querySelector('.masthead-name'); \
                 name.getBoundingClientRect().height / parseFloat(getComputedStyle(name).lineHeight) }",
            );
            let lines = lines.as_f64().expect("a number");
            assert!(lines < 2.5, "{place}: the name has {lines} lines");
        }
        self.page
            .call("Emulation.clearDeviceMetricsOverride", &Value::Null);
    }
}

#[test]
fn every_view_of_an_administrator_fits_a_narrow_screen_and_the_dark() {
    let mut root = administrator();
    root.open("/_latchkey/account");
    root.page
        .wait_for("document.querySelector('#codes-part')?.checkVisibility()");
    root.assert_page_looks_right("the account");
    root.open("/_latchkey/admin#users");
    root.await_view("#users-search");
    root.page.click(".pick-one");
    root.seen("1 user is selected");
    root.assert_page_looks_right("users");
    for (hash, selector) in [
        ("#new", "#new-user"),
        ("#users/root", "#user-form"),
        ("#transfer", "#import-form"),
        ("#sessions", ".end-everyone"),
        ("#policy", ".settings"),
        ("#mount", "#mount-form"),
        ("#audit", "#audit-search"),
    ] {
        root.go(hash, selector);
        root.assert_page_looks_right(hash);
    }
}

#[test]
fn whoever_signs_in_does_so_on_a_narrow_screen_and_in_the_dark() {
    let mut person = Person::new();
    person.open("/");
    person.await_login_page();
    person.assert_page_looks_right("the login page");
    person.page.click("[data-action=show-register]");
    person
        .page
        .wait_for("document.querySelector('#register-form').checkVisibility()");
    person.assert_page_looks_right("a new account");
    for path in [
        "/_latchkey/enroll",
        "/_latchkey/stuck",
        "/_latchkey/nothing",
    ] {
        person.open(path);
        person.page.wait_for("document.readyState === 'complete'");
        // The browser notes the 404 itself.
        let _ = person.page.take_console();
        person.assert_page_looks_right(path);
    }
}
