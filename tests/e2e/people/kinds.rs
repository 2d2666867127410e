//! A passkey of a kind that the policy does not take.

use latchkey_tests::{Browser, Plan};

use super::Person;
use crate::policies::{Makers, audited};

/// The browser's own authenticator attests, by a maker whom nobody here knows.
#[test]
fn a_person_is_told_that_another_kind_of_passkey_is_needed() {
    let makers = Makers::new();
    let mut plan = Plan::new();
    plan.sidecar.more = makers.believed("attestation = \"direct\"");
    let mut person = Person::at(plan.start(), Browser::start());
    person.open("/orders");
    person.await_login_page();
    person.page.click("[data-action=show-register]");
    person.page.fill("#register-name", "ann");
    person.say_yes();
    person.page.click("#register-form button[type=submit]");
    person
        .page
        .wait_for("document.querySelector('#alert .notice-title')?.checkVisibility()");
    let title = "document.querySelector('#alert .notice-title').textContent";
    assert_eq!(
        person.page.eval(title),
        "This kind of passkey is not accepted here"
    );
    let text = person.page.text();
    assert!(text.contains("another device or a security key"), "{text}");
    let reason = audited(&mut person.gateway);
    assert!(
        reason == "attestation_missing" || reason.starts_with("attestation_chain_"),
        "{reason}"
    );
    let found = person.page.axe();
    assert!(found.is_empty(), "{found:#?}");
}
