//! What the pages say about each thing that can go wrong: in words of its own, never in the
//! browser's.

use serde_json::json;

use super::Person;

/// What the alert says, once it says something.
fn said(person: &mut Person) -> String {
    let title = "document.querySelector('#alert .notice-title')";
    person.page.wait_for(&format!("{title} !== null"));
    let title = person.page.eval(&format!("{title}.textContent"));
    title.as_str().expect("a title").to_owned()
}

/// Makes both ceremonies fail as a browser would.
fn fail_with(person: &mut Person, error: &str) {
    person.page.eval(&format!(
        "navigator.credentials.get = navigator.credentials.create = async () => \
         {{ throw new DOMException('the browser says', '{error}'); }}"
    ));
}

#[test]
fn each_failure_of_a_browser_has_its_words() {
    let mut person = Person::new();
    for (error, login, account) in [
        (
            "NotAllowedError",
            "You were not signed in",
            "No passkey was created",
        ),
        (
            "InvalidStateError",
            "This passkey cannot be used",
            "There is a passkey here already",
        ),
        (
            "SecurityError",
            "Passkeys do not work at this address",
            "Passkeys do not work at this address",
        ),
        (
            "NotSupportedError",
            "Nothing here can do that",
            "Nothing here can do that",
        ),
        (
            "UnknownError",
            "Your device reported an error",
            "Your device reported an error",
        ),
        (
            "DataError",
            "Your browser reported an error",
            "Your browser reported an error",
        ),
    ] {
        person.open("/");
        person.await_login_page();
        fail_with(&mut person, error);
        person.page.fill("#login-name", "ann");
        person.page.click("#login-form button[type=submit]");
        assert_eq!(said(&mut person), login, "{error}");
        assert!(!person.page.text().contains("the browser says"), "{error}");
        person.assert_page_is_sound(error);

        person.page.click("[data-action=show-register]");
        person
            .page
            .wait_for("document.querySelector('#alert').textContent === ''");
        person.page.fill("#register-name", "ann");
        person.page.click("#register-form button[type=submit]");
        assert_eq!(said(&mut person), account, "{error}");
    }
}

#[test]
fn a_ceremony_that_takes_too_long_is_called_that() {
    let mut person = Person::new();
    person.open("/");
    person.await_login_page();
    // The five minutes that the options allow pass at once.
    person.page.eval(
        "navigator.credentials.get = async () => { \
         const now = performance.now(); performance.now = () => now + 299_900; \
         throw new DOMException('the browser says', 'NotAllowedError'); }",
    );
    person.page.click("[data-action=nameless]");
    assert_eq!(said(&mut person), "That took too long");
}

#[test]
fn a_browser_without_passkeys_is_told_at_once() {
    let mut person = Person::new();
    person.page.call(
        "Page.addScriptToEvaluateOnNewDocument",
        &json!({"source": "delete window.PublicKeyCredential"}),
    );
    person.open("/");
    assert_eq!(said(&mut person), "This browser cannot use passkeys");
    assert_eq!(
        person
            .page
            .eval("document.querySelector('#login-form').checkVisibility()"),
        false,
        "no form that leads nowhere"
    );
    person.assert_page_is_sound("no passkeys");
}

#[test]
fn a_connection_that_is_gone_is_told() {
    let mut person = Person::new();
    person.open("/");
    person.await_login_page();
    person.page.call(
        "Network.emulateNetworkConditions",
        &json!({"offline": true, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}),
    );
    person.page.click("[data-action=nameless]");
    assert_eq!(said(&mut person), "You are offline");
}

#[test]
fn the_pages_work_without_a_mouse() {
    let mut person = Person::registered("ann");
    person.open("/_latchkey/account");
    person
        .page
        .eval("document.querySelector('#passkeys [data-action=rename]').focus()");
    person.page.press("Enter");
    person
        .page
        .wait_for("document.activeElement.name === 'label'");
    person.page.press("Escape");
    person
        .page
        .wait_for("document.activeElement.dataset.action === 'rename'");

    person.log_out();
    person
        .page
        .wait_for("document.activeElement.textContent === 'You are signed out'");
    person.open("/");
    person.await_login_page();
    person
        .page
        .wait_for("document.activeElement.id === 'login-name'");
    // Nothing needs to be typed: the passkey says whose it is.
    person.page.press("Enter");
    person.page.wait_for_path("/");
}
