//! What a page says stands where it covers nothing that its reader needs next.

use latchkey_tests::Browser;
use serde_json::json;

use super::Person;

const SAID: &str = "document.querySelector('.said')?.checkVisibility()";

impl Person {
    fn window(&mut self, width: u32, height: u32) {
        self.page.call(
            "Emulation.setDeviceMetricsOverride",
            &json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}),
        );
    }

    /// Asserts that all of an element (an expression) is to be seen, and nothing over it.
    fn assert_uncovered(&mut self, element: &str, state: &str) {
        let covered = self.page.eval(&format!(
            "(() => {{ const e = {element}; const r = e.getBoundingClientRect(); const found = [];
             for (const x of [r.left + 6, r.left + r.width / 2, r.right - 6])
               for (const y of [r.top + 6, r.top + r.height / 2, r.bottom - 6]) {{
                 const top = document.elementFromPoint(x, y);
                 if (!top || !(e.contains(top) || top.contains(e)))
                   found.push([x, y, top ? top.outerHTML.slice(0, 120) : 'out of sight']);
               }}
             return found; }})()"
        ));
        assert_eq!(covered, json!([]), "{state}: {element}");
    }
}

#[test]
fn cancelling_on_a_phone_leaves_fields_and_button_free() {
    let mut person = Person::new();
    person.window(320, 640);
    person.open("/_latchkey/login#register");
    person.page.fill("#register-name", "ann");
    person.page.click("#register-form button[type=submit]");
    person.page.click("#cancel");
    person.page.wait_for(SAID);
    let said = person
        .page
        .eval("document.querySelector('.said').textContent");
    assert_eq!(said, "Cancelled. Nothing was changed.");
    assert_eq!(
        person
            .page
            .eval("document.querySelector('#status').textContent"),
        said,
        "screen readers hear it"
    );
    let floating = "[...document.querySelectorAll('main *')].filter((it) => it.checkVisibility() \
                    && it.innerText && /fixed|sticky/.test(getComputedStyle(it).position)).length";
    assert_eq!(person.page.eval(floating), 0, "nothing lies over the page");
    person.assert_uncovered("document.activeElement", "cancelled");
    person.assert_uncovered("document.querySelector('.said')", "cancelled");
    for needed in [
        "#register-name",
        "#register-display",
        "#register-form .button-main",
    ] {
        let element = format!("document.querySelector('{needed}')");
        person
            .page
            .eval(&format!("{element}.scrollIntoView({{block: 'nearest'}})"));
        person.assert_uncovered(&element, "cancelled");
    }
    person.assert_page_is_sound("cancelled on a phone");
}

#[test]
fn a_passkey_that_was_added_can_be_named_at_once() {
    for (width, height) in [(320, 640), (320, 700), (1280, 720)] {
        let state = format!("{width} x {height}");
        let mut person = Person::registered("ann");
        person.window(width, height);
        person.open("/_latchkey/account");
        person
            .page
            .wait_for("document.querySelector('#codes-part')?.checkVisibility()");
        person.take_another_authenticator();
        person.page.click("#add");
        person.page.wait_for(SAID);
        person
            .page
            .wait_for("document.activeElement.name === 'label'");
        person.assert_uncovered("document.activeElement", &state);
        person.assert_uncovered("document.querySelector('.said')", &state);
        // It goes with the next thing that is done, and takes no click away.
        person
            .page
            .click("#passkeys > li:last-child button[type=submit]");
        person.page.wait_for(
            "document.querySelectorAll('.said').length === 1 \
             && document.querySelector('.said').textContent.includes('is now called')",
        );
        person.assert_uncovered("document.activeElement", &state);
        let within = person
            .page
            .eval("document.querySelector('.passkey-view .said') !== null");
        assert_eq!(within, false, "{state}: it squeezes the passkey");
    }
}

const CODES: &str = "[...document.querySelectorAll('#codes code')].map((it) => it.textContent)";

