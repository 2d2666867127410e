//! What brings people in, or keeps them from going on: a passkey that has to be registered first, one
//! that may have a copy, recovery codes and links, and sessions elsewhere.

use latchkey_tests::{Browser, Plan};
use serde_json::{Value, json};

use super::Person;
use crate::operate::order;

const ROWS: &str = "document.querySelectorAll('#passkeys > li')";
const TOLD: &str = "document.querySelector('#alert .notice-title') !== null";

impl Person {
    fn ordered(&self, arguments: &[&str]) -> Value {
        let answer = order(&self.gateway, &[arguments, &["-o", "json"]].concat());
        serde_json::from_str(&answer).expect("JSON")
    }

    /// Sets the counter of an authenticator's only passkey.
    fn count_from(&mut self, authenticator: &str, count: u32) {
        let mut passkey = self.page.credentials(authenticator).remove(0);
        let of = json!({"authenticatorId": authenticator, "credentialId": passkey["credentialId"]});
        self.page.call("WebAuthn.removeCredential", &of);
        passkey["signCount"] = json!(count);
        let parameters = json!({"authenticatorId": authenticator, "credential": passkey});
        self.page.call("WebAuthn.addCredential", &parameters);
    }

    /// Adds a passkey of another authenticator on the account page, and names it.
    pub(super) fn add_passkey(&mut self, label: &str) -> String {
        let authenticator = self.page.add_authenticator("usb");
        self.authenticators.push(authenticator.clone());
        self.page.answer_by_itself(&authenticator, true);
        let count = self.page.eval(&format!("{ROWS}.length"));
        self.page.click("#add");
        self.page.wait_for(&format!("{ROWS}.length > {count}"));
        let input = "#passkeys > li:last-child input[name=label]";
        self.page.fill(input, label);
        self.page.press("Enter");
        let label = json!(label);
        self.page.wait_for(&format!(
            "document.querySelector('#passkeys > li:last-child .passkey-title').textContent === {label} \
             && document.querySelector('#passkeys > li:last-child .passkey-view').checkVisibility()"
        ));
        authenticator
    }
}

#[test]
fn whoever_must_register_a_passkey_does_that_before_anything_else() {
    let mut person = Person::registered("ann");
    person.log_out();
    let must = ["users", "set", "ann", "--must-register-passkey", "true"];
    order(&person.gateway, &must);
    person.open("/orders");
    person.await_login_page();
    person.log_in_as("ann");
    person.page.wait_for_path("/_latchkey/account");
    person
        .page
        .wait_for("document.querySelector('#account').dataset.mustRegister === 'true'");
    person.assert_page_is_sound("a passkey has to be registered");

    // There is no way around it.
    person.open("/orders");
    person.page.wait_for_path("/_latchkey/account");
    assert!(!person.reached_application("/orders"));

    person.add_passkey("New key");
    let last = "#passkeys > li:last-child [data-way=usb]";
    let last = format!("document.querySelector('{last}').checkVisibility()");
    assert_eq!(person.page.eval(&last), true, "the page shows it at once");
    let asked = "document.querySelector('#must-register').checkVisibility()";
    assert_eq!(person.page.eval(asked), false);
    person.open("/orders");
    person.page.wait_for_path("/orders");
    let _ = person.received("/orders");
    let ways = "[...document.querySelectorAll('#passkeys [data-way]')]\
                .filter((it) => it.checkVisibility()).map((it) => it.dataset.way).toSorted()";
    person.open("/_latchkey/account");
    assert_eq!(person.page.eval(ways), json!(["internal", "usb"]));
    person.assert_page_is_sound("two passkeys, each with its way");
    let shown = person.ordered(&["users", "show", "ann"]);
    assert_eq!(shown["must_register_passkey"], false);
    assert_eq!(shown["passkeys"], 2);
}

