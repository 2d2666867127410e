//! What a person does, in a real browser, through the real gateway.

mod account;
mod login;
mod trouble;

use latchkey_tests::{Browser, Gateway, Page, Received};

/// A person at a browser with an authenticator, in front of a gateway.
struct Person {
    gateway: Gateway,
    page: Page,
    authenticator: String,
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
        let authenticator = page.add_authenticator();
        Self {
            gateway,
            page,
            authenticator,
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
        // The authenticator must not answer the autofill's question before the person does.
        let authenticator = self.authenticator.clone();
        self.page.answer_by_itself(&authenticator, false);
        self.page.open(&url);
    }

    /// Lets the authenticator say yes from now on.
    fn say_yes(&mut self) {
        let authenticator = self.authenticator.clone();
        self.page.answer_by_itself(&authenticator, true);
    }

    fn await_login_page(&mut self) {
        self.page
            .wait_for("location.pathname === '/_latchkey/login'");
        self.page
            .wait_for("document.querySelector('#panel-login')?.checkVisibility()");
    }

    fn register(&mut self, name: &str) {
        self.page.click("[data-action=show-register]");
        self.page.fill("#register-name", name);
        self.say_yes();
        self.page.click("#register-form button[type=submit]");
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
