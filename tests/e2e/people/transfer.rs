//! Users from a file and into a file, on the administrators' page.

use serde_json::{Value, json};

use super::Person;
use super::administration::administrator;
use crate::operate::order;

impl Person {
    /// Chooses a file with this content, as a person does in the browser's own window.
    pub(super) fn choose_file(&mut self, content: &str) {
        let content = json!(content);
        self.page.eval(&format!(
            "{{ const all = new DataTransfer(); \
             all.items.add(new File([{content}], 'users.json', {{ type: 'application/json' }})); \
             const field = document.querySelector('#import-file'); \
             field.files = all.files; \
             field.dispatchEvent(new Event('change', {{ bubbles: true }})); }}"
        ));
    }

    fn has_user(&self, name: &str) -> bool {
        let list = order(&self.gateway, &["users", "list", "-o", "json"]);
        let list: Value = serde_json::from_str(&list).expect("JSON");
        let users = list["users"].as_array().expect("a list");
        users.iter().any(|user| user["name"] == name)
    }
}

fn realm() -> String {
    json!({"realm": "old", "users": [
        {"id": "00000000-0000-4000-8000-000000000001", "username": "ann", "enabled": true},
        {"id": "00000000-0000-4000-8000-000000000002", "username": "a b", "enabled": true},
    ]})
    .to_string()
}

#[test]
fn what_an_import_would_do_is_shown_before_it_is_done() {
    let mut root = administrator();
    root.open("/_latchkey/admin#users");
    root.await_view("#users-search");
    root.page.click("#view a[href='#transfer']");
    root.await_view("#import-form");
    root.assert_page_is_sound("import and export");
    root.choose_file("no JSON");
    root.page.click("#import-form button[type=submit]");
    root.seen("This is no JSON file");
    root.choose_file(&realm());
    root.page.click("#import-form button[type=submit]");
    root.seen("Nobody is imported as long as somebody cannot be.");
    root.seen("To be created: 1 with 0 passkeys.");
    root.assert_page_is_sound("an import that is not possible");
    let shown = "document.querySelector('.carry-out').checkVisibility()";
    assert_eq!(root.page.eval(shown), false);
    assert!(!root.has_user("ann"), "it was only looked at");

    root.page.click("#import-form [name=skip]");
    // Another choice, another look.
    assert_eq!(
        root.page
            .eval("document.querySelector('.result').checkVisibility()"),
        false
    );
    root.page.click("#import-form button[type=submit]");
    root.seen("Nothing was imported yet.");
    assert!(!root.has_user("ann"), "it was only looked at");
    root.page.click(".carry-out");
    root.seen("Imported: 1 users with 0 passkeys.");
    root.assert_page_is_sound("an import that was done");
    assert!(root.has_user("ann"));
}

#[test]
fn a_file_that_is_too_much_for_a_page_is_one_for_the_command_line() {
    let mut root = administrator();
    root.open("/_latchkey/admin#transfer");
    root.await_view("#import-form");
    // More users than go in one step, and more bytes than a page can hand in.
    for (users, padding) in [(2_001, 0), (20, 300_000)] {
        root.page.eval(&format!(
            "{{ const users = Array.from({{ length: {users} }}, (_, n) => ({{ name: `u${{n}}`, email: 'x'.repeat({padding}) }})); \
             const all = new DataTransfer(); \
             const document_ = {{ format: 'latchkey-users', version: 1, rp_ids: {{}}, users }}; \
             all.items.add(new File([JSON.stringify(document_)], 'users.json')); \
             const field = document.querySelector('#import-file'); \
             field.files = all.files; \
             field.dispatchEvent(new Event('change', {{ bubbles: true }})); \
             document.querySelector('#alert').replaceChildren(); }}"
        ));
        root.page.click("#import-form button[type=submit]");
        root.seen("latchkey import FILE --format latchkey");
        root.assert_page_is_sound("a file that is too much");
    }
}

/// A realm with one user.
fn realm_of(name: &str) -> String {
    json!({"realm": "old", "users": [
        {"id": "00000000-0000-4000-8000-000000000001", "username": name, "enabled": true},
    ]})
    .to_string()
}

#[test]
fn what_is_imported_is_what_the_report_was_about() {
    let mut root = administrator();
    root.open("/_latchkey/admin#transfer");
    root.await_view("#import-form");
    // The first question stays without an answer until somebody lets it go.
    root.page.eval(
        "{ const fetch = window.fetch; let held = false; window.asked = 0; window.fetch = async (...all) => { \
         if (String(all[0]).includes('/import')) asked += 1; \
         if (!held && String(all[0]).includes('/import')) { \
         held = true; await new Promise((resolve) => { window.letGo = resolve; }); } \
         return fetch(...all); }; }",
    );
    root.choose_file(&realm_of("ann"));
    root.page.click("#import-form button[type=submit]");
    root.page.wait_for("window.letGo !== undefined");
    root.choose_file(&realm_of("bob"));
    root.page.click("#import-form button[type=submit]");
    root.page.eval("letGo()");
    root.seen("To be created: 1 with 0 passkeys.");
    let rows = "[...document.querySelectorAll('.result tbody .name')].map((it) => it.textContent)";
    assert_eq!(root.page.eval(rows), json!(["bob"]));
    // The browser's own window changes the file without a word to this page.
    root.page.eval(&format!(
        "{{ const all = new DataTransfer(); \
         all.items.add(new File([{}], 'users.json', {{ type: 'application/json' }})); \
         document.querySelector('#import-file').files = all.files; }}",
        json!(realm_of("eve"))
    ));
    root.page.click(".carry-out");
    root.seen("Imported: 1 users with 0 passkeys.");
    assert_eq!(root.page.eval(rows), json!(["bob"]));
    let here = ["ann", "bob", "eve"].map(|name| root.has_user(name));
    assert_eq!(here, [false, true, false]);
    assert_eq!(root.page.eval("asked"), 3);
}

#[test]
fn everyone_goes_into_a_file() {
    let mut root = administrator();
    root.open("/_latchkey/admin#transfer");
    root.await_view("#import-form");
    // What the browser would save.
    root.page.eval(
        "window.saved = []; URL.createObjectURL = (file) => { saved.push(file); return '#transfer'; }",
    );
    root.page.click("#view .export");
    root.seen("The file is saved.");
    root.page
        .eval("void saved[0].text().then((text) => { window.text = text; })");
    root.page.wait_for("window.text !== undefined");
    let text = root.page.eval("window.text");
    let document: Value = serde_json::from_str(text.as_str().expect("a text")).expect("JSON");
    assert_eq!(document["format"], "latchkey-users");
    assert_eq!(document["users"][0]["name"], "root");
    root.go("#audit", "#audit-search");
    root.seen("Users exported");
}