#[test]
fn a_passkey_that_may_have_a_copy_is_disabled_and_its_owner_warned_at_the_next_login() {
    let mut plan = Plan::new();
    "[people]\nsign_count = \"disable\"\n".clone_into(&mut plan.sidecar.more);
    let mut person = Person::at(plan.start(), Browser::start());
    person.open("/");
    person.await_login_page();
    person.register("ann");
    person.page.wait_for_path("/");
    person.open("/_latchkey/account");
    let second = person.add_passkey("<b>Spare</b> key");
    person.log_out();

    // A copy of the second one, from when its counter was lower: the counter goes back. By more than the
    // browser may ask for beside what is clicked.
    person.count_from(&second, 50);
    let first = person.authenticators[0].clone();
    person.open("/");
    person.await_login_page();
    person.page.fill("#login-name", "ann");
    person.page.answer_by_itself(&second, true);
    person.page.click("#login-form button[type=submit]");
    person.page.wait_for_path("/");
    person.log_out();
    person.count_from(&second, 1);
    person.open("/");
    person.await_login_page();
    person.page.fill("#login-name", "ann");
    person.page.answer_by_itself(&second, true);
    person.page.click("#login-form button[type=submit]");
    person.page.wait_for(TOLD);
    let log = person.ordered(&["audit"]);
    let newest = &log["records"][0];
    assert_eq!(
        (&newest["action"], &newest["user"]),
        (&json!("passkey_disable"), &json!("ann")),
        "{log:#}"
    );

    // The owner, with the other one: is told, and goes on when that was read.
    person.page.answer_by_itself(&second, false);
    let _ = person.gateway.upstream.take();
    person.open("/orders?page=2");
    person.await_login_page();
    person.page.fill("#login-name", "ann");
    person.page.answer_by_itself(&first, true);
    person.page.click("#login-form button[type=submit]");
    person
        .page
        .wait_for("document.querySelector('#panel-passkey-disabled').checkVisibility()");
    let text = person.page.text();
    assert!(text.contains("A passkey was disabled"), "{text}");
    assert!(text.contains("<b>Spare</b> key"), "{text}");
    for (scheme, width) in [("light", 320), ("dark", 320), ("dark", 1280)] {
        person.look_at(scheme, width);
        person.assert_page_is_sound(&format!("a warning, {scheme}, {width} pixels"));
        let sideways =
            "document.documentElement.scrollWidth > document.documentElement.clientWidth";
        assert_eq!(person.page.eval(sideways), false, "{width} pixels");
    }
    assert!(!person.reached_application("/orders?page=2"));
    person.page.click("#panel-passkey-disabled button");
    person.page.wait_for_path("/orders?page=2");

    // The good one is the only one that works, and stays; the disabled one goes, and the warning with it.
    person.open("/_latchkey/account");
    person.say_yes();
    person
        .page
        .wait_for("document.querySelector('#some-disabled').checkVisibility()");
    // Both were made in one second, so either may come first.
    let spare = "[...document.querySelectorAll('#passkeys > li')]\
                 .findIndex((it) => it.querySelector('.passkey-title').textContent.includes('Spare'))";
    let spare = person.page.eval(spare).as_u64().expect("it is listed") + 1;
    let remove = |n: u64| format!("#passkeys > li:nth-child({n}) [data-action=remove]");
    person.page.click(&remove(3 - spare));
    person.page.click("#confirm-remove [value=remove]");
    person.page.wait_for(TOLD);
    assert!(person.page.text().contains("only passkey that works"));
    person.open("/_latchkey/account");
    person.page.click(&remove(spare));
    person.page.click("#confirm-remove [value=remove]");
    person.page.wait_for(&format!("{ROWS}.length === 1"));
    person
        .page
        .wait_for("!document.querySelector('#some-disabled').checkVisibility()");
    person.log_out();
    person.open("/orders");
    person.await_login_page();
    person.page.fill("#login-name", "ann");
    person.page.answer_by_itself(&first, true);
    person.page.click("#login-form button[type=submit]");
    person.page.wait_for_path("/orders");
}