#[test]
fn recovery_codes_are_seen_copied_and_not_replaced_by_one_click() {
    let mut person = Person::registered("ann");
    person.window(1280, 720);
    person.open("/_latchkey/account");
    person
        .page
        .wait_for("document.querySelector('#codes-left').textContent.startsWith('You have none.')");
    assert!(person.page.text().contains("you cannot sign in"));
    person.page.click("#codes-make");
    person
        .page
        .wait_for("document.querySelector('#codes-once').checkVisibility()");
    person.assert_uncovered("document.querySelector('#codes li')", "new codes");
    person.assert_page_is_sound("new codes");
    let text = person.page.text();
    assert!(!text.contains("you cannot sign in"), "{text}");
    assert!(text.contains("a recovery code is your only way back"));

    let first = person.page.eval(CODES);
    person.page.eval(
        "navigator.clipboard.writeText = async () => { throw new DOMException('', 'NotAllowedError') }; \
         document.addEventListener('copy', () => { window.copied = getSelection().toString() })",
    );
    person.page.click("#codes-copy");
    person.page.wait_for(&format!(
        "{CODES}.every((code) => window.copied?.includes(code))"
    ));
    person.page.wait_for(SAID);
    person.assert_uncovered("document.activeElement", "copied");
    person.assert_uncovered("document.querySelector('#codes li')", "copied");

    for (answer, kept) in [("keep", true), ("replace", false)] {
        // The page takes the next click once it has noticed the answer, which is after the dialog closed.
        person.page.wait_for(
            "document.querySelector('#confirm-codes').open \
             || void document.querySelector('#codes-make').click()",
        );
        person.assert_page_is_sound("the question whether to replace the codes");
        person
            .page
            .click(&format!("#confirm-codes [value={answer}]"));
        person
            .page
            .wait_for("!document.querySelector('#confirm-codes').open");
        if kept {
            assert_eq!(person.page.eval(CODES), first);
        } else {
            let first = &first;
            person.page.wait_for(&format!(
                "JSON.stringify({CODES}) !== JSON.stringify({first})"
            ));
        }
    }

    let second = person.page.eval(CODES);

    // Loaded again, the page knows that there are some.
    person.open("/_latchkey/account");
    person
        .page
        .wait_for("document.querySelector('#codes-left').textContent.includes('left')");
    assert!(!person.page.text().contains("you cannot sign in"));

    // With one of them there is a passkey to register, and no word of a link.
    person.log_out();
    person.take_another_authenticator();
    person.open("/_latchkey/enroll");
    person.page.fill("#recover-name", "ann");
    person
        .page
        .fill("#recover-code", second[0].as_str().expect("a code"));
    person.page.click("#recover-form button[type=submit]");
    person
        .page
        .wait_for("document.querySelector('#link-for').checkVisibility()");
    let text = person.page.text();
    assert!(text.contains("the account ann"), "{text}");
    assert!(text.contains("recovery code was accepted"), "{text}");
    assert!(!text.contains("link works once"), "{text}");
    person.assert_page_is_sound("a recovery code was accepted");
}

#[test]
fn a_passkey_that_made_the_session_is_not_called_unused() {
    let mut person = Person::registered("ann");
    person.open("/_latchkey/account");
    person
        .page
        .wait_for("document.querySelector('#codes-part')?.checkVisibility()");
    let text = person.page.text();
    assert!(text.contains("Added"), "{text}");
    assert!(!text.contains("Not used yet"), "{text}");
}

#[test]
fn whoever_has_no_passkey_here_is_shown_the_way_to_an_account() {
    let mut person = Person::at(latchkey_tests::Gateway::start(), Browser::start());
    person.open("/");
    person.await_login_page();
    person.page.eval(
        "navigator.credentials.get = async () => { throw new DOMException('', 'NotAllowedError'); }",
    );
    person.page.click("[data-action=nameless]");
    person.page.click("#alert a");
    person
        .page
        .wait_for("document.querySelector('#register-name')?.checkVisibility()");
    person
        .page
        .wait_for("document.querySelector('#alert').textContent === ''");
}
