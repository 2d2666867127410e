//! The account page.

use latchkey_tests::wait::{self, unix_now};
use serde_json::json;

use super::Person;

const TOLD: &str = "document.querySelector('#alert').textContent.trim() !== ''";
const ROWS: &str = "document.querySelectorAll('#passkeys > li')";

#[test]
fn a_person_adds_names_and_removes_passkeys() {
    let mut person = Person::registered("ann");
    person.open("/_latchkey/account");
    person.page.wait_for(&format!("{ROWS}.length === 1"));
    person.assert_page_is_sound("one passkey");
    assert!(person.page.text().contains("only passkey"));

    let first = person.page.credentials(&person.authenticators[0]).remove(0);
    // Passkeys are listed by the second in which they were made.
    let made = unix_now();
    wait::until("the next second", || (unix_now() > made).then_some(()));
    person.take_another_authenticator();
    person.page.click("#add");
    person.page.wait_for(&format!("{ROWS}.length === 2"));
    person.assert_page_is_sound("a new passkey to be named");
    person.page.fill(
        "#passkeys > li:nth-child(2) input[name=label]",
        "Blue <b>key</b>",
    );
    person.page.press("Enter");
    let title = "#passkeys > li:nth-child(2) .passkey-title";
    person.page.wait_for(&format!(
        "document.querySelector('{title}').textContent === 'Blue <b>key</b>'"
    ));
    person.assert_page_is_sound("two passkeys");
    person.open("/_latchkey/account");
    person.page.wait_for(&format!(
        "document.querySelector('{title}').textContent === 'Blue <b>key</b>'"
    ));

    // The new one logs in on its own.
    person.log_out();
    person.open("/");
    person.await_login_page();
    person.log_in_as("ann");
    person.page.wait_for_path("/");

    person.open("/_latchkey/account");
    person
        .page
        .click("#passkeys > li:nth-child(1) [data-action=remove]");
    person
        .page
        .wait_for("document.querySelector('#confirm-remove').open");
    person.assert_page_is_sound("the question whether to remove");
    person.page.click("#confirm-remove [value=keep]");
    person
        .page
        .wait_for("!document.querySelector('#confirm-remove').open");
    // The page takes the next click once it has noticed the answer, which is after the dialog closed.
    person.page.wait_for(
        "document.querySelector('#confirm-remove').open \
         || void document.querySelector('#passkeys > li:nth-child(1) [data-action=remove]').click()",
    );
    person.page.click("#confirm-remove [value=remove]");
    person.page.wait_for(&format!("{ROWS}.length === 1"));
    person
        .page
        .wait_for("document.querySelector('#only-one').checkVisibility()");

    // The last one stays.
    person
        .page
        .click("#passkeys > li:nth-child(1) [data-action=remove]");
    person.page.wait_for(TOLD);
    person.assert_page_is_sound("the last passkey cannot be removed");
    person.open("/_latchkey/account");
    person.page.wait_for(&format!("{ROWS}.length === 1"));

    // The removed one no longer logs in, though the authenticator still has it.
    person.log_out();
    person.put_authenticators_away();
    let restored = person.page.add_authenticator("internal");
    let parameters = json!({"authenticatorId": restored, "credential": first});
    person.page.call("WebAuthn.addCredential", &parameters);
    person.authenticators.push(restored);
    let _ = person.gateway.upstream.take();
    person.open("/");
    person.await_login_page();
    person.say_yes();
    person.page.click("[data-action=nameless]");
    person.page.wait_for(TOLD);
    assert!(!person.reached_application("/"));
}

#[test]
fn the_same_authenticator_is_not_added_twice() {
    let mut person = Person::registered("ann");
    person.open("/_latchkey/account");
    person.say_yes();
    person.page.click("#add");
    person.page.wait_for(TOLD);
    person.assert_page_is_sound("already registered");
    assert_eq!(person.page.eval(&format!("{ROWS}.length")), 1);
}

#[test]
fn a_stranger_who_opens_the_account_page_logs_in_first() {
    let mut person = Person::registered("ann");
    person.log_out();
    person.open("/_latchkey/account");
    person.await_login_page();
    person.log_in_as("ann");
    person.page.wait_for_path("/_latchkey/account");
}