#[test]
fn a_passkey_that_counted_wrongly_is_refused_and_its_owner_told() {
    let mut person = Person::registered("ann");
    let authenticator = person.authenticators[0].clone();
    let log_in = |person: &mut Person| {
        person.open("/orders");
        person.await_login_page();
        person.log_in_as("ann");
    };
    person.log_out();
    person.count_from(&authenticator, 50);
    log_in(&mut person);
    person.page.wait_for_path("/orders");
    person.log_out();
    person.count_from(&authenticator, 1);
    log_in(&mut person);
    person.page.wait_for(TOLD);
    let log = person.ordered(&["audit"]);
    assert_eq!(log["records"][0]["action"], "sign_count", "{log:#}");

    // It is not disabled here: counting rightly, it signs in.
    person.count_from(&authenticator, 100);
    log_in(&mut person);
    person
        .page
        .wait_for("document.querySelector('#panel-passkey-suspected').checkVisibility()");
    let text = person.page.text();
    assert!(text.contains("Passkey on Linux"), "{text}");
    person.assert_page_is_sound("a passkey that may have a copy");
    person.page.click("#panel-passkey-suspected button");
    person.page.wait_for_path("/orders");
}

#[test]
fn an_administrators_link_brings_back_who_has_lost_every_passkey() {
    let mut person = Person::registered("ann");
    person.log_out();
    person.take_another_authenticator();
    let first = person.ordered(&["users", "link", "ann"]);
    let second = person.ordered(&["users", "link", "ann"]);
    let link = |made: &Value| made["enrolment"]["link"].as_str().map(str::to_owned);
    let (first, second) = (
        link(&first).expect("a link"),
        link(&second).expect("a link"),
    );
    person.page.open(&first);
    person
        .page
        .wait_for("document.querySelector('#panel-dead')?.checkVisibility()");
    person.enrol(&second, None);
    person.page.wait_for(&format!("{ROWS}.length === 2"));
    person.open("/orders");
    person.page.wait_for_path("/orders");
    let log = person.ordered(&["audit", "--user", "ann", "--action", "recovered"]);
    assert_eq!(log["records"][0]["actor"], "ann", "{log:#}");
}

#[test]
fn a_recovery_code_is_good_for_one_passkey() {
    let mut person = Person::registered("ann");
    person.open("/_latchkey/account");
    person
        .page
        .wait_for("document.querySelector('#codes-part').checkVisibility()");
    person.page.click("#codes-make");
    person
        .page
        .wait_for("document.querySelectorAll('#codes code').length === 10");
    let code = person
        .page
        .eval("document.querySelector('#codes code').textContent");
    let code = code.as_str().expect("a code").to_owned();
    person.log_out();

    // Every passkey is lost.
    person.take_another_authenticator();
    let recover = |person: &mut Person| {
        person.open("/_latchkey/enroll");
        person.page.fill("#recover-name", "ann");
        person.page.fill("#recover-code", &code);
        person.page.click("#recover-form button[type=submit]");
    };
    recover(&mut person);
    person
        .page
        .wait_for("document.querySelector('#panel-link').checkVisibility()");
    person.say_yes();
    person.page.click("#link-form button[type=submit]");
    person
        .page
        .wait_for("document.querySelector('#panel-label')?.checkVisibility()");
    let proposed = person.page.eval("document.querySelector('#label').value");
    assert_ne!(proposed, "", "a name is proposed");
    person.page.click("#label-form button[type=submit]");
    person.page.wait_for_path("/_latchkey/account");
    person.page.wait_for(&format!("{ROWS}.length === 2"));
    person
        .page
        .wait_for("document.querySelector('#codes-left').textContent.includes('9')");
    person.open("/orders");
    person.page.wait_for_path("/orders");
    person.log_out();
    recover(&mut person);
    person.page.wait_for(TOLD);
    person.assert_page_is_sound("a code that was used");
    let log = person.ordered(&["audit", "--user", "ann"]);
    let actions: Vec<_> = log["records"].as_array().expect("records").iter().collect();
    for action in ["recovery_code_used", "recovered", "recovery_codes_made"] {
        let found = actions.iter().any(|it| it["action"] == action);
        assert!(found, "{action}: {log:#}");
    }
}

