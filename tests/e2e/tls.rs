//! A person at a browser, in front of a gateway that speaks TLS.

use latchkey_tests::{Browser, Certificate, Page};
use serde_json::Value;

/// The host of every manifest that speaks TLS.
pub(crate) const HOST: &str = "app.example.com";

/// Someone with an authenticator.
pub(crate) struct Person {
    /// The tab that they look at.
    pub(crate) page: Page,
    authenticator: String,
    // Dropped last: the page talks to it.
    _browser: Browser,
}

impl Person {
    /// Someone whose browser takes 127.0.0.1:`port` for the certificate's host.
    pub(crate) fn new(certificate: &Certificate, port: u16) -> Self {
        let switches = certificate.browser_switches(port);
        let browser = Browser::with_switches(&switches.each_ref().map(String::as_str));
        let mut page = browser.page();
        let authenticator = page.add_authenticator("internal");
        Self {
            page,
            authenticator,
            _browser: browser,
        }
    }

    /// Opens a page of the host.
    pub(crate) fn open(&mut self, path: &str) {
        // The authenticator must not answer the autofill's question before the person does.
        self.page.answer_by_itself(&self.authenticator, false);
        self.page.open(&format!("https://{HOST}{path}"));
    }

    /// Opens a guarded page, is sent to the sign-in, makes an account there and comes back.
    pub(crate) fn sign_up(&mut self, name: &str, path: &str) {
        self.open(path);
        self.page.wait_for(
            "location.pathname === '/_latchkey/login' && document.readyState === 'complete'",
        );
        self.page.click("[data-action=show-register]");
        self.page.fill("#register-name", name);
        self.page.answer_by_itself(&self.authenticator, true);
        self.page.click("#register-form button[type=submit]");
        self.page.click("#label-form button[type=submit]");
        self.page.wait_for_path(path);
    }

    /// The status of the answer to a call of `fetch` with these arguments.
    pub(crate) fn fetch(&mut self, arguments: &str) -> Value {
        self.page
            .eval(&format!("fetch({arguments}).then(answer => answer.status)"))
    }

    /// A cookie that the browser holds for the page.
    pub(crate) fn cookie(&mut self, name: &str) -> Value {
        let cookies = self.page.cookies();
        let cookie = cookies.iter().find(|cookie| cookie["name"] == name);
        cookie
            .cloned()
            .unwrap_or_else(|| panic!("no cookie {name}: {cookies:?}"))
    }
}
