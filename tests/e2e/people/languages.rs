//! The pages in the language of the browser.

use serde_json::json;

use super::Person;
use super::administration::administrator;
use crate::operate::order;

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
    person.page.click("[data-action=show-register]");
    person.page.click("#register-form button[type=submit]");
    person.page.wait_for(
        "document.querySelector('#register-name-error').textContent === '请选择一个用户名。'",
    );
    person.page.click("[data-action=show-login]");
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

/// Chooses a language in the footer, and waits for the page in it.
fn choose(person: &mut Person, tag: &str) {
    person
        .page
        .click(&format!(".languages button[value='{tag}']"));
    person.page.wait_for(&format!(
        "document.documentElement.lang === '{tag}' && document.readyState === 'complete'"
    ));
}

#[test]
fn a_language_is_chosen_by_hand_and_remembered() {
    let mut person = Person::new();
    person.prefer("en");
    person.open("/orders?x=1");
    person.await_login_page();
    let before = person.page.eval("location.href");
    choose(&mut person, "zh-Hans");
    person.await_login_page();
    assert_eq!(person.page.eval("location.href"), before);
    person.assert_page_is_chinese("the login page");
    person.register("xiaoming");
    person.page.wait_for_path("/orders?x=1");
    let received = person.received("/orders?x=1");
    assert!(
        !received
            .header("cookie")
            .unwrap_or_default()
            .contains("language"),
        "only the pages get it"
    );
    person.open("/_latchkey/account");
    person
        .page
        .wait_for("document.querySelector('#codes-part').checkVisibility()");
    person.assert_page_is_chinese("the account");
    choose(&mut person, "en");
    assert!(person.page.text().contains("Your account"));
}

#[test]
fn a_language_is_chosen_without_script() {
    let mut person = Person::new();
    person.prefer("en");
    person.page.call(
        "Emulation.setScriptExecutionDisabled",
        &json!({"value": true}),
    );
    person.open("/_latchkey/login");
    person.page.wait_for("document.readyState === 'complete'");
    choose(&mut person, "zh-Hans");
    assert!(person.page.text().contains("此页面需要启用 JavaScript"));
}

#[test]
fn whatever_stands_behind_the_hash_survives_another_language() {
    let mut root = administrator();
    root.prefer("en");
    root.open("/_latchkey/admin#users/root");
    root.await_view("#user-form");
    choose(&mut root, "zh-Hans");
    root.await_view("#user-form");
    assert_eq!(root.page.eval("location.hash"), "#users/root");
    root.assert_page_is_sound("a user");

    // A link that is used once would be lost for good.
    let made = order(
        &root.gateway,
        &["users", "add", "ann", "--enroll", "-o", "json"],
    );
    let made: serde_json::Value = serde_json::from_str(&made).expect("JSON");
    let link = made["enrolment"]["link"].as_str().expect("a link");
    root.page.open(link);
    root.page
        .wait_for("document.querySelector('#link-for')?.checkVisibility()");
    choose(&mut root, "en");
    root.page
        .wait_for("document.querySelector('#link-for')?.checkVisibility()");
    assert_eq!(
        root.page
            .eval("document.querySelector('#link-for-name').textContent"),
        "ann"
    );
}

#[test]
fn an_administrator_who_prefers_chinese_learns_in_chinese_what_is_wrong() {
    let mut root = administrator();
    root.prefer("zh-CN");
    root.open("/_latchkey/admin#mount");
    root.await_view("#mount-form");
    root.page.fill("#mount-name", "staff");
    root.page.fill("#mount-rp_id", "example.net");
    root.page.click("#mount-form button[type=submit]");
    root.seen("example.net 既不是某个来源的主机名，也不是其上级域。");
    let marked = "document.querySelector('#mount-rp_id-error').closest('[lang]').lang";
    assert_eq!(root.page.eval(marked), "zh-Hans");
    root.page.fill("#mount-rp_id", "");
    root.page.fill("#mount-timeout", "soon");
    root.page.click("#mount-form button[type=submit]");
    root.seen("请输入 30 到 600 秒，或 0 表示由浏览器决定。");
    assert_eq!(root.page.eval("document.activeElement.id"), "mount-timeout");

    root.go("#users/root", "#user-form");
    root.page.fill("#user-form [name=token_ttl]", "soon");
    root.page.click("#user-form button[type=submit]");
    root.seen("请按 5m、12h 或 7d 的形式填写时间。");

    root.go("#transfer", "#import-form");
    let file = json!({"users": [
        {"id": "00000000-0000-4000-8000-000000000001", "username": "a b", "enabled": true},
        {"id": "no id", "username": "xiaohong", "enabled": true},
        {"id": "00000000-0000-4000-8000-000000000002", "username": "xiaogang", "enabled": true,
         "email": "gang@example.com"},
    ]});
    root.choose_file(&file.to_string());
    root.page.click("#import-form button[type=submit]");
    root.seen("用户名不能包含空格。");
    root.seen("标识符的格式不正确。");
    root.seen("不导入未经验证的电子邮件地址。");
    let english = root
        .page
        .eval("document.querySelectorAll('.result [lang=en]').length");
    assert_eq!(english, 0);
    // The browser notes what was refused itself.
    let _ = root.page.take_console();
    root.assert_page_is_sound("an import in Chinese");
}