#[test]
fn who_is_there_is_asked_before_a_passkey_goes_by_a_login_of_long_ago() {
    let mut person = Person::registered("ann");
    let first = person.authenticators[0].clone();
    person.open("/_latchkey/account");
    let second = person.add_passkey("Spare");
    person.page.answer_by_itself(&second, false);
    person.page.answer_by_itself(&first, true);
    // As the service answers when the login was too long ago; everything else is the service itself.
    person.page.eval(
        "window.logins = 0; \
         const real = window.fetch; \
         window.fetch = async (address, wish) => { \
           if (String(address).endsWith('/login/finish')) window.logins += 1; \
           if (wish?.method !== 'DELETE' || window.logins > 0) return real(address, wish); \
           return new Response('{\"type\": \"urn:latchkey:problem:fresh-login-required\"}', \
                               { status: 403, headers: { 'content-type': 'application/problem+json' } }); \
         }; void 0",
    );
    let spare = "[...document.querySelectorAll('#passkeys > li')]\
                 .findIndex((it) => it.querySelector('.passkey-title').textContent === 'Spare')";
    let spare = person.page.eval(spare).as_u64().expect("it is listed") + 1;
    let remove = format!("#passkeys > li:nth-child({spare}) [data-action=remove]");
    for (answer, left) in [("no", 2), ("yes", 1)] {
        // The page takes the next click once it has noticed the answer, which is after the dialog closed.
        person.page.wait_for(&format!(
            "document.querySelector('#confirm-remove').open \
             || void document.querySelector('{remove}').click()"
        ));
        person.page.click("#confirm-remove [value=remove]");
        person
            .page
            .wait_for("document.querySelector('#confirm-presence').open");
        person.assert_page_is_sound("the question who is there");
        person
            .page
            .click(&format!("#confirm-presence [value={answer}]"));
        person.page.wait_for(&format!("{ROWS}.length === {left}"));
        assert_eq!(person.page.eval("window.logins"), 2 - left);
    }
    let shown = person.ordered(&["users", "passkeys", "ann"]);
    assert_eq!(shown["passkeys"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_person_sees_their_sessions_and_ends_one_elsewhere() {
    let mut person = Person::registered("ann");
    // The session goes on elsewhere: this browser only forgets it.
    let elsewhere = person.session_token();
    person.page.call("Network.clearBrowserCookies", &json!({}));
    person.open("/");
    person.await_login_page();
    person.log_in_as("ann");
    person.page.wait_for_path("/");
    let status = |person: &Person, token: &str| {
        let request = person.gateway.client().request("GET", "/orders");
        request
            .header("cookie", format!("latchkey={token}"))
            .send()
            .status
    };
    assert_eq!(status(&person, &elsewhere), 200);

    person.open("/_latchkey/account");
    let rows = "document.querySelectorAll('#sessions > *')";
    person.page.wait_for(&format!("{rows}.length === 2"));
    person.assert_page_is_sound("two sessions");
    let shown = person.page.text();
    assert!(shown.contains("127.0.0.1"), "{shown}");
    let current =
        "[...document.querySelectorAll('.session-current')].filter((it) => !it.hidden).length";
    assert_eq!(person.page.eval(current), 1);
    let ends = "[...document.querySelectorAll('.session-end')].find((it) => !it.hidden)";
    person.page.eval(&format!("void {ends}.click()"));
    person.page.wait_for(&format!("{rows}.length === 1"));
    latchkey_tests::wait::until("the session elsewhere has ended", || {
        (status(&person, &elsewhere) != 200).then_some(())
    });
    person.open("/orders");
    person.page.wait_for_path("/orders");
}
