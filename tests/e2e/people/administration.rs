//! The administrators' page, in front of the real gateway.

use latchkey_tests::{Browser, Page, Plan};
use serde_json::{Value, json};

use super::Person;
use crate::operate::order;

pub(super) const HOSTILE: &str = "<img src=x onerror=alert(1)>";

/// Somebody in front of a gateway where administration is switched on.
fn somebody() -> Person {
    let mut plan = Plan::new();
    "[admin]\nenabled = true\n".clone_into(&mut plan.sidecar.more);
    Person::at(plan.start(), Browser::start())
}

/// The first administrator, on the account page.
pub(super) fn administrator() -> Person {
    let mut person = somebody();
    let made = order(&person.gateway, &["admin", "bootstrap", "-o", "json"]);
    let made: Value = serde_json::from_str(&made).expect("JSON");
    person.enrol(made["enrolment"]["link"].as_str().expect("a link"), Some("root"));
    person
}

impl Person {
    pub(super) fn await_view(&mut self, selector: &str) {
        self.page.wait_for(&format!(
            "document.querySelector('#view {selector}')?.checkVisibility()"
        ));
    }

    /// Loads the page again, and waits for the new one.
    fn reload(&mut self, selector: &str) {
        self.page.eval("window.stale = true; location.reload()");
        self.page.wait_for(&format!(
            "!window.stale && document.querySelector('#view {selector}')?.checkVisibility()"
        ));
    }

    /// Goes to a view as a link in the page does.
    pub(super) fn go(&mut self, hash: &str, selector: &str) {
        self.page.eval(&format!("void (location.hash = '{hash}')"));
        self.await_view(selector);
    }

    pub(super) fn seen(&mut self, text: &str) {
        let text = json!(text);
        self.page.wait_for(&format!(
            "document.querySelector('#admin').innerText.includes({text})"
        ));
    }
}

/// Registers a passkey with a link, in a browser of its own.
pub(super) fn register_with(page: &mut Page, link: &str) {
    page.open(link);
    page.wait_for("document.querySelector('#panel-link')?.checkVisibility()");
    page.click("#link-form button[type=submit]");
    page.wait_for("document.querySelector('#panel-label')?.checkVisibility()");
    page.click("#label-form button[type=submit]");
    page.wait_for_path("/_latchkey/account");
}

#[test]
fn an_administrator_makes_a_user_who_comes_in_and_is_shut_out() {
    let mut root = administrator();
    root.page.click("a[href$='/_latchkey/admin']");
    root.await_view("#users-search");
    root.assert_page_is_sound("the list of users");
    root.page.click(".button-add");
    root.await_view("#new-user");
    root.assert_page_is_sound("a new user");
    root.page.click("#new-user button[type=submit]");
    root.seen("Enter a user name.");
    root.page.fill("#new-name", "ann");
    root.page.fill("#new-display", HOSTILE);
    root.page.fill("#new-groups", "eng, <b>bold</b>");
    root.page.click("#new-user button[type=submit]");
    root.await_view(".link-made");
    root.assert_page_is_sound("a user with a link");
    let title = root
        .page
        .eval("document.querySelector('#view h1').textContent");
    assert_eq!(title, HOSTILE, "names are text");
    let planted = root
        .page
        .eval("document.querySelectorAll('[onerror], #view b').length");
    assert_eq!(planted, 0);
    let picture = "document.querySelector('.link-made .qr')";
    root.page.wait_for(&format!(
        "{picture}.checkVisibility() && {picture}.complete && {picture}.naturalWidth > 0"
    ));
    let link = root.page.eval("document.querySelector('.link-text').value");
    let link = link.as_str().expect("a link").to_owned();
    // Shown this once.
    root.reload(".make-link");
    let shown = root
        .page
        .eval("document.body.innerHTML.includes('/enroll#')");
    assert_eq!(shown, false);

    let browser = Browser::start();
    let mut ann = browser.page();
    let authenticator = ann.add_authenticator("internal");
    register_with(&mut ann, &link);
    let orders = format!("{}/orders", root.gateway.url());
    ann.open(&orders);
    ann.wait_for_path("/orders");
    let _ = root.received("/orders");

    root.reload("#passkeys-part .passkey");
    root.assert_page_is_sound("a user with a passkey");
    root.page.click("#view .toggle");
    root.page
        .wait_for("document.querySelector('#confirm').open");
    root.assert_page_is_sound("a question");
    root.page.click("#confirm button[value=yes]");
    root.seen("ann is disabled and signed out everywhere.");
    // Or it would try to come in again by itself, without end.
    ann.answer_by_itself(&authenticator, false);
    ann.open(&orders);
    ann.wait_for_path("/_latchkey/login?rd=/orders");
    assert!(!root.reached_application("/orders"));

    root.go("#audit?user=ann", "#audit-search");
    for action in [
        "User added",
        "Passkey registered with a link",
        "User disabled",
    ] {
        root.seen(action);
    }
    root.assert_page_is_sound("the audit log");
    root.page.eval("history.back()");
    root.await_view("#user-form");
    root.go("#audit", "#audit-search");
    root.page.fill("#audit-address", "192.0.2.99");
    root.page.click("#audit-search button[type=submit]");
    root.seen("Nothing like that is in the log.");
    root.page.eval("void (location.hash = '#audit?user=ann')");
    root.page
        .wait_for("document.querySelector('#audit-address')?.value === ''");
    root.page.click("#view .spans a[data-days='7']");
    root.page
        .wait_for("location.hash.startsWith('#audit?user=ann&since=')");
    root.seen("User added");
    root.go("#sessions", ".end-everyone");
    root.assert_page_is_sound("sessions");
    root.go("#policy", ".settings");
    root.assert_page_is_sound("policy");
}

