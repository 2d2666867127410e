//! Mounts on the administrators' page: made, changed, given links for, deleted; those of the
//! configuration file explained.

use latchkey_tests::Browser;
use serde_json::{Value, json};

use super::Person;
use super::administration::{administrator, register_with};
use crate::operate::order;

impl Person {
    fn mount(&self, name: &str) -> Value {
        let shown = order(&self.gateway, &["mounts", "show", name, "-o", "json"]);
        serde_json::from_str(&shown).expect("JSON")
    }

    fn choose(&mut self, selector: &str, value: &str) {
        let (selector, value) = (json!(selector), json!(value));
        self.page.eval(&format!(
            "void (document.querySelector({selector}).value = {value})"
        ));
    }

    fn save_mount(&mut self) {
        self.page.click("#mount-form button[type=submit]");
    }

    fn make_staff(&mut self) {
        self.open("/_latchkey/admin#policy");
        self.await_view(".mounts .part");
        self.page.click("#view .button-add");
        self.await_view("#mount-form");
        self.page.fill("#mount-name", "staff");
        self.choose("#mount-auto_registration", "false");
        self.save_mount();
        self.seen("The mount staff was added.");
    }
}

#[test]
fn an_administrator_makes_a_mount_and_changes_it() {
    let mut root = administrator();
    root.make_staff();
    assert_eq!(root.mount("staff")["user_verification"], "required");

    root.page.click(".change[href='#mount?name=staff']");
    root.await_view("#mount-form");
    root.assert_page_is_sound("a mount");
    // A mistake is said at its field, and nothing is lost.
    root.page.fill("#mount-timeout", "5");
    root.page.click("#mount-form [name=on]");
    root.choose("[name='two_factor.user_verification']", "preferred");
    root.save_mount();
    root.page
        .wait_for("document.querySelector('#mount-timeout-error').checkVisibility()");
    root.seen("Enter 30 to 600 seconds");
    assert_eq!(root.page.eval("document.activeElement.id"), "mount-timeout");
    root.assert_page_is_sound("a mistake in a mount");
    // The browser notes the 400 itself.
    let _ = root.page.take_console();
    assert_eq!(root.mount("staff")["timeout"], 300);
    root.page.fill("#mount-timeout", "90");
    root.save_mount();
    root.seen("The mount staff was changed.");
    root.assert_page_is_sound("policy");
    let staff = root.mount("staff");
    assert_eq!(staff["timeout"], 90);
    assert_eq!(staff["two_factor"]["user_verification"], "preferred");
    assert_eq!(staff["algorithms"], json!(["ES256", "RS256"]));

    // Empty is the default again, and the second policy goes.
    root.go("#mount?name=staff", "#mount-form");
    root.page.fill("#mount-timeout", "");
    root.page.click("#mount-form [name=on]");
    root.save_mount();
    root.seen("The mount staff was changed.");
    let staff = root.mount("staff");
    assert_eq!(staff["timeout"], 300);
    assert_eq!(staff["two_factor"], Value::Null);
}

#[test]
fn two_administrators_do_not_undo_each_others_changes() {
    let mut root = administrator();
    root.make_staff();
    root.go("#mount?name=staff", "#mount-form");
    order(&root.gateway, &["mounts", "set", "staff", "timeout=2m"]);
    root.page.fill("#mount-max_credentials", "5");
    root.save_mount();
    root.seen("The mount stays as it is");
    assert_eq!(root.mount("staff")["max_credentials"], 20);
}

#[test]
fn a_mount_of_the_file_says_where_it_is_changed() {
    let mut root = administrator();
    root.open("/_latchkey/admin#policy");
    root.await_view(".mounts .part");
    root.seen("Declared in the configuration file");
    root.seen("[webauthn]");
    root.go("#mount?name=webauthn", ".mount-intro");
    root.seen("latchkey check-config");
    assert_eq!(
        root.page
            .eval("document.querySelectorAll('#view form, #view .delete').length"),
        0
    );
}

#[test]
fn a_link_for_another_mount_registers_there_and_keeps_the_mount_from_going_by_mistake() {
    let mut root = administrator();
    root.make_staff();
    root.go("#new", "#new-user");
    root.page.fill("#new-name", "ann");
    root.choose("#new-mount", "staff");
    root.page.click("#new-user button[type=submit]");
    root.await_view(".link-made");
    root.seen("It is for the mount staff.");
    root.assert_page_is_sound("a link for another mount");
    let link = root.page.eval("document.querySelector('.link-text').value");
    let link = link.as_str().expect("a link").to_owned();
    assert!(link.contains("#staff."), "{link}");
    let browser = Browser::start();
    let mut ann = browser.page();
    ann.add_authenticator("internal");
    register_with(&mut ann, &link);
    root.go("#users", "#users-search");
    root.go("#users/ann", "#passkeys-part .passkey");
    root.seen("mount staff");

    root.go("#mount?name=staff", "#mount-form");
    root.page.click("#view .delete-part .delete");
    root.page.click("#confirm[open] [value=yes]");
    // A second question, which names what is lost.
    root.page.wait_for(
        "document.querySelector('#confirm').open \
         && document.querySelector('#confirm-text').textContent.includes(': 1')",
    );
    root.page.click("#confirm [value=no]");
    assert_eq!(root.mount("staff")["name"], "staff");
    let _ = root.page.take_console();
    root.page
        .wait_for("!document.querySelector('#confirm').open");
    root.page.wait_for(
        "document.querySelector('#confirm').open \
         || void document.querySelector('#view .delete-part .delete').click()",
    );
    root.page.click("#confirm[open] [value=yes]");
    root.page.wait_for(
        "document.querySelector('#confirm').open \
         && document.querySelector('#confirm-text').textContent.includes(': 1')",
    );
    root.page.click("#confirm [value=yes]");
    root.seen("The mount staff was deleted.");
    let left = order(&root.gateway, &["mounts", "list", "-o", "json"]);
    assert!(!left.contains("staff"), "{left}");
}
