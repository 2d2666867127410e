//! What a person does, in a real browser, through the real gateway.

mod account;
mod administration;
mod bulk;
mod certificate;
mod demo;
mod enrol;
mod from_keycloak;
mod groups;
mod hostile_names;
mod kinds;
mod languages;
mod login;
mod looks;
mod many;
mod mounts;
mod notices;
mod related_origins;
mod shared_sign_in;
mod signals;
mod sites;
mod step_up;
mod transfer;
mod trouble;
mod ways_in;
mod words;

use latchkey_tests::{Browser, Gateway, Page, Received};

/// A person at a browser with an authenticator, in front of a gateway.
struct Person {
    gateway: Gateway,
    page: Page,
    authenticators: Vec<String>,
    // Dropped last: the page talks to it.
    _browser: Browser,
}

impl Person {
    /// Someone who has never been here.
    fn new() -> Self {
        Self::at(Gateway::start(), Browser::start())
    }

    fn at(gateway: Gateway, browser: Browser) -> Self {
        let mut page = browser.page();
        let authenticators = vec![page.add_authenticator("internal")];
        Self {
            gateway,
            page,
            authenticators,
            _browser: browser,
        }
    }

    /// Someone who has an account already, and is logged in.
    fn registered(name: &str) -> Self {
        let mut person = Self::new();
        person.open("/");
        person.await_login_page();
        person.register(name);
        person.page.wait_for_path("/");
        let _ = person.gateway.upstream.take();
        person
    }

    fn open(&mut self, path: &str) {
        let url = format!("{}{path}", self.gateway.url());
        // An authenticator must not answer the autofill's question before the person does.
        self.answer_by_itself(false);
        self.page.open(&url);
    }

    /// Lets the authenticators say yes from now on.
    fn say_yes(&mut self) {
        self.answer_by_itself(true);
    }

    fn answer_by_itself(&mut self, enabled: bool) {
        for authenticator in &self.authenticators {
            self.page.answer_by_itself(authenticator, enabled);
        }
    }

    /// Plugs in a second authenticator, and puts the first one away.
    fn take_another_authenticator(&mut self) {
        self.put_authenticators_away();
        self.authenticators.push(self.page.add_authenticator("usb"));
    }

    fn put_authenticators_away(&mut self) {
        for authenticator in self.authenticators.drain(..) {
            self.page.remove_authenticator(&authenticator);
        }
    }

    fn await_login_page(&mut self) {
        self.page.wait_for(
            "location.pathname === '/_latchkey/login' && document.readyState === 'complete'",
        );
        self.page
            .wait_for("document.querySelector('#panel-login')?.checkVisibility()");
    }

    fn register(&mut self, name: &str) {
        self.page.click("[data-action=show-register]");
        self.page.fill("#register-name", name);
        self.say_yes();
        self.page.click("#register-form button[type=submit]");
        // What the passkey shall be called: as proposed.
        self.page.click("#label-form button[type=submit]");
    }

    fn log_in_as(&mut self, name: &str) {
        self.page.fill("#login-name", name);
        self.say_yes();
        self.page.click("#login-form button[type=submit]");
    }

    fn log_out(&mut self) {
        self.open("/_latchkey/logout");
        self.page.click("#leave");
        self.page
            .wait_for("document.querySelector('#panel-gone').checkVisibility()");
    }

    /// What the application received for `target`.
    fn received(&self, target: &str) -> Received {
        let received = self.gateway.upstream.take();
        received
            .into_iter()
            .find(|request| request.target() == target)
            .unwrap_or_else(|| panic!("the application never saw {target}"))
    }

    /// Whether the application received anything for `target`. (A browser also asks for icons.)
    fn reached_application(&self, target: &str) -> bool {
        self.gateway
            .upstream
            .take()
            .iter()
            .any(|request| request.target() == target)
    }

    /// The session token that the browser holds.
    fn session_token(&mut self) -> String {
        let cookies = self.page.cookies();
        let session = cookies.iter().find(|cookie| cookie["name"] == "latchkey");
        let session = session.unwrap_or_else(|| panic!("no session cookie among {cookies:?}"));
        session["value"].as_str().expect("a value").to_owned()
    }

    /// Asserts that axe-core and the browser's own console find nothing wrong with the page.
    fn assert_page_is_sound(&mut self, state: &str) {
        let found = self.page.axe();
        assert!(found.is_empty(), "{state}: {found:#?}");
        let complaints = self.page.take_console();
        assert!(complaints.is_empty(), "{state}: {complaints:#?}");
    }
}