#[test]
fn a_plain_user_is_told_that_the_page_is_not_for_them() {
    let mut person = somebody();
    person.open("/");
    person.await_login_page();
    person.register("ann");
    person.page.wait_for_path("/");
    person.open("/_latchkey/admin");
    person
        .page
        .wait_for("document.querySelector('#message h1')?.checkVisibility()");
    assert!(
        person
            .page
            .text()
            .contains("This page is for administrators")
    );
    let complaints = person.page.take_console();
    // The browser notes the 403 itself.
    assert!(
        complaints.iter().all(|it| it.contains("403")),
        "{complaints:?}"
    );
    let found = person.page.axe();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_login_that_is_asked_for_leads_back_to_where_the_administrator_was() {
    let mut root = administrator();
    root.log_out();
    root.open("/_latchkey/admin#users/root");
    root.await_login_page();
    root.log_in_as("root");
    root.page.wait_for_path("/_latchkey/admin");
    root.await_view("#user-form");
    assert_eq!(root.page.eval("location.hash"), "#users/root");

    // The session ends while something is typed.
    root.go("#new", "#new-user");
    root.page.fill("#new-name", "ann");
    root.page.call("Network.clearBrowserCookies", &json!({}));
    root.page.click("#new-user button[type=submit]");
    root.page
        .wait_for("document.querySelector('#confirm-presence').open");
    root.assert_page_is_sound("the question to confirm");
    root.page.click("#confirm-presence button[value=yes]");
    root.await_view(".link-made");
    assert_eq!(root.page.eval("location.hash"), "#users/ann");
}

#[test]
fn a_view_that_did_not_come_leaves_the_address_of_the_one_that_is_shown() {
    let mut root = administrator();
    root.open("/_latchkey/admin#users/root");
    root.await_view("#user-form");
    root.page.call("Network.clearBrowserCookies", &json!({}));
    root.page.eval("void (location.hash = '#sessions')");
    root.page.click("#confirm-presence [value=no]");
    root.page.wait_for("location.hash === '#users/root'");
    root.await_view("#user-form");
    root.page
        .wait_for("document.querySelector('.said')?.checkVisibility()");
    // And the view that was asked for can be asked for again.
    root.say_yes();
    root.page.click("[data-tab=sessions]");
    root.page.click("#confirm-presence [value=yes]");
    root.await_view(".end-everyone");
    assert_eq!(root.page.eval("location.hash"), "#sessions");
}

#[test]
fn an_administrator_takes_recovery_codes_away() {
    let mut root = administrator();
    let made = "fetch('/_latchkey/v1/self/recovery-codes', { method: 'POST', body: '{}', \
                headers: { 'content-type': 'application/json' } }).then((answer) => answer.status)";
    assert_eq!(root.page.eval(made), 200);
    root.open("/_latchkey/admin#users/root");
    root.await_view("#user-form");
    let left = "document.querySelector('.codes-left').textContent";
    assert_eq!(root.page.eval(left), "10");
    root.page.click(".withdraw-codes");
    root.page
        .wait_for("document.querySelector('#confirm').open");
    root.assert_page_is_sound("the question about recovery codes");
    root.page.click("#confirm-yes");
    root.page.wait_for(&format!("{left} === '0'"));
    let shown = "document.querySelector('.withdraw-codes').checkVisibility()";
    assert_eq!(root.page.eval(shown), false);
}
