//! The pages in the language of the browser.

use serde_json::json;

use super::Person;

impl Person {
    /// Sets the browser's languages.
    pub(super) fn prefer(&mut self, languages: &str) {
        let agent = self.page.eval("navigator.userAgent");
        self.page.call(
            "Emulation.setUserAgentOverride",
            &json!({"userAgent": agent, "acceptLanguage": languages}),
        );
    }

    /// Asserts that the page and every word that its scripts have put there are Chinese.
    fn assert_page_is_chinese(&mut self, state: &str) {
        assert_eq!(self.page.eval("document.documentElement.lang"), "zh-Hans");
        let text = self.page.text();
        for english in [
            "Passkey", "passkey", "Sign in", "Added", "Cancel", "not ", "{",
        ] {
            assert!(!text.contains(english), "{state}: {english} in {text}");
        }
        self.assert_page_is_sound(state);
    }
}

#[test]
fn whoever_prefers_chinese_meets_no_word_of_english() {
    let mut person = Person::new();
    person.prefer("zh-CN,zh;q=0.9,en;q=0.8");
    person.open("/");
    person.await_login_page();
    person.assert_page_is_chinese("the login page");
    person.page.click("#login-form button[type=submit]");
    person
        .page
        .wait_for("document.querySelector('#login-name-error').textContent === '请输入用户名。'");
    person.page.eval("navigator.credentials.get = async () => { throw new DOMException('', 'NotAllowedError'); }");
    person.page.click("[data-action=nameless]");
    person
        .page
        .wait_for("document.querySelector('#alert .notice-title')?.textContent === '未能登录'");
    person.assert_page_is_chinese("a login that failed");

    person.open("/");
    person.await_login_page();
    person.register("xiaoming");
    person.page.wait_for_path("/");
    person.open("/_latchkey/account");
    person
        .page
        .wait_for("document.querySelector('#codes-part').checkVisibility()");
    person.page.wait_for(
        "/^\\d+年\\d+月\\d+日/.test(document.querySelector('.session-time').textContent)",
    );
    person.assert_page_is_chinese("the account");
    person.page.click("#passkeys [data-action=remove]");
    person
        .page
        .wait_for("document.querySelector('#alert .notice') !== null");
    person.assert_page_is_chinese("the only passkey stays");
    person.log_out();
    person.assert_page_is_chinese("logged out");
    person.open("/_latchkey/nothing");
    person.assert_page_is_chinese("nothing here");
}
