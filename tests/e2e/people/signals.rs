//! What the browser's passkey manager is told (Signal API): here, the authenticator in software.

use latchkey_tests::wait;

use super::Person;
use crate::operate::order;

const ROWS: &str = "document.querySelectorAll('#passkeys > li')";

impl Person {
    /// Waits until this authenticator holds so many passkeys.
    pub(super) fn await_passkeys(&mut self, authenticator: &str, count: usize) {
        wait::until("the authenticator was told", || {
            (self.page.credentials(authenticator).len() == count).then_some(())
        });
    }
}

#[test]
fn a_removed_passkey_leaves_the_passkey_manager() {
    let mut person = Person::registered("ann");
    let first = person.authenticators[0].clone();
    let second = person.page.add_authenticator("usb");
    person.authenticators.push(second.clone());
    person.open("/_latchkey/account");
    person.page.answer_by_itself(&second, true);
    person.page.click("#add");
    person.page.wait_for(&format!("{ROWS}.length === 2"));
    person.page.press("Enter");
    person.page.wait_for(
        "document.querySelector('#passkeys > li:nth-child(2) .passkey-view').checkVisibility()",
    );
    person.await_passkeys(&second, 1);

    // Removed on the page: at once, though the login ends with the passkey that it was made with.
    person
        .page
        .click("#passkeys > li:nth-child(1) [data-action=remove]");
    person.page.click("#confirm-remove [value=remove]");
    person.await_passkeys(&first, 0);
    person.await_passkeys(&second, 1);
    assert!(person.page.take_console().is_empty());
}

#[test]
fn what_an_administrator_changes_reaches_the_passkey_manager_at_the_next_login() {
    let mut person = Person::registered("ann");
    let first = person.authenticators[0].clone();
    let second = person.page.add_authenticator("usb");
    person.authenticators.push(second.clone());
    person.open("/_latchkey/account");
    person.page.answer_by_itself(&second, true);
    person.page.click("#add");
    person.page.wait_for(&format!("{ROWS}.length === 2"));
    let removed = person
        .page
        .eval("document.querySelector('#passkeys > li:nth-child(2)').dataset.id");
    person.log_out();

    let id = removed.as_str().expect("an id");
    order(&person.gateway, &["users", "remove-passkey", "ann", id, "--yes"]);
    order(
        &person.gateway,
        &["users", "set", "ann", "--display-name", "Ann Other"],
    );
    person.open("/");
    person.await_login_page();
    person.page.fill("#login-name", "ann");
    person.page.answer_by_itself(&first, true);
    person.page.click("#login-form button[type=submit]");
    person.page.wait_for_path("/");
    person.await_passkeys(&second, 0);
    let kept = person.page.credentials(&first);
    assert_eq!(kept.len(), 1, "the good one stays");
    assert_eq!(kept[0]["userDisplayName"], "Ann Other");

    // On a page that was opened before the change, too: it tells what is so, not what it shows.
    person.open("/_latchkey/account");
    person.await_passkeys(&first, 1);
    order(
        &person.gateway,
        &["users", "set", "ann", "--display-name", "Ann Third"],
    );
    person.page.answer_by_itself(&second, true);
    person.page.click("#add");
    wait::until("the authenticator was told", || {
        let kept = person.page.credentials(&first).remove(0);
        (kept["userDisplayName"] == "Ann Third").then_some(())
    });
}

#[test]
fn a_refused_login_takes_no_passkey_away() {
    let mut person = Person::registered("ann");
    let authenticator = person.authenticators[0].clone();
    person.log_out();
    order(&person.gateway, &["users", "disable", "ann"]);
    person.open("/");
    person.await_login_page();
    person.say_yes();
    person.page.click("[data-action=nameless]");
    person
        .page
        .wait_for("document.querySelector('#alert .notice-title') !== null");
    assert_eq!(person.page.credentials(&authenticator).len(), 1);
}
